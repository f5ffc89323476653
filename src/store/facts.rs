//! Reading the facts that a question depends on.

use super::StoreError;
use super::view::{Kept, View};
use crate::clock::Timestamp;
use crate::domain::subscription::Subscription;
use crate::facts::{Facts, Needs, PartnerFacts, SubscriptionFacts, Unknown};
use crate::id::{CustomerId, PartnerId, ServiceId, SubscriptionId};
use crate::question::Target;

impl View<'_> {
    /// Reads the facts that a question depends on, with end dates judged at the moment `at`.
    ///
    /// # Errors
    /// [`StoreError`]; then there is no answer.
    pub fn facts(&self, needs: &Needs, at: Timestamp) -> Result<Facts, StoreError> {
        let mut facts = Facts { revision: self.revision(), at, ..Facts::default() };
        let unknown = self.read_subject(&needs.subject, &mut facts)?;
        facts.unknown_subject = unknown;
        let unknown = self.read_resource(needs, &mut facts)?;
        facts.unknown_resource = unknown;
        Ok(facts)
    }

    fn read_subject(&self, subject: &Target, facts: &mut Facts) -> Result<Option<Unknown>, StoreError> {
        match subject {
            Target::Partner(id) => self.read_partner(id, facts),
            Target::Customer(id) => self.read_customer(id, facts),
            Target::Service(id) => self.read_service(id, facts),
            Target::Subscription(id) => self.read_subscription(id, facts),
            Target::Nothing(kind) => Ok(Some(Unknown::of(*kind))),
            Target::Foreign => Ok(Some(Unknown::Subject)),
        }
    }

    fn read_resource(&self, needs: &Needs, facts: &mut Facts) -> Result<Option<Unknown>, StoreError> {
        let (unknown, customer) = match &needs.resource {
            Target::Partner(id) => (self.read_partner(id, facts)?, None),
            Target::Customer(id) => (self.read_customer(id, facts)?, Some(id.clone())),
            Target::Service(id) => (self.read_service(id, facts)?, Some(id.customer.clone())),
            Target::Subscription(id) => {
                let unknown = self.read_subscription(id, facts)?;
                let customer = facts.subscriptions.get(id).map(|found| found.service.customer.clone());
                (unknown, customer)
            }
            Target::Nothing(kind) => (Some(Unknown::of(*kind)), None),
            Target::Foreign => (Some(Unknown::Resource), None),
        };
        if let (Target::Partner(partner), Some(customer)) = (&needs.subject, customer) {
            self.read_relationship(&customer, partner, facts)?;
        }
        Ok(unknown)
    }

    fn read_partner(&self, id: &PartnerId, facts: &mut Facts) -> Result<Option<Unknown>, StoreError> {
        let Some(Kept { fact, .. }) = self.partner(id)? else { return Ok(Some(Unknown::Partner)) };
        facts.partners.insert(id.clone(), PartnerFacts { kind: fact.kind, status: fact.status });
        Ok(None)
    }

    fn read_customer(&self, id: &CustomerId, facts: &mut Facts) -> Result<Option<Unknown>, StoreError> {
        if self.customer(id)?.is_none() {
            return Ok(Some(Unknown::Customer));
        }
        facts.customers.insert(id.clone());
        Ok(None)
    }

    fn read_service(&self, id: &ServiceId, facts: &mut Facts) -> Result<Option<Unknown>, StoreError> {
        if let Some(unknown) = self.read_customer(&id.customer, facts)? {
            return Ok(Some(unknown));
        }
        let Some(Kept { fact, .. }) = self.service(id)? else { return Ok(Some(Unknown::Service)) };
        facts.services.insert(id.clone(), fact.administrators_at(facts.at).cloned().collect());
        Ok(None)
    }

    fn read_relationship(
        &self,
        customer: &CustomerId,
        partner: &PartnerId,
        facts: &mut Facts,
    ) -> Result<(), StoreError> {
        if facts.relationship(customer, partner).is_none()
            && let Some(Kept { fact, .. }) = self.relationship(customer, partner)?
        {
            facts.relationships.entry(customer.clone()).or_default().insert(partner.clone(), fact.state);
        }
        Ok(())
    }

    fn read_subscription(&self, id: &SubscriptionId, facts: &mut Facts) -> Result<Option<Unknown>, StoreError> {
        let Some(Kept { fact, .. }) = self.subscription(id)? else { return Ok(Some(Unknown::Subscription)) };
        let missing =
            |what: String| StoreError::Unreadable(format!("subscription `{id}` names {what}, which is not there"));
        if self.read_service(&fact.service_id(), facts)?.is_some() {
            return Err(missing(format!("service `{}`", fact.service_id())));
        }
        let mut seller = fact.original_reseller.clone();
        if let Some(parent) = &fact.parent {
            let Some(Kept { fact: held, .. }) = self.subscription(parent)? else {
                return Err(missing(format!("parent `{parent}`")));
            };
            seller.clone_from(&held.original_reseller);
            if self.read_service(&held.service_id(), facts)?.is_some() {
                return Err(missing(format!("service `{}`", held.service_id())));
            }
            facts.subscriptions.insert(parent.clone(), subscription_facts(&held));
        }
        if let Some(seller) = seller {
            self.read_relationship(&fact.customer, &seller, facts)?;
        }
        facts.subscriptions.insert(id.clone(), subscription_facts(&fact));
        Ok(None)
    }
}

pub(super) fn subscription_facts(subscription: &Subscription) -> SubscriptionFacts {
    SubscriptionFacts {
        service: subscription.service_id(),
        status: subscription.status,
        original_reseller: subscription.original_reseller.clone(),
        parent: subscription.parent.clone(),
    }
}
