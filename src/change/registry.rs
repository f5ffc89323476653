//! Registering and reading partners, customers and subscriptions.

use serde::{Deserialize, Serialize};
use std::convert::Infallible;

use crate::audit::{Record, RecordKind};
use crate::caller::Caller;
use crate::change::registration::{self, CustomerError, Origin, PartnerError, SubscriptionError};
use crate::change::relationship::coded;
use crate::change::subscription_actions::differences;
use crate::decide::{Namespace, decide};
use crate::domain::customer::Customer;
use crate::domain::event::ChangeSet;
use crate::domain::partner::Partner;
use crate::domain::subscription::{Subscription, SubscriptionStatus};
use crate::facts::Needs;
use crate::id::{CustomerId, PartnerId, Revision, ServiceName, SubscriptionId};
use crate::pdp::call::{self, Call, CallError, CallTarget, Coded, Committed, Done, Response, Undone, unmoved};
use crate::pdp::cursor::Seal;
use crate::pdp::page::{ListError, Page};
use crate::pdp::refusal::Denied;
use crate::pdp::{Pdp, refusal};
use crate::policy::Bundle;
use crate::question::{Entity, Kind, Question};
use crate::store::{Listed, StoreError, View, WriteContext};

/// A registered noun, and the revision of its newest version.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Registered<T> {
    /// The noun.
    pub noun: T,
    /// The revision of its newest version.
    pub revision: Revision,
    /// Was it registered by this call?
    pub is_new: bool,
}

/// Which subscriptions to list.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SubscriptionFilter {
    /// Those of a customer.
    pub customer: Option<CustomerId>,
    /// Those a partner sold, add-ons with their parent's seller.
    pub partner: Option<PartnerId>,
}

coded! {
    PartnerError {
        Self::Noun(_) => "invalid_partner",
        Self::SecondTransacting { .. } => "second_transacting_partner",
        Self::HasSold { .. } => "has_sold",
    }
    CustomerError {
        Self::Noun(_) => "invalid_customer",
    }
    SubscriptionError {
        Self::Noun(_) => "invalid_subscription",
        Self::UnknownCustomer(_) => "unknown_customer",
        Self::UnknownReseller(_) => "unknown_partner",
        Self::UnknownParent(_) => "unknown_parent",
        Self::ParentOfAnother { .. } => "parent_of_another_customer",
        Self::ParentIsAddOn(_) => "parent_is_add_on",
        Self::Fixed { .. } => "fixed_at_creation",
        Self::RelationshipEnded { .. } => "commercial_relationship_ended",
        Self::ParentNotActive { .. } => "parent_not_active",
        Self::StatusCannotBecome { .. } => "status_cannot_become",
        Self::DoesNotSell(_) => "does_not_sell",
        Self::NotItsSale(_) => "not_its_sale",
        Self::StatusNotItsOwn(_) => "status_not_its_own",
    }
}

pub(crate) fn registered<T>(
    noun: T,
    before: Option<Revision>,
    change_set: ChangeSet,
    next: Revision,
) -> Done<Registered<T>> {
    let revision = if change_set.is_empty() { before.unwrap_or(next) } else { next };
    Done::of((change_set, Registered { noun, revision, is_new: before.is_none() }))
}

/// Registers a partner, or changes it.
///
/// # Errors
/// [`PartnerError`]; [`CallError::Denied`] when the caller may not write facts.
pub async fn put_partner(
    pdp: &Pdp,
    call: &Call,
    partner: Partner,
) -> Result<Committed<Registered<Partner>>, CallError<PartnerError>> {
    let target = CallTarget::Partner(partner.id.clone());
    let asked = call.clone();
    call::change(pdp, call, "writePartner", target, move |context, _| {
        let before = context.view.partner(&partner.id)?.map(|kept| kept.revision);
        unmoved(&asked, before)?;
        let change_set = registration::partner(&context.view, context.at, &partner, Origin::Now)?;
        Ok(registered(partner.clone(), before, change_set, context.next))
    })
    .await
}

