//! Pages that can be looked at as they were.

use maud::{Markup, html};

use super::answer::{Tone, panel};
use super::context::{Fault, PageCall};
use super::when::moment;
use super::words::Words;
use crate::answer::pages::ServiceHeld;
use crate::answer::past::{AsOf, GrantsOf, says_how_it_was};
use crate::clock::Timestamp;
use crate::domain::grant::GrantEnd;
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

/// The time of a moment in the past, if one is asked for.
///
/// # Errors
/// [`Fault::Unavailable`].
pub fn time_of(page: &PageCall, past: Option<AsOf>) -> Result<Option<Timestamp>, Fault> {
    past.map(|past| past.time(&page.setting.pdp)).transpose().map_err(|_| Fault::Unavailable)
}

/// The moment at which a page shows the same for good: its revision; or the time, where something had ended by itself by
/// then, which no revision says.
#[must_use]
pub fn for_good<'a>(revision: Revision, at: Timestamp, held: impl IntoIterator<Item = &'a ServiceHeld>) -> String {
    let is_over = held.into_iter().any(|held| held.ended == Some(GrantEnd::Over));
    if is_over { at.to_string() } else { revision.to_string() }
}

/// The same of a page that shows what follows from grants it does not list.
///
/// # Errors
/// [`Fault::Unavailable`].
pub fn for_good_of(page: &PageCall, of: GrantsOf<'_>, revision: Revision, at: Timestamp) -> Result<String, Fault> {
    let is_said = says_how_it_was(&page.setting.pdp, of, revision, at).map_err(|_| Fault::Unavailable)?;
    Ok(if is_said { revision.to_string() } else { at.to_string() })
}

/// That a page shows how it was, with the way to how it is now.
#[must_use]
pub fn as_it_was(words: Words, at: Timestamp, revision: Revision, now: &str) -> Markup {
    let body = html! {
        p { (words.with("past-says", [("at", moment(words, at).into()), ("revision", revision.to_string().into())])) " " a href=(now) { (words.say("past-now")) } }
    };
    panel(Tone::Note, &words.say("past-title"), &body)
}
