//! The table of admissions: for each call of this service about nothing in particular, and each kind of caller, what
//! Cedar decides. Every question begins with one of these.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use cedar_policy::Policy;

use super::super::decision::{Decision, Verdict};
use super::super::words::can_say;
use super::super::{INSTALLATION, Namespace, decision_of, installation, judge_domain};
use super::sight;
use crate::domain::partner::{PartnerKind, PartnerStatus};
use crate::facts::{Facts, PartnerFacts, Role};
use crate::policy::Bundle;
use crate::question::{Entity, Kind, Question, Target};
use crate::standing::{CUSTOMER, PARTNER};

/// The operator that stands for each one of its role.
const OPERATOR: &str = "the-operator";

/// What a rule about such a call can see of its caller: everything but the id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum CallerKind {
    Operator(Role),
    Partner(PartnerKind, PartnerStatus),
    Customer,
}

impl CallerKind {
    fn all() -> impl Iterator<Item = Self> {
        let partner = |&kind| PartnerStatus::ALL.iter().map(move |&status| Self::Partner(kind, status));
        let operators = Role::ALL.iter().map(|&role| Self::Operator(role));
        operators.chain(PartnerKind::ALL.iter().flat_map(partner)).chain([Self::Customer])
    }

    /// The kind of the subject of a call; nothing where it is not known.
    fn of(subject: &Entity, facts: &Facts) -> Option<Self> {
        match subject.target() {
            Target::Partner(id) => facts.partners.get(&id).map(|known| Self::Partner(known.kind, known.status)),
            Target::Customer(id) => facts.customers.contains(&id).then_some(Self::Customer),
            Target::Nothing(Kind::Operator) => facts.operators.get(&subject.id).map(|&role| Self::Operator(role)),
            _ => None,
        }
    }

    /// A caller of this kind, and what is known of it; nothing where its id is none.
    fn caller(self) -> Option<(Entity, Facts)> {
        let mut facts = Facts::default();
        let (kind, id) = match self {
            Self::Operator(role) => {
                facts.operators.insert(OPERATOR.to_owned(), role);
                (Kind::Operator, OPERATOR)
            }
            Self::Partner(kind, status) => {
                facts.partners.insert(PARTNER.parse().ok()?, PartnerFacts { kind, status });
                (Kind::Partner, PARTNER)
            }
            Self::Customer => {
                facts.customers.insert(CUSTOMER.parse().ok()?);
                (Kind::Customer, CUSTOMER)
            }
        };
        Some((Entity::new(kind.as_str(), id), facts))
    }
}

/// What is decided about every call that has cells.
pub(super) struct Admissions(BTreeMap<String, BTreeMap<CallerKind, OnceLock<Option<Decision>>>>);

impl Admissions {
    pub(super) fn of(bundle: &Bundle) -> Self {
        let is_blind = |policy: &Policy| sight::is_of_callers(policy, INSTALLATION.0);
        let calls = bundle.vocabulary().actions(Namespace::Api.as_str()).map(|(name, _)| name);
        let have_cells = calls.filter(|name| {
            let deciding = Namespace::Api.action(name).and_then(|uid| bundle.deciding(&uid));
            deciding.is_some_and(|deciding| deciding.rules.policies().all(is_blind))
        });
        let cells = || CallerKind::all().map(|kind| (kind, OnceLock::new())).collect();
        Self(have_cells.map(|name| (name.to_owned(), cells())).collect())
    }

    pub(super) fn decision(&self, bundle: &Bundle, question: &Question, facts: &Facts) -> Option<&Decision> {
        let Question { subject, action, resource, context } = question;
        let says_more = [&subject.properties, &action.properties, &resource.properties, context];
        let is_about_nothing = (resource.kind.as_str(), resource.id.as_str()) == INSTALLATION;
        if !is_about_nothing || says_more.iter().any(|said| !said.is_empty()) || facts.unknown_subject.is_some() {
            return None;
        }
        let kind = CallerKind::of(subject, facts)?;
        if !can_say(bundle, Namespace::Api, &action.name, facts) {
            return None;
        }
        let cell = self.0.get(&action.name)?.get(&kind)?;
        cell.get_or_init(|| decided(bundle, &action.name, kind)).as_ref()
    }
}

/// What Cedar decides about a call of a caller of this kind; nothing where a rule errs, which says so each time.
fn decided(bundle: &Bundle, call: &str, kind: CallerKind) -> Option<Decision> {
    let (subject, facts) = kind.caller()?;
    let question = Question::new(subject, call, installation());
    match judge_domain(bundle, Namespace::Api, &question, &facts) {
        Verdict::Faulty(_) => None,
        verdict => Some(decision_of(bundle, Namespace::Api, &question, &facts, verdict, |_| false)),
    }
}
