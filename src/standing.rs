//! What a rule of the domain can see of a question and its facts: the ids replaced by places, and nothing else.
//!
//! A [`Standing`] is the typed address of an answer. Everything that enumerates answers goes through [`Standing::all`],
//! and [`Standing::of`] is the way from a question and the facts it is asked of to its address. The words are those of
//! the domain, so a new word appears by itself, and what is made of it is written without defaults, so a new kind of
//! fact does not compile until it has a place here.

mod plain;

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::Timestamp;
use crate::domain::commercial::RelationshipState;
use crate::domain::partner::{PartnerKind, PartnerStatus};
use crate::domain::subscription::SubscriptionStatus;
use crate::domain::words;
use crate::facts::{Facts, PartnerFacts, SubscriptionFacts};
use crate::id::{CustomerId, IdError, PartnerId, Revision, ServiceId, SubscriptionId};
use crate::question::{Entity, Kind, Question, Target};

/// The partner every standing asks for.
pub const PARTNER: &str = "the-partner";
/// A partner that always administers the service too, so that no standing borrows anything from somebody else's grant.
pub const ANOTHER_PARTNER: &str = "another-partner";
/// The customer of every standing.
pub const CUSTOMER: &str = "the-customer";
/// The service of every standing.
pub const SERVICE: &str = "the-customer/the-service";
/// The subscription that is asked about.
pub const SUBSCRIPTION: &str = "the-subscription";
/// Its parent, when it is an add-on.
pub const PARENT: &str = "the-parent";

words! {
    /// A right a partner holds on a subscription or service.
    Right {
        /// It sold the subscription, or the parent of it.
        OriginalReseller = "originalReseller",
        /// The customer delegated administration of the service to it.
        DelegatedAdministrator = "delegatedAdministrator",
    }
}

/// Who sold a subscription, or the parent of an add-on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Seller {
    /// The partner that asks.
    ThisPartner,
    /// Another partner, whose own commercial relationship with the customer is in that state.
    AnotherPartner(RelationshipState),
    /// Nobody: the customer bought it directly.
    Nobody,
}

impl Seller {
    /// How many places [`Seller::index`] has.
    const PLACES: usize = 2 + RelationshipState::ALL.len();

    fn index(self) -> usize {
        match self {
            Self::ThisPartner => 0,
            Self::Nobody => 1,
            Self::AnotherPartner(state) => 2 + state as usize,
        }
    }

    /// Everybody who may have sold a subscription.
    pub fn all() -> impl Iterator<Item = Self> {
        let others = RelationshipState::ALL.iter().map(|&state| Self::AnotherPartner(state));
        [Self::ThisPartner].into_iter().chain(others).chain([Self::Nobody])
    }
}

/// What is asked about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Thing {
    /// A service of the customer.
    Service,
    /// A subscription of the customer.
    Subscription {
        /// Who sold it.
        seller: Seller,
        /// The status of its parent; nothing when it is no add-on.
        parent: Option<SubscriptionStatus>,
        /// Its own status.
        status: SubscriptionStatus,
    },
}

impl Thing {
    /// Everything that can be asked about.
    pub fn all() -> impl Iterator<Item = Self> {
        let parents = || [None].into_iter().chain(SubscriptionStatus::ALL.iter().map(|&status| Some(status)));
        let of = |seller, parent| {
            SubscriptionStatus::ALL.iter().map(move |&status| Self::Subscription { seller, parent, status })
        };
        let sold = move |seller| parents().flat_map(move |parent| of(seller, parent));
        [Self::Service].into_iter().chain(Seller::all().flat_map(sold))
    }

    /// How many places [`Thing::index`] has.
    const PLACES: usize = 1 + Seller::PLACES * (SubscriptionStatus::ALL.len() + 1) * SubscriptionStatus::ALL.len();

    fn index(self) -> usize {
        let Self::Subscription { seller, parent, status } = self else { return 0 };
        let parent = parent.map_or(0, |status| status as usize + 1);
        let above = seller.index() * (SubscriptionStatus::ALL.len() + 1) + parent;
        1 + above * SubscriptionStatus::ALL.len() + status as usize
    }

    /// The entity type it is of.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::Service => Kind::Service,
            Self::Subscription { .. } => Kind::Subscription,
        }
    }
}

/// A standing to ask from: the address of an answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Standing {
    /// What is asked about.
    pub thing: Thing,
    /// Whether the partner's account is in good standing.
    pub partner_status: PartnerStatus,
    /// How the partner takes part in the programme.
    pub partner_kind: PartnerKind,
    /// Does the partner hold delegated administration of the service?
    pub is_delegated_administrator: bool,
    /// The commercial relationship of the customer and the partner; nothing when there never was one.
    pub relationship: Option<RelationshipState>,
}

