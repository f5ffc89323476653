//! Who may do what: by which rule, since when, and when it was last used; of one customer, or of one partner.

use std::sync::Arc;

use maud::{Markup, html};

use super::address::address;
use super::context::{Answer, Fault, PageCall};
use super::frame::Shown;
use super::past::{as_it_was, as_of};
use super::table::{Table, paging};
use super::when::{day, moment};
use super::words::{id, name};
use crate::evidence::access_review::{Access, AccessOf, access_review_as_of};
use crate::http::csv_row;
use crate::question::Kind;

const ON_A_PAGE: usize = 50;
const ALL_AT_ONCE: usize = 200;
const OF_CUSTOMER: [&str; 8] =
    ["subject", "subjectName", "action", "resource", "service", "rules", "since", "lastUsed"];
const OF_PARTNER: [&str; 8] =
    ["customer", "customerName", "action", "resource", "service", "rules", "since", "lastUsed"];

/// Whose review it is, and what it says of itself.
pub struct Review {
    /// Whose access it is.
    pub of: AccessOf,
    /// What people call it.
    pub called: Markup,
    /// The key of its title.
    pub title: &'static str,
    /// The key of what it says first.
    pub says: &'static str,
}

/// The page of a review, or the review as a spreadsheet.
///
/// # Errors
/// [`Fault::NotFound`] for whoever may not see it.
pub async fn review(page: &PageCall, Review { of, called, title, says }: Review) -> Result<Answer, Fault> {
    let (words, past) = (page.words, as_of(page)?);
    let (is_of_partner, pdp) = (matches!(of, AccessOf::Partner(_)), Arc::clone(&page.setting.pdp));
    let opened = access_review_as_of(&pdp, &page.call, of, past).await?;
    if page.asked("format").as_deref() == Some("csv") {
        let columns = if is_of_partner { OF_PARTNER } else { OF_CUSTOMER };
        let mut bytes = csv_row(columns).map_err(|_| Fault::Unavailable)?;
        for rows in opened.value.pages(ALL_AT_ONCE) {
            for access in rows?.items {
                bytes.extend(csv_row(cells(&access, is_of_partner)).map_err(|_| Fault::Unavailable)?);
            }
        }
        return Ok(Answer::Sheet { name: "access-review.csv", bytes });
    }
    let revision = opened.value.revision();
    let cursor = page.asked("cursor");
    let found = opened.value.page(ON_A_PAGE, cursor.as_deref())?;
    let rows = found.items.iter().map(|access| {
        vec![
            match whom(access, is_of_partner) {
                (_, Some(called)) => name(called),
                (of, None) => id(of),
            },
            words.action(&access.action),
            html! {
                (page.service(&access.service))
                @if access.resource.kind == Kind::Subscription.as_str() { ", " (id(&access.resource.id)) }
            },
            html! { @for rule in &access.rules { span.small { (id(rule.as_str())) } " " } },
            day(words, access.since),
            html! {
                @match access.last_used.as_ref().map(|used| used.at) {
                    Some(Some(at)) => (day(words, at)),
                    Some(None) => (words.say("unreadable-record")),
                    None => span.soft { (words.say("never")) },
                }
            },
        ]
    });
    let whose = if is_of_partner { "customer" } else { "partner" };
    let columns = [whose, "may", "on", "rule", "since", "last-used"].map(|key| words.say(&format!("column-{key}")));
    let table = Table { caption: None, labelled_by: Some("access"), columns: columns.into(), rows: rows.collect() };
    let here = |cursor: Option<&str>, format: Option<&str>| {
        let as_of = page.asked("as_of");
        address(&page.path, &[("as_of", as_of.as_deref()), ("cursor", cursor), ("format", format)])
    };
    let next = found.next.as_ref().map(|next| here(Some(next), None));
    let first = cursor.map(|_| here(None, None));
    let main = html! {
        h1 id="access" { (words.say(title)) }
        p { (words.with(says, [
            ("name", called.into()),
            ("at", moment(words, opened.value.at).into()),
            ("revision", revision.to_string().into()),
        ])) }
        @if past.is_some() { (as_it_was(words, revision, &page.path)) }
        @if found.items.is_empty() { p { (words.say("access-none")) } } @else {
            (table.scrolling(&words.say(title)))
            (paging(words, found.items.len(), first.as_deref(), next.as_deref()))
            p {
                a href=(here(None, Some("csv"))) { (words.say("download-csv")) }
                " · " a href=(format!("{}?as_of={revision}", page.path)) { (words.say("permanent-link")) }
            }
        }
        @if next.is_none() { p.soft { (words.with("access-end", [("count", found.items.len().into())])) } }
    };
    Ok(Shown::of(words.say(title), main).at(revision, &opened.seqs).into())
}

/// Whom a row is about, for whoever it is not of: the partner, or the customer.
fn whom(access: &Access, is_of_partner: bool) -> (&str, Option<&str>) {
    if is_of_partner {
        (access.customer.as_str(), access.customer_name.as_deref())
    } else {
        (&access.subject.id, access.subject_name.as_deref())
    }
}

fn cells(access: &Access, is_of_partner: bool) -> [String; 8] {
    let rules = access.rules.iter().map(|rule| rule.as_str()).collect::<Vec<_>>().join(" ");
    let (of, called) = whom(access, is_of_partner);
    [
        of.to_owned(),
        called.unwrap_or_default().to_owned(),
        access.action.clone(),
        access.resource.id.clone(),
        access.service.to_string(),
        rules,
        access.since.to_string(),
        access.last_used.as_ref().and_then(|used| used.at).map(|at| at.to_string()).unwrap_or_default(),
    ]
}
