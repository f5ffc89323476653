//! Every standing a partner can ask from.
//!
//! A [`Case`] is the typed address of a row: what a rule of the domain can tell two questions apart by. It is
//! enumerated from the words of the domain, so a new word appears by itself, and what is made of it is written
//! without defaults, so a new kind of fact does not compile until it has a place here.

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::Timestamp;
use crate::decide::{Namespace, Right, can_say};
use crate::domain::commercial::RelationshipState;
use crate::domain::partner::{PartnerKind, PartnerStatus};
use crate::domain::subscription::SubscriptionStatus;
use crate::facts::{Facts, PartnerFacts, SubscriptionFacts};
use crate::id::{CustomerId, IdError, PartnerId, Revision, ServiceId, SubscriptionId};
use crate::policy::Bundle;
use crate::question::{Entity, Kind, Question};

/// The partner every case asks for.
pub const PARTNER: &str = "the-partner";
/// A partner that always administers the service too, so that no case borrows anything from somebody else's grant.
pub const ANOTHER_PARTNER: &str = "another-partner";
/// The customer of every case.
pub const CUSTOMER: &str = "the-customer";
/// The service of every case.
pub const SERVICE: &str = "the-customer/the-service";
/// The subscription that is asked about.
pub const SUBSCRIPTION: &str = "the-subscription";
/// Its parent, when it is an add-on.
pub const PARENT: &str = "the-parent";

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

    /// The entity type it is of.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::Service => Kind::Service,
            Self::Subscription { .. } => Kind::Subscription,
        }
    }
}

/// A standing to ask from: the address of a row of the table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Case {
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

impl Case {
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

    /// The same case for a partner of the first kind there is.
    #[must_use]
    pub fn of_first_kind(&self) -> Self {
        Self { partner_kind: PartnerKind::ALL.first().copied().unwrap_or(self.partner_kind), ..*self }
    }

    /// Does the partner hold the right in this case?
    #[must_use]
    pub fn holds(&self, right: Right) -> bool {
        match right {
            Right::OriginalReseller => matches!(self.thing, Thing::Subscription { seller: Seller::ThisPartner, .. }),
            Right::DelegatedAdministrator => self.is_delegated_administrator,
        }
    }

    /// The rights the partner holds in this case.
    #[must_use]
    pub fn rights(&self) -> Vec<Right> {
        Right::ALL.iter().copied().filter(|&right| self.holds(right)).collect()
    }

    /// May the partner of this case do `action`?
    #[must_use]
    pub fn question(&self, action: &str) -> Question {
        let id = match self.thing {
            Thing::Service => SERVICE,
            Thing::Subscription { .. } => SUBSCRIPTION,
        };
        let subject = Entity::new(Kind::Partner.as_str(), PARTNER);
        Question::new(subject, action, Entity::new(self.thing.kind().as_str(), id))
    }

    /// Has the schema of a set the words for this case? Of one that it has not, everything is refused.
    #[must_use]
    pub fn is_said_in(&self, bundle: &Bundle, action: &str) -> bool {
        bundle.missing_words().is_empty() || can_say(bundle, Namespace::Domain, action, &self.facts())
    }

    /// The facts of this case, as a store would give them.
    #[must_use]
    pub fn facts(&self) -> Facts {
        match Cast::named() {
            Ok(cast) => self.told_of(cast),
            Err(_) => Facts::default(),
        }
    }

    fn told_of(&self, cast: Cast) -> Facts {
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
