//! Registering partners, customers and subscriptions, and changing them.
//!
//! A partner that provisions a new subscription becomes its original reseller, and nobody can rewrite that.

use crate::clock::Timestamp;
use crate::domain::NounError;
use crate::domain::commercial::{CommercialRelationship, RelationshipState};
use crate::domain::customer::Customer;
use crate::domain::event::{ChangeSet, Event, Fact};
use crate::domain::partner::{Partner, PartnerKind};
use crate::domain::service::Service;
use crate::domain::subscription::{Subscription, SubscriptionStatus};
use crate::id::{CustomerId, PartnerId, ServiceId, SubscriptionId};
use crate::pdp::call::CallError;
use crate::store::{Listed, StoreError, View};

use crate::change::acceptance::transacting_holders;

/// Where a fact comes from. Everything is judged as it happens, by whichever call; only what is imported into an
/// empty store is history.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// As it happens: a sale is a sale.
    Now,
    /// As it was elsewhere: an import into an empty store includes the later states of a sale.
    Import,
}

/// Why a partner is not valid.
#[derive(Debug, thiserror::Error)]
pub enum PartnerError {
    /// The noun itself is wrong.
    #[error(transparent)]
    Noun(#[from] NounError),
    /// Its new kind transacts, and a service it administers has another transacting partner.
    #[error(
        "partner `{partner}` would be the second transacting partner of service `{service}` beside `{holder}`; remove one of them first"
    )]
    SecondTransacting {
        /// The partner.
        partner: PartnerId,
        /// The service.
        service: ServiceId,
        /// The other one.
        holder: PartnerId,
    },
    /// It has sold, and its new kind does not.
    #[error(
        "partner `{partner}` has sold subscriptions, and a partner of kind `{kind}` does not sell; leave its kind as it is"
    )]
    HasSold {
        /// The partner.
        partner: PartnerId,
        /// The kind it was to become.
        kind: PartnerKind,
    },
}

/// Why a customer is not valid.
#[derive(Debug, thiserror::Error)]
pub enum CustomerError {
    /// The noun itself is wrong.
    #[error(transparent)]
    Noun(#[from] NounError),
}

/// Why a subscription is not valid.
#[derive(Debug, thiserror::Error)]
pub enum SubscriptionError {
    /// The noun itself is wrong.
    #[error(transparent)]
    Noun(#[from] NounError),
    /// Its customer is not registered.
    #[error("customer `{0}` is not known; register it first")]
    UnknownCustomer(CustomerId),
    /// Its original reseller is not registered.
    #[error("original reseller `{0}` is not known; register the partner first")]
    UnknownReseller(PartnerId),
    /// Its parent is not registered.
    #[error("parent `{0}` is not known; register it first")]
    UnknownParent(SubscriptionId),
    /// Its parent is of another customer.
    #[error("parent `{parent}` is of customer `{customer}`; an add-on is of the same customer")]
    ParentOfAnother {
        /// The parent.
        parent: SubscriptionId,
        /// Whose it is.
        customer: CustomerId,
    },
    /// Its parent is an add-on itself.
    #[error("parent `{0}` is an add-on itself; name the subscription that one adds to")]
    ParentIsAddOn(SubscriptionId),
    /// A member that is fixed at creation differs.
    #[error(
        "`{member}` of subscription `{id}` is fixed at creation; leave it as it is, or register a new subscription"
    )]
    Fixed {
        /// The subscription.
        id: SubscriptionId,
        /// The member.
        member: &'static str,
    },
    /// The commercial relationship has ended, and a sale does not reinstate it.
    #[error(
        "the commercial relationship of customer `{customer}` and partner `{partner}` has ended; reinstate it by renegotiation before selling again"
    )]
    RelationshipEnded {
        /// The customer.
        customer: CustomerId,
        /// The partner.
        partner: PartnerId,
    },
    /// It adds to a subscription that is not active.
    #[error(
        "parent `{parent}` is {status}, and nothing is added to what is not active; add to it once it is active, or sell a subscription of its own"
    )]
    ParentNotActive {
        /// The parent.
        parent: SubscriptionId,
        /// What it is.
        status: SubscriptionStatus,
    },
    /// It cannot change to that status.
    #[error("subscription `{id}` is {from} and cannot become {to}; {}", successors(*.from))]
    StatusCannotBecome {
        /// The subscription.
        id: SubscriptionId,
        /// What it is.
        from: SubscriptionStatus,
        /// What it was to become.
        to: SubscriptionStatus,
    },
    /// The partner that sells does not transact.
    #[error("partner `{0}` is of a kind that does not sell; a direct bill partner or an indirect provider does")]
    DoesNotSell(PartnerId),
    /// A partner registered a sale in another's name.
    #[error("partner `{0}` cannot register a sale of another partner; leave `originalReseller` out")]
    NotItsSale(PartnerId),
    /// A partner changed the status other than by suspending or reactivating, or registered a sale that is not active.
    #[error(
        "a partner suspends and reactivates what it sold, and no other status of subscription `{0}` is its to tell; leave it as it is, or `active` for a new one"
    )]
    StatusNotItsOwn(SubscriptionId),
}

