//! Facts as they were at one revision.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::rows::{Kind, Listed, Rows, after, key, names, prefix};
use crate::domain::commercial::CommercialRelationship;
use crate::domain::customer::Customer;
use crate::domain::grant::Grant;
use crate::domain::partner::Partner;
use crate::domain::service::Service;
use crate::domain::subscription::Subscription;
use crate::id::{CustomerId, PartnerId, Revision, ServiceId, ServiceName, SubscriptionId};
use crate::work::step;

/// A fact and the revision that made it what it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept<T> {
    /// The fact.
    pub fact: T,
    /// The revision of its newest version.
    pub revision: Revision,
}

/// What is done with the names of a fact and what it holds.
type VisitNames<'v> = dyn FnMut(&[&str], &[u8]) -> Result<Listed, StoreError> + 'v;

/// Facts as they were at one revision.
#[derive(Clone, Copy)]
pub struct View<'a> {
    rows: &'a dyn Rows,
    revision: Revision,
}

pub(super) fn encode<T: Serialize>(fact: &T) -> Result<Vec<u8>, StoreError> {
    rmp_serde::to_vec_named(fact).map_err(|error| StoreError::Unreadable(error.to_string()))
}

pub(super) fn decode<'r, T: Deserialize<'r>>(bytes: &'r [u8]) -> Result<T, StoreError> {
    rmp_serde::from_slice(bytes).map_err(|error| StoreError::Unreadable(error.to_string()))
}

impl<'a> View<'a> {
    pub(super) fn new(rows: &'a dyn Rows, revision: Revision) -> Self {
        Self { rows, revision }
    }

