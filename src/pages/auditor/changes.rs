//! The journal: what changed, newest first, and each revision with an address of its own.

use std::str::FromStr as _;

use maud::{Markup, html};

use crate::clock::Timestamp;
use crate::domain::commercial::{Outcome, Side};
use crate::domain::event::{Event, TerminationCause};
use crate::evidence::changes::{Change, ChangeFilter, EventName, changes_of, newest_changes};
use crate::http::{span_begin, span_end};
use crate::id::{CustomerId, Revision};
use crate::pages::address::address;
use crate::pages::called::Called;
use crate::pages::context::{Answer, Fault, PageCall};
use crate::pages::form::{Choices, Field, FieldError, choices_checked, field, summary};
use crate::pages::frame::Shown;
use crate::pages::parameters::Parameters;
use crate::pages::table::{Table, no_row, paging};
use crate::pages::turned::services as listed;
use crate::pages::when::moment;
use crate::pages::words::{Words, id};
use crate::pdp::call::{CallError, Response};
use crate::pdp::page::Page;

const ON_A_PAGE: usize = 50;
/// What happens, by the names of the journal.
const EVENTS: [&str; 15] = [
    "reseller-relationship-accepted-by-customer",
    "dap-admin-relationship-approved",
    "dap-admin-relationship-terminated",
    "commercial-relationship-began",
    "commercial-relationship-renegotiation-proposed",
    "commercial-relationship-renegotiation-withdrawn",
    "commercial-relationship-ended",
    "commercial-relationship-reinstated",
    "partner-registered",
    "partner-changed",
    "customer-registered",
    "customer-changed",
    "subscription-provisioned",
    "subscription-changed",
    "imported",
];

/// `GET /changes`
pub async fn changes(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let words = page.words;
    let asked = &page.parameters;
    let (filter, errors) = filter(words, asked);
    let (pdp, call, cursor) = (&page.setting.pdp, &page.call, asked.given("cursor"));
    let found = newest_changes(pdp, call, &filter, ON_A_PAGE, cursor).await?;
    let main = html! {
        (summary(words, &errors))
        h1 id="changes" { (words.say("nav-changes")) }
        p { (words.say("journal-says")) }
        (form(words, asked, &errors))
        @if errors.is_empty() { (results(&page, asked, &found, cursor.is_some())?) }
    };
    let shown = Shown::of(words.say("nav-changes"), main);
    Ok(if errors.is_empty() { shown.at(found.revision, &found.seqs) } else { shown.as_mistake() }.into())
}

/// What is asked for, and what is wrong with it.
fn filter(words: Words, asked: &Parameters) -> (ChangeFilter, Vec<FieldError>) {
    let mut errors = Vec::new();
    let mut wrong = |field: &str, mistake: &str| {
        errors.push(FieldError { field: field.to_owned(), says: words.say(mistake) });
    };
    let customer = asked.given("customer").map(str::parse);
    let partner = asked.given("partner").map(str::parse);
    let event = asked.given("event").map(EventName::from_str);
    let moment = |name: &str, read: fn(&str) -> Option<Timestamp>| asked.given(name).map(read);
    let (from, to) = (moment("from", span_begin), moment("to", span_end));
    let mistakes = [
        ("customer", "mistake-id", customer.as_ref().is_some_and(Result::is_err)),
        ("partner", "mistake-id", partner.as_ref().is_some_and(Result::is_err)),
        ("event", "mistake-choice", event.as_ref().is_some_and(Result::is_err)),
        ("from", "mistake-moment", from == Some(None)),
        ("to", "mistake-moment", to == Some(None)),
    ];
    for (field, mistake, _) in mistakes.into_iter().filter(|(_, _, is_wrong)| *is_wrong) {
        wrong(field, mistake);
    }
    let filter = ChangeFilter {
        from: from.flatten(),
        to: to.flatten(),
        customer: customer.and_then(Result::ok),
        partner: partner.and_then(Result::ok),
        event: event.and_then(Result::ok),
    };
    (filter, errors)
}

