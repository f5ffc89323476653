//! Forms: from where they are taken, what they hold, and what is wrong with them.
//!
//! A form is taken from a page of ours alone: the browser says so, and the form holds a key that only whoever has the
//! cookie could have been shown.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use hyper::HeaderMap;
use hyper::header::{CONTENT_TYPE, ORIGIN};
use maud::{Markup, html};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::parts::{Part, parts};
use super::words::Words;
use crate::limits::{FORM_FIELDS_MAX, RULES_FILES_MAX};
use crate::pdp::call::Idempotency;

/// What the key of a form is a code over.
const FORM_WORD: &[u8] = b"standing form";
const SEC_FETCH_SITE: &str = "sec-fetch-site";
/// What a form is sent as that holds fields alone.
pub const MEDIA: &str = "application/x-www-form-urlencoded";
/// What a form is sent as that may hold files.
const MEDIA_WITH_FILES: &str = "multipart/form-data";
/// The most characters of the name by which a form is done once.
const ONCE_LENGTH_MAX: usize = 64;
/// How the key begins under which a form is sent.
pub const FORM_KEY: &str = "page-";

/// Is what was sent from a page of ours, as the browser says?
#[must_use]
pub fn is_from_here(headers: &HeaderMap, own_origins: &[String]) -> bool {
    let mut sites = headers.get_all(SEC_FETCH_SITE).iter();
    match (sites.next(), sites.next()) {
        (Some(site), None) => site == "same-origin",
        (Some(_), Some(_)) => false,
        (None, _) => {
            let mut origins = headers.get_all(ORIGIN).iter();
            match (origins.next(), origins.next()) {
                (Some(origin), None) => own_origins.iter().any(|own| origin == own.as_str()),
                _ => false,
            }
        }
    }
}

/// A code over a word under the secret of a cookie.
#[must_use]
pub fn code(secret: &str, word: &[u8]) -> String {
    // A key of any length is taken.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(word);
    BASE64URL_NOPAD.encode(&mac.finalize().into_bytes())
}

/// Is it the code over a word under the secret of a cookie?
#[must_use]
pub fn is_code(secret: &str, word: &[u8], given: &str) -> bool {
    let right = code(secret, word);
    !right.is_empty() && right.as_bytes().ct_eq(given.as_bytes()).into()
}

/// The key that forms shown to whoever has the cookie hold.
#[must_use]
pub fn form_key(secret: &str) -> String {
    code(secret, FORM_WORD)
}

/// The hidden field that holds that key.
#[must_use]
pub fn key_field(secret: &str) -> Markup {
    html! { input type="hidden" name="form_key" value=(form_key(secret)); }
}

/// Is it the key of a form that was shown to whoever has the cookie?
#[must_use]
pub fn is_form_key(secret: &str, given: &str) -> bool {
    is_code(secret, FORM_WORD, given)
}

/// Why a form cannot be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FormError {
    /// It is no form.
    NoForm,
    /// A field that the form does not have.
    Unknown(String),
    /// A field that stands twice.
    Repeated(String),
    /// It holds too many fields.
    TooMany,
}

/// The fields of a form, as far as it has them.
fn fields_of<'a>(
    sent: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
    names: &[&str],
) -> Result<BTreeMap<String, Vec<String>>, FormError> {
    let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (count, (name, value)) in sent.enumerate() {
        if count >= FORM_FIELDS_MAX {
            return Err(FormError::TooMany);
        }
        let several =
            names.iter().any(|known| known.strip_suffix('*').is_some_and(|known| known.is_empty() || known == &*name));
        if !several && (name.starts_with('@') || !names.contains(&&*name)) {
            return Err(FormError::Unknown(name.into_owned()));
        }
        let values = fields.entry(name.clone().into_owned()).or_default();
        if !several && !values.is_empty() {
            return Err(FormError::Repeated(name.into_owned()));
        }
        // What a browser sends for a new line is one.
        values.push(value.replace("\r\n", "\n"));
    }
    Ok(fields)
}

/// What was sent with a form.
#[derive(Clone, Default, Debug)]
pub struct Form {
    fields: BTreeMap<String, Vec<String>>,
    files: Vec<(String, Bytes)>,
}

