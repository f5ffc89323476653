//! Whether a claim can fail at all: for each claim a mistake in the rules that would break it, as a reviewer would want
//! to see before believing that it holds.
//!
//! Mutants of the rules are tried on rows on which the claim hangs: there another answer would break it. Each is decided
//! as any question is, with the mutant in the place of its rule.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use cedar_policy::{Policy, PolicySet, ValidationMode, Validator};

use super::counterexample::Counterexample;
use super::mutants::{Mutant, mutants};
use super::proof::Control;
use super::rows::Row;
use crate::decide::{Namespace, Posable, Reproduced, pose};
use crate::policy::{Bundle, Claim, Place, Rule, RuleId};

/// On how many rows a mutant is tried before the next one is.
const SAMPLE: usize = 192;
/// How many answers may be looked for in all before it is given up for one claim.
const TRIES_MAX: usize = 20_000;
/// The rows are looked at in leaps of this many, so that those looked at first are not all of one kind.
const LEAP: usize = 7_919;

/// For each claim a mistake that would break it, tried on the rows on which it hangs.
pub(super) fn controls(
    bundle: &Bundle,
    rows: &[Row],
    hanging: &BTreeMap<RuleId, Vec<usize>>,
) -> BTreeMap<RuleId, Control> {
    let search = Search { bundle, validator: Validator::new(bundle.schema().clone()), rows, posed: cells(rows.len()) };
    let mut known: BTreeMap<&RuleId, Vec<(Mutant, OnceCell<bool>)>> = BTreeMap::new();
    for rule in bundle.deciders() {
        let mutants = mutants(rule).into_iter().map(|mutant| (mutant, OnceCell::new()));
        known.insert(&rule.id, mutants.collect());
    }
    let control = |(rule, kind): (&Rule, Claim)| {
        let rows = hanging.get(&rule.id).map_or(&[][..], Vec::as_slice);
        (rule.id.clone(), search.control(kind, rows, &known))
    };
    bundle.claims().map(control).collect()
}

fn cells<T>(count: usize) -> Vec<OnceCell<T>> {
    std::iter::repeat_with(OnceCell::new).take(count).collect()
}

struct Search<'a> {
    bundle: &'a Bundle,
    validator: Validator,
    rows: &'a [Row],
    /// The rows in Cedar's words, as far as they were looked at.
    posed: Vec<OnceCell<Option<Posable<'a>>>>,
}

type Mutants<'a> = BTreeMap<&'a RuleId, Vec<(Mutant, OnceCell<bool>)>>;

impl Search<'_> {
    /// A mistake that breaks a claim which hangs on some rows.
    fn control(&self, kind: Claim, rows: &[usize], known: &Mutants<'_>) -> Control {
        let (mut tries, mut tried) = (0, 0);
        for sample in [SAMPLE, usize::MAX] {
            for rule in self.promising(kind) {
                for (mutant, is_rule) in known.get(&rule.id).into_iter().flatten() {
                    if sample == usize::MAX && rows.len() <= SAMPLE || tries > TRIES_MAX {
                        continue;
                    }
                    // A ceiling is broken by what allows more, and a rule that is gone allows less unless it forbade.
                    if mutant.policy.is_none() && (rule.place == Place::Never) != (kind == Claim::OnlyWhen) {
                        continue;
                    }
                    if !is_rule.get_or_init(|| self.is_rule(mutant)) {
                        continue;
                    }
                    tried += usize::from(sample == SAMPLE);
                    if let Some(counterexample) = self.breaks(rule, mutant, rows, sample, &mut tries) {
                        return Control::Broken {
                            rule: rule.id.clone(),
                            mistake: mutant.what.clone(),
                            mutant: mutant.text.clone(),
                            counterexample: Box::new(counterexample),
                        };
                    }
                }
            }
        }
        Control::NotFound { why: format!("none of {tried} mutants of the rules breaks it on a row that was tried") }
    }

    /// The rules, those first in which a mistake is likely to break a claim of that kind.
    fn promising(&self, kind: Claim) -> Vec<&Rule> {
        let mut rules: Vec<&Rule> = self.bundle.deciders().collect();
        rules.sort_by_key(|rule| (rule.place == Place::Never) != (kind == Claim::OnlyWhen));
        rules
    }

    /// Would the set be read with the mutant in it?
    fn is_rule(&self, mutant: &Mutant) -> bool {
        let Some(policy) = &mutant.policy else { return true };
        PolicySet::from_policies([policy.clone()])
            .is_ok_and(|set| self.validator.validate(&set, ValidationMode::Strict).validation_passed_without_warnings())
    }

    /// A row of these on which the answer turns with the mutant, which breaks the claim that hangs on it.
    fn breaks(
        &self,
        rule: &Rule,
        mutant: &Mutant,
        rows: &[usize],
        sample: usize,
        tries: &mut usize,
    ) -> Option<Counterexample> {
        let mut sets: BTreeMap<(bool, &str), Option<PolicySet>> = BTreeMap::new();
        for place in 0..rows.len().min(sample) {
            let index = *rows.get(place * LEAP % rows.len())?;
            let (row, posed) = (self.rows.get(index)?, self.posed.get(index)?);
            let Row { namespace, question, facts, is_allowed } = row;
            let Some(posed) = posed.get_or_init(|| pose(self.bundle, *namespace, question, facts)) else { continue };
            let set = sets.entry((*namespace == Namespace::Api, question.action.name.as_str()));
            let Some(set) = set.or_insert_with(|| self.with(posed, &rule.policy, mutant.policy.as_ref())) else {
                continue;
            };
            *tries += 1;
            let (now, rules) = posed.answer(set);
            if now != *is_allowed {
                let (question, facts) = (question.clone(), Some(facts.clone()));
                let found = Reproduced { namespace: *namespace, question, facts, is_allowed: now, rules };
                return Some(Counterexample::of(self.bundle, found));
            }
        }
        None
    }

    /// The rules about the action of a question with a mutant in place of a rule; nothing where neither is about it.
    fn with(&self, posed: &Posable<'_>, rule: &Policy, mutant: Option<&Policy>) -> Option<PolicySet> {
        let mut rules = posed.rules().clone();
        let was = rules.policy(rule.id()).is_some();
        if was {
            rules.remove_static(rule.id().clone()).ok()?;
        }
        let mutant = mutant.filter(|mutant| self.bundle.covers(&mutant.action_constraint(), posed.action()));
        if let Some(mutant) = mutant {
            rules.add(mutant.clone()).ok()?;
        }
        (was || mutant.is_some()).then_some(rules)
    }
}