/// Registers a customer, or changes it.
///
/// # Errors
/// [`CustomerError`]; [`CallError::Denied`] when the caller may not write facts.
pub async fn put_customer(
    pdp: &Pdp,
    call: &Call,
    customer: Customer,
) -> Result<Committed<Registered<Customer>>, CallError<CustomerError>> {
    let target = CallTarget::Customer(customer.id.clone());
    let asked = call.clone();
    call::change(pdp, call, "writeCustomer", target, move |context, _| {
        let before = context.view.customer(&customer.id)?.map(|kept| kept.revision);
        unmoved(&asked, before)?;
        let change_set = registration::customer(&context.view, &customer)?;
        Ok(registered(customer.clone(), before, change_set, context.next))
    })
    .await
}

/// Reads a partner; nothing when it is not registered.
///
/// # Errors
/// [`CallError::Denied`] when the caller may not read it.
pub async fn partner(
    pdp: &Pdp,
    call: &Call,
    id: &PartnerId,
) -> Result<Response<Option<Registered<Partner>>>, CallError<Infallible>> {
    call::read(pdp, call, "readPartner", &CallTarget::Partner(id.clone()), |view, _| Ok(view.partner(id)?.map(kept)))
        .await
}

/// Reads a customer; nothing when it is not registered.
///
/// # Errors
/// [`CallError::Denied`] when the caller may not read it.
pub async fn customer(
    pdp: &Pdp,
    call: &Call,
    id: &CustomerId,
) -> Result<Response<Option<Registered<Customer>>>, CallError<Infallible>> {
    call::read(pdp, call, "readCustomer", &CallTarget::Customer(id.clone()), |view, _| Ok(view.customer(id)?.map(kept)))
        .await
}

/// Reads a subscription; nothing when it is not registered.
///
/// # Errors
/// [`CallError::Denied`] when the caller may not read it.
pub async fn subscription(
    pdp: &Pdp,
    call: &Call,
    id: &SubscriptionId,
) -> Result<Response<Option<Registered<Subscription>>>, CallError<Infallible>> {
    let target = CallTarget::Subscription(id.clone());
    call::read(pdp, call, "readSubscription", &target, |view, _| Ok(view.subscription(id)?.map(kept))).await
}

/// Lists partners in the order of their ids.
///
/// # Errors
/// [`ListError`]; [`CallError::Denied`] when the caller may not list them.
pub async fn list_partners(
    pdp: &Pdp,
    call: &Call,
    limit: usize,
    cursor: Option<&str>,
) -> Result<Response<Page<Partner>>, CallError<ListError>> {
    call::read(pdp, call, "listPartners", &CallTarget::Installation, |view, _| {
        let mut page = Page::new(limit, Seal::of(&pdp.keys.ledger, &call.caller, &"partners"));
        let last: Option<PartnerId> = page.after(cursor)?;
        view.partners(last.as_ref(), &mut |partner| {
            let at = partner.id.to_string();
            Ok(page.take(partner, at))
        })?;
        Ok(page)
    })
    .await
}

/// Lists customers in the order of their ids.
///
/// # Errors
/// [`ListError`]; [`CallError::Denied`] when the caller may not list them.
pub async fn list_customers(
    pdp: &Pdp,
    call: &Call,
    limit: usize,
    cursor: Option<&str>,
) -> Result<Response<Page<Customer>>, CallError<ListError>> {
    call::read(pdp, call, "listCustomers", &CallTarget::Installation, |view, _| {
        let mut page = Page::new(limit, Seal::of(&pdp.keys.ledger, &call.caller, &"customers"));
        let last: Option<CustomerId> = page.after(cursor)?;
        view.customers(last.as_ref(), &mut |customer| {
            let at = customer.id.to_string();
            Ok(page.take(customer, at))
        })?;
        Ok(page)
    })
    .await
}