impl Form {
    /// Reads a form whose fields have these names; those that may stand several times end with a star, which alone is every
    /// name, and those of files begin with an at sign.
    ///
    /// # Errors
    /// A [`FormError`].
    pub fn read(headers: &HeaderMap, body: &[u8], names: &[&str]) -> Result<Self, FormError> {
        let media = headers.get(CONTENT_TYPE).and_then(|media| media.to_str().ok()).unwrap_or_default();
        let is = |known: &str| media.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(known);
        if is(MEDIA_WITH_FILES) && names.iter().any(|name| name.starts_with('@')) {
            return Self::with_files(media, body, names);
        }
        if !is(MEDIA) || std::str::from_utf8(body).is_err() {
            return Err(FormError::NoForm);
        }
        Ok(Self { fields: fields_of(form_urlencoded::parse(body), names)?, files: Vec::new() })
    }

    fn with_files(media: &str, body: &[u8], names: &[&str]) -> Result<Self, FormError> {
        let sent = parts(media, body, RULES_FILES_MAX).ok_or(FormError::NoForm)?;
        if sent.len() > RULES_FILES_MAX {
            return Err(FormError::TooMany);
        }
        let (mut fields, mut files) = (Vec::new(), Vec::new());
        for Part { name, file, bytes } in sent {
            let takes_files = names.iter().any(|known| known.strip_prefix('@') == Some(&*name));
            match file {
                // What a browser sends where no file was chosen.
                Some(file) if takes_files && file.is_empty() && bytes.is_empty() => {}
                Some(file) if takes_files && !file.is_empty() => files.push((file, bytes)),
                None if !takes_files => {
                    let value = String::from_utf8(bytes.into()).map_err(|_| FormError::NoForm)?;
                    fields.push((name, value));
                }
                _ => return Err(FormError::Unknown(name)),
            }
        }
        let fields = fields.into_iter().map(|(name, value)| (name.into(), value.into()));
        Ok(Self { fields: fields_of(fields, names)?, files })
    }

    /// The files that were sent, each with its name as the browser says it.
    #[must_use]
    pub fn files(&self) -> &[(String, Bytes)] {
        &self.files
    }

    /// What an address holds of a form that was made here.
    #[must_use]
    pub fn of_query(query: &str) -> Self {
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()).take(FORM_FIELDS_MAX) {
            fields.entry(name.into_owned()).or_default().push(value.into_owned());
        }
        Self { fields, files: Vec::new() }
    }

    /// What a field says; nothing is what an empty one says.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.fields.get(name).and_then(|values| values.first()).map_or("", String::as_str)
    }

    /// Every field, with what it says each time it stands.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.fields.iter().map(|(name, values)| (name.as_str(), values.as_slice()))
    }

    /// What a field says each time it stands.
    #[must_use]
    pub fn all(&self, name: &str) -> &[String] {
        self.fields.get(name).map_or(&[], Vec::as_slice)
    }

    /// What makes sending the form again safe: its own name, and what it says besides.
    #[must_use]
    pub fn idempotency(&self, path: &str) -> Option<Idempotency> {
        let once = self.text("once");
        let is_name =
            (1..=ONCE_LENGTH_MAX).contains(&once.len()) && once.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let mut request = Sha256::new();
        let mut add = |part: &[u8]| {
            request.update((part.len() as u64).to_be_bytes());
            request.update(part);
        };
        add(path.as_bytes());
        for (name, values) in &self.fields {
            for value in values.iter().filter(|_| name != "form_key") {
                add(name.as_bytes());
                add(value.as_bytes());
            }
        }
        for (name, bytes) in &self.files {
            add(name.as_bytes());
            add(bytes);
        }
        is_name.then(|| Idempotency { key: format!("{FORM_KEY}{once}"), request: request.finalize().into() })
    }
}

/// What is wrong with a field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FieldError {
    /// The id of the field, or of the first of its choices.
    pub field: String,
    /// What is wrong and what to do.
    pub says: String,
}

/// What is wrong with a form, first in the page and with the focus, each line a link to its field.
#[must_use]
pub fn summary(words: Words, errors: &[FieldError]) -> Markup {
    html! {
        @if !errors.is_empty() {
            div.errors role="group" aria-labelledby="errors" tabindex="-1" autofocus {
                h2 id="errors" { (words.say("form-problem")) }
                ul { @for error in errors { li { a href=(format!("#{}", error.field)) { (error.says) } } } }
            }
        }
    }
}

/// The sentence of what is wrong with a field, to stand at it.
#[must_use]
pub fn error_at(words: Words, errors: &[FieldError], field: &str) -> Markup {
    html! {
        @for error in errors.iter().filter(|error| error.field == field) {
            p.error id=(format!("{field}-error")) { span.unseen { (words.say("form-error")) " " } (error.says) }
        }
    }
}

/// Is something wrong with a field?
#[must_use]
pub fn is_wrong(errors: &[FieldError], field: &str) -> bool {
    errors.iter().any(|error| error.field == field)
}

