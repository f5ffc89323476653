//! The email a relationship request is sent in: an introduction the partner may edit or delete, and the link, which is
//! left as it is.

use std::ops::Range;

use serde::Serialize;
use utoipa::ToSchema;

use super::LINK_PATH;
use crate::domain::partner::Partner;
use crate::limits::EMAIL_LENGTH_MAX;

/// The longest introductory paragraph, in bytes.
pub const PARAGRAPH_LENGTH_MAX: usize = 16_384;
/// The most introductory paragraphs.
pub const PARAGRAPHS_MAX: usize = 2;
/// So many first characters of the token found elsewhere are a damaged link and no accident.
const TOKEN_PREFIX_LENGTH: usize = 16;

/// The email a partner copies and sends to a customer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Email {
    subject: String,
    /// The introduction, at most two paragraphs, which the partner may edit or delete.
    #[schema(max_items = 2)]
    paragraphs: Vec<String>,
    /// The whole text: the introduction, then the link, which is left as it is.
    text: String,
    #[serde(skip)]
    link: String,
    /// Other addresses of the same request: a text over one of them is taken, and the link put in its place.
    #[serde(skip)]
    other_links: Vec<String>,
    /// Does it say that accepting may end another partner's administration?
    #[serde(skip)]
    warns: bool,
}

/// Why an edited email is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// A text longer than any may be.
    #[error("the email has {length} bytes; shorten it to at most {EMAIL_LENGTH_MAX}")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// A paragraph longer than any may be.
    #[error("a paragraph has {length} bytes; shorten it to at most {PARAGRAPH_LENGTH_MAX}")]
    ParagraphTooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// More paragraphs than the two that may be edited.
    #[error("{count} paragraphs stand before the link; leave at most {PARAGRAPHS_MAX}, without blank lines in them")]
    TooManyParagraphs {
        /// How many there are.
        count: usize,
    },
    /// A control character, which would corrupt the email.
    #[error("the text holds the control character `{}`; leave it out", code(*character))]
    ControlCharacter {
        /// Which.
        character: char,
    },
    /// A character that turns the direction of writing around, so that a text reads otherwise than it is.
    #[error("the text holds the direction control `{}`; leave it out", code(*character))]
    DirectionControl {
        /// Which.
        character: char,
    },
    /// No link.
    #[error("the link is missing; copy it from the original email, on a line of its own")]
    LinkMissing,
    /// Something that resembles the link and is not exactly it.
    #[error(
        "something in the text resembles the link but is not exactly it; \
         leave the link as it was, with nothing joined to it, and no other like it"
    )]
    LinkTouched,
    /// The link more than once.
    #[error("the link stands there more than once; leave it only where it was, after the introduction")]
    LinkRepeated,
    /// The text from the link's paragraph on is not as it was.
    #[error(
        "only the first two paragraphs may be edited; \
         leave the text from `{LINK_SENTENCE}` on as it was, after a blank line"
    )]
    EndingChanged,
}

fn code(character: char) -> String {
    format!("U+{:04X}", u32::from(character))
}

const LINK_SENTENCE: &str = "To accept this request, follow this link:";
/// What the customer of a partner that sells has to know before it accepts.
const WARNING: &str = "For each service only one partner that sells to you can hold these privileges, so accepting may \
                       end the delegated administration of the partner that holds them now. What that partner sold you \
                       stays as it is.";
const CLOSING: &str = "Only a global administrator of your organization can accept. You can review your partners, \
                       and remove delegated administrative privileges from any of them, on your Partner Relationships \
                       page at any time.";

impl Email {
    /// The email of a partner, the same every time.
    #[must_use]
    pub fn of(partner: &Partner, link: &str) -> Self {
        let visible: String = partner.name.chars().filter(|&c| !turns_direction(c) && !c.is_control()).collect();
        let warns = partner.kind.transacts();
        let email = Self::naming(visible.trim(), link, warns);
        // A name that shows nothing or poses as a link would make an email that nobody may send back.
        if visible.trim().is_empty() || email.count_links(&email.text) != Ok(1) {
            return Self::naming(partner.id.as_str(), link, warns);
        }
        email
    }

    fn naming(name: &str, link: &str, warns: bool) -> Self {
        let introduction = vec![
            format!("{name} would like to work with your organization and requests a reseller relationship with you."),
            format!(
                "Accepting grants {name} delegated administrative privileges, so that {name} can provision your \
                 services and provide you with support. Your subscriptions, who sold them to you and who bills you \
                 for them stay as they are."
            ),
        ];
        let subject = format!("{name} requests a reseller relationship with you");
        Self::assemble(subject, introduction, link.to_owned(), warns)
    }

    /// The same, which also takes a text that was edited over another address of the request.
    #[must_use]
    pub fn or_over(mut self, link: String) -> Self {
        self.other_links.push(link);
        self
    }

    /// Its subject.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Its introduction: at most two paragraphs.
    #[must_use]
    pub fn paragraphs(&self) -> &[String] {
        &self.paragraphs
    }