    pub(super) fn rows(&self) -> &'a dyn Rows {
        self.rows
    }

    /// The revision at which everything is read.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The row of a fact, and the revision that wrote it.
    pub(super) fn row(&self, kind: Kind, names: &[&str]) -> Result<Option<(Revision, Vec<u8>)>, StoreError> {
        step()?;
        self.rows.newest(&key(kind, names), self.revision)
    }

    fn get<T: DeserializeOwned>(&self, kind: Kind, names: &[&str]) -> Result<Option<Kept<T>>, StoreError> {
        let found = self.row(kind, names)?;
        found.map(|(revision, bytes)| Ok(Kept { fact: decode(&bytes)?, revision })).transpose()
    }

    /// Visits the facts of a kind whose first names are `first`, from the one after the names `last`, with what each
    /// holds.
    pub(super) fn walk(
        &self,
        kind: Kind,
        first: &[&str],
        last: Option<&[&str]>,
        visit: &mut VisitNames<'_>,
    ) -> Result<(), StoreError> {
        let prefix = prefix(kind, first);
        let from = last.map_or_else(|| prefix.clone(), |last| after(&key(kind, last)));
        self.rows.walk(&prefix, &from, self.revision, &mut |key, value| {
            step()?;
            visit(&names(key), value)
        })
    }

    /// The same of what each is.
    fn each<T: DeserializeOwned>(
        &self,
        kind: Kind,
        first: &[&str],
        last: Option<&[&str]>,
        visit: &mut dyn FnMut(T) -> Result<Listed, StoreError>,
    ) -> Result<(), StoreError> {
        self.walk(kind, first, last, &mut |_, value| visit(decode(value)?))
    }

    /// A partner.
    ///
    /// # Errors
    /// [`StoreError`], as for every reading below.
    pub fn partner(&self, id: &PartnerId) -> Result<Option<Kept<Partner>>, StoreError> {
        self.get(Kind::Partner, &[id.as_str()])
    }

    /// A customer.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn customer(&self, id: &CustomerId) -> Result<Option<Kept<Customer>>, StoreError> {
        self.get(Kind::Customer, &[id.as_str()])
    }

    /// A subscription.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn subscription(&self, id: &SubscriptionId) -> Result<Option<Kept<Subscription>>, StoreError> {
        self.get(Kind::Subscription, &[id.as_str()])
    }

    /// Who administers a service; nothing when no grant or subscription names it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn service(&self, id: &ServiceId) -> Result<Option<Kept<Service>>, StoreError> {
        self.get(Kind::Service, &[id.customer.as_str(), id.service.as_str()])
    }

    /// A grant, standing or past.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn grant(&self, service: &ServiceId, partner: &PartnerId) -> Result<Option<Kept<Grant>>, StoreError> {
        self.get(Kind::Grant, &[service.customer.as_str(), partner.as_str(), service.service.as_str()])
    }

    /// The commercial relationship of a customer and a partner.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn relationship(
        &self,
        customer: &CustomerId,
        partner: &PartnerId,
    ) -> Result<Option<Kept<CommercialRelationship>>, StoreError> {
        self.get(Kind::Relationship, &[customer.as_str(), partner.as_str()])
    }

    /// Visits partners in the order of their ids, from the one after `last`.
    ///
    /// # Errors
    /// [`StoreError`], or what the visitor returns; as for every list below.
    pub fn partners(
        &self,
        last: Option<&PartnerId>,
        visit: &mut dyn FnMut(Partner) -> Result<Listed, StoreError>,
    ) -> Result<(), StoreError> {
        let last = last.map(|last| [last.as_str()]);
        self.each(Kind::Partner, &[], last.as_ref().map(<[&str; 1]>::as_slice), visit)
    }

    /// Visits customers in the order of their ids, from the one after `last`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn customers(
        &self,
        last: Option<&CustomerId>,
        visit: &mut dyn FnMut(Customer) -> Result<Listed, StoreError>,
    ) -> Result<(), StoreError> {
        let last = last.map(|last| [last.as_str()]);
        self.each(Kind::Customer, &[], last.as_ref().map(<[&str; 1]>::as_slice), visit)
    }

    /// Visits subscriptions in the order of their ids, from the one after `last`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn subscriptions(
        &self,
        last: Option<&SubscriptionId>,
        visit: &mut dyn FnMut(Subscription) -> Result<Listed, StoreError>,
    ) -> Result<(), StoreError> {
        let last = last.map(|last| [last.as_str()]);
        self.each(Kind::Subscription, &[], last.as_ref().map(<[&str; 1]>::as_slice), visit)
    }

    /// Visits the subscriptions of a customer, or of one service of it, by service and then id, from the one after
    /// `last`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn subscriptions_of(
        &self,
        customer: &CustomerId,
        service: Option<&ServiceName>,
        last: Option<(&ServiceName, &SubscriptionId)>,
        visit: &mut dyn FnMut(Subscription) -> Result<Listed, StoreError>,
    ) -> Result<(), StoreError> {
        let mut first = vec![customer.as_str()];
        first.extend(service.map(ServiceName::as_str));
        let last = last.map(|(service, id)| [customer.as_str(), service.as_str(), id.as_str()]);
        self.named_last(Kind::SubscriptionOfService, &first, last.as_ref().map(<[&str; 3]>::as_slice), visit)
    }

    /// Visits the subscriptions a partner sold, add-ons with their parent's seller, in the order of their ids.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn subscriptions_sold(
        &self,
        partner: &PartnerId,
        last: Option<&SubscriptionId>,
        visit: &mut dyn FnMut(Subscription) -> Result<Listed, StoreError>,
    ) -> Result<(), StoreError> {
        let last = last.map(|last| [partner.as_str(), last.as_str()]);
        self.named_last(Kind::SubscriptionSold, &[partner.as_str()], last.as_ref().map(<[&str; 2]>::as_slice), visit)
    }

    /// The partner that sold a subscription, or its parent.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn seller(&self, subscription: &Subscription) -> Result<Option<PartnerId>, StoreError> {
        match &subscription.parent {
            Some(parent) => Ok(self.subscription(parent)?.and_then(|kept| kept.fact.original_reseller)),
            None => Ok(subscription.original_reseller.clone()),
        }
    }

    /// Visits the add-ons of a subscription.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn add_ons(
        &self,
        parent: &SubscriptionId,
        visit: &mut dyn FnMut(Subscription) -> Result<Listed, StoreError>,
    ) -> Result<(), StoreError> {
        self.named_last(Kind::AddOn, &[parent.as_str()], None, visit)
    }

    /// Visits every add-on in the order of its parent's id and its own, from the one after `last` of the parent
    /// `last`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn all_add_ons(
        &self,
        last: Option<(&SubscriptionId, &SubscriptionId)>,
        visit: &mut dyn FnMut(Subscription) -> Result<Listed, StoreError>,
    ) -> Result<(), StoreError> {
        let last = last.map(|(parent, id)| [parent.as_str(), id.as_str()]);
        self.named_last(Kind::AddOn, &[], last.as_ref().map(<[&str; 2]>::as_slice), visit)
    }

    /// Visits the subscriptions that are named last in the keys of an index.
    fn named_last(
        &self,
        kind: Kind,
        first: &[&str],
        last: Option<&[&str]>,
        visit: &mut dyn FnMut(Subscription) -> Result<Listed, StoreError>,
    ) -> Result<(), StoreError> {
        self.walk(kind, first, last, &mut |names, _| {
            let Some(id) = names.last() else { return Ok(Listed::Continue(())) };
            match self.get(Kind::Subscription, &[id])? {
                Some(kept) => visit(kept.fact),
                None => Err(StoreError::Unreadable(format!("subscription `{id}` is listed and not there"))),
            }
        })
    }

    /// Visits the services of a customer that exist, from the one after `last`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn services(
        &self,
        customer: Option<&CustomerId>,
        last: Option<&ServiceId>,
        visit: &mut dyn FnMut(ServiceId, Service) -> Result<Listed, StoreError>,
    ) -> Result<(), StoreError> {
        let first: Vec<&str> = customer.map(CustomerId::as_str).into_iter().collect();
        let last = last.map(|last| [last.customer.as_str(), last.service.as_str()]);
        self.walk(Kind::Service, &first, last.as_ref().map(<[&str; 2]>::as_slice), &mut |names, value| {
            visit(ServiceId { customer: name(names, 0)?, service: name(names, 1)? }, decode(value)?)
        })
    }

    /// Visits the services ever granted to a partner, from the one after `last`; a grant may be past.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn services_granted(
        &self,
        partner: &PartnerId,
        last: Option<&ServiceId>,
        visit: &mut dyn FnMut(ServiceId) -> Result<Listed, StoreError>,
    ) -> Result<(), StoreError> {
        let last = last.map(|last| [partner.as_str(), last.customer.as_str(), last.service.as_str()]);
        let last = last.as_ref().map(<[&str; 3]>::as_slice);
        self.walk(Kind::GrantOfPartner, &[partner.as_str()], last, &mut |names, _| {
            visit(ServiceId { customer: name(names, 1)?, service: name(names, 2)? })
        })
    }

    /// Visits the grants of a customer, standing and past, or those to one partner.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn grants(
        &self,
        customer: Option<&CustomerId>,
        partner: Option<&PartnerId>,
        visit: &mut dyn FnMut(Grant) -> Result<Listed, StoreError>,
    ) -> Result<(), StoreError> {
        let first: Vec<&str> =
            customer.map(CustomerId::as_str).into_iter().chain(partner.map(PartnerId::as_str)).collect();
        self.each(Kind::Grant, &first, None, visit)
    }

    /// Visits every grant by customer, partner and service, from the one after the grant `last`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn all_grants(
        &self,
        last: Option<&Grant>,
        visit: &mut dyn FnMut(Grant) -> Result<Listed, StoreError>,
    ) -> Result<(), StoreError> {
        let last = last.map(|last| [last.customer.as_str(), last.partner.as_str(), last.service.as_str()]);
        let last = last.as_ref().map(<[&str; 3]>::as_slice);
        self.each(Kind::Grant, &[], last, visit)
    }

    /// Visits every commercial relationship by customer and partner, from the one after `last`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn relationships(
        &self,
        last: Option<(&CustomerId, &PartnerId)>,
        visit: &mut dyn FnMut(CommercialRelationship) -> Result<Listed, StoreError>,
    ) -> Result<(), StoreError> {
        let last = last.map(|(customer, partner)| [customer.as_str(), partner.as_str()]);
        let last = last.as_ref().map(<[&str; 2]>::as_slice);
        self.each(Kind::Relationship, &[], last, visit)
    }

    /// Visits every partner a customer has had to do with, from the one after `last`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn partners_of(
        &self,
        customer: &CustomerId,
        last: Option<&PartnerId>,
        visit: &mut dyn FnMut(PartnerId) -> Result<Listed, StoreError>,
    ) -> Result<(), StoreError> {
        let last = last.map(|last| [customer.as_str(), last.as_str()]);
        let last = last.as_ref().map(<[&str; 2]>::as_slice);
        self.walk(Kind::PartnerOfCustomer, &[customer.as_str()], last, &mut |names, _| visit(name(names, 1)?))
    }

    /// Visits every customer a partner has had to do with, from the one after `last`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn customers_of(
        &self,
        partner: &PartnerId,
        last: Option<&CustomerId>,
        visit: &mut dyn FnMut(CustomerId) -> Result<Listed, StoreError>,
    ) -> Result<(), StoreError> {
        let last = last.map(|last| [partner.as_str(), last.as_str()]);
        let last = last.as_ref().map(<[&str; 2]>::as_slice);
        self.walk(Kind::CustomerOfPartner, &[partner.as_str()], last, &mut |names, _| visit(name(names, 1)?))
    }
}

/// A name of a key or a row.
pub(super) fn name<T: std::str::FromStr>(names: &[&str], index: usize) -> Result<T, StoreError> {
    let unreadable = || StoreError::Unreadable("a fact names something that is not a name".to_owned());
    names.get(index).and_then(|name| name.parse().ok()).ok_or_else(unreadable)
}
