//! A customer accepts a partner's relationship request.
//!
//! Seed, steps 3 to 5: the customer accepts, and the partner gains delegated administrative privileges only. In the
//! multichannel model a service has one transacting partner with them: a second one displaces the first, which keeps
//! everything it sold.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::change::expected::{Effect, in_order};
use crate::clock::Timestamp;
use crate::domain::event::{ChangeSet, Event, Fact, TerminationCause};
use crate::domain::grant::{Grant, Multichannel};
use crate::domain::partner::Partner;
use crate::id::{CustomerId, PartnerId, Revision, ServiceId, ServiceName};
use crate::limits::{ACCEPTED_SERVICES_MAX, ADMINISTRATORS_MAX};
use crate::pdp::call::CallError;
use crate::store::{StoreError, View};

/// What a customer accepts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Acceptance {
    /// Whose request.
    pub partner: PartnerId,
    /// Who accepts it.
    pub customer: CustomerId,
    /// For which services.
    pub services: Vec<ServiceName>,
    /// When it is to end by itself.
    pub until: Option<Timestamp>,
}

/// A partner that lost a service to the one accepted.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Displaced {
    /// Which service.
    #[schema(value_type = String)]
    pub service: ServiceName,
    /// Which partner.
    #[schema(value_type = String)]
    pub partner: PartnerId,
}

/// What an acceptance brought.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Accepted {
    /// Who accepted.
    #[schema(value_type = String)]
    pub customer: CustomerId,
    /// Whose request.
    #[schema(value_type = String)]
    pub partner: PartnerId,
    /// The services newly granted; none when all of them were before.
    #[schema(value_type = Vec<String>)]
    pub granted: Vec<ServiceName>,
    /// The partners displaced.
    pub displaced: Vec<Displaced>,
    /// What it ended for others, in a sentence.
    #[serde(default)]
    pub message: String,
    /// The revision at which it is so.
    #[schema(value_type = u64)]
    pub revision: Revision,
}

/// What an acceptance does to delegated administration.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptanceEffect {
    /// The services newly granted.
    #[schema(value_type = Vec<String>)]
    pub granted: Vec<ServiceName>,
    /// The partners displaced.
    pub displaced: Vec<Displaced>,
}

impl Effect for AcceptanceEffect {
    fn sorted(&self) -> Self {
        Self { granted: in_order(&self.granted), displaced: in_order(&self.displaced) }
    }
}

impl Accepted {
    /// What it does to delegated administration.
    #[must_use]
    pub fn effect(&self) -> AcceptanceEffect {
        AcceptanceEffect { granted: self.granted.clone(), displaced: self.displaced.clone() }
    }
}

/// Why a request cannot be accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptanceError {
    /// The customer is not registered.
    #[error("customer `{0}` is not known; register it first")]
    UnknownCustomer(CustomerId),
    /// The partner is not registered any more.
    #[error("partner `{0}` is not known; ask it for a new link")]
    UnknownPartner(PartnerId),
    /// No service was named.
    #[error("`services` is empty; name at least one service")]
    NoService,
    /// More services than one acceptance may name.
    #[error("`services` names {0} services; accept at most {ACCEPTED_SERVICES_MAX} at once")]
    TooManyServices(usize),
    /// The end date is not in the future.
    #[error("`until` `{until}` has passed, it is `{now}`; give a later one or none")]
    EndPassed {
        /// The end date.
        until: Timestamp,
        /// Now.
        now: Timestamp,
    },
    /// Another transacting partner holds the service, and the settings say to refuse.
    #[error(
        "partner `{holder}` holds delegated administration of service `{service}` and transacts too; remove it first"
    )]
    Held {
        /// Which service.
        service: ServiceId,
        /// Who holds it.
        holder: PartnerId,
    },
    /// A service has as many administrators as one may have.
    #[error("service `{0}` has {ADMINISTRATORS_MAX} delegated administrators, the most there may be; remove one first")]
    TooManyAdministrators(ServiceId),
}

/// Computes the changes of an acceptance at the moment `at`; several services are one change set.
///
/// # Errors
/// An [`AcceptanceError`]; then nothing of it happens.
pub(crate) fn accept(
    view: &View<'_>,
    at: Timestamp,
    acceptance: &Acceptance,
    multichannel: Multichannel,
) -> Result<(ChangeSet, Accepted), CallError<AcceptanceError>> {
    let Acceptance { partner, customer, services, until } = acceptance;
    if view.customer(customer)?.is_none() {
        return Err(AcceptanceError::UnknownCustomer(customer.clone()).into());
    }
    let asking = view.partner(partner)?.ok_or_else(|| AcceptanceError::UnknownPartner(partner.clone()))?.fact;
    let services: BTreeSet<&ServiceName> = services.iter().collect();
    match services.len() {
        0 => return Err(AcceptanceError::NoService.into()),
        1..=ACCEPTED_SERVICES_MAX => {}
        count => return Err(AcceptanceError::TooManyServices(count).into()),
    }
    if let Some(until) = until.filter(|until| *until <= at) {
        return Err(AcceptanceError::EndPassed { until, now: at }.into());
    }
    let mut change_set = ChangeSet::default();
    let mut accepted = Accepted {
        customer: customer.clone(),
        partner: partner.clone(),
        granted: Vec::new(),
        displaced: Vec::new(),
        message: String::new(),
        revision: view.revision(),
    };
    for service in services {
        let id = ServiceId { customer: customer.clone(), service: service.clone() };
        grant(view, at, &asking, &id, *until, multichannel, &mut change_set, &mut accepted)?;
    }
    if !accepted.granted.is_empty() {
        let event = Event::ResellerRelationshipAcceptedByCustomer {
            customer: customer.clone(),
            partner: partner.clone(),
            services: accepted.granted.clone(),
        };
        change_set.events.insert(0, event);
    }
    accepted.message = ended(&accepted.displaced);
    Ok((change_set, accepted))
}

