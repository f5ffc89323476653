//! Who may do what: by which rule, since when, and when it was last used; of one customer, or of one partner.

use maud::{Markup, html};

use super::address::address;
use super::context::{Answer, Fault, PageCall};
use super::frame::Shown;
use super::past::{as_it_was, as_of, for_good_of};
use super::table::{Table, no_row, paging};
use super::when::{day, moment};
use super::words::{id, name};
use crate::answer::past::GrantsOf;
use crate::evidence::access_review::{Access, AccessOf, Reviewing, access_review};
use crate::http::csv_row;
use crate::pdp::call::Response;
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
pub async fn review(page: &PageCall, review: Review) -> Result<Answer, Fault> {
    let past = as_of(page)?;
    let opened = access_review(&page.setting.pdp, &page.call, review.of.clone(), past).await?;
    if page.asked("format").as_deref() == Some("csv") {
        return own_sheet(opened.value);
    }
    Ok(shown(page, &opened, &Asked { review, choose: html! {}, parameters: Vec::new(), rows: ON_A_PAGE })?.into())
}

/// The review as a spreadsheet for whoever it is of.
fn own_sheet(reviewing: Reviewing) -> Result<Answer, Fault> {
    let is_of_partner = matches!(reviewing.of, AccessOf::Partner(_));
    let columns = if is_of_partner { OF_PARTNER } else { OF_CUSTOMER };
    let mut bytes = csv_row(columns).map_err(|_| Fault::Unavailable)?;
    for rows in reviewing.pages(ALL_AT_ONCE) {
        for access in rows?.items {
            bytes.extend(csv_row(cells(&access, is_of_partner)).map_err(|_| Fault::Unavailable)?);
        }
    }
    Ok(Answer::Sheet { name: "access-review.csv", bytes })
}

/// A review as a page asks for it.
pub struct Asked {
    /// Whose, and what it says.
    pub review: Review,
    /// What stands before the table: the fields by which another is chosen.
    pub choose: Markup,
    /// What its address says besides the moment.
    pub parameters: Vec<(&'static str, String)>,
    /// How many rows stand on a page.
    pub rows: usize,
}

/// How many rows a review has in all. Where all of them are on one page they are counted already.
fn counted(opened: &Reviewing, here: usize, is_one_page: bool) -> Result<usize, Fault> {
    if is_one_page {
        return Ok(here);
    }
    let (mut count, mut next) = (0, None::<String>);
    loop {
        let page = opened.page(ALL_AT_ONCE, next.as_deref())?;
        count += page.items.len();
        match page.next {
            Some(more) => next = Some(more),
            None => return Ok(count),
        }
    }
}

/// The page of a review that is open.
///
/// # Errors
/// [`Fault`] for a cursor that is none of it, or a row that cannot be read.
pub fn shown(page: &PageCall, opened: &Response<Reviewing>, asked: &Asked) -> Result<Shown, Fault> {
    let Asked { review: Review { of, called, title, says }, choose, parameters, rows } = asked;
    let (words, past) = (page.words, page.asked("as_of"));
    let is_of_partner = matches!(of, AccessOf::Partner(_));
    let revision = opened.value.revision();
    let cursor = page.asked("cursor");
    let found = opened.value.page(*rows, cursor.as_deref())?;
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
    let at = |as_of: Option<&str>, more: &[(&str, Option<&str>)]| {
        let whose = parameters.iter().map(|(name, value)| (*name, Some(value.as_str())));
        let all = whose.chain([("as_of", as_of)]).chain(more.iter().copied());
        address(&page.path, &all.collect::<Vec<_>>())
    };
    let here = |more: &[(&str, Option<&str>)]| at(past.as_deref(), more);
    let next = found.next.as_ref().map(|next| here(&[("cursor", Some(next))]));
    let is_one_page = cursor.is_none();
    let first = cursor.map(|_| here(&[]));
    let count = match next {
        Some(_) => None,
        None => Some(counted(&opened.value, found.items.len(), is_one_page)?),
    };
    let grants = match of {
        AccessOf::Customer(customer) => GrantsOf::Customer(customer),
        AccessOf::Partner(partner) => GrantsOf::Partner(partner),
    };
    let good = for_good_of(page, grants, revision, opened.value.at)?;
    let main = html! {
        h1 id="access" { (words.say(title)) }
        (choose)
        p { (words.with(says, [
            ("name", called.clone().into()),
            ("at", moment(words, opened.value.at).into()),
            ("revision", revision.to_string().into()),
        ])) }
        @if past.is_some() { (as_it_was(words, opened.value.at, revision, &at(None, &[]))) }
        @if found.items.is_empty() { (no_row(words, "access-none", first.as_deref(), next.as_deref())) }
        @else { (table.scrolling(&words.say(title))) }
        @if !found.items.is_empty() || first.is_some() || next.is_some() {
            (paging(words, found.items.len(), first.as_deref(), next.as_deref()))
        }
        p {
            a href=(here(&[("format", Some("csv"))])) { (words.say("download-csv")) }
            " · " a href=(at(Some(&good), &[])) { (words.say("permanent-link")) }
        }
        @if let Some(count) = count { p.soft { (words.with("access-end", [("count", count.into())])) } }
    };
    Ok(Shown::of(words.say(title), main).at(revision, &opened.seqs))
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
