//! A customer removes delegated administrative privileges: from one partner, for one service, or from all partners.
//!
//! Seed: "Customers can remove delegated administrative privileges from any or all partners. The customer account and
//! commercial relationship still applies."

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::acceptance::Displaced;
use crate::clock::Timestamp;
use crate::domain::event::{Event, Fact, Happening, TerminationCause};
use crate::domain::grant::Grant;
use crate::id::{CustomerId, PartnerId, Revision, ServiceId, ServiceName};
use crate::store::{Listed, StoreError, View};

/// What a customer removes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Removal {
    /// Who removes.
    pub customer: CustomerId,
    /// From whom; from all partners when absent.
    pub partner: Option<PartnerId>,
    /// For which service; for all when absent.
    pub service: Option<ServiceName>,
}

/// What a removal brought.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Removed {
    /// Who removed.
    #[schema(value_type = String)]
    pub customer: CustomerId,
    /// What was removed; nothing when nothing stood.
    pub removed: Vec<Displaced>,
    /// The revision at which it is so.
    #[schema(value_type = u64)]
    pub revision: Revision,
}

/// Why nothing can be removed.
#[derive(Debug, thiserror::Error)]
pub enum RemovalError {
    /// The customer is not registered.
    #[error("customer `{0}` is not known; check its id")]
    UnknownCustomer(CustomerId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Works out what a removal brings at the moment `at`; what does not stand is left as it is.
///
/// # Errors
/// A [`RemovalError`]; then nothing of it happens.
pub(crate) fn remove(view: &View<'_>, at: Timestamp, removal: &Removal) -> Result<(Happening, Removed), RemovalError> {
    let Removal { customer, partner, service } = removal;
    if view.customer(customer)?.is_none() {
        return Err(RemovalError::UnknownCustomer(customer.clone()));
    }
    let mut standing: Vec<Grant> = Vec::new();
    view.grants(Some(customer), partner.as_ref(), &mut |grant| {
        if grant.holds_at(at) && service.as_ref().is_none_or(|service| grant.service == *service) {
            standing.push(grant);
        }
        Ok(Listed::Continue(()))
    })?;
    let mut happening = Happening::default();
    let mut removed = Removed { customer: customer.clone(), removed: Vec::new(), revision: view.revision() };
    let mut services = std::collections::BTreeMap::new();
    for grant in standing {
        let id = ServiceId { customer: customer.clone(), service: grant.service.clone() };
        let administered = match services.entry(id.clone()) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(view.service(&id)?.map(|kept| kept.fact).unwrap_or_default())
            }
        };
        administered.strike(&grant.partner);
        happening.events.push(Event::DapAdminRelationshipTerminated {
            customer: customer.clone(),
            service: grant.service.clone(),
            partner: grant.partner.clone(),
            cause: TerminationCause::RemovedByCustomer,
            displaced_by: None,
        });
        removed.removed.push(Displaced { service: grant.service.clone(), partner: grant.partner.clone() });
        happening.facts.push(Fact::Grant(grant.ended(at)));
    }
    happening.facts.extend(services.into_iter().map(|(id, service)| Fact::Service(id, service)));
    Ok((happening, removed))
}
