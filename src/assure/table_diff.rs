//! The rows that two sets of rules answer differently.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::calls::{CallCase, CallTable};
use super::choice::{Choice, folded};
use super::context::{Contexts, Said};
use super::counterexample::Counterexample;
use super::phrases::{index, named, parent_index, relationship_index, relationship_words, seller_index, sold, spoken};
use super::spoken::Spoken;
use super::table::Table;
use crate::decide::{Namespace, Reproduced, permits, sees_kinds};
use crate::domain::partner::{PartnerKind, PartnerStatus};
use crate::domain::subscription::SubscriptionStatus;
use crate::policy::Bundle;
use crate::question::Kind;
use crate::standing::{Standing, Thing};

/// The rows of one action that turn the same way.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Turned {
    /// How many rows.
    pub rows: usize,
    /// All of them, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub standings: Vec<String>,
    /// One of them, as the other rules answer it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<Counterexample>,
}

/// What becomes otherwise for one action.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActionFlips {
    /// The action; a call of this service begins with `Api::`.
    pub action: String,
    /// Does the set that is compared with lack the action, so that all of its answers are new?
    #[serde(default, rename = "new", skip_serializing_if = "std::ops::Not::not")]
    pub is_new: bool,
    /// Does the other set lack it, so that nobody could do it any more?
    #[serde(default, rename = "gone", skip_serializing_if = "std::ops::Not::not")]
    pub is_gone: bool,
    /// What is a no and would be a yes.
    pub loosened: Turned,
    /// What is a yes and would be a no.
    pub tightened: Turned,
    /// How many rows keep their answer and get it from other rules or for another reason.
    pub reworded: usize,
    /// What the caller has to say, where the rules of either set read it: `loosened` and `tightened` are of one that
    /// says no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Said>,
    /// What turns besides for a caller that says more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub if_said: Vec<IfSaid>,
    /// Why it is not known what else turns by what callers say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

/// What turns for a caller that says something, beyond what turns for one that says less.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IfSaid {
    /// What it says.
    pub said: Said,
    /// What is a no and would be a yes.
    pub loosened: Turned,
    /// What is a yes and would be a no.
    pub tightened: Turned,
    /// How many of the rows that are loosened for a caller that says the least are not for this one.
    pub not_loosened: usize,
    /// How many of those that are tightened are not.
    pub not_tightened: usize,
}

impl ActionFlips {
    fn is_empty(&self) -> bool {
        let turns = self.loosened.rows + self.tightened.rows + self.reworded + self.if_said.len();
        turns == 0 && self.unknown.is_none()
    }
}

