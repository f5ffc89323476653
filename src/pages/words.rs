//! The sentences of the pages, in the languages there are: each from a file, whole, never glued together.

use std::borrow::Cow;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use maud::{Markup, Render as _, html};
use unic_langid::LanguageIdentifier;

/// A language the pages are written in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Language {
    /// English.
    English,
    /// Chinese in simplified characters.
    Chinese,
}

impl Language {
    /// All of them, the usual one first.
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// How HTML and HTTP name it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-Hans",
        }
    }

    /// What it calls itself.
    #[must_use]
    pub fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Chinese => "简体中文",
        }
    }

    /// The language of a code; nothing for another.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(code))
    }

    /// The language that an `Accept-Language` header likes best; the usual one where it names none of them.
    #[must_use]
    pub fn accepted(header: &str) -> Self {
        let mut best = (Self::English, 0);
        for part in header.split(',') {
            let (range, weight) = part.split_once(';').map_or((part, None), |(range, rest)| (range, Some(rest)));
            let weight = weight
                .and_then(|rest| rest.trim().strip_prefix("q="))
                .map_or(Some(1.0), |q| q.trim().parse::<f32>().ok());
            let thousandths =
                weight.filter(|weight| (0.0..=1.0).contains(weight)).map_or(0, |weight| (weight * 1000.0) as u32);
            let language = match range.trim().split('-').next().unwrap_or_default() {
                primary if primary.eq_ignore_ascii_case("en") => Self::English,
                primary if primary.eq_ignore_ascii_case("zh") => Self::Chinese,
                _ => continue,
            };
            if thousandths > best.1 {
                best = (language, thousandths);
            }
        }
        best.0
    }

    fn bundle(self) -> &'static FluentBundle<FluentResource> {
        static ENGLISH: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle(Language::English));
        static CHINESE: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle(Language::Chinese));
        match self {
            Self::English => &ENGLISH,
            Self::Chinese => &CHINESE,
        }
    }

    /// The files its sentences stand in.
    #[must_use]
    pub fn files(self) -> [&'static str; 6] {
        match self {
            Self::English => [
                include_str!("words/en/pages.ftl"),
                include_str!("words/en/company.ftl"),
                include_str!("words/en/partner.ftl"),
                include_str!("words/en/auditor.ftl"),
                include_str!("words/en/rules.ftl"),
                include_str!("words/en/reviewer.ftl"),
            ],
            Self::Chinese => [
                include_str!("words/zh-Hans/pages.ftl"),
                include_str!("words/zh-Hans/company.ftl"),
                include_str!("words/zh-Hans/partner.ftl"),
                include_str!("words/zh-Hans/auditor.ftl"),
                include_str!("words/zh-Hans/rules.ftl"),
                include_str!("words/zh-Hans/reviewer.ftl"),
            ],
        }
    }
}

fn bundle(language: Language) -> FluentBundle<FluentResource> {
    let locale: LanguageIdentifier = language.code().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![locale]);
    // Names are isolated by their markup.
    bundle.set_use_isolating(false);
    for file in language.files() {
        let resource = match FluentResource::try_new(file.to_owned()) {
            Ok(resource) => resource,
            Err((resource, errors)) => {
                tracing::error!(?errors, language = language.code(), "some sentences of the pages cannot be read");
                resource
            }
        };
        if let Err(errors) = bundle.add_resource(resource) {
            tracing::error!(?errors, language = language.code(), "some sentences of the pages stand twice");
        }
    }
    bundle
}

/// Something that stands in a sentence.
pub enum Part {
    /// A number, by which the sentence may be chosen.
    Number(usize),
    /// A word that the sentence is chosen by, or that is plain text.
    Word(String),
    /// Markup, as a name in `<bdi>`.
    Markup(Markup),
}

impl From<usize> for Part {
    fn from(number: usize) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Part {
    fn from(word: &str) -> Self {
        Self::Word(word.to_owned())
    }
}

impl From<String> for Part {
    fn from(word: String) -> Self {
        Self::Word(word)
    }
}

impl From<Markup> for Part {
    fn from(markup: Markup) -> Self {
        Self::Markup(markup)
    }
}

/// A name from the store, which may be in any script.
#[must_use]
pub fn name(name: &str) -> Markup {
    html! { bdi { (name) } }
}

/// An id from the store, which no translation touches.
#[must_use]
pub fn id(id: &str) -> Markup {
    html! { span.code translate="no" { (id) } }
}

/// Marks the place of the first markup in a sentence; those that follow have the next characters. They are of the
/// private use area, so they stand in no sentence, and in a name they are replaced before it is looked at.
const PLACES: u32 = 0xE000;
const PLACES_MAX: u32 = 64;

/// The sentences in one language.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Words(pub Language);

impl Words {
    /// A sentence that says nothing of its own.
    #[must_use]
    pub fn say(self, key: &str) -> String {
        self.formatted(key, None).into_owned()
    }

