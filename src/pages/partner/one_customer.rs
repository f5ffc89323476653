//! One customer of a partner: what it administers there, what ended and why, the relationship, and its subscriptions
//! with the answer to every action.

use maud::{Markup, html};

use super::own::{administers, of_page, support};
use crate::answer::own_standing::OwnStanding;
use crate::answer::pages::CustomerListItem;
use crate::domain::commercial::{Outcome, Proposal, Side};
use crate::id::{PartnerId, Revision, Seq};
use crate::pages::address::address;
use crate::pages::answer::{Tone, answer, panel_naming};
use crate::pages::context::{Answer, Fault, PageCall};
use crate::pages::facts::facts;
use crate::pages::frame::Shown;
use crate::pages::renegotiation::Negotiation;
use crate::pages::table::{Table, no_row, paging};
use crate::pages::when::day;
use crate::pages::words::{id, name};

const ON_A_PAGE: usize = 50;

/// The commercial relationship with a customer, as the partner sees it.
pub(super) fn negotiation(
    partner: &PartnerId,
    item: &CustomerListItem,
    revision: Revision,
    seqs: &[Seq],
) -> Negotiation {
    Negotiation {
        by: Side::Partner,
        other: item.name.clone(),
        state: item.commercial_relationship,
        proposal: item.renegotiation,
        back: format!("/partners/{partner}/customers/{}", item.customer),
        revision,
        seqs: seqs.to_vec(),
    }
}

/// `GET /partners/{partner}/customers/{customer}`
pub async fn one_customer(page: PageCall) -> Result<Answer, Fault> {
    let words = page.words;
    let cursor = page.asked("cursor");
    let (partner, item, read) = of_page(&page, ON_A_PAGE, cursor.as_deref()).await?;
    let may_act = page.partner() == Some(&partner);
    let negotiation = negotiation(&partner, &item, read.revision, &read.seqs);
    let found = &read.value.subscriptions;
    let next = found.next.as_ref().map(|next| address(&page.path, &[("cursor", Some(next))]));
    let first = cursor.map(|_| page.path.clone());
    let main = html! {
        p.trail { a href=(format!("/partners/{partner}/customers")) { (words.say("back-to-customers")) } }
        h1 { (name(&item.name)) }
        @if let Some(proposal) = item.renegotiation { (proposed(&page, &item, proposal, may_act)) }
        (facts(&[
            (words.say("column-customer"), id(item.customer.as_str())),
            (words.say("column-you-administer"), administers(&page, &item)),
            (words.say("column-commercial"), negotiation.stands(words)),
            (words.say("column-you-support"), support(&page, &item)),
        ]))
        (services(&page, &partner, &item))
        h2 id="subscriptions" { (words.say("own-subscriptions")) }
        @if found.items.is_empty() {
            (no_row(words, "own-subscriptions-none", first.as_deref(), next.as_deref()))
        } @else {
            p { (words.with("own-subscriptions-says", [("revision", read.revision.to_string().into())])) }
            (marks(&page, &partner, &found.items))
        }
        (paging(words, found.items.len(), first.as_deref(), next.as_deref()))
        @if may_act && item.renegotiation.is_none() { (negotiation.way(words)) }
    };
    let title = words.text("customer-title", &[("customer", &item.name)]);
    Ok(Shown::of(title, main).at(read.revision, &read.seqs).into())
}

/// A proposal that waits for one side.
fn proposed(page: &PageCall, item: &CustomerListItem, proposal: Proposal, may_act: bool) -> Markup {
    let words = page.words;
    let (outcome, key) = match (proposal.by, proposal.outcome) {
        (Side::Customer, Outcome::End) => ("end", "customer-proposes-end"),
        (Side::Customer, Outcome::Reinstate) => ("reinstate", "customer-proposes-reinstate"),
        (Side::Partner, Outcome::End) => ("none", "own-proposal-end"),
        (Side::Partner, Outcome::Reinstate) => ("none", "own-proposal-reinstate"),
    };
    let heading = words.with(key, [("customer", name(&item.name).into())]);
    let body = html! {
        p {
            (words.with(&format!("{key}-says"), [("customer", name(&item.name).into())]))
            @if let Some(since) = proposal.since { " " (words.with("proposed-on", [("day", day(words, since).into())])) }
        }
        @if may_act { p.buttons { a.button.quiet href=(format!("{}/renegotiation?outcome={outcome}", page.path)) {
            (words.say(if outcome == "none" { "take-back" } else { "see-what-changes" }))
        } } }
    };
    panel_naming(if proposal.by == Side::Partner { Tone::Note } else { Tone::Care }, &heading, &body)
}

fn services(page: &PageCall, partner: &PartnerId, item: &CustomerListItem) -> Markup {
    let words = page.words;
    let rows = item.services.iter().map(|held| {
        vec![
            page.service(&held.service),
            answer(words, held.delegated_administrator),
            day(words, held.since),
            html! { @if let Some(until) = held.until { (day(words, until)) } },
            html! { @if let Some(ended) = held.ended { (words.say(&format!("ended-{ended}"))) } },
        ]
    });
    let columns =
        ["service", "you-administer", "since", "ends", "ended"].map(|key| words.say(&format!("column-{key}")));
    let table = Table { caption: None, labelled_by: Some("services"), columns: columns.into(), rows: rows.collect() };
    html! {
        h2 id="services" { (words.say("services-title")) }
        @if item.services.is_empty() { p { (words.say("own-services-never")) } } @else { (table.stacked()) }
        @if item.lost().next().is_some() || item.services.is_empty() {
            p { (words.say("way-back")) " " a href=(format!("/partners/{partner}/request")) { (words.say("nav-request")) } }
        }
    }
}

/// The subscriptions, and for each the answer to every action.
fn marks(page: &PageCall, partner: &PartnerId, standings: &[OwnStanding]) -> Markup {
    let words = page.words;
    let actions: Vec<&str> = standings
        .first()
        .map(|standing| standing.actions.iter().map(|said| said.action.as_str()).collect())
        .unwrap_or_default();
    let columns = ["subscription", "status", "sold-by"].map(|key| words.say(&format!("column-{key}")));
    let said = |action: &str| words.find(&format!("action-{action}")).unwrap_or_else(|| action.to_owned());
    let actions = actions.into_iter().map(said);
    let rows = standings.iter().map(|standing| {
        let facts = [
            html! {
                a href=(format!("/partners/{partner}/subscriptions/{}", standing.subscription)) { (id(standing.subscription.as_str())) }
                br; span.soft.small { (page.service(&standing.service)) }
                @if let Some(parent) = &standing.parent {
                    br; span.soft.small { (words.with("add-on-of", [("parent", id(parent.as_str()).into())])) }
                }
            },
            html! { (words.say(&format!("status-{}", standing.status))) },
            html! { (words.say(&format!("seller-{}", standing.seller))) },
        ];
        facts.into_iter().chain(standing.actions.iter().map(|said| answer(words, said.decision))).collect()
    });
    let columns = columns.into_iter().chain(actions).collect();
    let table = Table { caption: None, labelled_by: Some("subscriptions"), columns, rows: rows.collect() };
    table.scrolling(&words.say("own-subscriptions"))
}
