//! Reading the facts that a question depends on.

use serde::Deserialize;

use super::StoreError;
use super::rows::Kind;
use super::view::{View, decode, name};
use crate::clock::Timestamp;
use crate::domain::commercial::RelationshipState;
use crate::domain::service::Service;
use crate::domain::subscription::SubscriptionStatus;
use crate::facts::{Facts, Needs, SubscriptionFacts, Unknown};
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
        let Some((_, row)) = self.row(Kind::Partner, &[id.as_str()])? else { return Ok(Some(Unknown::Partner)) };
        facts.partners.insert(id.clone(), decode(&row)?);
        Ok(None)
    }

    fn read_customer(&self, id: &CustomerId, facts: &mut Facts) -> Result<Option<Unknown>, StoreError> {
        let Some((_, row)) = self.row(Kind::Customer, &[id.as_str()])? else { return Ok(Some(Unknown::Customer)) };
        let CustomerRow {} = decode(&row)?;
        facts.customers.insert(id.clone());
        Ok(None)
    }

    fn read_service(&self, id: &ServiceId, facts: &mut Facts) -> Result<Option<Unknown>, StoreError> {
        if let Some(unknown) = self.read_customer(&id.customer, facts)? {
            return Ok(Some(unknown));
        }
        let names = [id.customer.as_str(), id.service.as_str()];
        let Some((_, row)) = self.row(Kind::Service, &names)? else { return Ok(Some(Unknown::Service)) };
        let service: Service = decode(&row)?;
        facts.services.insert(id.clone(), service.administrators_at(facts.at).cloned().collect());
        Ok(None)
    }

    fn read_relationship(
        &self,
        customer: &CustomerId,
        partner: &PartnerId,
        facts: &mut Facts,
    ) -> Result<(), StoreError> {
        if facts.relationship(customer, partner).is_none()
            && let Some((_, row)) = self.row(Kind::Relationship, &[customer.as_str(), partner.as_str()])?
        {
            let RelationshipRow { state } = decode(&row)?;
            facts.relationships.entry(customer.clone()).or_default().insert(partner.clone(), state);
        }
        Ok(())
    }

    fn read_subscription(&self, id: &SubscriptionId, facts: &mut Facts) -> Result<Option<Unknown>, StoreError> {
        let Some(found) = self.subscription_facts(id)? else { return Ok(Some(Unknown::Subscription)) };
        let missing =
            |what: String| StoreError::Unreadable(format!("subscription `{id}` names {what}, which is not there"));
        if self.read_service(&found.service, facts)?.is_some() {
            return Err(missing(format!("service `{}`", found.service)));
        }
        let mut seller = found.original_reseller.clone();
        if let Some(parent) = &found.parent {
            let Some(held) = self.subscription_facts(parent)? else {
                return Err(missing(format!("parent `{parent}`")));
            };
            seller.clone_from(&held.original_reseller);
            if self.read_service(&held.service, facts)?.is_some() {
                return Err(missing(format!("service `{}`", held.service)));
            }
            facts.subscriptions.insert(parent.clone(), held);
        }
        if let Some(seller) = seller {
            self.read_relationship(&found.service.customer, &seller, facts)?;
        }
        facts.subscriptions.insert(id.clone(), found);
        Ok(None)
    }

    pub(super) fn subscription_facts(&self, id: &SubscriptionId) -> Result<Option<SubscriptionFacts>, StoreError> {
        let Some((_, row)) = self.row(Kind::Subscription, &[id.as_str()])? else { return Ok(None) };
        let row: SubscriptionRow<'_> = decode(&row)?;
        Ok(Some(SubscriptionFacts {
            service: ServiceId { customer: name(&[row.customer], 0)?, service: name(&[row.service], 0)? },
            status: row.status,
            original_reseller: row.original_reseller.map(|id| name(&[id], 0)).transpose()?,
            parent: row.parent.map(|id| name(&[id], 0)).transpose()?,
        }))
    }
}

/// What is read of a customer: that it is one.
#[derive(Deserialize)]
pub(super) struct CustomerRow {}

/// What is read of a commercial relationship.
#[derive(Deserialize)]
pub(super) struct RelationshipRow {
    pub(super) state: RelationshipState,
}

/// What is read of a subscription.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SubscriptionRow<'r> {
    pub(super) customer: &'r str,
    pub(super) service: &'r str,
    pub(super) status: SubscriptionStatus,
    #[serde(default)]
    pub(super) original_reseller: Option<&'r str>,
    #[serde(default)]
    pub(super) parent: Option<&'r str>,
}
