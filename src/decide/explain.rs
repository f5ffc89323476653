//! What would turn an answer round, found by deciding the neighbours: the same question under facts that differ in
//! one or a few points. Nothing here knows a rule or an action, so a new one needs no code.

use serde_json::{Map, Value, json};

use super::reason::Reason;
use super::{Namespace, permits};
use crate::domain::commercial::RelationshipState;
use crate::domain::partner::PartnerStatus;
use crate::domain::subscription::SubscriptionStatus;
use crate::facts::Facts;
use crate::id::{CustomerId, PartnerId, SubscriptionId};
use crate::policy::Bundle;
use crate::question::{Question, Target};
use crate::standing::rights;

/// A point in which a neighbour differs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Point {
    DelegatedAdministrator,
    CommercialRelationship,
    OriginalReseller,
    PartnerStatus,
    /// Better is active, under an active parent.
    SubscriptionStatus,
    /// Better is suspended, under an active parent: what some actions take.
    Suspension,
}

/// The points that are rights, in the order in which they are named when several would do: what a partner can ask
/// for first, what can be agreed next, what is fixed by the sale last.
const RIGHTS: &[Point] = &[Point::DelegatedAdministrator, Point::CommercialRelationship, Point::OriginalReseller];

const ALL: &[Point] = &[
    Point::DelegatedAdministrator,
    Point::CommercialRelationship,
    Point::OriginalReseller,
    Point::PartnerStatus,
    Point::SubscriptionStatus,
    Point::Suspension,
];

impl Point {
    fn reason(self) -> Reason {
        match self {
            Self::DelegatedAdministrator => Reason::DELEGATED_ADMIN_PERMISSIONS_DISABLED,
            Self::CommercialRelationship => Reason::COMMERCIAL_RELATIONSHIP_ENDED,
            Self::OriginalReseller => Reason::NOT_ORIGINAL_RESELLER,
            Self::PartnerStatus => Reason::PARTNER_SUSPENDED,
            Self::SubscriptionStatus | Self::Suspension => Reason::SUBSCRIPTION_STATUS_NOT_ACTIVE,
        }
    }

    fn member(self, better: bool) -> (&'static str, Value) {
        match self {
            Self::DelegatedAdministrator => ("delegatedAdministrator", json!(better)),
            Self::CommercialRelationship => ("commercialRelationship", json!(if better { "active" } else { "ended" })),
            Self::OriginalReseller => ("originalReseller", json!(better)),
            Self::PartnerStatus => ("partnerStatus", json!(if better { "active" } else { "suspended" })),
            Self::SubscriptionStatus => ("subscriptionStatus", json!(if better { "active" } else { "suspended" })),
            Self::Suspension => ("subscriptionStatus", json!(if better { "suspended" } else { "active" })),
        }
    }

    fn how(self, better: bool) -> &'static str {
        match (self, better) {
            (Self::DelegatedAdministrator, true) => "request a reseller relationship",
            (Self::DelegatedAdministrator, false) => "the customer removes delegated administrative privileges",
            (Self::CommercialRelationship, true) => {
                "customer and partner agree to reinstate their commercial relationship"
            }
            (Self::CommercialRelationship, false) => "customer and partner agree to end their commercial relationship",
            (Self::OriginalReseller, true) => {
                "be the partner that sells the subscription; nobody can become it afterwards"
            }
            (Self::OriginalReseller, false) => "another partner had sold the subscription",
            (Self::PartnerStatus, true) => "the partner settles its account",
            (Self::PartnerStatus, false) => "the partner's account is suspended",
            (Self::SubscriptionStatus, true) => "the subscription and its parent are active",
            (Self::SubscriptionStatus, false) => "the subscription is suspended",
            (Self::Suspension, true) => "the subscription is suspended, and its parent is active",
            (Self::Suspension, false) => "the subscription is active",
        }
    }

    /// The facts with this point made better or worse; nothing where it is so already or does not apply.
    fn moved(self, around: &Around, facts: &Facts, better: bool) -> Option<Facts> {
        let mut facts = facts.clone();
        let partner = &around.partner;
        match self {
            Self::DelegatedAdministrator => {
                let administrators = facts.services.get_mut(around.service.as_ref()?)?;
                let moved =
                    if better { administrators.insert(partner.clone()) } else { administrators.remove(partner) };
                moved.then_some(facts)
            }
            Self::CommercialRelationship => {
                let (from, to) = if better {
                    (RelationshipState::Ended, RelationshipState::Active)
                } else {
                    (RelationshipState::Active, RelationshipState::Ended)
                };
                let state = facts.relationships.get_mut(around.customer.as_ref()?)?.get_mut(partner)?;
                (*state == from).then(|| *state = to)?;
                Some(facts)
            }
            Self::OriginalReseller => {
                let sold = facts.subscriptions.get_mut(around.sold.as_ref()?)?;
                if (sold.original_reseller.as_ref() == Some(partner)) == better {
                    return None;
                }
                sold.original_reseller = better.then(|| partner.clone());
                let pair = facts.relationships.entry(around.customer.clone()?).or_default();
                pair.entry(partner.clone()).or_insert(RelationshipState::Active);
                Some(facts)
            }
            Self::PartnerStatus => {
                let (from, to) = if better {
                    (PartnerStatus::Suspended, PartnerStatus::Active)
                } else {
                    (PartnerStatus::Active, PartnerStatus::Suspended)
                };
                let known = facts.partners.get_mut(partner)?;
                (known.status == from).then(|| known.status = to)?;
                Some(facts)
            }
            Self::SubscriptionStatus | Self::Suspension => {
                use SubscriptionStatus::{Active, Suspended};
                let own = if (self == Self::SubscriptionStatus) == better { Active } else { Suspended };
                // What is better takes an active parent; what is worse is worse by itself.
                let (id, parents) = around.subscriptions.split_first()?;
                let parents = parents.iter().map(|parent| (parent, Active)).filter(|_| better);
                let mut moved = false;
                for (id, to) in std::iter::once((id, own)).chain(parents) {
                    let subscription = facts.subscriptions.get_mut(id)?;
                    // Nothing brings back what is expired or deleted.
                    if subscription.status != to {
                        subscription.status.may_become(to).then(|| subscription.status = to)?;
                        moved = true;
                    }
                }
                moved.then_some(facts)
            }
        }
    }
}