/// Two sets of rules, each with every answer it gives.
pub struct Compared<'a> {
    /// The rules, and their answers.
    pub old: (&'a Bundle, &'a Table, &'a CallTable),
    /// The rules they are compared with, and theirs.
    pub new: (&'a Bundle, &'a Table, &'a CallTable),
    /// What callers can say, as far as the answers of either or what turns between them do.
    pub spoken: &'a Spoken,
}

/// The rows that turn, action by action; actions of which none does are left out. An action that only one of the sets
/// has is a no in the other.
#[must_use]
pub fn flips(compared: &Compared<'_>) -> Vec<ActionFlips> {
    let Compared { old: (before, old, old_calls), new: (bundle, new, new_calls), spoken } = compared;
    let mut found = Vec::new();
    let names: BTreeSet<&str> = old.actions().chain(new.actions()).map(|(name, _)| name).collect();
    for action in names {
        let (is_new, is_gone) = (old.action(action).is_none(), new.action(action).is_none());
        let read = |rules| spoken.read_by_rules(rules, action);
        if let Some(contexts) = read(before).or_else(|| read(bundle)) {
            let flips = flips_by_context([before, bundle], contexts, action);
            found.push(ActionFlips { is_new, is_gone, ..flips });
            continue;
        }
        let mut turning = Turning::default();
        for case in Standing::all() {
            turning.enter(&case, old.cell(action, &case), new.cell(action, &case));
        }
        let reproduced = |case: &Standing, is_allowed: bool| Reproduced {
            namespace: Namespace::Domain,
            question: case.question(action),
            facts: Some(case.facts()),
            is_allowed,
            rules: new.cell(action, case).map(|cell| cell.rules.clone()).unwrap_or_default(),
        };
        found.push(ActionFlips { is_new, is_gone, ..turning.flips(bundle, action.to_owned(), standings, reproduced) });
    }
    let names: BTreeSet<&str> = old_calls.calls().chain(new_calls.calls()).collect();
    let has = |calls: &CallTable, call: &str| calls.calls().any(|known| known == call);
    for call in names {
        let (is_new, is_gone) = (!has(old_calls, call), !has(new_calls, call));
        let mut turning = Turning::default();
        for case in CallCase::all() {
            turning.enter(&case, old_calls.cell(call, &case), new_calls.cell(call, &case));
        }
        let reproduced = |case: &CallCase, is_allowed: bool| Reproduced {
            namespace: Namespace::Api,
            question: case.question(call),
            facts: Some(case.facts()),
            is_allowed,
            rules: new_calls.cell(call, case).map(|cell| cell.rules.clone()).unwrap_or_default(),
        };
        let said = |cases: &[CallCase]| cases.iter().map(ToString::to_string).collect();
        let flips = turning.flips(bundle, format!("Api::{call}"), said, reproduced);
        found.push(ActionFlips { is_new, is_gone, ..flips });
    }
    found.retain(|flips| !flips.is_empty());
    found
}

/// What turns about an action whose answers turn on what the caller says.
fn flips_by_context([old, new]: [&Bundle; 2], contexts: &Contexts, action: &str) -> ActionFlips {
    let asked = Namespace::Domain;
    let applies = |rules: &Bundle, case: &Standing| {
        let shape = rules.vocabulary().action(asked.as_str(), action);
        shape.is_some_and(|shape| {
            shape.principals.contains(Kind::Partner.as_str()) && shape.resources.contains(case.thing.kind().as_str())
        })
    };
    let mut known: BTreeMap<Standing, Vec<(bool, bool)>> = BTreeMap::new();
    let sees_kinds = [old, new].into_iter().any(|rules| sees_kinds(rules, asked, action));
    for case in Standing::all().filter(|case| applies(old, case) || applies(new, case)) {
        let alike = if sees_kinds { None } else { known.get(&case.of_first_kind()).cloned() };
        let facts = case.facts();
        let answers = |said: &Said| {
            let question = said.asks(case.question(action));
            (permits(old, asked, &question, &facts), permits(new, asked, &question, &facts))
        };
        known.insert(case, alike.unwrap_or_else(|| contexts.said().iter().map(answers).collect()));
    }
    let is_gained = |answers: &(bool, bool)| *answers == (false, true);
    let is_lost = |answers: &(bool, bool)| *answers == (true, false);
    let turned = |said: &Said, place: usize, is: &dyn Fn(&(bool, bool)) -> bool| {
        let cases: Vec<Standing> = known
            .iter()
            .filter(|(_, answers)| contexts.risen(answers, is).contains(&place))
            .map(|(case, _)| *case)
            .collect();
        let witness = cases
            .first()
            .map(|case| Counterexample::decided(new, asked, said.asks(case.question(action)), case.facts()));
        Turned { rows: cases.len(), standings: standings(&cases), witness }
    };
    let not = |place: usize, is: &dyn Fn(&(bool, bool)) -> bool| {
        let falls = |answers: &Vec<(bool, bool)>| {
            answers.first().is_some_and(is) && contexts.risen(answers, |at| !is(at)).contains(&place)
        };
        known.values().filter(|answers| falls(answers)).count()
    };
    let mut ways = contexts.said().iter().enumerate().map(|(place, said)| IfSaid {
        said: said.clone(),
        loosened: turned(said, place, &is_gained),
        tightened: turned(said, place, &is_lost),
        not_loosened: not(place, &is_gained),
        not_tightened: not(place, &is_lost),
    });
    let least = ways.next();
    let turns = |way: &IfSaid| way.loosened.rows + way.tightened.rows + way.not_loosened + way.not_tightened > 0;
    let if_said: Vec<IfSaid> = ways.filter(turns).collect();
    let (said, loosened, tightened) = match least {
        Some(IfSaid { said, loosened, tightened, .. }) => (Some(said), loosened, tightened),
        None => (None, Turned::default(), Turned::default()),
    };
    let (action, unknown) = (action.to_owned(), contexts.unknown.clone());
    ActionFlips { action, is_new: false, is_gone: false, loosened, tightened, reworded: 0, said, if_said, unknown }
}

/// The cases that turn.
struct Turning<C> {
    loosened: Vec<C>,
    tightened: Vec<C>,
    reworded: usize,
}

impl<C> Default for Turning<C> {
    fn default() -> Self {
        Self { loosened: Vec::new(), tightened: Vec::new(), reworded: 0 }
    }
}

type CellRef<'a> = Option<&'a super::table::Cell>;

impl<C: Copy> Turning<C> {
    fn enter(&mut self, case: &C, old: CellRef<'_>, new: CellRef<'_>) {
        let is_yes = |cell: CellRef<'_>| cell.is_some_and(|cell| cell.allowed);
        match (is_yes(old), is_yes(new)) {
            (false, true) => self.loosened.push(*case),
            (true, false) => self.tightened.push(*case),
            _ => self.reworded += usize::from(old != new),
        }
    }

    fn flips(
        self,
        bundle: &Bundle,
        action: String,
        said: impl Fn(&[C]) -> Vec<String>,
        reproduced: impl Fn(&C, bool) -> Reproduced,
    ) -> ActionFlips {
        let turned = |cases: &[C], is_allowed: bool| Turned {
            rows: cases.len(),
            standings: said(cases),
            witness: cases.first().map(|case| Counterexample::of(bundle, reproduced(case, is_allowed))),
        };
        ActionFlips {
            action,
            is_new: false,
            is_gone: false,
            loosened: turned(&self.loosened, true),
            tightened: turned(&self.tightened, false),
            reworded: self.reworded,
            said: None,
            if_said: Vec::new(),
            unknown: None,
        }
    }
}

/// What a case can differ in: thing, seller, parent, status, partner status, partner kind, administration, relationship.
pub(super) fn points(case: &Standing) -> [usize; 8] {
    let (thing, seller, status) = match case.thing {
        Thing::Service => (0, 0, 0),
        Thing::Subscription { seller, status, .. } => (1, seller_index(seller), index(SubscriptionStatus::ALL, status)),
    };
    [
        thing,
        seller,
        index(PartnerStatus::ALL, case.partner_status),
        relationship_index(case.relationship),
        usize::from(!case.is_delegated_administrator),
        parent_index(case.thing),
        status,
        index(PartnerKind::ALL, case.partner_kind),
    ]
}

/// Cases in as few words as folding them finds; no case is left out and none is said twice.
pub(super) fn standings(cases: &[Standing]) -> Vec<String> {
    folded(cases.iter().map(points)).iter().map(standing).collect()
}

fn standing([thing, seller, partner_status, relationship, lacking, parent, status, kind]: &Choice<usize, 8>) -> String {
    let is_subscription = thing.contains(&1);
    let mut said = vec![if is_subscription { format!("subscription {}", sold(seller)) } else { "service".to_owned() }];
    said.push(
        match (lacking.contains(&0), lacking.contains(&1)) {
            (true, true) => "with or without delegated administration",
            (true, false) => "delegated administration",
            _ => "no delegated administration",
        }
        .to_owned(),
    );
    let relationships = spoken(&relationship_words(), relationship);
    said.push(format!("relationship {relationships}"));
    if is_subscription {
        said.push(format!("status {}", spoken(&named(SubscriptionStatus::ALL, SubscriptionStatus::as_str), status)));
        said.push(match (parent.contains(&0), parents(parent)) {
            (true, None) => "no add-on".to_owned(),
            (true, Some(above)) => format!("no add-on or one whose parent is {above}"),
            (false, above) => format!("add-on whose parent is {}", above.unwrap_or_default()),
        });
    }
    said.push(format!("partner {}", spoken(&named(PartnerStatus::ALL, PartnerStatus::as_str), partner_status)));
    said.push(format!("of kind {}", spoken(&named(PartnerKind::ALL, PartnerKind::as_str), kind)));
    said.join("; ")
}

fn parents(parent: &BTreeSet<usize>) -> Option<String> {
    let above: BTreeSet<usize> = parent.iter().filter_map(|place| place.checked_sub(1)).collect();
    (!above.is_empty()).then(|| spoken(&named(SubscriptionStatus::ALL, SubscriptionStatus::as_str), &above))
}
