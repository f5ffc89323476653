//! What happened to a partner, newest first, and by whom.

use maud::{Markup, html};

use super::own::called;
use crate::domain::commercial::{Outcome, Side};
use crate::domain::event::{Event, TerminationCause};
use crate::evidence::own_changes::{ChangesOf, OwnChange, own_changes};
use crate::id::{CustomerId, PartnerId, ServiceName, SubscriptionId};
use crate::pages::changes::{ON_A_PAGE, happened};
use crate::pages::context::{Answer, Fault, PageCall};
use crate::pages::turned::services as listed;
use crate::pages::words::{Part, id};

/// `GET /partners/{partner}/changes`
pub async fn changes(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let partner: PartnerId = page.param("partner")?;
    let words = page.words;
    let cursor = page.asked("cursor");
    let of = ChangesOf::Partner(partner.clone());
    let read = own_changes(&page.setting.pdp, &page.call, &of, ON_A_PAGE, cursor.as_deref()).await?;
    let says = words.with("own-changes-says", [("partner", called(&page, &partner).into())]);
    let leads_to = |revision| format!("/partners/{partner}/customers?as_of={revision}");
    let names = Names { page: &page, partner: &partner };
    let shown = happened(&page, &read.value, &says, leads_to, |change| said(&names, change));
    Ok(shown.at(read.revision, &read.seqs).into())
}

/// What the names in a sentence lead to.
struct Names<'a> {
    page: &'a PageCall,
    partner: &'a PartnerId,
}

impl Names<'_> {
    fn customer(&self, customer: &CustomerId) -> (&'static str, Part) {
        let to = format!("/partners/{}/customers/{customer}", self.partner);
        ("customer", html! { a href=(to) { (id(customer.as_str())) } }.into())
    }

    fn subscription(&self, subscription: &SubscriptionId) -> (&'static str, Part) {
        let to = format!("/partners/{}/subscriptions/{subscription}", self.partner);
        ("subscription", html! { a href=(to) { (id(subscription.as_str())) } }.into())
    }

    fn service(&self, service: &ServiceName) -> (&'static str, Part) {
        ("service", self.page.service(service).into())
    }
}

/// What happened, to the partner. Another partner stands in none of it.
fn said(names: &Names<'_>, change: &OwnChange) -> Markup {
    let words = names.page.words;
    let whose = |customer: &CustomerId, key: &str| words.with(key, [names.customer(customer)]);
    match &change.event {
        Event::PartnerRegistered { .. } => html! { (words.say("own-event-registered")) },
        Event::PartnerChanged { .. } => html! { (words.say("own-event-changed")) },
        Event::CustomerRegistered { customer } => whose(customer, "own-event-customer-registered"),
        Event::CustomerChanged { customer } => whose(customer, "own-event-customer-changed"),
        Event::SubscriptionProvisioned { subscription, customer, service, .. } => words.with(
            "own-event-sold",
            [names.subscription(subscription), names.customer(customer), names.service(service)],
        ),
        Event::SubscriptionChanged { subscription, customer, members } => {
            let members: Vec<Markup> = members.iter().map(|member| id(member)).collect();
            words.with(
                "own-event-subscription-changed",
                [names.subscription(subscription), names.customer(customer), ("members", words.list(&members).into())],
            )
        }
        Event::ResellerRelationshipAcceptedByCustomer { customer, services, .. } => words
            .with("own-event-accepted", [names.customer(customer), ("services", listed(names.page, services).into())]),
        Event::DapAdminRelationshipApproved { customer, service, .. } => {
            words.with("own-event-gained", [names.customer(customer), names.service(service)])
        }
        Event::DapAdminRelationshipTerminated { customer, service, cause, .. } => {
            let key = match cause {
                TerminationCause::RemovedByCustomer => "own-event-removed",
                TerminationCause::Displaced => "own-event-displaced",
                TerminationCause::Imported => "own-event-ended-elsewhere",
            };
            words.with(key, [names.customer(customer), names.service(service)])
        }
        Event::CommercialRelationshipBegan { customer, .. } => whose(customer, "own-event-began"),
        Event::CommercialRelationshipEnded { customer, .. } => whose(customer, "own-event-ended"),
        Event::CommercialRelationshipReinstated { customer, .. } => whose(customer, "own-event-reinstated"),
        Event::CommercialRelationshipRenegotiationProposed { customer, side, outcome, .. } => whose(
            customer,
            match (side, outcome) {
                (Side::Partner, Outcome::End) => "own-event-you-propose-end",
                (Side::Partner, Outcome::Reinstate) => "own-event-you-propose-reinstate",
                (Side::Customer, Outcome::End) => "own-event-it-proposes-end",
                (Side::Customer, Outcome::Reinstate) => "own-event-it-proposes-reinstate",
            },
        ),
        Event::CommercialRelationshipRenegotiationWithdrawn { customer, side, .. } => whose(
            customer,
            match side {
                Side::Partner => "own-event-you-took-back",
                Side::Customer => "own-event-it-took-back",
            },
        ),
        Event::Imported { .. } => html! { (words.say("event-imported")) },
    }
}