/// Lists subscriptions: all, those of a customer, those a partner sold, or those that are both.
///
/// # Errors
/// [`ListError`]; [`CallError::Denied`] when the caller may not list them.
pub async fn list_subscriptions(
    pdp: &Pdp,
    call: &Call,
    filter: &SubscriptionFilter,
    limit: usize,
    cursor: Option<&str>,
) -> Result<Response<Page<Subscription>>, CallError<ListError>> {
    listed(pdp, call, filter, limit, cursor, |_, page| Ok(page)).await
}

/// Subscriptions, and who sold each of them.
#[derive(Clone, Debug)]
pub struct Sold {
    /// The subscriptions.
    pub subscriptions: Page<Subscription>,
    /// Who sold each, an add-on what it adds to; nobody where the customer bought it itself.
    pub sellers: Vec<Option<PartnerId>>,
}

/// Like [`list_subscriptions`], with who sold them.
///
/// # Errors
/// As [`list_subscriptions`].
pub async fn list_sold(
    pdp: &Pdp,
    call: &Call,
    filter: &SubscriptionFilter,
    limit: usize,
    cursor: Option<&str>,
) -> Result<Response<Sold>, CallError<ListError>> {
    listed(pdp, call, filter, limit, cursor, |view, subscriptions| {
        let sellers = subscriptions.items.iter().map(|found| view.seller(found)).collect::<Result<_, _>>()?;
        Ok(Sold { subscriptions, sellers })
    })
    .await
}

