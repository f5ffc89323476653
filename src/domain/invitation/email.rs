//! The email a relationship request is sent in: an introduction the partner may edit or delete, and the link, which is
//! left as it is.

use std::ops::Range;

use serde::Serialize;
use utoipa::ToSchema;

use super::LINK_PATH;
use super::email_language::{EmailLanguage, LINK_SENTENCE};
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
    /// What the partner is called in it.
    #[serde(skip)]
    name: String,
    #[serde(skip)]
    language: EmailLanguage,
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

impl Email {
    /// The email of a partner, the same every time.
    #[must_use]
    pub fn of(partner: &Partner, link: &str) -> Self {
        let visible: String = partner.name.chars().filter(|&c| !turns_direction(c) && !c.is_control()).collect();
        let warns = partner.kind.transacts();
        let naming = |name: &str| Self::naming(name, link, warns, EmailLanguage::English);
        let email = naming(visible.trim());
        // A name that shows nothing or poses as a link would make an email that nobody may send back.
        if visible.trim().is_empty() || email.count_links(&email.text) != Ok(1) {
            return naming(partner.id.as_str());
        }
        email
    }

    fn naming(name: &str, link: &str, warns: bool, language: EmailLanguage) -> Self {
        let (name, link, other_links) = (name.to_owned(), link.to_owned(), Vec::new());
        let (subject, paragraphs) = (language.subject(&name), language.introduction(&name));
        let mut email = Self { subject, paragraphs, text: String::new(), link, name, language, other_links, warns };
        email.assemble();
        email
    }

    /// The email as it is in a language before it is edited; its link is the same.
    #[must_use]
    pub fn in_language(&self, language: EmailLanguage) -> Self {
        let other_links = self.other_links.clone();
        Self { other_links, ..Self::naming(&self.name, &self.link, self.warns, language) }
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

    /// The language it is written in.
    #[must_use]
    pub fn language(&self) -> EmailLanguage {
        self.language
    }

    /// The link that stands in it.
    #[must_use]
    pub fn link(&self) -> &str {
        &self.link
    }

    /// What follows the introduction and stays as it is: a sentence, the link, and what a customer has to know.
    #[must_use]
    pub fn ending(&self) -> String {
        ending(&self.link, self.warns, self.language)
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
    /// follows it, in any language, as it is or as it was before emails said what accepting may end.
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
        let endings = EmailLanguage::ALL.iter().flat_map(|&language| {
            [true, false].map(|warns| (language, paragraphs_of(&ending(&self.link, warns, language))))
        });
        let Some((language, ending)) = endings.into_iter().find(|(_, ending)| introduction.ends_with(ending)) else {
            return Err(EmailError::EndingChanged);
        };
        introduction.truncate(introduction.len() - ending.len());
        self.in_language(language).with_introduction(introduction)
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
        let mut email = Self { paragraphs: introduction, ..self.clone() };
        email.assemble();
        match email.count_links(&email.text)? {
            1 => Ok(email),
            _ => Err(EmailError::LinkRepeated),
        }
    }

    fn assemble(&mut self) {
        self.text.clear();
        for paragraph in &self.paragraphs {
            self.text.push_str(paragraph);
            self.text.push_str("\n\n");
        }
        self.text.push_str(&self.ending());
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
fn ending(link: &str, warns: bool, language: EmailLanguage) -> String {
    let warning = if warns { format!("{}\n\n", language.warning()) } else { String::new() };
    format!("{}\n{link}\n\n{warning}{}", language.link_sentence(), language.closing())
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
