//! The standing of a plain question.

use super::{Seller, Standing, Thing};
use crate::facts::PlainFacts;

impl Standing {
    /// The standing that the facts of a plain question have; nothing where [`Standing::of`] says nothing.
    #[must_use]
    pub fn of_plain(facts: &PlainFacts<'_>) -> Option<Self> {
        let (partner, known) = &facts.partner;
        let thing = match &facts.subscription {
            None => Thing::Service,
            Some(subscription) => {
                let sold = facts.parent.as_ref().unwrap_or(subscription);
                let seller = match sold.original_reseller {
                    None => Seller::Nobody,
                    Some(seller) if seller == *partner => facts.relationship.map(|_| Seller::ThisPartner)?,
                    Some(_) => Seller::AnotherPartner(facts.seller?.1),
                };
                let parent = facts.parent.map(|parent| parent.status);
                Thing::Subscription { seller, parent, status: subscription.status }
            }
        };
        Some(Self {
            thing,
            partner_status: known.status,
            partner_kind: known.kind,
            is_delegated_administrator: facts.administrators.binary_search(partner).is_ok(),
            relationship: facts.relationship,
        })
    }
}