async fn listed<T>(
    pdp: &Pdp,
    call: &Call,
    filter: &SubscriptionFilter,
    limit: usize,
    cursor: Option<&str>,
    shown: impl FnOnce(&View<'_>, Page<Subscription>) -> Result<T, StoreError>,
) -> Result<Response<T>, CallError<ListError>> {
    // A caller may list its own: with both filters the list is part of either, so it is asked about its own side.
    let target = match (&call.caller, &filter.customer, &filter.partner) {
        (Caller::Customer { .. }, Some(customer), _) => CallTarget::Customer(customer.clone()),
        (_, _, Some(partner)) => CallTarget::Partner(partner.clone()),
        (_, Some(customer), None) => CallTarget::Customer(customer.clone()),
        (_, None, None) => CallTarget::Installation,
    };
    let by_customer = matches!(target, CallTarget::Customer(_));
    let page = Page::new(limit, Seal::of(&pdp.keys.ledger, &call.caller, &("subscriptions", filter)));
    call::read(pdp, call, "listSubscriptions", &target, |view, _| {
        Ok(shown(view, subscriptions(view, filter, by_customer, page, cursor)?)?)
    })
    .await
}

fn kept<T>(kept: crate::store::Kept<T>) -> Registered<T> {
    Registered { noun: kept.fact, revision: kept.revision, is_new: false }
}

/// A caller is only led through rows that are its own: a customer through those of the customer, a partner through what
/// it sold. So the length of a page discloses nothing of others' rows.
fn subscriptions(
    view: &View<'_>,
    filter: &SubscriptionFilter,
    by_customer: bool,
    mut page: Page<Subscription>,
    cursor: Option<&str>,
) -> Result<Page<Subscription>, CallError<ListError>> {
    match (&filter.customer, &filter.partner) {
        (None, None) => {
            let last: Option<SubscriptionId> = page.after(cursor)?;
            view.subscriptions(last.as_ref(), &mut |found| Ok(page.take_at(found, |found| found.id.to_string())))?;
        }
        (customer, Some(partner)) if customer.is_none() || !by_customer => {
            let last: Option<SubscriptionId> = page.after(cursor)?;
            view.subscriptions_sold(partner, last.as_ref(), &mut |found| {
                let wanted = customer.as_ref().is_none_or(|customer| found.customer == *customer);
                let at = found.id.to_string();
                Ok(if wanted { page.take(found, at) } else { page.pass(at) })
            })?;
        }
        (None, Some(_)) => {}
        (Some(customer), partner) => {
            let last: Option<String> = page.after(cursor)?;
            let last = last.map(|last| {
                let parts = last.split_once('/').ok_or(ListError::Cursor)?;
                let service: ServiceName = parts.0.parse().map_err(|_| ListError::Cursor)?;
                let id: SubscriptionId = parts.1.parse().map_err(|_| ListError::Cursor)?;
                Ok::<_, ListError>((service, id))
            });
            let last = last.transpose()?;
            let last = last.as_ref().map(|(service, id)| (service, id));
            view.subscriptions_of(customer, None, last, &mut |found| {
                let at = format!("{}/{}", found.service, found.id);
                let wanted = match partner {
                    Some(partner) => view.seller(&found)?.as_ref() == Some(partner),
                    None => true,
                };
                Ok(if wanted { page.take(found, at) } else { page.pass(at) })
            })?;
        }
    }
    Ok(page)
}

/// Decides what a partner registers: a sale as provisioning there, an add-on as ordering it, and as provisioning there too
/// where its service is not its parent's, a change difference by difference; and names the partner as the seller of what
/// it sells.
pub(crate) fn sale(
    context: &WriteContext<'_>,
    rules: &Bundle,
    call: &Call,
    seller: &PartnerId,
    before: Option<&Subscription>,
    after: &mut Subscription,
) -> Result<Vec<Record>, Undone<SubscriptionError>> {
    let itself = Entity::new(Kind::Subscription.as_str(), after.id.as_str());
    // What is wrong with a sale is disclosed only to whoever may sell there.
    let mut wrong = None;
    let wanted: Vec<(&str, Entity)> = match before {
        None => {
            let another = after.original_reseller.as_ref().is_some_and(|named| named != seller);
            if another {
                wrong = Some(SubscriptionError::NotItsSale(seller.clone()));
            } else if after.status != SubscriptionStatus::Active {
                wrong = Some(SubscriptionError::StatusNotItsOwn(after.id.clone()));
            }
            let provision = ("provision", Entity::new(Kind::Service.as_str(), after.service_id().to_string()));
            match &after.parent {
                Some(parent) => {
                    let ordered = ("orderAddOns", Entity::new(Kind::Subscription.as_str(), parent.as_str()));
                    let held = context.view.subscription(parent)?;
                    // Whoever sold the parent may add to it; another service than the parent's is sold as any is.
                    let is_of_its_service = held.is_some_and(|held| held.fact.service == after.service);
                    if is_of_its_service { vec![ordered] } else { vec![ordered, provision] }
                }
                None => {
                    after.original_reseller = Some(seller.clone());
                    vec![provision]
                }
            }
        }
        Some(before) => {
            // A partner that says a sale again without naming itself says the same.
            if after.original_reseller.is_none() && before.original_reseller.as_ref() == Some(seller) {
                after.original_reseller = Some(seller.clone());
            }
            let actions = differences(before, after)?;
            actions.into_iter().map(|action| (action, itself.clone())).collect()
        }
    };
    let mut records = Vec::new();
    for (action, resource) in wanted {
        let question = Question::new(call.caller.entity(), action, resource);
        let needs = Needs::of(&question.subject, &question.resource);
        let facts = context.view.facts(&needs, context.at)?;
        let decision = decide(rules, Namespace::Domain, &question, &facts);
        // What a partner neither sold nor administers looks like what is not there, whatever it is to the customer.
        let is_subscription = question.resource.kind == Kind::Subscription.as_str();
        let related = !decision.standing().is_empty() || (!is_subscription && !decision.duties().is_empty());
        let denied = match decision.reason().cloned().filter(|_| related) {
            Some(reason) => Denied { reason, message: decision.message().to_owned() },
            None => refusal::not_permitted(rules, &call.caller, "writeSubscription"),
        };
        let digest = rules.digest().clone();
        let mut record = Record::of(call.caller.clone(), RecordKind::Evaluation, question, facts, digest, &decision);
        call.stamp(&mut record);
        records.push(record);
        if !decision.is_allowed() {
            return Err(Undone::denied(denied, records));
        }
    }
    match wrong {
        Some(wrong) => Err(wrong.into()),
        None => Ok(records),
    }
}

/// Visits everything: the shorthand for a visitor that never stops.
pub(crate) const ON: Result<Listed, StoreError> = Ok(Listed::Continue(()));
