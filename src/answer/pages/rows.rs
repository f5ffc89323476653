//! What stands on the pages of the document of one partner, or of one customer.

use crate::answer::pages::items::{CustomerListItem, Ending, PartnerRelationship, ServiceHeld};
use crate::caller::Caller;
use crate::change::registry::ON;
use crate::clock::Timestamp;
use crate::domain::commercial::{CommercialRelationship, Proposal, RelationshipState};
use crate::domain::event::{Event, TerminationCause};
use crate::domain::grant::{Grant, GrantEnd};
use crate::id::{CustomerId, PartnerId, ServiceId};
use crate::pdp::Pdp;
use crate::store::{StoreError, View};

pub(crate) fn ending(shown: &PartnerRelationship, by: Timestamp) -> Vec<Ending> {
    let held = shown.services.iter().filter(|held| held.delegated_administrator);
    held.filter_map(|held| {
        let until = held.until.filter(|until| *until <= by)?;
        Some(Ending { partner: shown.partner.clone(), service: held.service.clone(), until })
    })
    .collect()
}

/// How a commercial relationship stands, and what is proposed about it.
fn negotiated(relationship: Option<CommercialRelationship>) -> (Option<RelationshipState>, Option<Proposal>) {
    relationship.map_or((None, None), |relationship| (Some(relationship.state), relationship.proposal))
}

/// What makes the rows of a page for whoever reads it.
pub(crate) struct Rows<'a> {
    pub(crate) pdp: &'a Pdp,
    pub(crate) caller: &'a Caller,
}

impl Rows<'_> {
    fn services_held(
        &self,
        view: &View<'_>,
        at: Timestamp,
        customer: &CustomerId,
        partner: &PartnerId,
    ) -> Result<Vec<ServiceHeld>, StoreError> {
        let mut services = Vec::new();
        view.grants(Some(customer), Some(partner), &mut |grant| {
            let (ended, displaced_by) = self.end_of(view, at, &grant)?;
            services.push(ServiceHeld {
                delegated_administrator: grant.holds_at(at),
                service: grant.service,
                since: grant.since,
                until: grant.until,
                ended,
                displaced_by,
            });
            ON
        })?;
        Ok(services)
    }

    /// How a grant ended, and to whom it was lost; nothing where it has not, or where that was imported and nobody said.
    /// A partner never learns who displaced it.
    fn end_of(
        &self,
        view: &View<'_>,
        at: Timestamp,
        grant: &Grant,
    ) -> Result<(Option<GrantEnd>, Option<PartnerId>), StoreError> {
        if grant.holds_at(at) {
            return Ok((None, None));
        }
        if grant.delegated_administrator {
            return Ok((Some(GrantEnd::Over), None));
        }
        let service = ServiceId { customer: grant.customer.clone(), service: grant.service.clone() };
        let Some(kept) = view.grant(&service, &grant.partner)? else { return Ok((None, None)) };
        // What ended it is what happened at the revision that it has been so from.
        let entry = self.pdp.store.entry(kept.revision)?;
        let ended = entry.into_iter().flat_map(|entry| entry.events).find_map(|event| match event {
            Event::DapAdminRelationshipTerminated { customer, service, partner, cause, displaced_by }
                if (&customer, &service, &partner) == (&grant.customer, &grant.service, &grant.partner) =>
            {
                Some((cause, displaced_by))
            }
            _ => None,
        });
        let may_know = matches!(self.caller, Caller::Customer { .. } | Caller::Operator { .. });
        Ok(match ended {
            Some((TerminationCause::Displaced, by)) => (Some(GrantEnd::Displaced), by.filter(|_| may_know)),
            Some((TerminationCause::RemovedByCustomer, _)) => (Some(GrantEnd::Removed), None),
            Some((TerminationCause::Imported, _)) | None => (None, None),
        })
    }

    pub(crate) fn relationship(
        &self,
        view: &View<'_>,
        at: Timestamp,
        customer: &CustomerId,
        partner: PartnerId,
    ) -> Result<Option<PartnerRelationship>, StoreError> {
        let Some(known) = view.partner(&partner)?.map(|kept| kept.fact) else { return Ok(None) };
        let (state, renegotiation) = negotiated(view.relationship(customer, &partner)?.map(|kept| kept.fact));
        let services = self.services_held(view, at, customer, &partner)?;
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

    /// A customer as it stands on a partner's list; nothing where nothing holds between the two.
    pub(crate) fn listed_customer(
        &self,
        view: &View<'_>,
        at: Timestamp,
        partner: &PartnerId,
        customer: CustomerId,
    ) -> Result<Option<CustomerListItem>, StoreError> {
        let item = self.customer_item(view, at, partner, customer)?;
        // An ended relationship that is to be reinstated is on the list too: the partner has to see what waits for it.
        let is_listed = |item: &CustomerListItem| {
            item.responsible_for_support
                || item.renegotiation.is_some()
                || item.services.iter().any(|held| held.delegated_administrator)
        };
        Ok(item.filter(is_listed))
    }

    /// What holds, or held, between a partner and a customer; nothing where the customer is not known.
    pub(crate) fn customer_item(
        &self,
        view: &View<'_>,
        at: Timestamp,
        partner: &PartnerId,
        customer: CustomerId,
    ) -> Result<Option<CustomerListItem>, StoreError> {
        let Some(known) = view.customer(&customer)?.map(|kept| kept.fact) else { return Ok(None) };
        let (state, renegotiation) = negotiated(view.relationship(&customer, partner)?.map(|kept| kept.fact));
        let services = self.services_held(view, at, &customer, partner)?;
        Ok(Some(CustomerListItem {
            customer,
            name: known.name,
            services,
            commercial_relationship: state,
            responsible_for_support: state == Some(RelationshipState::Active),
            renegotiation,
        }))
    }
}
