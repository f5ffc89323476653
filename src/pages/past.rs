//! Pages that can be looked at as they were.

use maud::{Markup, html};

use super::answer::{Tone, panel};
use super::context::{Fault, PageCall};
use super::words::Words;
use crate::answer::past::AsOf;
use crate::http::past_moment;
use crate::id::Revision;

/// The moment in the past that a page is asked for: a revision, a time, or a day.
///
/// # Errors
/// [`Fault::Unreadable`] for what is none of them.
pub fn as_of(page: &PageCall) -> Result<Option<AsOf>, Fault> {
    let Some(text) = page.asked("as_of") else { return Ok(None) };
    match past_moment(&text, page.setting.pdp.now()) {
        Ok(moment) => Ok(Some(moment)),
        Err(_) => Err(Fault::Unreadable("unreadable-as-of", text)),
    }
}

/// That a page shows how it was, with the way to how it is now.
#[must_use]
pub fn as_it_was(words: Words, revision: Revision, now: &str) -> Markup {
    let body = html! {
        p { (words.with("past-says", [("revision", revision.to_string().into())])) " " a href=(now) { (words.say("past-now")) } }
    };
    panel(Tone::Note, &words.say("past-title"), &body)
}
