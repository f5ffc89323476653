//! What stands on the pages of the document of one partner, or of one customer.

use crate::answer::pages::{CustomerListItem, Ending, PartnerRelationship, ServiceHeld};
use crate::change::registry::ON;
use crate::clock::Timestamp;
use crate::domain::commercial::{CommercialRelationship, Proposal, RelationshipState};
use crate::id::{CustomerId, PartnerId};
use crate::store::{StoreError, View};

pub(crate) fn ending(shown: &PartnerRelationship, by: Timestamp) -> Vec<Ending> {
    let held = shown.services.iter().filter(|held| held.delegated_administrator);
    held.filter_map(|held| {
        let until = held.until.filter(|until| *until <= by)?;
        Some(Ending { partner: shown.partner.clone(), service: held.service.clone(), until })
    })
    .collect()
}

fn services_held(
    view: &View<'_>,
    at: Timestamp,
    customer: &CustomerId,
    partner: &PartnerId,
) -> Result<Vec<ServiceHeld>, StoreError> {
    let mut services = Vec::new();
    view.grants(Some(customer), Some(partner), &mut |grant| {
        services.push(ServiceHeld {
            delegated_administrator: grant.holds_at(at),
            service: grant.service,
            since: grant.since,
            until: grant.until,
        });
        ON
    })?;
    Ok(services)
}

/// How a commercial relationship stands, and what is proposed about it.
fn negotiated(relationship: Option<CommercialRelationship>) -> (Option<RelationshipState>, Option<Proposal>) {
    relationship.map_or((None, None), |relationship| (Some(relationship.state), relationship.proposal))
}

pub(crate) fn relationship(
    view: &View<'_>,
    at: Timestamp,
    customer: &CustomerId,
    partner: PartnerId,
) -> Result<Option<PartnerRelationship>, StoreError> {
    let Some(known) = view.partner(&partner)?.map(|kept| kept.fact) else { return Ok(None) };
    let (state, renegotiation) = negotiated(view.relationship(customer, &partner)?.map(|kept| kept.fact));
    let services = services_held(view, at, customer, &partner)?;
    Ok(Some(PartnerRelationship {
        partner,
        name: known.name,
        kind: known.kind,
        services,
        commercial_relationship: state,
        responsible_for_support: state == Some(RelationshipState::Active),
        renegotiation,
    }))
}

pub(crate) fn listed_customer(
    view: &View<'_>,
    at: Timestamp,
    partner: &PartnerId,
    customer: CustomerId,
) -> Result<Option<CustomerListItem>, StoreError> {
    let Some(known) = view.customer(&customer)?.map(|kept| kept.fact) else { return Ok(None) };
    let (state, renegotiation) = negotiated(view.relationship(&customer, partner)?.map(|kept| kept.fact));
    let services = services_held(view, at, &customer, partner)?;
    let is_active = state == Some(RelationshipState::Active);
    // An ended relationship that is to be reinstated is on the list too: the partner has to see what waits for it.
    if !is_active && renegotiation.is_none() && !services.iter().any(|held| held.delegated_administrator) {
        return Ok(None);
    }
    Ok(Some(CustomerListItem {
        customer,
        name: known.name,
        services,
        commercial_relationship: state,
        responsible_for_support: is_active,
        renegotiation,
    }))
}