/// The statuses that may follow one, as the end of a sentence.
fn successors(status: SubscriptionStatus) -> String {
    let words: Vec<String> = status.successors().map(|next| format!("`{next}`")).collect();
    if words.is_empty() {
        "it stays as it is, so register a new subscription".to_owned()
    } else {
        format!("it can become {}", words.join(", "))
    }
}

/// Computes the changes of registering a partner.
///
/// # Errors
/// A [`PartnerError`]; then nothing of it happens.
pub(crate) fn partner(
    view: &View<'_>,
    at: Timestamp,
    after: &Partner,
    origin: Origin,
) -> Result<ChangeSet, CallError<PartnerError>> {
    after.check().map_err(PartnerError::from)?;
    let before = view.partner(&after.id)?.map(|kept| kept.fact);
    if before.as_ref() == Some(after) {
        return Ok(ChangeSet::default());
    }
    if let Some(before) = &before
        && after.kind.transacts()
        && !before.kind.transacts()
    {
        second_transacting(view, at, &after.id)?;
    }
    if let Some(before) = &before
        && origin == Origin::Now
        && before.kind.transacts()
        && !after.kind.transacts()
        && has_sold(view, &after.id)?
    {
        return Err(PartnerError::HasSold { partner: after.id.clone(), kind: after.kind }.into());
    }
    let partner = after.id.clone();
    let event = if before.is_some() { Event::PartnerChanged { partner } } else { Event::PartnerRegistered { partner } };
    Ok(ChangeSet { facts: vec![Fact::Partner(after.clone())], events: vec![event] })
}

fn has_sold(view: &View<'_>, partner: &PartnerId) -> Result<bool, StoreError> {
    let mut has_sold = false;
    view.subscriptions_sold(partner, None, &mut |_| {
        has_sold = true;
        Ok(Listed::Break(()))
    })?;
    Ok(has_sold)
}

fn second_transacting(view: &View<'_>, at: Timestamp, partner: &PartnerId) -> Result<(), CallError<PartnerError>> {
    let mut conflict = None;
    view.services_granted(partner, None, &mut |id| {
        let Some(service) = view.service(&id)?.map(|kept| kept.fact) else { return Ok(Listed::Continue(())) };
        if !service.administrators_at(at).any(|holder| holder == partner) {
            return Ok(Listed::Continue(()));
        }
        match transacting_holders(view, at, &service, partner)?.into_iter().next() {
            Some(holder) => {
                conflict = Some((id, holder));
                Ok(Listed::Break(()))
            }
            None => Ok(Listed::Continue(())),
        }
    })?;
    match conflict {
        Some((service, holder)) => {
            Err(PartnerError::SecondTransacting { partner: partner.clone(), service, holder }.into())
        }
        None => Ok(()),
    }
}

/// Computes the changes of registering a customer.
///
/// # Errors
/// A [`CustomerError`]; then nothing of it happens.
pub(crate) fn customer(view: &View<'_>, after: &Customer) -> Result<ChangeSet, CallError<CustomerError>> {
    after.check().map_err(CustomerError::from)?;
    let before = view.customer(&after.id)?.map(|kept| kept.fact);
    if before.as_ref() == Some(after) {
        return Ok(ChangeSet::default());
    }
    let customer = after.id.clone();
    let event =
        if before.is_some() { Event::CustomerChanged { customer } } else { Event::CustomerRegistered { customer } };
    Ok(ChangeSet { facts: vec![Fact::Customer(after.clone())], events: vec![event] })
}

/// Computes the changes of registering a subscription: for a new one also its service and, with the first sale of its
/// reseller to the customer, their commercial relationship.
///
/// Whoever registers it, nothing is sold, not even an add-on, once the commercial relationship has ended or under a
/// parent that is not active, and no status follows one that it cannot follow. Only an import takes sales as they were.
///
/// # Errors
/// A [`SubscriptionError`]; then nothing of it happens.
pub(crate) fn subscription(
    view: &View<'_>,
    at: Timestamp,
    after: &Subscription,
    origin: Origin,
) -> Result<ChangeSet, CallError<SubscriptionError>> {
    match view.subscription(&after.id)?.map(|kept| kept.fact) {
        Some(before) => Ok(changed(&before, after)?),
        None => new_subscription(view, at, after, origin),
    }
}

