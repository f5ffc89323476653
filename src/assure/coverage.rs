//! What no answer shows: actions, rules and reasons that appear in no row of the table.
//!
//! A rule that decides nothing is forgotten, misspelt or shadowed; a reason nobody gets is a promise nobody keeps.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::calls::CallTable;
use super::table::{Cell, Table};
use crate::decide::{Namespace, Reason};
use crate::policy::{Bundle, RuleId};

/// Something that may be in no row, because it is shown elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Exemption {
    /// The action, the rule or the code of the reason.
    pub name: &'static str,
    /// Where it is shown instead.
    pub why: &'static str,
}

const fn exempt(name: &'static str, why: &'static str) -> Exemption {
    Exemption { name, why }
}

const UNKNOWN: &str = "the table asks about what is known only";

/// What of the shipped rules and the built-in reasons is shown elsewhere.
pub const EXEMPTIONS: &[Exemption] = &[
    exempt("unknown_subject", UNKNOWN),
    exempt("unknown_partner", UNKNOWN),
    exempt("unknown_operator", UNKNOWN),
    exempt("unknown_action", UNKNOWN),
    exempt("unknown_resource", UNKNOWN),
    exempt("unknown_customer", UNKNOWN),
    exempt("unknown_service", UNKNOWN),
    exempt("unknown_subscription", UNKNOWN),
    exempt("invalid_fact", "the table asks only what the schema has words for"),
    exempt("action_not_applicable", "the table asks only what applies"),
    exempt("invalid_property", "the table claims no properties and no context"),
    exempt("invalid_fact", "the table says no word that the schema does not have"),
    exempt("rule_error", "no shipped rule errs in any row"),
];

/// What the table does not show, or an exemption that is none any more.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Gap {
    /// An action that appears in no row.
    Action(String),
    /// A rule that decides no row.
    Rule(RuleId),
    /// A reason that no row gives.
    Reason(String),
    /// An exemption of something that is not there, or that a row shows after all.
    StaleExemption(String),
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Action(name) => write!(f, "action `{name}` appears in no row"),
            Self::Rule(id) => write!(f, "rule `{id}` decides no row"),
            Self::Reason(code) => write!(f, "reason `{code}` is given in no row"),
            Self::StaleExemption(name) => {
                write!(f, "`{name}` is exempt, yet a row shows it or there is no such thing")
            }
        }
    }
}

/// What of `bundle` its tables do not show, apart from `exemptions`; claims decide nothing and are not looked for.
#[must_use]
pub fn gaps(bundle: &Bundle, table: &Table, calls: &CallTable, exemptions: &[Exemption]) -> Vec<Gap> {
    let cells =
        || table.cells().map(|(_, _, cell)| cell).chain(calls.cells().map(|(_, _, cell)| cell)).flat_map(Cell::all);
    let shown_rules: BTreeSet<&RuleId> = cells().flat_map(|cell| &cell.rules).collect();
    let shown_reasons: BTreeSet<&str> = cells().filter_map(|cell| cell.reason.as_ref()).map(Reason::as_str).collect();
    let mut gaps = BTreeSet::new();
    let mut missing = BTreeSet::new();
    let mut find = |name: &str, is_shown: bool, gap: Gap| {
        if !is_shown {
            missing.insert(name.to_owned());
            if exemptions.iter().all(|exemption| exemption.name != name) {
                gaps.insert(gap);
            }
        }
    };
    for (name, answers) in table.actions() {
        find(name, answers.cells().next().is_some(), Gap::Action(name.to_owned()));
    }
    let unknown = table.actions().filter(|(_, answers)| answers.said().is_some_and(|said| said.unknown.is_some()));
    let asked = Namespace::Domain.as_str();
    let unknown: BTreeSet<&RuleId> =
        unknown.flat_map(|(name, _)| bundle.readers(asked, name)).map(|rule| &rule.id).collect();
    // Of what is not known to decide nothing nothing is said.
    for rule in bundle.deciders().filter(|rule| !unknown.contains(&rule.id)) {
        find(rule.id.as_str(), shown_rules.contains(&rule.id), Gap::Rule(rule.id.clone()));
        if let Some(code) = &rule.reason {
            find(code, shown_reasons.contains(code.as_str()), Gap::Reason(code.clone()));
        }
    }
    for (code, _) in Reason::BUILT_IN {
        find(code, shown_reasons.contains(code), Gap::Reason((*code).to_owned()));
    }
    let stale = exemptions.iter().filter(|exemption| !missing.contains(exemption.name));
    gaps.extend(stale.map(|exemption| Gap::StaleExemption(exemption.name.to_owned())));
    gaps.into_iter().collect()
}
