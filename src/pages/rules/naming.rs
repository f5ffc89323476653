//! How sets of rules, their files, and whoever changed them are named on pages.

use maud::{Markup, html};

use crate::id::DraftId;
use crate::pages::address::address;
use crate::pages::context::{Fault, PageCall};
use crate::pages::words::{id, name};
use crate::pdp::names;
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

/// The address of a file of a set; of the set in force where none is named.
pub(super) fn file_address(set: Option<&str>, path: &str) -> String {
    let escaped: Vec<String> =
        path.split('/').map(|part| form_urlencoded::byte_serialize(part.as_bytes()).collect()).collect();
    address(&format!("/rules/files/{}", escaped.join("/").replace('+', "%20")), &[("set", set)])
}

/// Who did something: its name where it has one, and its id.
pub(super) fn whom(page: &PageCall, by: &str) -> Result<Markup, Fault> {
    let written = if by.contains(':') { by.to_owned() } else { format!("token:{by}") };
    let mut names = names::names(&page.setting.pdp).map_err(|_| Fault::Unavailable)?;
    let called = names.name(&written).map_err(|_| Fault::Unavailable)?;
    let own = ["start", "files", "built-in"].contains(&by).then(|| page.words.say(&format!("rules-by-{by}")));
    Ok(match (own, called) {
        (Some(own), _) => html! { (own) },
        (None, Some(called)) => html! { (name(&called)) " " span.small { (id(by)) } },
        (None, None) => id(by),
    })
}

/// Who did something, with the person behind it where there is one.
pub(super) fn whom_and_person(page: &PageCall, by: &str, person: Option<&str>) -> Result<Markup, Fault> {
    let whom = whom(page, by)?;
    Ok(match person {
        Some(person) => html! { (whom) ", " span.small { (id(person)) } },
        None => whom,
    })
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

/// The address of a file of a draft.
pub(super) fn draft_file_address(draft: &DraftId, path: &str) -> String {
    let address = file_address(None, path);
    let path = address.strip_prefix("/rules/files/").unwrap_or(path);
    format!("/rules/drafts/{draft}/files/{path}")
}
