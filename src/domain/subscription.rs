//! A subscription: what a partner sold to a customer, or the customer bought directly.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{NounError, words};
use crate::id::{CustomerId, MpnId, OfferId, PartnerId, ServiceId, ServiceName, SubscriptionId};

words! {
    /// Where a subscription stands in its life.
    SubscriptionStatus {
        /// In use.
        Active = "active",
        /// Switched off for the time being; nothing commercial may happen to it.
        Suspended = "suspended",
        /// Its term is over; nothing brings it back.
        Expired = "expired",
        /// Gone; past bills remain.
        Deleted = "deleted",
    }
}

impl SubscriptionStatus {
    /// May a subscription of this status change to `next`? What is deleted stays so, and what is expired can only be
    /// deleted.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        match (self, next) {
            (Self::Active | Self::Suspended, Self::Active | Self::Suspended | Self::Expired) => true,
            (Self::Expired, Self::Expired) | (_, Self::Deleted) => true,
            (Self::Expired | Self::Deleted, _) => false,
        }
    }

    /// Every other status that one of this status may change to.
    pub fn successors(self) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(move |&next| next != self && self.may_become(next))
    }
}

/// A subscription as it is registered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Subscription {
    /// The subscription's id.
    #[serde(alias = "subscription")]
    pub id: SubscriptionId,
    /// Whose it is; fixed at creation.
    pub customer: CustomerId,
    /// Which service it is of; fixed at creation.
    pub service: ServiceName,
    /// The offer it was bought under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<OfferId>,
    /// The partner that sold it; fixed at creation, and so is its absence (bought directly).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_reseller: Option<PartnerId>,
    /// The MPN id of the partner of record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner_of_record: Option<MpnId>,
    /// Seats.
    #[schema(value_type = u64, maximum = 4294967295u64)]
    pub quantity: u32,
    /// Where it stands in its life.
    pub status: SubscriptionStatus,
    /// The subscription this one adds to; fixed at creation. An add-on is judged by its parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<SubscriptionId>,
}

impl Subscription {
    /// The customer's service this subscription is of.
    #[must_use]
    pub fn service_id(&self) -> ServiceId {
        ServiceId { customer: self.customer.clone(), service: self.service.clone() }
    }

    /// Checks what the types cannot and what needs no other noun: an add-on has a parent other than itself and no
    /// reseller of its own.
    ///
    /// # Errors
    /// A [`NounError`] that names the subscription.
    pub fn check(&self) -> Result<(), NounError> {
        match &self.parent {
            Some(parent) if *parent == self.id => Err(NounError::OwnParent(self.id.clone())),
            Some(_) if self.original_reseller.is_some() => Err(NounError::AddOnReseller(self.id.clone())),
            _ => Ok(()),
        }
    }

    /// The member fixed at creation in which `self` differs from what is stored, if any.
    #[must_use]
    pub fn fixed_difference(&self, stored: &Self) -> Option<&'static str> {
        [
            ("customer", self.customer != stored.customer),
            ("service", self.service != stored.service),
            ("parent", self.parent != stored.parent),
            ("originalReseller", self.original_reseller != stored.original_reseller),
        ]
        .into_iter()
        .find_map(|(member, differs)| differs.then_some(member))
    }
}
