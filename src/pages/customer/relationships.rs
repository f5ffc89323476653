//! Partner Relationships: everyone who administers a service of the customer, sold it something, or did.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::known::{Partners, TRIES, all_partners, partners, tag};
use crate::answer::pages::{PartnerRelationship, ServiceHeld};
use crate::answer::past::AsOf;
use crate::domain::commercial::{Outcome, Side};
use crate::http::csv_row;
use crate::id::{CustomerId, ServiceName};
use crate::pages::address::address;
use crate::pages::answer::{Tone, answer, panel_naming};
use crate::pages::context::{Answer, Fault, PageCall};
use crate::pages::frame::Shown;
use crate::pages::page_route::is_page;
use crate::pages::past::{as_it_was, as_of, for_good, time_of};
use crate::pages::renegotiation::stands;
use crate::pages::table::{Table, paging};
use crate::pages::when::{day, moment};
use crate::pages::words::{Words, id, name};

const ON_A_PAGE: usize = 50;
const ALL_AT_ONCE: usize = 1_000;
const COLUMNS: [&str; 9] = [
    "partner",
    "name",
    "kind",
    "service",
    "administers",
    "since",
    "until",
    "commercialRelationship",
    "responsibleForSupport",
];

/// `GET /customers/{customer}/partners`
pub async fn relationships(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let customer: CustomerId = page.param("customer")?;
    let past = as_of(&page)?;
    if page.asked("format").as_deref() == Some("csv") {
        return spreadsheet(&page, &customer).await;
    }
    let words = page.words;
    let cursor = page.asked("cursor");
    let (all, shown) = read(&page, &customer, past, cursor.as_deref()).await?;
    let (all, Partners { partners, next, revision, seqs }) = (&all.partners, &shown);
    let here = format!("/customers/{customer}/partners");
    let is_now = past.is_none();
    let may_act =
        is_now && page.customer() == Some(&customer) && is_page(&page, &format!("/customers/{customer}/removal"));
    let at = |cursor: Option<&str>, format: Option<&str>| {
        let as_of = page.asked("as_of");
        address(&here, &[("as_of", as_of.as_deref()), ("cursor", cursor), ("format", format)])
    };
    let first = cursor.as_ref().map(|_| at(None, None));
    let next = next.as_ref().map(|next| at(Some(next), None));
    let (now, then) = (page.setting.pdp.now(), time_of(&page, past)?);
    let good = for_good(*revision, then.unwrap_or(now), all.iter().flat_map(|partner| &partner.services));
    let main = html! {
        h1 { (words.say("nav-partners")) }
        p { (words.with("relationships-says", [
            ("customer", called(&page, &customer).into()),
            ("at", moment(words, now).into()),
            ("revision", revision.to_string().into()),
            ("past", if is_now { "no".into() } else { "yes".into() }),
        ])) }
        @if let Some(then) = then { (as_it_was(words, then, *revision, &here)) }
        @if is_now { @for partner in all { (proposed(&page, &customer, partner)) } }
        @if all.is_empty() { p { (words.say("relationships-none")) } } @else {
            h2 id="by-service" { (words.say("by-service")) }
            (by_service(&page, &customer, all, may_act).stacked())
            h2 id="by-partner" { (words.say("by-partner")) }
            (by_partner(&page, &customer, partners).stacked())
            (paging(words, partners.len(), first.as_deref(), next.as_deref()))
            p {
                a href=(at(None, Some("csv"))) { (words.say("download-csv")) }
                " · " a href=(address(&here, &[("as_of", Some(&good))])) { (words.say("permanent-link")) }
                " · " a href=(format!("/customers/{customer}/access")) { (words.say("what-each-may")) }
            }
            @if may_act {
                h2 { (words.say("remove-all-title")) }
                p { (words.say("remove-all-says")) }
                p.buttons { a.button.quiet href=(format!("/customers/{customer}/removal")) { (words.say("remove-all")) } }
            }
        }
    };
    Ok(Shown::of(words.say("nav-partners"), main).at(*revision, seqs).into())
}

/// All partners, and the page of them that is asked for, at one revision. Who administers a service, and what waits for the
/// customer, is said of all: of a page of them "nobody" would be said of a service whose holder is on the next.
async fn read(
    page: &PageCall,
    customer: &CustomerId,
    past: Option<AsOf>,
    cursor: Option<&str>,
) -> Result<(Partners, Partners), Fault> {
    for _ in 0..TRIES {
        let mut all = all_partners(page, customer, past).await?;
        if cursor.is_none() && all.partners.len() <= ON_A_PAGE {
            return Ok((all.clone(), all));
        }
        let mut shown = partners(page, customer, past, ON_A_PAGE, cursor).await?;
        if shown.revision == all.revision {
            shown.seqs.append(&mut all.seqs);
            return Ok((all, shown));
        }
    }
    Err(Fault::Unavailable)
}

/// What a customer is called, as far as whoever looks is the customer.
pub(super) fn called(page: &PageCall, customer: &CustomerId) -> Markup {
    if page.customer() == Some(customer) { name(page.called()) } else { id(customer.as_str()) }
}

