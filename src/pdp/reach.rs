//! Who has something to do with what: the walks over the store's indexes of what was sold and who administers, which
//! everything takes that looks for pairs of a partner and a resource.
//!
//! A partner has something to do with the services it administers, with the subscriptions it sold, add-ons with their
//! parents, and with those of the services it administers. Whoever walks so has found out before that the rules refuse
//! everything else; where they may not, [`everything`] there is of a type is looked at instead.

use std::collections::BTreeSet;

use crate::clock::Timestamp;
use crate::domain::subscription::Subscription;
use crate::facts::Facts;
use crate::id::{PartnerId, ServiceId, SubscriptionId};
use crate::question::{Kind, Target};
use crate::store::{Listed, StoreError, View};

/// A place in the walk over the subscriptions of a partner.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// A subscription that it sold.
    Sold(SubscriptionId),
    /// A subscription of a service that it administers, or all there are of the service.
    Granted(ServiceId, Option<SubscriptionId>),
}

/// What a walk over the subscriptions of a partner comes to.
pub(crate) enum Step {
    /// A subscription that has something to do with the partner.
    To(Subscription),
    /// What the walk has been to before: a subscription that the partner sold, of a service that it administers.
    Again(Subscription),
    /// All subscriptions of a service are done with.
    Past,
}

/// Walks over the subscriptions of a partner, after a place: those it sold by id, then those of the services it
/// administers at a moment, by service and id. Each comes once, and what comes again is said to.
///
/// # Errors
/// [`StoreError`], also from `visit`.
pub(crate) fn subscriptions_of(
    view: &View<'_>,
    at: Timestamp,
    partner: &PartnerId,
    after: Option<&Place>,
    visit: &mut dyn FnMut(Place, Step) -> Result<Listed, StoreError>,
) -> Result<(), StoreError> {
    let mut stopped = Listed::Continue(());
    let mut after_service = None;
    match after {
        Some(Place::Granted(service, id)) => {
            after_service = Some(service);
            if id.is_some() {
                stopped = administered(view, at, partner, service, id.as_ref(), visit)?;
            }
        }
        None | Some(Place::Sold(_)) => {
            let last = after.and_then(|place| if let Place::Sold(id) = place { Some(id) } else { None });
            view.subscriptions_sold(partner, last, &mut |sold| {
                stopped = visit(Place::Sold(sold.id.clone()), Step::To(sold))?;
                Ok(stopped)
            })?;
        }
    }
    if stopped.is_break() {
        return Ok(());
    }
    view.services_granted(partner, after_service, &mut |service| administered(view, at, partner, &service, None, visit))
}

/// The subscriptions of one service that was granted to the partner, unless the grant has ended.
fn administered(
    view: &View<'_>,
    at: Timestamp,
    partner: &PartnerId,
    service: &ServiceId,
    last: Option<&SubscriptionId>,
    visit: &mut dyn FnMut(Place, Step) -> Result<Listed, StoreError>,
) -> Result<Listed, StoreError> {
    if administers(view, at, partner, service)? {
        let last = last.map(|id| (&service.service, id));
        let mut stopped = Listed::Continue(());
        view.subscriptions_of(&service.customer, Some(&service.service), last, &mut |held| {
            let place = Place::Granted(service.clone(), Some(held.id.clone()));
            let is_sold = view.seller(&held)?.as_ref() == Some(partner);
            stopped = visit(place, if is_sold { Step::Again(held) } else { Step::To(held) })?;
            Ok(stopped)
        })?;
        if stopped.is_break() {
            return Ok(stopped);
        }
    }
    visit(Place::Granted(service.clone(), None), Step::Past)
}

/// Does a partner administer a service at a moment?
///
/// # Errors
/// [`StoreError`].
pub(crate) fn administers(
    view: &View<'_>,
    at: Timestamp,
    partner: &PartnerId,
    service: &ServiceId,
) -> Result<bool, StoreError> {
    let kept = view.service(service)?;
    Ok(kept.is_some_and(|kept| kept.fact.administrators_at(at).any(|holder| holder == partner)))
}

/// The partners that have something to do with a resource of which those are the facts, in the order of their ids.
#[must_use]
pub(crate) fn partners_of(facts: &Facts) -> BTreeSet<&PartnerId> {
    let administrators = facts.services.values().flatten();
    let sellers = facts.subscriptions.values().filter_map(|subscription| subscription.original_reseller.as_ref());
    administrators.chain(sellers).collect()
}

/// Everything there is of a type, in the order of the ids, after one of them.
///
/// # Errors
/// [`StoreError`], also from `visit`.
pub(crate) fn everything(
    view: &View<'_>,
    kind: Kind,
    after: Option<&Target>,
    visit: &mut dyn FnMut(Target) -> Result<Listed, StoreError>,
) -> Result<(), StoreError> {
    match kind {
        Kind::Partner => {
            let last = if let Some(Target::Partner(id)) = after { Some(id) } else { None };
            view.partners(last, &mut |partner| visit(Target::Partner(partner.id)))
        }
        Kind::Customer => {
            let last = if let Some(Target::Customer(id)) = after { Some(id) } else { None };
            view.customers(last, &mut |customer| visit(Target::Customer(customer.id)))
        }
        Kind::Service => {
            let last = if let Some(Target::Service(id)) = after { Some(id) } else { None };
            view.services(None, last, &mut |id, _| visit(Target::Service(id)))
        }
        Kind::Subscription => {
            let last = if let Some(Target::Subscription(id)) = after { Some(id) } else { None };
            view.subscriptions(last, &mut |found| visit(Target::Subscription(found.id)))
        }
        // The store holds none of them, so none is known and nothing is allowed.
        Kind::Operator => Ok(()),
    }
}