/// Computes the changes of registering a new subscription.
///
/// # Errors
/// A [`SubscriptionError`]; then nothing of it happens.
pub(crate) fn new_subscription(
    view: &View<'_>,
    at: Timestamp,
    after: &Subscription,
    origin: Origin,
) -> Result<ChangeSet, CallError<SubscriptionError>> {
    after.check().map_err(SubscriptionError::from)?;
    if view.customer(&after.customer)?.is_none() {
        return Err(SubscriptionError::UnknownCustomer(after.customer.clone()).into());
    }
    if let Some(parent) = &after.parent {
        let held = view.subscription(parent)?.ok_or_else(|| SubscriptionError::UnknownParent(parent.clone()))?.fact;
        if held.customer != after.customer {
            return Err(SubscriptionError::ParentOfAnother { parent: parent.clone(), customer: held.customer }.into());
        }
        if held.parent.is_some() {
            return Err(SubscriptionError::ParentIsAddOn(parent.clone()).into());
        }
        if origin == Origin::Now {
            sale_under(view, &held)?;
        }
    }
    let mut change_set = ChangeSet::default();
    change_set.events.push(Event::SubscriptionProvisioned {
        subscription: after.id.clone(),
        customer: after.customer.clone(),
        service: after.service.clone(),
        original_reseller: after.original_reseller.clone(),
    });
    if view.service(&after.service_id())?.is_none() {
        change_set.facts.push(Fact::Service(after.service_id(), Service::default()));
    }
    if let Some(reseller) = &after.original_reseller {
        let unknown = || SubscriptionError::UnknownReseller(reseller.clone());
        let sells = view.partner(reseller)?.ok_or_else(unknown)?.fact.kind.transacts();
        if origin == Origin::Now && !sells {
            return Err(SubscriptionError::DoesNotSell(reseller.clone()).into());
        }
        let (customer, partner) = (after.customer.clone(), reseller.clone());
        match view.relationship(&customer, &partner)?.map(|kept| kept.fact.state) {
            None => {
                let begun = CommercialRelationship::begun(customer.clone(), partner.clone(), at);
                change_set.facts.push(Fact::CommercialRelationship(begun));
                change_set.events.push(Event::CommercialRelationshipBegan { customer, partner });
            }
            Some(RelationshipState::Ended) if origin == Origin::Now => {
                return Err(SubscriptionError::RelationshipEnded { customer, partner }.into());
            }
            Some(RelationshipState::Active | RelationshipState::Ended) => {}
        }
    }
    change_set.facts.push(Fact::Subscription(after.clone()));
    Ok(change_set)
}

/// May something be added to `parent` now? It has to be active, and so has the relationship with who sold it.
fn sale_under(view: &View<'_>, parent: &Subscription) -> Result<(), CallError<SubscriptionError>> {
    if parent.status != SubscriptionStatus::Active {
        return Err(SubscriptionError::ParentNotActive { parent: parent.id.clone(), status: parent.status }.into());
    }
    let Some(partner) = &parent.original_reseller else { return Ok(()) };
    match view.relationship(&parent.customer, partner)?.map(|kept| kept.fact.state) {
        Some(RelationshipState::Active) => Ok(()),
        // A sale begins the relationship, so one that is missing is a fault of the store: it gives no right.
        Some(RelationshipState::Ended) | None => {
            Err(SubscriptionError::RelationshipEnded { customer: parent.customer.clone(), partner: partner.clone() }
                .into())
        }
    }
}

fn changed(before: &Subscription, after: &Subscription) -> Result<ChangeSet, SubscriptionError> {
    after.check()?;
    if let Some(member) = after.fixed_difference(before) {
        return Err(SubscriptionError::Fixed { id: after.id.clone(), member });
    }
    if !before.status.may_become(after.status) {
        let (from, to) = (before.status, after.status);
        return Err(SubscriptionError::StatusCannotBecome { id: after.id.clone(), from, to });
    }
    let members: Vec<String> = [
        ("offer", after.offer != before.offer),
        ("partnerOfRecord", after.partner_of_record != before.partner_of_record),
        ("quantity", after.quantity != before.quantity),
        ("status", after.status != before.status),
    ]
    .into_iter()
    .filter(|(_, differs)| *differs)
    .map(|(member, _)| member.to_owned())
    .collect();
    if members.is_empty() {
        return Ok(ChangeSet::default());
    }
    let event =
        Event::SubscriptionChanged { subscription: after.id.clone(), customer: after.customer.clone(), members };
    Ok(ChangeSet { facts: vec![Fact::Subscription(after.clone())], events: vec![event] })
}
