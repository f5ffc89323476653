//! Every call of this service: each kind of caller with each thing a call can be about.
//!
//! What may be called is decided by rules like everything else, so it has a table like everything else.

use std::collections::BTreeMap;
use std::fmt;

use super::table::Cell;
use crate::decide::{Namespace, can_say, decide, installation, visitor};
use crate::domain::commercial::RelationshipState;
use crate::domain::partner::{PartnerKind, PartnerStatus};
use crate::domain::subscription::SubscriptionStatus;
use crate::facts::{Facts, PartnerFacts, Role, SubscriptionFacts};
use crate::id::{IdError, PartnerId, ServiceId};
use crate::policy::{ActionShape, Bundle};
use crate::question::{Entity, Kind, Question};
use crate::standing::{ANOTHER_PARTNER, CUSTOMER, PARTNER, SERVICE, SUBSCRIPTION};

/// The operator of every call that one makes.
pub const OPERATOR: &str = "the-operator";
/// A customer that calls about another's things.
pub const ANOTHER_CUSTOMER: &str = "another-customer";

/// Who calls.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Who {
    /// Somebody who runs or reads the service.
    Operator(Role),
    /// A partner.
    Partner(PartnerKind, PartnerStatus),
    /// A customer.
    Customer,
    /// Somebody who has not said who they are.
    Visitor,
}

impl Who {
    fn all() -> impl Iterator<Item = Self> {
        let partners = PartnerKind::ALL
            .iter()
            .flat_map(|&kind| PartnerStatus::ALL.iter().map(move |&status| Self::Partner(kind, status)));
        Role::ALL.iter().map(|&role| Self::Operator(role)).chain(partners).chain([Self::Customer, Self::Visitor])
    }

    /// The type of the store's that the caller is of.
    fn kind(self) -> Option<Kind> {
        match self {
            Self::Operator(_) => Some(Kind::Operator),
            Self::Partner(..) => Some(Kind::Partner),
            Self::Customer => Some(Kind::Customer),
            Self::Visitor => None,
        }
    }

    fn subject(self) -> Entity {
        match self {
            Self::Operator(_) => Entity::new(Kind::Operator.as_str(), OPERATOR),
            Self::Partner(..) => Entity::new(Kind::Partner.as_str(), PARTNER),
            Self::Customer => Entity::new(Kind::Customer.as_str(), ANOTHER_CUSTOMER),
            Self::Visitor => visitor(),
        }
    }
}

/// What a call is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum About {
    /// Nothing in particular, or nothing known.
    Installation,
    /// The caller itself.
    Itself,
    /// A partner that is not the caller.
    Partner(PartnerKind, PartnerStatus),
    /// A customer that is not the caller.
    Customer,
    /// A subscription, as it stands to the caller.
    Subscription {
        /// Did the caller sell it?
        is_sold: bool,
        /// Does the caller administer its service?
        is_administered: bool,
        /// Is it the caller's own?
        is_own: bool,
        /// Its status.
        status: SubscriptionStatus,
    },
}

impl About {
    /// Everything a call of `who` can be about.
    fn all(who: Who) -> Vec<Self> {
        let mut all = vec![Self::Installation, Self::Customer];
        all.extend(matches!(who, Who::Partner(..) | Who::Customer).then_some(Self::Itself));
        for &kind in PartnerKind::ALL {
            all.extend(PartnerStatus::ALL.iter().map(|&status| Self::Partner(kind, status)));
        }
        let either = |is_possible: bool| if is_possible { vec![true, false] } else { vec![false] };
        let is_partner = matches!(who, Who::Partner(..));
        for is_sold in either(is_partner) {
            for is_administered in either(is_partner) {
                for is_own in either(who == Who::Customer) {
                    for &status in SubscriptionStatus::ALL {
                        all.push(Self::Subscription { is_sold, is_administered, is_own, status });
                    }
                }
            }
        }
        all
    }

    fn kind_for(self, who: Who) -> Option<Kind> {
        match self {
            Self::Installation => None,
            Self::Itself => who.kind(),
            Self::Partner(..) => Some(Kind::Partner),
            Self::Customer => Some(Kind::Customer),
            Self::Subscription { .. } => Some(Kind::Subscription),
        }
    }
}

/// A standing to call from: the address of a row of the table of calls.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CallCase {
    /// Who calls.
    pub who: Who,
    /// What about.
    pub about: About,
}

