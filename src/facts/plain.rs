//! The facts of a plain question, as they are read in place: a partner asks about a service or a subscription, and all
//! of it is known.
//!
//! They are written as [`Facts`](super::Facts) are, byte for byte, and have the same standing; a test holds both to
//! that. Whatever these cannot hold is left to those.

use serde::ser::{SerializeMap, SerializeStruct};
use serde::{Serialize, Serializer};

use super::PartnerFacts;
use crate::clock::Timestamp;
use crate::domain::commercial::RelationshipState;
use crate::domain::subscription::SubscriptionStatus;
use crate::id::Revision;

/// The facts of a plain question.
pub struct PlainFacts<'a> {
    /// The revision all of it was read at.
    pub revision: Revision,
    /// The moment for which end dates were judged.
    pub at: Timestamp,
    /// The partner that asks.
    pub partner: (&'a str, PartnerFacts),
    /// The customer.
    pub customer: &'a str,
    /// The name of the customer's service.
    pub service: &'a str,
    /// The partners that administer the service at that moment, in the order of their ids.
    pub administrators: Vec<&'a str>,
    /// The subscription that is asked about, if one is.
    pub subscription: Option<PlainSubscription<'a>>,
    /// Its parent, of the same service, if it is an add-on.
    pub parent: Option<PlainSubscription<'a>>,
    /// The commercial relationship of the customer with the partner.
    pub relationship: Option<RelationshipState>,
    /// That with whoever sold the subscription or its parent, where that is another partner.
    pub seller: Option<(&'a str, RelationshipState)>,
}

/// What decides about a subscription of the customer's service.
#[derive(Clone, Copy)]
pub struct PlainSubscription<'a> {
    /// Its id.
    pub id: &'a str,
    /// Where it stands in its life.
    pub status: SubscriptionStatus,
    /// The partner that sold it.
    pub original_reseller: Option<&'a str>,
}

/// Two strings with something between them, written as one.
struct Joined<'a>(&'a str, &'a str);

impl Serialize for Joined<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}/{}", self.0, self.1))
    }
}

/// A few members of an object, in their order.
struct Members<'m, K, V>(&'m [Option<(K, V)>]);

impl<K: Serialize, V: Serialize> Serialize for Members<'_, K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        for (name, value) in self.0.iter().flatten() {
            members.serialize_entry(name, value)?;
        }
        members.end()
    }
}

/// A subscription as facts have it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenSubscription<'a> {
    service: Joined<'a>,
    status: SubscriptionStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    original_reseller: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<&'a str>,
}

impl<'a> Serialize for PlainFacts<'a> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut facts = serializer.serialize_struct("Facts", 7)?;
        facts.serialize_field("revision", &self.revision)?;
        facts.serialize_field("at", &self.at)?;
        facts.serialize_field("partners", &Members(&[Some((self.partner.0, &self.partner.1))]))?;
        facts.serialize_field("customers", &[self.customer])?;
        let service = || Joined(self.customer, self.service);
        facts.serialize_field("services", &Members(&[Some((service(), &self.administrators))]))?;
        if let Some(subscription) = &self.subscription {
            let written = |one: &PlainSubscription<'a>, parent| {
                let PlainSubscription { status, original_reseller, .. } = *one;
                (one.id, WrittenSubscription { service: service(), status, original_reseller, parent })
            };
            let own = Some(written(subscription, self.parent.map(|parent| parent.id)));
            let mut both = [own, self.parent.map(|parent| written(&parent, None))];
            if self.parent.is_some_and(|parent| parent.id < subscription.id) {
                both.reverse();
            }
            facts.serialize_field("subscriptions", &Members(&both))?;
        }
        let mut pairs = [self.relationship.map(|state| (self.partner.0, state)), self.seller];
        if pairs.iter().any(Option::is_some) {
            if self.seller.is_some_and(|(seller, _)| seller < self.partner.0) {
                pairs.reverse();
            }
            facts.serialize_field("relationships", &Members(&[Some((self.customer, Members(&pairs)))]))?;
        }
        facts.end()
    }
}
