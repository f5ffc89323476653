//! A relationship request: the link, and the email to send it in, whose two paragraphs the partner may edit or delete.

use hyper::StatusCode;
use maud::{Markup, html};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::own::called;
use crate::change::relationship::{RelationshipRequest, relationship_request};
use crate::domain::invitation::{Email, EmailError, EmailLanguage, PARAGRAPH_LENGTH_MAX, PARAGRAPHS_MAX};
use crate::id::PartnerId;
use crate::pages::answer::{Tone, panel};
use crate::pages::context::{Answer, Fault, PageCall};
use crate::pages::facts::facts;
use crate::pages::form::{Area, Choices, FieldError, Form, area, choices, summary};
use crate::pages::frame::Shown;
use crate::pages::typed::{Sent, as_of_before};
use crate::pages::words::{Language, Words};
use crate::pdp::call::{CallError, Response};
use crate::pdp::refusal::Denied;

/// The fields of the two paragraphs.
const PARAGRAPHS: [&str; 2] = ["paragraph-1", "paragraph-2"];
/// The longest address that every email program takes, in characters.
const MAILTO_LENGTH_MAX: usize = 1_800;

/// What a partner wrote.
struct Written {
    language: EmailLanguage,
    paragraphs: [String; 2],
}

impl Written {
    /// What stands there before anything is edited.
    fn of(email: &Email) -> Self {
        let paragraphs = [0, 1].map(|place| email.paragraphs().get(place).cloned().unwrap_or_default());
        Self { language: email.language(), paragraphs }
    }

    /// What a form says. A paragraph that was left as it is comes in the language that is chosen.
    fn sent(form: &Form, original: &Email) -> Result<Self, Fault> {
        let language = language(form.text("language"))?;
        let chosen = Self::of(&original.in_language(language)).paragraphs;
        let others: Vec<[String; 2]> =
            EmailLanguage::ALL.iter().map(|other| Self::of(&original.in_language(*other)).paragraphs).collect();
        let mut paragraphs = PARAGRAPHS.map(|field| form.text(field).to_owned());
        for ((place, paragraph), chosen) in paragraphs.iter_mut().enumerate().zip(chosen) {
            if others.iter().any(|original| original.get(place).is_some_and(|original| original == paragraph.trim())) {
                *paragraph = chosen;
            }
        }
        Ok(Self { language, paragraphs })
    }

