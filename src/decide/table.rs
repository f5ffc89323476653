//! The table of decisions: for each action of the domain and each standing what Cedar decides, filled once for a set of
//! rules and kept with it.
//!
//! A cell answers only where nothing but the standing can matter. Which actions have cells is read from their rules by
//! allowing: a rule may use what [`sight`] lists, and an action with a rule that uses anything else (an id, the context,
//! an attribute that no standing holds) is decided by Cedar each time. So is a question that says more than who, what
//! and on what, one whose facts no standing holds, and one in whose cell a rule erred.

mod sight;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use cedar_policy::Policy;

use super::decision::{Decision, Verdict};
use super::words::can_say;
use super::{Namespace, decision_of, judge_domain};
use crate::facts::Facts;
use crate::policy::Bundle;
use crate::question::{Kind, Question};
use crate::standing::Standing;

/// What is decided about every action that has cells.
pub(super) struct Table {
    actions: BTreeMap<String, Cells>,
    /// The actions about which rules see standings and what callers say, and nothing else.
    of_standings: BTreeSet<String>,
    /// Whether they refuse everything to everybody who has nothing to do with it.
    refuses_unrelated: OnceLock<bool>,
}

/// What is decided about one action, by the places of the standings.
#[derive(Default)]
struct Cells {
    verdicts: OnceLock<Places<Verdict>>,
    decisions: OnceLock<Places<Decision>>,
}

impl Table {
    fn of(bundle: &Bundle) -> Self {
        let actions = bundle.vocabulary().actions(Namespace::Domain.as_str());
        let asked = actions.filter(|(_, shape)| shape.principals.contains(Kind::Partner.as_str()));
        let names: Vec<&str> = asked.map(|(name, _)| name).collect();
        let that_see = |is: fn(&Policy) -> bool| {
            let see = move |name: &&str| {
                let deciding = Namespace::Domain.action(name).and_then(|uid| bundle.deciding(&uid));
                deciding.is_some_and(|deciding| deciding.rules.policies().all(is))
            };
            names.iter().copied().filter(see).map(str::to_owned)
        };
        Self {
            actions: that_see(sight::is_of_standings).map(|name| (name, Cells::default())).collect(),
            of_standings: that_see(sight::is_of_standings_and_context).collect(),
            refuses_unrelated: OnceLock::new(),
        }
    }
}

/// Do the rules about an action see nothing but standings and what callers say?
pub(super) fn sees_standings(bundle: &Bundle, action: &str) -> bool {
    table(bundle).is_some_and(|table| table.of_standings.contains(action))
}

/// Are all answers to an action in the table, as far as their facts are those of a standing?
#[must_use]
pub fn has_cells(bundle: &Bundle, action: &str) -> bool {
    table(bundle).is_some_and(|table| table.actions.contains_key(action))
}

fn table(bundle: &Bundle) -> Option<&Table> {
    bundle.derived(|| Table::of(bundle))
}

/// Whether the rules refuse everything to everybody who has nothing to do with it, which is found out once.
pub(super) fn refuses_unrelated(bundle: &Bundle, find: impl Fn() -> bool) -> bool {
    table(bundle).map_or_else(&find, |table| *table.refuses_unrelated.get_or_init(&find))
}

/// The decision of a question from its cell; nothing where Cedar has to be asked.
pub(super) fn decision<'a>(bundle: &'a Bundle, question: &Question, facts: &Facts) -> Option<&'a Decision> {
    let (cells, standing) = cell(bundle, question, facts)?;
    cells.decisions(bundle, &question.action.name).at(&standing)
}

/// Is the answer to a question a yes, as its cell says? Nothing where Cedar has to be asked.
pub(super) fn permits(bundle: &Bundle, question: &Question, facts: &Facts) -> Option<bool> {
    let (cells, standing) = cell(bundle, question, facts)?;
    let verdict = cells.verdicts(bundle, &question.action.name).at(&standing)?;
    Some(matches!(verdict, Verdict::Permitted(_)))
}

/// Is the answer to an action a yes from a standing, for a caller that says nothing? Nothing where Cedar has to be asked.
pub(super) fn permits_standing(bundle: &Bundle, action: &str, standing: &Standing) -> Option<bool> {
    let verdict = table(bundle)?.actions.get(action)?.verdicts(bundle, action).at(standing)?;
    Some(matches!(verdict, Verdict::Permitted(_)))
}

fn cell<'a>(bundle: &'a Bundle, question: &Question, facts: &Facts) -> Option<(&'a Cells, Standing)> {
    let action = &question.action.name;
    // A word that the schema lacks may be held by facts of which the standing says nothing.
    let is_plain = question.context.is_empty() && question.action.properties.is_empty();
    if !is_plain || !can_say(bundle, Namespace::Domain, action, facts) {
        return None;
    }
    Some((table(bundle)?.actions.get(action)?, Standing::of(question, facts)?))
}

impl Cells {
    fn verdicts(&self, bundle: &Bundle, action: &str) -> &Places<Verdict> {
        self.verdicts.get_or_init(|| {
            Places::of(bundle, action, |standing| {
                let verdict = judge_domain(bundle, Namespace::Domain, &standing.question(action), &standing.facts());
                // A rule that errs is asked again each time, and says so again.
                (!matches!(verdict, Verdict::Faulty(_))).then_some(verdict)
            })
        })
    }

    fn decisions(&self, bundle: &Bundle, action: &str) -> &Places<Decision> {
        self.decisions.get_or_init(|| {
            let verdicts = self.verdicts(bundle, action);
            Places::of(bundle, action, |standing| {
                let verdict = verdicts.at(standing)?.clone();
                let question = standing.question(action);
                let permits = |facts: &Facts| super::permits(bundle, Namespace::Domain, &question, facts);
                Some(decision_of(bundle, Namespace::Domain, &question, &standing.facts(), verdict, permits))
            })
        })
    }
}

/// Something for each standing; what is the same for many is kept once.
struct Places<T> {
    places: Box<[Option<u16>]>,
    distinct: Vec<T>,
}

impl<T: PartialEq> Places<T> {
    fn of(bundle: &Bundle, action: &str, made: impl Fn(&Standing) -> Option<T>) -> Self {
        let shape = bundle.vocabulary().action(Namespace::Domain.as_str(), action);
        let applies =
            |standing: &Standing| shape.is_some_and(|shape| shape.resources.contains(standing.thing.kind().as_str()));
        let sees_kinds = super::sees_kinds(bundle, Namespace::Domain, action);
        let (mut places, mut distinct) = (vec![None; Standing::PLACES].into_boxed_slice(), Vec::new());
        let mut of_first_kind = BTreeMap::new();
        for standing in Standing::all().filter(applies) {
            // Where no rule sees how a partner takes part, the first kind's answer is every kind's.
            let known = if sees_kinds { None } else { of_first_kind.get(&standing.of_first_kind()).copied() };
            let place = known.unwrap_or_else(|| {
                let value = made(&standing)?;
                let known = distinct.iter().position(|other| *other == value);
                let place = known.unwrap_or_else(|| {
                    distinct.push(value);
                    distinct.len() - 1
                });
                u16::try_from(place).ok()
            });
            of_first_kind.insert(standing, place);
            if let Some(at) = places.get_mut(standing.index()) {
                *at = place;
            }
        }
        Self { places, distinct }
    }

    fn at(&self, standing: &Standing) -> Option<&T> {
        self.distinct.get(usize::from((*self.places.get(standing.index())?)?))
    }
}