    /// The whole text, the link in it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The email with another introduction of at most two paragraphs; empty ones are dropped.
    ///
    /// # Errors
    /// An [`EmailError`] that says what to change.
    pub fn with_paragraphs(&self, paragraphs: &[String]) -> Result<Self, EmailError> {
        let length = paragraphs.iter().map(String::len).sum();
        if length > EMAIL_LENGTH_MAX {
            return Err(EmailError::TooLong { length });
        }
        if paragraphs.len() > PARAGRAPHS_MAX {
            return Err(EmailError::TooManyParagraphs { count: paragraphs.len() });
        }
        let mut introduction = Vec::new();
        for paragraph in paragraphs {
            introduction.extend(paragraphs_of(&plain(paragraph)?));
        }
        self.with_introduction(introduction)
    }

    /// The email as a partner edited its whole text: accepted only with the link as it was, where it was, and with what
    /// follows it as it is or as it was before emails said what accepting may end.
    ///
    /// # Errors
    /// An [`EmailError`] that says what to change.
    pub fn edited(&self, text: &str) -> Result<Self, EmailError> {
        if text.len() > EMAIL_LENGTH_MAX {
            return Err(EmailError::TooLong { length: text.len() });
        }
        let text = self.other_links.iter().fold(plain(text)?, |text, other| text.replace(other, &self.link));
        match self.count_links(&text)? {
            0 => return Err(EmailError::LinkMissing),
            1 => {}
            _ => return Err(EmailError::LinkRepeated),
        }
        let mut introduction = paragraphs_of(&text);
        let endings = [true, false].map(|warns| paragraphs_of(&ending(&self.link, warns)));
        let Some(ending) = endings.iter().find(|ending| introduction.ends_with(ending)) else {
            return Err(EmailError::EndingChanged);
        };
        introduction.truncate(introduction.len() - ending.len());
        self.with_introduction(introduction)
    }

    /// Takes paragraphs that were found in a [`plain`] text.
    fn with_introduction(&self, introduction: Vec<String>) -> Result<Self, EmailError> {
        if introduction.len() > PARAGRAPHS_MAX {
            return Err(EmailError::TooManyParagraphs { count: introduction.len() });
        }
        if let Some(length) = introduction.iter().map(String::len).find(|&length| length > PARAGRAPH_LENGTH_MAX) {
            return Err(EmailError::ParagraphTooLong { length });
        }
        // The regenerated text is what is sent, so that is what is searched for links.
        let email = Self::assemble(self.subject.clone(), introduction, self.link.clone(), self.warns);
        let email = Self { other_links: self.other_links.clone(), ..email };
        match email.count_links(&email.text)? {
            1 => Ok(email),
            _ => Err(EmailError::LinkRepeated),
        }
    }

    fn assemble(subject: String, paragraphs: Vec<String>, link: String, warns: bool) -> Self {
        let mut text = String::new();
        for paragraph in &paragraphs {
            text.push_str(paragraph);
            text.push_str("\n\n");
        }
        text.push_str(&ending(&link, warns));
        Self { subject, paragraphs, text, link, other_links: Vec::new(), warns }
    }

    /// How often the untouched link stands in a text in which nothing else resembles it.
    fn count_links(&self, text: &str) -> Result<usize, EmailError> {
        let links: Vec<Range<usize>> =
            text.match_indices(&self.link).map(|(start, link)| start..start + link.len()).collect();
        if links.iter().any(|link| !stands_alone(text, link)) {
            return Err(EmailError::LinkTouched);
        }
        // ASCII only, so that places are the same in both texts.
        let folded = text.to_ascii_lowercase();
        let token = self.link.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        for likeness in [Some(LINK_PATH), token.get(..TOKEN_PREFIX_LENGTH)].into_iter().flatten() {
            let mut links = links.iter().peekable();
            for (place, _) in folded.match_indices(likeness) {
                while links.next_if(|link| link.end <= place).is_some() {}
                if links.peek().is_none_or(|link| place < link.start) {
                    return Err(EmailError::LinkTouched);
                }
            }
        }
        Ok(links.len())
    }
}

/// The part of the text that stays as it is.
fn ending(link: &str, warns: bool) -> String {
    let warning = if warns { format!("{WARNING}\n\n") } else { String::new() };
    format!("{LINK_SENTENCE}\n{link}\n\n{warning}{CLOSING}")
}

/// Is there white space, or nothing, on either side?
fn stands_alone(text: &str, range: &Range<usize>) -> bool {
    let before = text.get(..range.start).and_then(|text| text.chars().next_back());
    let after = text.get(range.end..).and_then(|text| text.chars().next());
    before.is_none_or(char::is_whitespace) && after.is_none_or(char::is_whitespace)
}

/// A text with one kind of line end, in which every character is what it shows.
fn plain(text: &str) -> Result<String, EmailError> {
    let text = text.replace("\r\n", "\n");
    match text.chars().find(|&c| (c.is_control() && c != '\n' && c != '\t') || turns_direction(c)) {
        Some(character) if character.is_control() => Err(EmailError::ControlCharacter { character }),
        Some(character) => Err(EmailError::DirectionControl { character }),
        None => Ok(text),
    }
}

/// The paragraphs of a text: what stands between blank lines, without white space at the ends of lines.
fn paragraphs_of(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.split(|line| line.is_empty()).filter(|lines| !lines.is_empty()).map(|lines| lines.join("\n")).collect()
}

/// Embeddings, overrides and isolates of writing direction.
fn turns_direction(character: char) -> bool {
    matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}