impl CallCase {
    /// Every standing to call from, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        Who::all().flat_map(|who| About::all(who).into_iter().map(move |about| Self { who, about }))
    }

    /// May the caller of this case make the call?
    #[must_use]
    pub fn question(&self, call: &str) -> Question {
        let subject = self.who.subject();
        let resource = match self.about {
            About::Installation => installation(),
            About::Itself => subject.clone(),
            About::Partner(..) => Entity::new(Kind::Partner.as_str(), ANOTHER_PARTNER),
            About::Customer => Entity::new(Kind::Customer.as_str(), CUSTOMER),
            About::Subscription { .. } => Entity::new(Kind::Subscription.as_str(), SUBSCRIPTION),
        };
        Question::new(subject, call, resource)
    }

    /// Has the schema of a set the words for this case? Of one that it has not, everything is refused.
    #[must_use]
    pub fn is_said_in(&self, bundle: &Bundle, call: &str) -> bool {
        bundle.missing_words().is_empty() || can_say(bundle, Namespace::Api, call, &self.facts())
    }

    /// The facts of this case, as a store would give them.
    #[must_use]
    pub fn facts(&self) -> Facts {
        self.try_facts().unwrap_or_default()
    }

    fn try_facts(&self) -> Result<Facts, IdError> {
        let mut facts = Facts::default();
        let (partner, another): (PartnerId, PartnerId) = (PARTNER.parse()?, ANOTHER_PARTNER.parse()?);
        match self.who {
            Who::Operator(role) => drop(facts.operators.insert(OPERATOR.to_owned(), role)),
            Who::Partner(kind, status) => drop(facts.partners.insert(partner.clone(), PartnerFacts { kind, status })),
            Who::Customer => drop(facts.customers.insert(ANOTHER_CUSTOMER.parse()?)),
            Who::Visitor => {}
        }
        match self.about {
            About::Installation | About::Itself => {}
            About::Partner(kind, status) => drop(facts.partners.insert(another, PartnerFacts { kind, status })),
            About::Customer => drop(facts.customers.insert(CUSTOMER.parse()?)),
            About::Subscription { is_sold, is_administered, is_own, status } => {
                let own = format!("{ANOTHER_CUSTOMER}/the-service");
                let service: ServiceId = if is_own { own.parse()? } else { SERVICE.parse()? };
                let seller = if is_sold { partner.clone() } else { another.clone() };
                let administrator = if is_administered { partner } else { another };
                facts.customers.insert(service.customer.clone());
                facts.services.insert(service.clone(), [administrator].into());
                let sold = BTreeMap::from([(seller.clone(), RelationshipState::Active)]);
                facts.relationships.insert(service.customer.clone(), sold);
                let subscription = SubscriptionFacts { service, status, original_reseller: Some(seller), parent: None };
                facts.subscriptions.insert(SUBSCRIPTION.parse()?, subscription);
            }
        }
        Ok(facts)
    }
}

impl fmt::Display for CallCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.who {
            Who::Operator(role) => write!(f, "{role}")?,
            Who::Partner(kind, status) => write!(f, "partner ({kind}, {status})")?,
            Who::Customer => write!(f, "customer")?,
            Who::Visitor => write!(f, "somebody who has not said who they are")?,
        }
        match self.about {
            About::Installation => write!(f, " about this installation"),
            About::Itself => write!(f, " about itself"),
            About::Partner(kind, status) if matches!(self.who, Who::Partner(..)) => {
                write!(f, " about another partner ({kind}, {status})")
            }
            About::Partner(kind, status) => write!(f, " about a partner ({kind}, {status})"),
            About::Customer if self.who == Who::Customer => write!(f, " about another customer"),
            About::Customer => write!(f, " about a customer"),
            About::Subscription { is_sold, is_administered, is_own, status } => {
                let of = match (self.who.kind(), is_sold, is_administered, is_own) {
                    (Some(Kind::Partner), true, true, _) => "it sold and administers",
                    (Some(Kind::Partner), true, false, _) => "it sold",
                    (Some(Kind::Partner), false, true, _) => "it administers",
                    (Some(Kind::Partner), false, false, _) => "it neither sold nor administers",
                    (Some(Kind::Customer), _, _, true) => "of its own",
                    (Some(Kind::Customer), _, _, false) => "of another customer",
                    _ => "of a customer",
                };
                write!(f, " about a subscription {of} ({status})")
            }
        }
    }
}

/// Whether every call may be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallTable(BTreeMap<String, BTreeMap<CallCase, Cell>>);

impl CallTable {
    /// Decides every call of the schema in every case.
    #[must_use]
    pub fn of(bundle: &Bundle) -> Self {
        let calls = bundle.vocabulary().actions(Namespace::Api.as_str());
        Self(calls.map(|(name, shape)| (name.to_owned(), answers(bundle, name, shape))).collect())
    }

    /// The answers, in the order of the calls and their cases.
    pub fn cells(&self) -> impl Iterator<Item = (&str, &CallCase, &Cell)> {
        self.0.iter().flat_map(|(call, cells)| cells.iter().map(move |(case, cell)| (call.as_str(), case, cell)))
    }

    /// One answer; nothing where the call is not known or does not apply.
    #[must_use]
    pub fn cell(&self, call: &str, case: &CallCase) -> Option<&Cell> {
        self.0.get(call)?.get(case)
    }

    /// The calls, in the order of their names.
    pub fn calls(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

fn answers(bundle: &Bundle, call: &str, shape: &ActionShape) -> BTreeMap<CallCase, Cell> {
    let resource = |case: &CallCase| case.about.kind_for(case.who).map_or("Api::Installation", Kind::as_str);
    let applies = |case: &CallCase| {
        shape.principals.contains(&case.who.subject().kind) && shape.resources.contains(resource(case))
    };
    let cases = CallCase::all().filter(applies).filter(|case| case.is_said_in(bundle, call));
    cases.map(|case| (case, Cell::of(&decide(bundle, Namespace::Api, &case.question(call), &case.facts())))).collect()
}

impl fmt::Display for CallTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (call, cells) in &self.0 {
            writeln!(f, "{call}")?;
            let mut alike: Vec<(String, Vec<String>)> = Vec::new();
            for (case, cell) in cells {
                let said = super::phrases::said(cell);
                match alike.iter_mut().find(|(other, _)| *other == said) {
                    Some((_, cases)) => cases.push(case.to_string()),
                    None => alike.push((said, vec![case.to_string()])),
                }
            }
            for (said, cases) in alike {
                writeln!(f, "  {said}")?;
                for case in cases {
                    writeln!(f, "    {case}")?;
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