/// What an acceptance ended for others.
fn ended(displaced: &[Displaced]) -> String {
    if displaced.is_empty() {
        return "accepting ended nobody else's delegated administration".to_owned();
    }
    let of = |one: &Displaced| format!("partner `{}` of service `{}`", one.partner, one.service);
    let lost: Vec<String> = displaced.iter().map(of).collect();
    let lost = lost.join(", ");
    format!("accepting ended the delegated administration by {lost}; what was sold before stays as it is")
}

#[expect(clippy::too_many_arguments, reason = "one step of an acceptance, which has this many parts")]
fn grant(
    view: &View<'_>,
    at: Timestamp,
    partner: &Partner,
    id: &ServiceId,
    until: Option<Timestamp>,
    multichannel: Multichannel,
    change_set: &mut ChangeSet,
    accepted: &mut Accepted,
) -> Result<(), CallError<AcceptanceError>> {
    let mut service = view.service(id)?.map(|kept| kept.fact).unwrap_or_default();
    let held = view.grant(id, &partner.id)?.map(|kept| kept.fact).filter(|grant| grant.holds_at(at));
    let grant = match held {
        // Accepting again without an end date leaves the one there is: a right is not widened by leaving a word out.
        Some(held) if until.is_none() || held.until == until => return Ok(()),
        Some(held) => Grant { until, ..held },
        None => {
            if partner.kind.transacts() {
                for holder in transacting_holders(view, at, &service, &partner.id)? {
                    if multichannel == Multichannel::Refuse {
                        return Err(AcceptanceError::Held { service: id.clone(), holder }.into());
                    }
                    displace(view, at, id, &holder, &partner.id, change_set)?;
                    service.strike(&holder);
                    accepted.displaced.push(Displaced { service: id.service.clone(), partner: holder });
                }
            }
            accepted.granted.push(id.service.clone());
            Grant {
                customer: id.customer.clone(),
                service: id.service.clone(),
                partner: partner.id.clone(),
                delegated_administrator: true,
                since: at,
                until,
            }
        }
    };
    service.administrators.retain(|held| held.until.is_none_or(|until| at < until));
    service.enter(&partner.id, grant.until);
    if service.administrators.len() > ADMINISTRATORS_MAX {
        return Err(AcceptanceError::TooManyAdministrators(id.clone()).into());
    }
    change_set.events.push(Event::DapAdminRelationshipApproved {
        customer: id.customer.clone(),
        service: id.service.clone(),
        partner: partner.id.clone(),
        until: grant.until,
    });
    change_set.facts.push(Fact::Grant(grant));
    change_set.facts.push(Fact::Service(id.clone(), service));
    Ok(())
}

/// The partners other than `but` that transact and administer the service at `at`.
pub(crate) fn transacting_holders(
    view: &View<'_>,
    at: Timestamp,
    service: &crate::domain::service::Service,
    but: &PartnerId,
) -> Result<Vec<PartnerId>, StoreError> {
    let mut holders = Vec::new();
    for holder in service.administrators_at(at).filter(|holder| *holder != but) {
        let transacts = view.partner(holder)?.is_some_and(|kept| kept.fact.kind.transacts());
        if transacts {
            holders.push(holder.clone());
        }
    }
    Ok(holders)
}

/// Ends the grant of whoever holds a service, and says who displaced it.
pub(crate) fn displace(
    view: &View<'_>,
    at: Timestamp,
    id: &ServiceId,
    holder: &PartnerId,
    by: &PartnerId,
    change_set: &mut ChangeSet,
) -> Result<(), StoreError> {
    if let Some(grant) = view.grant(id, holder)? {
        change_set.facts.push(Fact::Grant(grant.fact.ended(at)));
    }
    change_set.events.push(Event::DapAdminRelationshipTerminated {
        customer: id.customer.clone(),
        service: id.service.clone(),
        partner: holder.clone(),
        cause: TerminationCause::Displaced,
        displaced_by: Some(by.clone()),
    });
    Ok(())
}