impl Standing {
    /// Every standing there is, in order; a partner that sold has a relationship, since the sale begins it.
    pub fn all() -> impl Iterator<Item = Self> {
        Thing::all().flat_map(|thing| {
            PartnerStatus::ALL.iter().flat_map(move |&partner_status| {
                PartnerKind::ALL.iter().flat_map(move |&partner_kind| {
                    [true, false].into_iter().flat_map(move |is_delegated_administrator| {
                        relationships(thing).map(move |relationship| Self {
                            thing,
                            partner_status,
                            partner_kind,
                            is_delegated_administrator,
                            relationship,
                        })
                    })
                })
            })
        })
    }

    /// How many places [`Standing::index`] has; some of them are of no standing.
    pub const PLACES: usize =
        Thing::PLACES * PartnerStatus::ALL.len() * PartnerKind::ALL.len() * 2 * (RelationshipState::ALL.len() + 1);

    /// The standing a question is asked from; nothing where the facts hold what no standing says: a subject that is no
    /// known partner, an add-on of what is itself one or is of another service, a sale without a relationship.
    #[must_use]
    pub fn of(question: &Question, facts: &Facts) -> Option<Self> {
        if facts.unknown_subject.is_some() || facts.unknown_resource.is_some() {
            return None;
        }
        let Target::Partner(partner) = question.subject.target() else { return None };
        let known = facts.partners.get(&partner)?;
        let seen = |service: &ServiceId, thing: Thing| {
            Some(Self {
                thing,
                partner_status: known.status,
                partner_kind: known.kind,
                is_delegated_administrator: facts.services.get(service)?.contains(&partner),
                relationship: facts.relationship(&service.customer, &partner),
            })
        };
        let id = match question.resource.target() {
            Target::Service(service) => return seen(&service, Thing::Service),
            Target::Subscription(id) => id,
            _ => return None,
        };
        let subscription = facts.subscriptions.get(&id)?;
        let parent = match &subscription.parent {
            None => None,
            Some(parent) => {
                let parent = facts.subscriptions.get(parent)?;
                (parent.parent.is_none() && parent.service == subscription.service).then_some(Some(parent.status))?
            }
        };
        let customer = &subscription.service.customer;
        let seller = match facts.original_reseller(subscription) {
            None => Seller::Nobody,
            Some(seller) => {
                let state = facts.relationship(customer, seller)?;
                if *seller == partner { Seller::ThisPartner } else { Seller::AnotherPartner(state) }
            }
        };
        seen(&subscription.service, Thing::Subscription { seller, parent, status: subscription.status })
    }

    /// The place of the standing among [`Standing::PLACES`]; no two have the same.
    #[must_use]
    pub fn index(&self) -> usize {
        let with = |place: usize, count: usize, next: usize| place * count + next;
        let place = with(self.thing.index(), PartnerStatus::ALL.len(), self.partner_status as usize);
        let place = with(place, PartnerKind::ALL.len(), self.partner_kind as usize);
        let place = with(place, 2, usize::from(self.is_delegated_administrator));
        with(place, RelationshipState::ALL.len() + 1, self.relationship.map_or(0, |state| state as usize + 1))
    }

    /// The same standing for a partner of the first kind there is.
    #[must_use]
    pub fn of_first_kind(&self) -> Self {
        Self { partner_kind: PartnerKind::ALL.first().copied().unwrap_or(self.partner_kind), ..*self }
    }

    /// Does the partner hold the right in this standing?
    #[must_use]
    pub fn holds(&self, right: Right) -> bool {
        match right {
            Right::OriginalReseller => matches!(self.thing, Thing::Subscription { seller: Seller::ThisPartner, .. }),
            Right::DelegatedAdministrator => self.is_delegated_administrator,
        }
    }

    /// The rights the partner holds in this standing.
    #[must_use]
    pub fn rights(&self) -> Vec<Right> {
        Right::ALL.iter().copied().filter(|&right| self.holds(right)).collect()
    }

    /// May the partner of this standing do `action`?
    #[must_use]
    pub fn question(&self, action: &str) -> Question {
        let id = match self.thing {
            Thing::Service => SERVICE,
            Thing::Subscription { .. } => SUBSCRIPTION,
        };
        let subject = Entity::new(Kind::Partner.as_str(), PARTNER);
        Question::new(subject, action, Entity::new(self.thing.kind().as_str(), id))
    }

    /// The facts of this standing, as a store would give them.
    #[must_use]
    pub fn facts(&self) -> Facts {
        match Cast::named() {
            Ok(cast) => self.with(cast),
            Err(_) => Facts::default(),
        }
    }