    /// The email it makes, or what is wrong with it.
    fn email(&self, words: Words, original: &Email) -> Result<Email, Vec<FieldError>> {
        let original = original.in_language(self.language);
        let mut errors = Vec::new();
        for (field, paragraph) in PARAGRAPHS.iter().zip(&self.paragraphs) {
            if let Err(error) = original.with_paragraphs(std::slice::from_ref(paragraph)) {
                errors.push(FieldError { field: (*field).to_owned(), says: says(words, &error) });
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        original.with_paragraphs(&self.paragraphs).map_err(|error| {
            // Each by itself is as it may be: one of them is in parts.
            let field =
                PARAGRAPHS.iter().zip(&self.paragraphs).find(|(_, paragraph)| paragraph.trim().contains("\n\n"));
            let field = field.map_or("paragraph-1", |(field, _)| field).to_owned();
            vec![FieldError { field, says: says(words, &error) }]
        })
    }
}

fn says(words: Words, error: &EmailError) -> String {
    let code = |character: char| format!("U+{:04X}", u32::from(character));
    match error {
        EmailError::TooLong { .. } | EmailError::ParagraphTooLong { .. } => {
            words.text("email-too-long", &[("max", &PARAGRAPH_LENGTH_MAX.to_string())])
        }
        EmailError::TooManyParagraphs { .. } => words.text("email-too-many", &[("max", &PARAGRAPHS_MAX.to_string())]),
        EmailError::ControlCharacter { character } | EmailError::DirectionControl { character } => {
            words.text("email-control", &[("code", &code(*character))])
        }
        EmailError::LinkMissing | EmailError::LinkTouched | EmailError::LinkRepeated | EmailError::EndingChanged => {
            words.say("email-link")
        }
    }
}

fn language(code: &str) -> Result<EmailLanguage, Fault> {
    code.parse().map_err(|_| Fault::Unreadable("unreadable-language", String::new()))
}

/// What reading a request comes to.
enum Asked {
    Request(Box<Response<RelationshipRequest>>),
    /// The partner may not request a relationship, and why.
    Refused(Box<Shown>),
}

async fn asked(page: &PageCall, partner: &PartnerId) -> Result<Asked, Fault> {
    match relationship_request(&page.setting.pdp, &page.call, partner).await {
        Ok(request) => Ok(Asked::Request(Box::new(request))),
        // Why it may not is said to the partner alone.
        Err(CallError::Denied(denied)) if page.partner() == Some(partner) => {
            Ok(Asked::Refused(Box::new(refused(page.words, &denied))))
        }
        Err(error) => Err(error.into()),
    }
}

fn refused(words: Words, denied: &Denied) -> Shown {
    let whom = words.find(&format!("whom-to-ask-{}", denied.reason.as_str()));
    let body = html! {
        p { (words.reason(denied.reason.as_str(), &denied.message)) }
        p { (whom.unwrap_or_else(|| words.say("whom-to-ask"))) }
    };
    let main = html! {
        h1 { (words.say("own-request-refused")) }
        (panel(Tone::Care, &words.say("own-request-why"), &body))
    };
    Shown::of(words.say("own-request-refused"), main).with_status(StatusCode::FORBIDDEN)
}

/// `GET /partners/{partner}/request`
pub async fn request(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let partner: PartnerId = page.param("partner")?;
    let language = language(&page.asked("language").unwrap_or_else(|| page.words.0.code().to_owned()))?;
    match asked(&page, &partner).await? {
        Asked::Refused(shown) => Ok(Answer::Shown(shown)),
        Asked::Request(read) => {
            let written = Written::of(&read.value.email.in_language(language));
            Ok(shown(&page, &partner, &read, &written, None, &[])?.into())
        }
    }
}

/// `POST /partners/{partner}/request`
pub async fn email(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let partner: PartnerId = page.param("partner")?;
    let (form, is_of_before) = match page.form_typed(&["language", PARAGRAPHS[0], PARAGRAPHS[1]])? {
        Sent::Form(form) => (form, false),
        Sent::OfBefore(form) => (form, true),
    };
    match asked(&page, &partner).await? {
        Asked::Refused(shown) => Ok(Answer::Shown(shown)),
        Asked::Request(read) => {
            let written = Written::sent(&form, &read.value.email)?;
            if is_of_before {
                let shown = shown(&page, &partner, &read, &written, None, &[])?;
                return Ok(as_of_before(page.words, shown).into());
            }
            match written.email(page.words, &read.value.email) {
                Ok(email) => Ok(shown(&page, &partner, &read, &written, Some(&email), &[])?.into()),
                Err(errors) => Ok(shown(&page, &partner, &read, &written, None, &errors)?.as_mistake().into()),
            }
        }
    }
}

fn shown(
    page: &PageCall,
    partner: &PartnerId,
    read: &Response<RelationshipRequest>,
    written: &Written,
    email: Option<&Email>,
    errors: &[FieldError],
) -> Result<Shown, Fault> {
    let words = page.words;
    let code = written.language.as_str();
    let languages = Choices {
        id: "language",
        label: words.say("email-language"),
        options: Language::ALL.iter().map(|language| (language.code(), language.own_name().to_owned())).collect(),
        chosen: code,
    };
    let main = html! {
        (summary(words, errors))
        h1 { (words.say("own-request-title")) }
        p.lead { (words.say("own-request-lead")) }
        p {
            (words.with("own-request-link", [("partner", called(page, partner).into())])) " "
            a href=(format!("/partners/{partner}/customers")) { (words.say("own-request-customers")) }
        }
        form method="post" action=(page.path) {
            (page.hidden()?)
            (choices(&languages))
            @for (place, rows) in [3, 5].into_iter().enumerate() {
                @let value = written.paragraphs.get(place).map_or("", String::as_str);
                @let label = words.say(&format!("email-paragraph-{}", place + 1));
                @let id = PARAGRAPHS.get(place).copied().unwrap_or_default();
                (area(words, &Area { id, label, value, language: code, is_code: false, rows, is_optional: true }, errors))
            }
            (ending(words, &read.value.email.in_language(written.language)))
            div.buttons {
                button { (words.say("show-email")) }
                a href=(format!("{}?language={code}", page.path)) { (words.say("original-text")) }
            }
        }
        @if let Some(email) = email { (ready(words, email)) }
    };
    Ok(Shown::of(words.say("own-request-title"), main).at(read.revision, &read.seqs))
}

/// The part of the email that stays as it is, the link as text in it.
fn ending(words: Words, email: &Email) -> Markup {
    let code = email.language().as_str();
    let ending = email.ending();
    html! {
        div.field {
            p id="stays" { strong { (words.say("email-stays")) } }
            div.panel role="group" aria-labelledby="stays" lang=(code) {
                @for line in ending.lines().filter(|line| !line.is_empty()) {
                    @if line == email.link() { p.code id="link" translate="no" { (line) } } @else { p.small { (line) } }
                }
            }
        }
    }
}

/// The email as it is sent, and the ways to take it along.
fn ready(words: Words, email: &Email) -> Markup {
    let code = email.language().as_str();
    let copied = words.say("copied");
    html! {
        h2 tabindex="-1" autofocus { (words.say("email-ready")) }
        (facts(&[(words.say("email-subject"), html! { span lang=(code) { (email.subject()) } })]))
        div.field {
            label for="whole" { (words.say("email-text")) }
            textarea.code id="whole" readonly rows="20" lang=(code) translate="no" { "\n" (email.text()) }
        }
        p.hint { (words.say("copy-hint")) }
        div.buttons {
            button type="button" hidden data-copies="whole" data-says="copied" data-copied=(copied) { (words.say("copy-text")) }
            button.quiet type="button" hidden data-copies="link" data-says="copied" data-copied=(copied) { (words.say("copy-link")) }
            @if let Some(to) = mailto(email) { a href=(to) { (words.say("open-mail")) } }
            span.soft id="copied" role="status" {}
        }
    }
}

/// The address by which an email program opens the email; nothing where it would be longer than every program takes.
fn mailto(email: &Email) -> Option<String> {
    let escaped = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let body = email.text().replace('\n', "\r\n");
    let to = format!("mailto:?subject={}&body={}", escaped(email.subject()), escaped(&body));
    (to.len() <= MAILTO_LENGTH_MAX).then_some(to)
}