/// What a question is about, as far as its neighbours differ in it.
struct Around {
    partner: PartnerId,
    customer: Option<CustomerId>,
    service: Option<crate::id::ServiceId>,
    /// The subscription whose sale counts: the parent of an add-on.
    sold: Option<SubscriptionId>,
    /// The subscription, and its parent.
    subscriptions: Vec<SubscriptionId>,
}

impl Around {
    fn of(question: &Question, facts: &Facts) -> Option<Self> {
        let Target::Partner(partner) = question.subject.target() else { return None };
        let resource = question.resource.target();
        let service = facts.service_of(&resource);
        let mut subscriptions = Vec::new();
        if let Target::Subscription(id) = resource {
            let parent = facts.subscriptions.get(&id).and_then(|subscription| subscription.parent.clone());
            subscriptions.push(id);
            subscriptions.extend(parent);
        }
        Some(Self {
            partner,
            customer: service.as_ref().map(|service| service.customer.clone()),
            service,
            sold: subscriptions.last().cloned(),
            subscriptions,
        })
    }
}

/// The smallest sets of points that turn the answer round, all of one size.
fn turning(
    question: &Question,
    facts: &Facts,
    points: &[Point],
    better: bool,
    permits: impl Fn(&Facts) -> bool,
) -> Vec<Vec<Point>> {
    let Some(around) = Around::of(question, facts) else { return Vec::new() };
    for size in 1..=points.len() {
        let mut found = Vec::new();
        for mask in 0_u32..(1 << points.len()) {
            if mask.count_ones() as usize != size {
                continue;
            }
            let chosen: Vec<Point> = points
                .iter()
                .enumerate()
                .filter(|(index, _)| mask & (1 << index) != 0)
                .map(|(_, &point)| point)
                .collect();
            let moved = chosen.iter().try_fold(facts.clone(), |facts, point| point.moved(&around, &facts, better));
            let Some(moved) = moved else { continue };
            if permits(&moved) == better {
                found.push(chosen);
            }
        }
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// The reason for a no that nothing forbids: the right whose gain would turn it. `permits` answers the same question
/// under other facts.
pub(super) fn missing_right(question: &Question, facts: &Facts, permits: impl Fn(&Facts) -> bool) -> Reason {
    let Some(around) = Around::of(question, facts) else { return Reason::NOT_PERMITTED };
    let turning = turning(question, facts, RIGHTS, true, permits);
    // Where several rights are missing at once, the one that is hardest to come by: the others alone would not help.
    let Some(point) = turning.first().and_then(|points| points.last()) else { return Reason::NOT_PERMITTED };
    let related = around
        .customer
        .as_ref()
        .is_some_and(|customer| facts.relationship(customer, &around.partner) == Some(RelationshipState::Active));
    if !related && rights(question, facts).is_empty() {
        return Reason::NO_RELATIONSHIP;
    }
    point.reason()
}

/// A smallest change that would turn an answer round.
#[derive(Clone, PartialEq, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct Nearest {
    /// What would be otherwise.
    #[schema(value_type = Object)]
    pub set: Map<String, Value>,
    /// How it could come to be so.
    pub how: String,
}

/// The smallest changes that would turn an answer round: into a yes when it is a no, into a no when it is a yes.
#[must_use]
pub fn nearest(bundle: &Bundle, question: &Question, facts: &Facts, allowed: bool) -> Vec<Nearest> {
    let better = !allowed;
    let found = turning(question, facts, ALL, better, |facts| permits(bundle, Namespace::Domain, question, facts));
    let spoken = |points: &Vec<Point>| Nearest {
        set: points.iter().map(|point| point.member(better)).map(|(name, value)| (name.to_owned(), value)).collect(),
        how: points.iter().map(|point| point.how(better)).collect::<Vec<_>>().join(", and "),
    };
    found.iter().map(spoken).collect()
}
