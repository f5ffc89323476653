//! A customer removes delegated administrative privileges: from one partner, for one service, or from all partners.
//!
//! Seed: "Customers can remove delegated administrative privileges from any or all partners. The customer account and
//! commercial relationship still applies."
//!
//! What was never granted is not there to be removed, and is refused by its name: whoever mistyped one must not believe
//! a partner gone. What has ended already is nothing to remove, and that is no error.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::change::acceptance::Displaced;
use crate::change::expected::{Effect, NOT_AS_EXPECTED, NotAsExpected, in_order};
use crate::clock::Timestamp;
use crate::domain::event::{ChangeSet, Event, Fact, TerminationCause};
use crate::domain::grant::Grant;
use crate::domain::similar::closest;
use crate::id::{CustomerId, PartnerId, Revision, ServiceId, ServiceName};
use crate::pdp::call::{CallError, Coded};
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

/// What a removal takes, and from whom.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct RemovalEffect {
    /// Which services, and which partners administer them.
    pub removed: Vec<Displaced>,
}

impl Effect for RemovalEffect {
    fn sorted(&self) -> Self {
        Self { removed: in_order(&self.removed) }
    }
}

impl Removed {
    /// What it takes, and from whom.
    #[must_use]
    pub fn effect(&self) -> RemovalEffect {
        RemovalEffect { removed: self.removed.clone() }
    }
}

/// Why nothing can be removed.
#[derive(Debug, thiserror::Error)]
pub enum RemovalError {
    /// The customer is not registered.
    #[error("customer `{0}` is not known; check its id")]
    UnknownCustomer(CustomerId),
    /// The customer never granted the partner anything.
    #[error(
        "customer `{customer}` never granted delegated administration to partner `{partner}`, so nothing was removed; {}",
        instead(near.as_ref(), "see its Partner Relationships page for who has it")
    )]
    UnknownPartner {
        /// The customer.
        customer: CustomerId,
        /// The partner.
        partner: PartnerId,
        /// The partner that was granted something and is named much like it.
        near: Option<PartnerId>,
    },
    /// The customer never granted it for the service.
    #[error(
        "customer `{customer}` never granted delegated administration of service `{service}`{}, so nothing was removed; {}",
        to(partner.as_ref()), instead(near.as_ref(), "see its Partner Relationships page for what is granted")
    )]
    UnknownService {
        /// The customer.
        customer: CustomerId,
        /// The service.
        service: ServiceName,
        /// To whom it was not granted; to nobody when absent.
        partner: Option<PartnerId>,
        /// The service that was granted and is named much like it.
        near: Option<ServiceName>,
    },
    /// It would remove something else than was expected.
    #[error(transparent)]
    NotAsExpected(#[from] Box<NotAsExpected<RemovalEffect>>),
}

impl Coded for RemovalError {
    fn code(&self) -> &'static str {
        match self {
            Self::UnknownCustomer(_) => "unknown_customer",
            Self::UnknownPartner { .. } => "unknown_partner",
            Self::UnknownService { .. } => "unknown_service",
            Self::NotAsExpected(_) => NOT_AS_EXPECTED,
        }
    }

    fn evidence(&self) -> Option<serde_json::Value> {
        match self {
            Self::NotAsExpected(other) => other.evidence(),
            _ => None,
        }
    }
}

fn instead(near: Option<&impl std::fmt::Display>, otherwise: &str) -> String {
    near.map_or_else(|| otherwise.to_owned(), |near| format!("did you mean `{near}`?"))
}

fn to(partner: Option<&PartnerId>) -> String {
    partner.map(|partner| format!(" to partner `{partner}`")).unwrap_or_default()
}

/// Computes the changes of a removal at the moment `at`; grants that have ended are left as they are.
///
/// # Errors
/// A [`RemovalError`]; then nothing of it happens.
pub(crate) fn remove(
    view: &View<'_>,
    at: Timestamp,
    removal: &Removal,
) -> Result<(ChangeSet, Removed), CallError<RemovalError>> {
    let Removal { customer, partner, service } = removal;
    if view.customer(customer)?.is_none() {
        return Err(RemovalError::UnknownCustomer(customer.clone()).into());
    }
    let mut standing: Vec<Grant> = Vec::new();
    let mut granted = BTreeSet::new();
    let mut is_known = partner.is_none() && service.is_none();
    view.grants(Some(customer), partner.as_ref(), &mut |grant| {
        if service.as_ref().is_none_or(|service| grant.service == *service) {
            is_known = true;
            if grant.holds_at(at) {
                standing.push(grant);
            }
        } else {
            granted.insert(grant.service);
        }
        Ok(Listed::Continue(()))
    })?;
    if !is_known {
        return Err(never_granted(view, removal, &granted)?.into());
    }
    let mut change_set = ChangeSet::default();
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
        change_set.events.push(Event::DapAdminRelationshipTerminated {
            customer: customer.clone(),
            service: grant.service.clone(),
            partner: grant.partner.clone(),
            cause: TerminationCause::RemovedByCustomer,
            displaced_by: None,
        });
        removed.removed.push(Displaced { service: grant.service.clone(), partner: grant.partner.clone() });
        change_set.facts.push(Fact::Grant(grant.ended(at)));
    }
    change_set.facts.extend(services.into_iter().map(|(id, service)| Fact::Service(id, service)));
    Ok((change_set, removed))
}

/// Why there is nothing to remove: `granted` are the other services the customer granted, to the partner if one is
/// named. A customer learns of nobody that it never had to do with.
fn never_granted(
    view: &View<'_>,
    removal: &Removal,
    granted: &BTreeSet<ServiceName>,
) -> Result<RemovalError, StoreError> {
    let customer = removal.customer.clone();
    match (&removal.partner, &removal.service) {
        (partner, Some(service)) if partner.is_none() || !granted.is_empty() => {
            let near = closest(service.as_str(), granted.iter().map(ServiceName::as_str));
            let near = granted.iter().find(|known| Some(known.as_str()) == near).cloned();
            Ok(RemovalError::UnknownService { customer, service: service.clone(), partner: partner.clone(), near })
        }
        (Some(partner), _) => {
            let mut known = BTreeSet::new();
            view.grants(Some(&customer), None, &mut |grant| {
                known.insert(grant.partner);
                Ok(Listed::Continue(()))
            })?;
            let near = closest(partner.as_str(), known.iter().map(PartnerId::as_str));
            let near = known.iter().find(|known| Some(known.as_str()) == near).cloned();
            Ok(RemovalError::UnknownPartner { customer, partner: partner.clone(), near })
        }
        // Without a partner and a service everything is known.
        (None, _) => Ok(RemovalError::UnknownCustomer(customer)),
    }
}