    fn with(&self, cast: Cast) -> Facts {
        let mut administrators = BTreeSet::from([cast.another.clone()]);
        if self.is_delegated_administrator {
            administrators.insert(cast.partner.clone());
        }
        let mut relationships = BTreeMap::new();
        if let Some(state) = self.relationship {
            relationships.insert(cast.partner.clone(), state);
        }
        let mut subscriptions = BTreeMap::new();
        if let Thing::Subscription { seller, parent, status } = self.thing {
            if let Seller::AnotherPartner(state) = seller {
                relationships.insert(cast.another.clone(), state);
            }
            let original_reseller = match seller {
                Seller::ThisPartner => Some(cast.partner.clone()),
                Seller::AnotherPartner(_) => Some(cast.another.clone()),
                Seller::Nobody => None,
            };
            let service = cast.service.clone();
            match parent {
                None => {
                    let sold = SubscriptionFacts { service, status, original_reseller, parent: None };
                    subscriptions.insert(cast.subscription, sold);
                }
                Some(of_parent) => {
                    let parent = Some(cast.parent.clone());
                    let added = SubscriptionFacts { service: service.clone(), status, original_reseller: None, parent };
                    let sold = SubscriptionFacts { service, status: of_parent, original_reseller, parent: None };
                    subscriptions.extend([(cast.subscription, added), (cast.parent, sold)]);
                }
            }
        }
        let asking = PartnerFacts { kind: self.partner_kind, status: self.partner_status };
        let relationships = if relationships.is_empty() {
            BTreeMap::new()
        } else {
            BTreeMap::from([(cast.customer.clone(), relationships)])
        };
        Facts {
            revision: Revision::default(),
            at: Timestamp::default(),
            partners: BTreeMap::from([(cast.partner, asking)]),
            customers: BTreeSet::from([cast.customer]),
            services: BTreeMap::from([(cast.service, administrators)]),
            subscriptions,
            relationships,
            operators: BTreeMap::new(),
            unknown_subject: None,
            unknown_resource: None,
        }
    }
}

/// The relationships a partner can have with the customer when it asks about `thing`.
fn relationships(thing: Thing) -> impl Iterator<Item = Option<RelationshipState>> {
    let begun = matches!(thing, Thing::Subscription { seller: Seller::ThisPartner, .. });
    let never = (!begun).then_some(None);
    RelationshipState::ALL.iter().map(|&state| Some(state)).chain(never)
}

/// The rights the subject of a question holds on its resource.
#[must_use]
pub fn rights(question: &Question, facts: &Facts) -> Vec<Right> {
    let Target::Partner(partner) = question.subject.target() else { return Vec::new() };
    let resource = question.resource.target();
    let mut rights = Vec::new();
    if let Target::Subscription(id) = &resource
        && let Some(subscription) = facts.subscriptions.get(id)
        && facts.original_reseller(subscription) == Some(&partner)
    {
        rights.push(Right::OriginalReseller);
    }
    if let Some(service) = facts.service_of(&resource)
        && facts.services.get(&service).is_some_and(|administrators| administrators.contains(&partner))
    {
        rights.push(Right::DelegatedAdministrator);
    }
    rights
}

/// Who takes part, by their ids.
struct Cast {
    partner: PartnerId,
    another: PartnerId,
    customer: CustomerId,
    service: ServiceId,
    subscription: SubscriptionId,
    parent: SubscriptionId,
}

impl Cast {
    fn named() -> Result<Self, IdError> {
        Ok(Self {
            partner: PARTNER.parse()?,
            another: ANOTHER_PARTNER.parse()?,
            customer: CUSTOMER.parse()?,
            service: SERVICE.parse()?,
            subscription: SUBSCRIPTION.parse()?,
            parent: PARENT.parse()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_is_read_back_from_its_own_question_and_facts() {
        for standing in Standing::all() {
            assert_eq!(Standing::of(&standing.question("removeSeats"), &standing.facts()), Some(standing));
        }
    }

    #[test]
    fn every_standing_has_a_place_of_its_own() {
        let places: BTreeSet<usize> = Standing::all().map(|standing| standing.index()).collect();
        assert_eq!(places.len(), Standing::all().count());
        assert!(places.last().is_some_and(|last| *last < Standing::PLACES), "{places:?}");
    }

    #[test]
    fn the_rights_of_a_standing_are_those_that_its_facts_give() {
        for standing in Standing::all() {
            assert_eq!(rights(&standing.question("removeSeats"), &standing.facts()), standing.rights(), "{standing:?}");
        }
    }
}