    /// A sentence if there is one, for codes that others may define.
    #[must_use]
    pub fn find(self, key: &str) -> Option<String> {
        self.0.bundle().get_message(key)?.value()?;
        Some(self.say(key))
    }

    /// A sentence as plain text, for titles and attributes: whatever turns the direction of text is taken out of it.
    #[must_use]
    pub fn text(self, key: &str, parts: &[(&str, &str)]) -> String {
        let mut arguments = FluentArgs::new();
        for (name, text) in parts {
            arguments.set((*name).to_owned(), plain(text));
        }
        self.formatted(key, Some(&arguments)).into_owned()
    }

    /// A sentence as markup.
    #[must_use]
    pub fn with<const N: usize>(self, key: &str, parts: [(&str, Part); N]) -> Markup {
        let mut arguments = FluentArgs::new();
        let mut markups = Vec::new();
        for (name, part) in parts {
            let value = match part {
                Part::Number(number) => FluentValue::from(number),
                Part::Word(word) => FluentValue::from(without_places(&word)),
                Part::Markup(markup) => {
                    let place = char::from_u32(PLACES + markups.len() as u32).unwrap_or_default();
                    markups.push(markup);
                    FluentValue::from(place.to_string())
                }
            };
            arguments.set(name.to_owned(), value);
        }
        let sentence = self.formatted(key, Some(&arguments));
        html! {
            @for piece in sentence.split_inclusive(is_place) {
                @let place = piece.chars().next_back().filter(|c| is_place(*c));
                (piece.trim_end_matches(is_place))
                @if let Some(markup) = place.and_then(|place| markups.get((place as u32 - PLACES) as usize)) { (markup) }
            }
        }
    }

    fn formatted<'a>(self, key: &'a str, arguments: Option<&FluentArgs<'_>>) -> Cow<'a, str> {
        let bundle = self.0.bundle();
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
            tracing::error!(key, language = self.0.code(), "a sentence is missing");
            return Cow::Borrowed(key);
        };
        let mut errors = Vec::new();
        let sentence = bundle.format_pattern(pattern, arguments, &mut errors).into_owned();
        if !errors.is_empty() {
            tracing::error!(key, ?errors, language = self.0.code(), "a sentence cannot be said whole");
        }
        Cow::Owned(sentence)
    }

    /// What a rule's reason means: its sentence, and the code beside it.
    #[must_use]
    pub fn reason(self, code: &str, otherwise: &str) -> Markup {
        let sentence = self.find(&format!("reason-{code}"));
        html! {
            @match &sentence {
                Some(sentence) => (sentence),
                // A rule of the installation's own has a title in its own words.
                None => span lang="en" { (otherwise) },
            }
            " " span.soft.small.code translate="no" { (code) }
        }
    }

    /// What a partner may do, as a verb.
    #[must_use]
    pub fn action(self, action: &str) -> Markup {
        match self.find(&format!("action-{action}")) {
            Some(said) => said.render(),
            None => id(action),
        }
    }

    /// Several things one after the other, as the language lists them.
    #[must_use]
    pub fn list(self, items: &[Markup]) -> Markup {
        let (comma, and) = match self.0 {
            Language::English => (", ", " and "),
            Language::Chinese => ("、", "和"),
        };
        let last = items.len().saturating_sub(1);
        html! {
            @for (index, item) in items.iter().enumerate() {
                @if index > 0 { (if index == last { and } else { comma }) }
                (item)
            }
        }
    }
}

fn is_place(c: char) -> bool {
    (PLACES..PLACES + PLACES_MAX).contains(&(c as u32))
}

fn without_places(text: &str) -> String {
    text.replace(is_place, "\u{FFFD}")
}

/// Text without what turns its direction or cannot be seen.
fn plain(text: &str) -> String {
    let turns = |c: char| {
        c.is_control()
            || matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    without_places(text).replace(turns, "\u{FFFD}")
}
