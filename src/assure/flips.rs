//! The rows that two sets of rules answer differently.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::calls::{CallCase, CallTable};
use super::case::{Case, Thing};
use super::choice::{Choice, folded};
use super::print::{index, named, parent_index, relationship_index, relationship_words, seller_index, sold, spoken};
use super::prove::Counterexample;
use super::table::Table;
use crate::decide::{Namespace, Refound};
use crate::domain::partner::{PartnerKind, PartnerStatus};
use crate::domain::subscription::SubscriptionStatus;
use crate::policy::Bundle;

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
}

impl ActionFlips {
    fn is_empty(&self) -> bool {
        self.loosened.rows == 0 && self.tightened.rows == 0 && self.reworded == 0
    }
}

/// Two sets of rules, each with every answer it gives.
pub struct Compared<'a> {
    /// The rules, and their answers.
    pub old: (&'a Table, &'a CallTable),
    /// The rules they are compared with, and theirs.
    pub new: (&'a Bundle, &'a Table, &'a CallTable),
}

/// The rows that turn, action by action; actions of which none does are left out. An action that only one of the sets
/// has is a no in the other.
#[must_use]
pub fn flips(compared: &Compared<'_>) -> Vec<ActionFlips> {
    let (Compared { old: (old, old_calls), new: (bundle, new, new_calls) }, mut found) = (compared, Vec::new());
    let names: BTreeSet<&str> = old.actions().chain(new.actions()).map(|(name, _)| name).collect();
    for action in names {
        let (is_new, is_gone) = (old.action(action).is_none(), new.action(action).is_none());
        let mut turning = Turning::default();
        for case in Case::all() {
            turning.enter(&case, old.cell(action, &case), new.cell(action, &case));
        }
        let refound = |case: &Case, is_allowed: bool| Refound {
            namespace: Namespace::Asked,
            question: case.question(action),
            facts: Some(case.facts()),
            is_allowed,
            rules: new.cell(action, case).map(|cell| cell.rules.clone()).unwrap_or_default(),
        };
        found.push(ActionFlips { is_new, is_gone, ..turning.flips(bundle, action.to_owned(), standings, refound) });
    }
    let names: BTreeSet<&str> = old_calls.calls().chain(new_calls.calls()).collect();
    let has = |calls: &CallTable, call: &str| calls.calls().any(|known| known == call);
    for call in names {
        let (is_new, is_gone) = (!has(old_calls, call), !has(new_calls, call));
        let mut turning = Turning::default();
        for case in CallCase::all() {
            turning.enter(&case, old_calls.cell(call, &case), new_calls.cell(call, &case));
        }
        let refound = |case: &CallCase, is_allowed: bool| Refound {
            namespace: Namespace::Api,
            question: case.question(call),
            facts: Some(case.facts()),
            is_allowed,
            rules: new_calls.cell(call, case).map(|cell| cell.rules.clone()).unwrap_or_default(),
        };
        let said = |cases: &[CallCase]| cases.iter().map(ToString::to_string).collect();
        let flips = turning.flips(bundle, format!("Api::{call}"), said, refound);
        found.push(ActionFlips { is_new, is_gone, ..flips });
    }
    found.retain(|flips| !flips.is_empty());
    found
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
        refound: impl Fn(&C, bool) -> Refound,
    ) -> ActionFlips {
        let turned = |cases: &[C], is_allowed: bool| Turned {
            rows: cases.len(),
            standings: said(cases),
            witness: cases.first().map(|case| Counterexample::of(bundle, refound(case, is_allowed))),
        };
        ActionFlips {
            action,
            is_new: false,
            is_gone: false,
            loosened: turned(&self.loosened, true),
            tightened: turned(&self.tightened, false),
            reworded: self.reworded,
        }
    }
}

/// What a case can differ in: thing, seller, parent, status, partner status, partner kind, administration, relationship.
pub(super) fn points(case: &Case) -> [usize; 8] {
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
pub(super) fn standings(cases: &[Case]) -> Vec<String> {
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
