//! How sets of rules, their files, and whoever changed them are named on pages.

use maud::{Markup, html};

use crate::id::DraftId;
use crate::pages::address::address;
use crate::pages::called::Called;
use crate::pages::context::PageCall;
use crate::pages::words::{id, name};
use crate::publish::editors::EditorReport;
use crate::publish::report::{RulesEntry, why_code};

/// How much of a digest is shown; it is taken wherever a digest is.
const DIGITS: usize = 12;

/// As much of a digest as people read.
pub(super) fn short(digest: &str) -> String {
    digest.chars().take(DIGITS).collect()
}

/// A set of rules, as a link to it.
pub(super) fn set_link(digest: &str) -> Markup {
    html! { a href=(format!("/rules/sets/{digest}")) { (id(&short(digest))) } }
}

/// A path, as it stands in an address.
fn escaped(path: &str) -> String {
    let parts = path.split('/').map(|part| form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>());
    parts.collect::<Vec<_>>().join("/").replace('+', "%20")
}

/// The address of a file of a set; of the set in force where none is named.
pub(super) fn file_address(set: Option<&str>, path: &str) -> String {
    address(&format!("/rules/files/{}", escaped(path)), &[("set", set)])
}

/// The address of a file of a draft.
pub(super) fn draft_file_address(draft: &DraftId, path: &str) -> String {
    format!("/rules/drafts/{draft}/files/{}", escaped(path))
}

/// Who did something: its name where it has one, and its id.
pub(super) fn whom(called: &Called<'_>, by: &str) -> Markup {
    if ["start", "files", "built-in"].contains(&by) {
        return html! { (called.words().say(&format!("rules-by-{by}"))) };
    }
    if by.contains(':') { called.caller(by) } else { called.with_id(&format!("token:{by}"), by) }
}

/// Who did something, with the person behind it where there is one.
pub(super) fn whom_and_person(called: &Called<'_>, by: &str, person: Option<&str>) -> Markup {
    html! { (whom(called, by)) @if let Some(person) = person { ", " span.small { (id(person)) } } }
}

/// Everybody who changed something.
pub(super) fn editors(called: &Called<'_>, editors: &[EditorReport]) -> Markup {
    let each = editors.iter().map(|editor| whom_and_person(called, &editor.by, editor.person.as_deref()));
    called.words().list(&each.collect::<Vec<_>>())
}

/// How a set came in force, as a row of the history says it.
pub(super) fn entry_why(page: &PageCall, entry: &RulesEntry) -> Markup {
    html! {
        (page.words.say(&format!("rules-why-{}", why_code(entry.why))))
        @if let Some(proposal) = entry.proposal {
            ", " a href=(format!("/rules/proposals/{proposal}")) {
                (page.words.with("proposal-number", [("number", proposal.to_string().into())]))
            }
        }
        @if entry.emergency { " " span.tag { (page.words.say("rules-emergency")) } }
        @if let Some(comment) = &entry.comment { br; (name(comment)) }
    }
}