fn form(words: Words, asked: &Parameters, errors: &[FieldError]) -> Markup {
    let line = |name: &'static str, hint: &str| {
        let hint = Some(html! { (words.say("for-example")) " " (id(hint)) });
        let of = Field::text(words, name, &format!("changes-{name}"), asked.text(name), false);
        field(words, &Field { hint, ..of }, errors)
    };
    let events = EVENTS.map(|event| (event, words.say(&format!("journal-{event}"))));
    html! {
        form.screen method="get" action="/changes" role="search" {
            div.find {
                (line("customer", "adatum"))
                (line("partner", "contoso"))
                (line("from", "2026-11-26"))
                (line("to", "2026-11-26T12:00:00Z"))
            }
            (choices_checked(words, &Choices {
                id: "event",
                label: words.say("changes-event"),
                options: std::iter::once(("", words.say("any"))).chain(events).collect(),
                chosen: asked.text("event"),
            }, errors))
            div.buttons { button.quiet { (words.say("search")) } a href="/changes" { (words.say("search-all")) } }
        }
    }
}

fn results(
    page: &PageCall,
    asked: &Parameters,
    found: &Response<Page<Change>>,
    goes_on: bool,
) -> Result<Markup, Fault> {
    let words = page.words;
    let Page { items, next, .. } = &found.value;
    let at = |more: &[(&str, Option<&str>)]| asked.address("/changes", more);
    let next = next.as_ref().map(|next| at(&[("cursor", Some(next))]));
    let first = goes_on.then(|| at(&[]));
    let none = if at(&[]) == "/changes" { "changes-none" } else { "changes-none-such" };
    Ok(html! {
        @if items.is_empty() { (no_row(words, none, first.as_deref(), next.as_deref())) }
        @else { (table(page, items)?.stacked()) }
        (paging(words, items.len(), first.as_deref(), next.as_deref()))
    })
}

fn table(page: &PageCall, changes: &[Change]) -> Result<Table, Fault> {
    let (words, called) = (page.words, Called::of(page)?);
    let rows = changes.iter().map(|change| {
        vec![
            html! { a href=(format!("/changes/{}", change.revision)) { (change.revision) } },
            moment(words, change.at),
            said(page, &called, &change.event),
            called.caller(&change.by),
        ]
    });
    let columns = ["revision", "when", "what", "by"].map(|key| words.say(&format!("column-{key}")));
    Ok(Table { caption: None, labelled_by: Some("changes"), columns: columns.into(), rows: rows.collect() })
}

/// `GET /changes/{revision}`: everything that happened together.
pub async fn revision(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let (words, revision): (_, Revision) = (page.words, page.param("revision")?);
    let before = Revision(revision.0.checked_sub(1).ok_or(Fault::NotFound)?);
    let read = changes_of(&page.setting.pdp, &page.call, before, 1, &ChangeFilter::default()).await;
    let read = match read {
        Err(CallError::Refused(_)) => return Err(Fault::NotFound),
        read => read?,
    };
    let changes: Vec<Change> = read.value.changes.into_iter().filter(|change| change.revision == revision).collect();
    if changes.is_empty() {
        return Err(Fault::NotFound);
    }
    let title = words.text("revision-title", &[("revision", &revision.to_string())]);
    let link = |to: u64, key: &str| {
        html! { a href=(format!("/changes/{to}")) { (words.text(key, &[("seq", &to.to_string())])) } }
    };
    let mut customers: Vec<CustomerId> = changes.iter().filter_map(|change| customer_of(&change.event)).collect();
    customers.sort();
    customers.dedup();
    let main = html! {
        p.trail {
            a href="/changes" { (words.say("nav-changes")) }
            @if revision.0 > 1 { " · " (link(revision.0 - 1, "older")) }
            @if revision < read.revision { " · " (link(revision.0 + 1, "newer")) }
        }
        h1 id="changes" { (title) }
        p { (words.say("revision-says")) }
        (table(&page, &changes)?.stacked())
        @if !customers.is_empty() { ul {
            @for customer in &customers {
                @let to = |as_of: u64| address("/access-review", &[
                    ("customer", Some(customer.as_str())), ("as_of", Some(&as_of.to_string())),
                ]);
                li { (words.with("revision-review", [
                    ("customer", id(customer.as_str()).into()),
                    ("after", html! { a href=(to(revision.0)) { (words.say("review-after")) } }.into()),
                    ("before", html! { a href=(to(before.0)) { (words.say("review-before")) } }.into()),
                ])) }
            }
        } }
    };
    Ok(Shown::of(title, main).at(revision, &read.seqs).into())
}

fn customer_of(event: &Event) -> Option<CustomerId> {
    let json = serde_json::to_value(event).ok()?;
    json.get("customer")?.as_str()?.parse().ok()
}

