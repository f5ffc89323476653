//! What happened to a customer or a partner, newest first, and by whom.

use maud::{Markup, html};

use super::address::address;
use super::context::PageCall;
use super::frame::Shown;
use super::table::{Table, no_row, paging};
use super::when::moment;
use super::words::id;
use crate::evidence::own_changes::OwnChange;
use crate::id::Revision;
use crate::pdp::page::Page;

/// How many there are on a page.
pub const ON_A_PAGE: usize = 50;

/// The page of what happened: what it says first, where each revision leads, and what each change was.
#[must_use]
pub fn happened(
    page: &PageCall,
    changes: &Page<OwnChange>,
    says: &Markup,
    leads_to: impl Fn(Revision) -> String,
    said: impl Fn(&OwnChange) -> Markup,
) -> Shown {
    let words = page.words;
    let rows = changes.items.iter().map(|change| {
        vec![
            html! { a href=(leads_to(change.revision)) { (change.revision) } },
            moment(words, change.at),
            said(change),
            html! { span.small { (id(&change.by)) } },
        ]
    });
    let columns = ["revision", "when", "what", "by"].map(|key| words.say(&format!("column-{key}")));
    let table = Table { caption: None, labelled_by: Some("changes"), columns: columns.into(), rows: rows.collect() };
    let next = changes.next.as_ref().map(|next| address(&page.path, &[("cursor", Some(next))]));
    let first = page.asked("cursor").map(|_| page.path.clone());
    let main = html! {
        h1 id="changes" { (words.say("nav-changes")) }
        p { (says) }
        @if changes.items.is_empty() { (no_row(words, "changes-none", first.as_deref(), next.as_deref())) }
        @else { (table.stacked()) }
        (paging(words, changes.items.len(), first.as_deref(), next.as_deref()))
    };
    Shown::of(words.say("nav-changes"), main)
}
