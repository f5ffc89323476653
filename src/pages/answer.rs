//! A yes or a no: always the word, never the colour alone.

use maud::{Markup, html};

use super::words::Words;

/// Yes or no.
#[must_use]
pub fn answer(words: Words, is_yes: bool) -> Markup {
    html! {
        @if is_yes { span.yes { (words.say("answer-yes")) } } @else { span.no { (words.say("answer-no")) } }
    }
}

/// What came of something: its word stands in the heading.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tone {
    /// It is done.
    Good,
    /// Something to be careful about.
    Care,
    /// Something is broken or wrong.
    Bad,
    /// Something worth knowing.
    Note,
}

/// A panel that says what came of something.
#[must_use]
pub fn panel(tone: Tone, heading: &str, body: &Markup) -> Markup {
    panel_naming(tone, &html! { (heading) }, body)
}

/// The same with a name in its heading.
#[must_use]
pub fn panel_naming(tone: Tone, heading: &Markup, body: &Markup) -> Markup {
    let class = match tone {
        Tone::Good => "good",
        Tone::Care => "care",
        Tone::Bad => "bad",
        Tone::Note => "note",
    };
    html! { div.panel.(class) { h2 { (heading) } (body) } }
}
