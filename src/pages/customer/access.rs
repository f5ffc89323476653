//! Who may do what at a customer: by which rule, since when, and when it was last used.

use std::sync::Arc;

use maud::html;

use super::known::as_of;
use super::relationships::called;
use crate::evidence::access_review::{Access, AccessOf, access_review_as_of};
use crate::http::csv_row;
use crate::id::CustomerId;
use crate::pages::answer::{Tone, panel};
use crate::pages::context::{Answer, Fault, PageCall};
use crate::pages::frame::Shown;
use crate::pages::table::{Table, paging};
use crate::pages::when::{day, moment};
use crate::pages::words::{id, name};
use crate::question::Kind;

const ON_A_PAGE: usize = 50;
const ALL_AT_ONCE: usize = 200;
const COLUMNS: [&str; 8] = ["subject", "subjectName", "action", "resource", "service", "rules", "since", "lastUsed"];

/// `GET /customers/{customer}/access`
pub async fn access(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let customer: CustomerId = page.param("customer")?;
    let (words, past) = (page.words, as_of(&page)?);
    let of = AccessOf::Customer(customer.clone());
    let pdp = Arc::clone(&page.setting.pdp);
    let opened = access_review_as_of(&pdp, &page.call, of, past).await?;
    if page.asked("format").as_deref() == Some("csv") {
        let mut bytes = csv_row(COLUMNS).map_err(|_| Fault::Unavailable)?;
        for rows in opened.value.pages(ALL_AT_ONCE) {
            for access in rows?.items {
                bytes.extend(csv_row(cells(&access)).map_err(|_| Fault::Unavailable)?);
            }
        }
        return Ok(Answer::File {
            media: "text/csv; charset=utf-8; header=present",
            name: "access-review.csv".to_owned(),
            bytes,
        });
    }
    let revision = opened.value.revision();
    let cursor = page.asked("cursor");
    let found = opened.value.page(ON_A_PAGE, cursor.as_deref())?;
    let here = format!("/customers/{customer}/access");
    let rows = found.items.iter().map(|access| {
        vec![
            match &access.subject_name {
                Some(called) => name(called),
                None => id(&access.subject.id),
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
    let columns = ["partner", "may", "on", "rule", "since", "last-used"].map(|key| words.say(&format!("column-{key}")));
    let table = Table { caption: None, labelled_by: Some("access"), columns: columns.into(), rows: rows.collect() };
    let past_text = page.asked("as_of").map(|past| format!("as_of={past}&")).unwrap_or_default();
    let next = found.next.as_ref().map(|next| format!("{here}?{past_text}cursor={next}"));
    let first = cursor.map(|_| here.clone());
    let main = html! {
        h1 id="access" { (words.say("nav-access")) }
        p { (words.with("access-says", [
            ("customer", called(&page, &customer).into()),
            ("at", moment(words, opened.value.at).into()),
            ("revision", revision.to_string().into()),
        ])) }
        @if past.is_some() { (panel(Tone::Note, &words.say("past-title"), &html! {
            p { (words.with("past-says", [("revision", revision.to_string().into())])) " " a href=(here) { (words.say("past-now")) } }
        })) }
        @if found.items.is_empty() { p { (words.say("access-none")) } } @else {
            (table.scrolling(&words.say("nav-access")))
            (paging(words, found.items.len(), first.as_deref(), next.as_deref()))
            p {
                a href=(format!("{here}?{past_text}format=csv")) { (words.say("download-csv")) }
                " · " a href=(format!("{here}?as_of={revision}")) { (words.say("permanent-link")) }
            }
        }
        @if next.is_none() { p.soft { (words.with("access-end", [("count", found.items.len().into())])) } }
    };
    Ok(Shown::of(words.say("nav-access"), main).at(revision, &opened.seqs).into())
}

fn cells(access: &Access) -> [String; 8] {
    let rules = access.rules.iter().map(|rule| rule.as_str()).collect::<Vec<_>>().join(" ");
    [
        access.subject.id.clone(),
        access.subject_name.clone().unwrap_or_default(),
        access.action.clone(),
        access.resource.id.clone(),
        access.service.to_string(),
        rules,
        access.since.to_string(),
        access.last_used.as_ref().and_then(|used| used.at).map(|at| at.to_string()).unwrap_or_default(),
    ]
}