/// What happened, with everybody's name.
fn said(page: &PageCall, called: &Called<'_>, event: &Event) -> Markup {
    let words = page.words;
    let partner = |partner: &str| ("partner", called.partner(partner).into());
    let customer = |customer: &str| ("customer", called.customer(customer).into());
    let between = |key: &str, whose: &CustomerId, whom: &crate::id::PartnerId| {
        words.with(key, [customer(whose.as_str()), partner(whom.as_str())])
    };
    match event {
        Event::PartnerRegistered { partner: of } => words.with("event-partner-registered", [partner(of.as_str())]),
        Event::PartnerChanged { partner: of } => words.with("event-partner-changed", [partner(of.as_str())]),
        Event::CustomerRegistered { customer: of } => words.with("happened-customer", [customer(of.as_str())]),
        Event::CustomerChanged { customer: of } => words.with("happened-customer-changed", [customer(of.as_str())]),
        Event::SubscriptionProvisioned { subscription, customer: of, service, original_reseller } => {
            let (of_it, service) = (id(subscription.as_str()), page.service(service));
            let parts = [("subscription", of_it.into()), ("service", service.into()), customer(of.as_str())];
            match original_reseller {
                Some(seller) => {
                    let [subscription, service, customer] = parts;
                    words.with("happened-sold", [partner(seller.as_str()), subscription, service, customer])
                }
                None => match called.parent(subscription) {
                    Some(parent) => {
                        let [subscription, service, customer] = parts;
                        let parent = ("parent", id(parent.as_str()).into());
                        words.with("happened-added", [subscription, service, customer, parent])
                    }
                    None => words.with("happened-bought", parts),
                },
            }
        }
        Event::SubscriptionChanged { subscription, customer: of, members } => {
            let members: Vec<Markup> = members.iter().map(|member| id(member)).collect();
            words.with(
                "happened-subscription",
                [
                    ("subscription", id(subscription.as_str()).into()),
                    customer(of.as_str()),
                    ("members", words.list(&members).into()),
                ],
            )
        }
        Event::ResellerRelationshipAcceptedByCustomer { customer: of, partner: whom, services } => words.with(
            "happened-accepted",
            [customer(of.as_str()), partner(whom.as_str()), ("services", listed(page, services).into())],
        ),
        Event::DapAdminRelationshipApproved { customer: of, service, partner: whom, .. } => words.with(
            "happened-gained",
            [partner(whom.as_str()), ("service", page.service(service).into()), customer(of.as_str())],
        ),
        Event::DapAdminRelationshipTerminated { customer: of, service, partner: whom, cause, displaced_by } => {
            let key = match cause {
                TerminationCause::RemovedByCustomer => "happened-removed",
                TerminationCause::Displaced => "happened-displaced",
                TerminationCause::Imported => "happened-ended-elsewhere",
            };
            let other = displaced_by
                .as_ref()
                .map_or_else(|| html! { (words.say("another-partner")) }, |other| called.partner(other.as_str()));
            words.with(
                key,
                [
                    partner(whom.as_str()),
                    ("service", page.service(service).into()),
                    customer(of.as_str()),
                    ("other", other.into()),
                ],
            )
        }
        Event::CommercialRelationshipBegan { customer, partner } => between("happened-began", customer, partner),
        Event::CommercialRelationshipEnded { customer, partner } => between("happened-ended", customer, partner),
        Event::CommercialRelationshipReinstated { customer, partner } => {
            between("happened-reinstated", customer, partner)
        }
        Event::CommercialRelationshipRenegotiationProposed { customer, partner, side, outcome } => between(
            match (side, outcome) {
                (Side::Customer, Outcome::End) => "happened-customer-proposes-end",
                (Side::Customer, Outcome::Reinstate) => "happened-customer-proposes-reinstate",
                (Side::Partner, Outcome::End) => "happened-partner-proposes-end",
                (Side::Partner, Outcome::Reinstate) => "happened-partner-proposes-reinstate",
            },
            customer,
            partner,
        ),
        Event::CommercialRelationshipRenegotiationWithdrawn { customer, partner, side, .. } => between(
            match side {
                Side::Customer => "happened-customer-took-back",
                Side::Partner => "happened-partner-took-back",
            },
            customer,
            partner,
        ),
        Event::Imported { partners, customers, subscriptions, grants, commercial_relationships } => {
            let count = |number: &u64| usize::try_from(*number).unwrap_or(usize::MAX);
            words.with(
                "happened-imported",
                [
                    ("partners", count(partners).into()),
                    ("customers", count(customers).into()),
                    ("subscriptions", count(subscriptions).into()),
                    ("grants", count(grants).into()),
                    ("relationships", count(commercial_relationships).into()),
                ],
            )
        }
    }
}
