//! What happened to a customer, newest first, and by whom.

use maud::{Markup, html};

use super::known::{Partners, all_partners};
use super::relationships::called;
use crate::domain::commercial::{Outcome, Side};
use crate::domain::event::{Event, TerminationCause};
use crate::evidence::own_changes::{ChangesOf, OwnChange, own_changes};
use crate::id::{CustomerId, PartnerId};
use crate::pages::called::Called;
use crate::pages::changes::{ON_A_PAGE, happened};
use crate::pages::context::{Answer, Fault, PageCall};
use crate::pages::turned::services as listed;
use crate::pages::words::{id, name};

/// `GET /customers/{customer}/changes`
pub async fn changes(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let customer: CustomerId = page.param("customer")?;
    let words = page.words;
    let cursor = page.asked("cursor");
    let of = ChangesOf::Customer(customer.clone());
    let read = own_changes(&page.setting.pdp, &page.call, &of, ON_A_PAGE, cursor.as_deref()).await?;
    let partners = all_partners(&page, &customer, None).await?;
    let names = Called::of(&page)?;
    let says = words.with("changes-says", [("customer", called(&page, &customer).into())]);
    let leads_to = |revision| format!("/customers/{customer}/partners?as_of={revision}");
    let shown = happened(&page, &read.value, &says, leads_to, |change| said(&page, (&partners, &names), change));
    let seqs = [&read.seqs[..], &partners.seqs[..]].concat();
    Ok(shown.at(read.revision, &seqs).into())
}

fn said(page: &PageCall, (partners, names): (&Partners, &Called<'_>), change: &OwnChange) -> Markup {
    let words = page.words;
    let whom = |partner: &PartnerId| partners.name(partner.as_str()).map_or_else(|| id(partner.as_str()), name);
    let partner = |key: &str, partner: &PartnerId| words.with(key, [("partner", whom(partner).into())]);
    match &change.event {
        Event::PartnerRegistered { partner: of } => partner("event-partner-registered", of),
        Event::PartnerChanged { partner: of } => partner("event-partner-changed", of),
        Event::CustomerRegistered { .. } => html! { (words.say("event-customer-registered")) },
        Event::CustomerChanged { .. } => html! { (words.say("event-customer-changed")) },
        Event::SubscriptionProvisioned { subscription, service, original_reseller, .. } => {
            let (of, service) = (id(subscription.as_str()), page.service(service));
            match original_reseller {
                Some(seller) => words.with(
                    "event-sold",
                    [("partner", whom(seller).into()), ("subscription", of.into()), ("service", service.into())],
                ),
                None => {
                    let parts = [("subscription", of.into()), ("service", service.into())];
                    match names.parent(subscription) {
                        Some(parent) => {
                            let [subscription, service] = parts;
                            words.with("event-added", [subscription, service, ("parent", id(parent.as_str()).into())])
                        }
                        None => words.with("event-bought", parts),
                    }
                }
            }
        }
        Event::SubscriptionChanged { subscription, members, .. } => {
            let members: Vec<Markup> = members.iter().map(|member| id(member)).collect();
            words.with(
                "event-subscription-changed",
                [("subscription", id(subscription.as_str()).into()), ("members", words.list(&members).into())],
            )
        }
        Event::ResellerRelationshipAcceptedByCustomer { partner, services, .. } => words
            .with("event-accepted", [("partner", whom(partner).into()), ("services", listed(page, services).into())]),
        Event::DapAdminRelationshipApproved { service, partner, .. } => {
            words.with("event-gained", [("partner", whom(partner).into()), ("service", page.service(service).into())])
        }
        Event::DapAdminRelationshipTerminated { service, partner, cause, displaced_by, .. } => {
            let key = match cause {
                TerminationCause::RemovedByCustomer => "event-removed",
                TerminationCause::Displaced => "event-displaced",
                TerminationCause::Imported => "event-ended-elsewhere",
            };
            let other = displaced_by.as_ref().map_or_else(|| html! { (words.say("another-partner")) }, whom);
            words.with(
                key,
                [("partner", whom(partner).into()), ("service", page.service(service).into()), ("other", other.into())],
            )
        }
        Event::CommercialRelationshipBegan { partner: of, .. } => partner("event-began", of),
        Event::CommercialRelationshipEnded { partner: of, .. } => partner("event-ended", of),
        Event::CommercialRelationshipReinstated { partner: of, .. } => partner("event-reinstated", of),
        Event::CommercialRelationshipRenegotiationProposed { partner: of, side, outcome, .. } => partner(
            match (side, outcome) {
                (Side::Customer, Outcome::End) => "event-you-propose-end",
                (Side::Customer, Outcome::Reinstate) => "event-you-propose-reinstate",
                (Side::Partner, Outcome::End) => "event-it-proposes-end",
                (Side::Partner, Outcome::Reinstate) => "event-it-proposes-reinstate",
            },
            of,
        ),
        Event::CommercialRelationshipRenegotiationWithdrawn { partner: of, side, .. } => partner(
            match side {
                Side::Customer => "event-you-took-back",
                Side::Partner => "event-it-took-back",
            },
            of,
        ),
        Event::Imported { .. } => html! { (words.say("event-imported")) },
    }
}