/// A field of one line.
pub struct Field<'a> {
    /// Its id, which is its name too.
    pub id: &'a str,
    /// What it is called.
    pub label: String,
    /// What to write, where that has to be said.
    pub hint: Option<Markup>,
    /// `text`, `date`, `search` or `password`.
    pub kind: &'a str,
    /// What is in it.
    pub value: &'a str,
    /// What a browser may fill it with.
    pub autocomplete: &'a str,
    /// May it stay empty?
    pub is_optional: bool,
}

impl<'a> Field<'a> {
    /// A field of plain text whose sentences have a key: what it is called, and where there is one its hint.
    #[must_use]
    pub fn text(words: Words, id: &'a str, key: &str, value: &'a str, is_optional: bool) -> Self {
        let hint = words.find(&format!("{key}-hint")).map(|hint| html! { (hint) });
        Self { id, label: words.say(key), hint, kind: "text", value, autocomplete: "off", is_optional }
    }
}

/// A field of one line, with what is wrong with it.
#[must_use]
pub fn field(words: Words, field: &Field<'_>, errors: &[FieldError]) -> Markup {
    let Field { id, label, hint, kind, value, autocomplete, is_optional } = field;
    let wrong = is_wrong(errors, id);
    let described = [hint.as_ref().map(|_| format!("{id}-hint")), wrong.then(|| format!("{id}-error"))];
    let described = described.into_iter().flatten().collect::<Vec<_>>().join(" ");
    html! {
        div.field {
            label for=(id) {
                (label)
                @if *is_optional { " " span.soft { (words.say("form-optional")) } }
            }
            @if let Some(hint) = hint { p.hint id=(format!("{id}-hint")) { (hint) } }
            (error_at(words, errors, id))
            input type=(kind) id=(id) name=(id) value=(value) autocomplete=(autocomplete) spellcheck="false"
                aria-describedby=[(!described.is_empty()).then_some(described)]
                aria-invalid=[wrong.then_some("true")];
        }
    }
}

/// A field of several lines.
pub struct Area<'a> {
    /// Its id, which is its name too.
    pub id: &'a str,
    /// What it is called.
    pub label: String,
    /// What is in it.
    pub value: &'a str,
    /// The language of what is in it, as HTML names it.
    pub language: &'a str,
    /// Is it code, whose characters are all as wide?
    pub is_code: bool,
    /// How many lines it shows.
    pub rows: usize,
    /// May it stay empty?
    pub is_optional: bool,
}

/// A field of several lines, with what is wrong with it.
#[must_use]
pub fn area(words: Words, area: &Area<'_>, errors: &[FieldError]) -> Markup {
    let Area { id, label, value, language, is_code, rows, is_optional } = area;
    let wrong = is_wrong(errors, id);
    html! {
        div.field {
            label for=(id) {
                (label)
                @if *is_optional { " " span.soft { (words.say("form-optional")) } }
            }
            (error_at(words, errors, id))
            textarea class=[is_code.then_some("code")] id=(id) name=(id) rows=(rows) lang=(language)
                aria-describedby=[wrong.then(|| format!("{id}-error"))] aria-invalid=[wrong.then_some("true")] {
                // A browser leaves out a line end that comes first.
                "\n" (value)
            }
        }
    }
}

/// A choice of one of several.
pub struct Choices<'a> {
    /// Its id, which is its name too.
    pub id: &'a str,
    /// What it is called.
    pub label: String,
    /// What can be chosen, and what each is called.
    pub options: Vec<(&'a str, String)>,
    /// What is chosen.
    pub chosen: &'a str,
}

/// A choice of one of several.
#[must_use]
pub fn choices(choices: &Choices<'_>) -> Markup {
    choices_with(choices, &html! {}, false)
}

/// A choice of one of several, with what is wrong with what was chosen.
#[must_use]
pub fn choices_checked(words: Words, choices: &Choices<'_>, errors: &[FieldError]) -> Markup {
    choices_with(choices, &error_at(words, errors, choices.id), is_wrong(errors, choices.id))
}

fn choices_with(Choices { id, label, options, chosen }: &Choices<'_>, error: &Markup, wrong: bool) -> Markup {
    html! {
        div.field {
            label for=(id) { (label) }
            (error)
            select id=(id) name=(id)
                aria-describedby=[wrong.then(|| format!("{id}-error"))] aria-invalid=[wrong.then_some("true")] {
                @for (value, called) in options { option value=(value) selected[value == chosen] { (called) } }
            }
        }
    }
}
