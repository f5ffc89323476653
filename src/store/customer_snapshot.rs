//! A customer with everything that is known of it, read in the order of its rows, so that the facts of very many
//! decisions are read once and not for each of them.

use std::collections::{BTreeMap, BTreeSet};

use super::StoreError;
use super::rows::{Kind, Listed};
use super::view::{View, decode, name};
use crate::clock::Timestamp;
use crate::domain::commercial::{CommercialRelationship, RelationshipState};
use crate::domain::service::Service;
use crate::facts::{Facts, SubscriptionFacts};
use crate::id::{CustomerId, PartnerId, ServiceId, ServiceName, SubscriptionId};
use crate::question;

/// A customer, its services with who administers them now, and its commercial relationships.
pub struct CustomerSnapshot<'a> {
    view: View<'a>,
    at: Timestamp,
    customer: CustomerId,
    services: BTreeMap<ServiceId, BTreeSet<PartnerId>>,
    relationships: BTreeMap<PartnerId, RelationshipState>,
}

impl<'a> View<'a> {
    /// How many there are of a type; none of those that are not kept here.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn count(&self, kind: question::Kind) -> Result<u64, StoreError> {
        let kind = match kind {
            question::Kind::Partner => Kind::Partner,
            question::Kind::Customer => Kind::Customer,
            question::Kind::Service => Kind::Service,
            question::Kind::Subscription => Kind::Subscription,
            question::Kind::Operator => return Ok(0),
        };
        let mut count = 0;
        self.walk(kind, &[], None, &mut |_, _| {
            count += 1;
            Ok(Listed::Continue(()))
        })?;
        Ok(count)
    }

    /// Visits every customer with everything that is known of it, in the order of their ids; end dates are judged at
    /// the moment `at`.
    ///
    /// # Errors
    /// [`StoreError`], or what the visitor returns.
    pub fn customer_snapshots(
        &self,
        at: Timestamp,
        visit: &mut dyn FnMut(&CustomerSnapshot<'a>) -> Result<Listed, StoreError>,
    ) -> Result<(), StoreError> {
        self.walk(Kind::Customer, &[], None, &mut |names, _| visit(&self.customer_snapshot(name(names, 0)?, at)?))
    }

    fn customer_snapshot(&self, customer: CustomerId, at: Timestamp) -> Result<CustomerSnapshot<'a>, StoreError> {
        let mut services = BTreeMap::new();
        self.walk(Kind::Service, &[customer.as_str()], None, &mut |names, value| {
            let id = ServiceId { customer: customer.clone(), service: name(names, 1)? };
            let service: Service = decode(value)?;
            services.insert(id, service.administrators_at(at).cloned().collect());
            Ok(Listed::Continue(()))
        })?;
        let mut relationships = BTreeMap::new();
        self.walk(Kind::Relationship, &[customer.as_str()], None, &mut |_, value| {
            let relationship: CommercialRelationship = decode(value)?;
            relationships.insert(relationship.partner, relationship.state);
            Ok(Listed::Continue(()))
        })?;
        Ok(CustomerSnapshot { view: *self, at, customer, services, relationships })
    }
}

impl CustomerSnapshot<'_> {
    /// Whose it is.
    #[must_use]
    pub fn customer(&self) -> &CustomerId {
        &self.customer
    }

    /// Every commercial relationship the customer has or had.
    #[must_use]
    pub fn relationships(&self) -> &BTreeMap<PartnerId, RelationshipState> {
        &self.relationships
    }

    /// What is known of the customer itself.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let customers = BTreeSet::from([self.customer.clone()]);
        Facts { revision: self.view.revision(), at: self.at, customers, ..Facts::default() }
    }

    /// Every service, with the facts of a question about it except those of the subject.
    pub fn services(&self) -> impl Iterator<Item = (&ServiceId, Facts)> {
        self.services.iter().map(|(id, administrators)| {
            let services = BTreeMap::from([(id.clone(), administrators.clone())]);
            (id, Facts { services, ..self.facts() })
        })
    }

    /// Visits every subscription by service and then id, with the facts of a question about it except those
    /// of the subject.
    ///
    /// # Errors
    /// [`StoreError`], or what the visitor returns.
    pub fn subscriptions(
        &self,
        visit: &mut dyn FnMut(&SubscriptionId, &ServiceName, &Facts) -> Result<Listed, StoreError>,
    ) -> Result<(), StoreError> {
        self.view.walk(Kind::SubscriptionOfService, &[self.customer.as_str()], None, &mut |names, _| {
            let id: SubscriptionId = name(names, 2)?;
            let found = self.kept(&id, &id)?;
            let facts = self.facts_of(&id, &found)?;
            visit(&id, &found.service.service, &facts)
        })
    }

    fn kept(&self, id: &SubscriptionId, by: &SubscriptionId) -> Result<SubscriptionFacts, StoreError> {
        let missing = || StoreError::Unreadable(format!("subscription `{by}` names `{id}`, which is not there"));
        self.view.subscription_facts(id)?.ok_or_else(missing)
    }

    fn facts_of(&self, id: &SubscriptionId, found: &SubscriptionFacts) -> Result<Facts, StoreError> {
        let mut facts = self.facts();
        self.add((id, found), id, &mut facts)?;
        let mut seller = found.original_reseller.clone();
        if let Some(parent) = &found.parent {
            let held = self.kept(parent, id)?;
            seller.clone_from(&held.original_reseller);
            self.add((parent, &held), id, &mut facts)?;
        }
        if let Some(seller) = seller
            && let Some(state) = self.relationships.get(&seller)
        {
            facts.relationships.insert(self.customer.clone(), BTreeMap::from([(seller, *state)]));
        }
        Ok(facts)
    }

    fn add(
        &self,
        (id, found): (&SubscriptionId, &SubscriptionFacts),
        by: &SubscriptionId,
        facts: &mut Facts,
    ) -> Result<(), StoreError> {
        let service = &found.service;
        let Some(administrators) = self.services.get(service) else {
            return Err(StoreError::Unreadable(format!(
                "subscription `{by}` names service `{service}`, which is not there"
            )));
        };
        facts.services.entry(service.clone()).or_insert_with(|| administrators.clone());
        facts.subscriptions.insert(id.clone(), found.clone());
        Ok(())
    }
}