/// A proposal that waits for the customer.
fn proposed(page: &PageCall, customer: &CustomerId, partner: &PartnerRelationship) -> Markup {
    let words = page.words;
    let Some(proposal) = partner.renegotiation else { return html! {} };
    let (outcome, key) = match (proposal.by, proposal.outcome) {
        (Side::Partner, Outcome::End) => ("end", "proposes-end"),
        (Side::Partner, Outcome::Reinstate) => ("reinstate", "proposes-reinstate"),
        (Side::Customer, Outcome::End) => ("none", "proposed-end"),
        (Side::Customer, Outcome::Reinstate) => ("none", "proposed-reinstate"),
    };
    let to = format!("/customers/{customer}/partners/{}/renegotiation?outcome={outcome}", partner.partner);
    let heading = words.with(key, [("partner", name(&partner.name).into())]);
    panel_naming(
        Tone::Care,
        &heading,
        &html! {
            p { (words.with(&format!("{key}-says"), [("partner", name(&partner.name).into())])) }
            @if is_page(page, to.split('?').next().unwrap_or_default()) {
                p.buttons { a.button.quiet href=(to) {
                    (words.say(if outcome == "none" { "take-back" } else { "see-what-changes" }))
                } }
            }
        },
    )
}

fn ends(words: Words, held: &ServiceHeld) -> Markup {
    html! { @if let Some(until) = held.until { (day(words, until)) } }
}

fn by_service(page: &PageCall, customer: &CustomerId, partners: &[PartnerRelationship], may_act: bool) -> Table {
    let words = page.words;
    let mut services: BTreeMap<&ServiceName, Vec<(&PartnerRelationship, &ServiceHeld)>> = BTreeMap::new();
    for partner in partners {
        for held in &partner.services {
            let administrators = services.entry(&held.service).or_default();
            if held.delegated_administrator {
                administrators.push((partner, held));
            }
        }
    }
    let mut rows = Vec::new();
    for (service, administrators) in services {
        if administrators.is_empty() {
            let nobody = html! { span.soft { (words.say("nobody")) } };
            rows.push(vec![page.service(service), nobody, html! {}, html! {}, html! {}]);
        }
        for (partner, held) in administrators {
            let remove = html! { @if may_act {
                a href=(format!("/customers/{customer}/partners/{}/removal?service={service}", partner.partner)) {
                    (words.say("remove"))
                    span.unseen { " " (words.with("remove-whom", [
                        ("partner", name(&partner.name).into()),
                        ("service", page.service(service).into()),
                    ])) }
                }
            } };
            rows.push(vec![
                page.service(service),
                html! { (name(&partner.name)) " " span.tag { (words.say(tag(partner.kind))) } },
                day(words, held.since),
                ends(words, held),
                remove,
            ]);
        }
    }
    let columns =
        ["service", "administers-it", "since", "ends", "action"].map(|key| words.say(&format!("column-{key}")));
    Table { caption: None, labelled_by: Some("by-service"), columns: columns.into(), rows }
}

fn by_partner(page: &PageCall, customer: &CustomerId, partners: &[PartnerRelationship]) -> Table {
    let words = page.words;
    let row = |partner: &PartnerRelationship| {
        vec![
            html! { a href=(format!("/customers/{customer}/partners/{}", partner.partner)) { (name(&partner.name)) } },
            administers(page, partner),
            stands(words, Side::Customer, partner.commercial_relationship, partner.renegotiation),
            answer(words, partner.responsible_for_support),
        ]
    };
    let columns = ["partner", "administers", "commercial", "support"].map(|key| words.say(&format!("column-{key}")));
    let rows = partners.iter().map(row).collect();
    Table { caption: None, labelled_by: Some("by-partner"), columns: columns.into(), rows }
}

/// What a partner administers now, and what it did.
pub(super) fn administers(page: &PageCall, partner: &PartnerRelationship) -> Markup {
    let words = page.words;
    let now: Vec<Markup> = partner
        .services
        .iter()
        .filter(|held| held.delegated_administrator)
        .map(|held| page.service(&held.service))
        .collect();
    html! {
        @if now.is_empty() { span.soft { (words.say("nothing")) } } @else { (words.list(&now)) }
        @for held in partner.services.iter().filter(|held| !held.delegated_administrator) {
            br;
            span.soft.small { (words.with("did-administer", [
                ("service", page.service(&held.service).into()),
                ("until", held.until.map_or_else(|| html! {}, |until| day(words, until)).into()),
            ])) }
        }
    }
}

async fn spreadsheet(page: &PageCall, customer: &CustomerId) -> Result<Answer, Fault> {
    let (past, mut cursor, mut bytes) = (as_of(page)?, None, Vec::new());
    let mut put = |row: &[String]| -> Result<(), Fault> {
        bytes.extend(csv_row(row).map_err(|_| Fault::Unavailable)?);
        Ok(())
    };
    put(&COLUMNS.map(str::to_owned))?;
    loop {
        let found = partners(page, customer, past, ALL_AT_ONCE, cursor.as_deref()).await?;
        for partner in &found.partners {
            let row = |held: Option<&ServiceHeld>| {
                [
                    partner.partner.to_string(),
                    partner.name.clone(),
                    partner.kind.to_string(),
                    held.map(|held| held.service.to_string()).unwrap_or_default(),
                    held.map(|held| held.delegated_administrator.to_string()).unwrap_or_default(),
                    held.map(|held| held.since.to_string()).unwrap_or_default(),
                    held.and_then(|held| held.until).map(|until| until.to_string()).unwrap_or_default(),
                    partner.commercial_relationship.map(|state| state.to_string()).unwrap_or_default(),
                    partner.responsible_for_support.to_string(),
                ]
            };
            if partner.services.is_empty() {
                put(&row(None))?;
            }
            for held in &partner.services {
                put(&row(Some(held)))?;
            }
        }
        match found.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    Ok(Answer::Sheet { name: "partner-relationships.csv", bytes })
}
