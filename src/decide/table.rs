//! The table of decisions: for each action of the domain and each standing what Cedar decides, asked once for a set of
//! rules and kept with it. Calls of this service that are about nothing in particular have a table too
//! ([`admissions`]).
//!
//! A cell answers only where nothing but the standing can matter. Which actions have cells is read from their rules by
//! allowing: a rule may use what [`sight`] lists, and an action with a rule that uses anything else (an id, the context,
//! an attribute that no standing holds) is decided by Cedar each time. So is a question that says more than who, what
//! and on what, one whose facts no standing holds, and one in whose cell a rule erred.

mod admissions;
mod sight;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use cedar_policy::Policy;

use super::decision::{Decision, Verdict};
use super::words::can_say;
use super::{Namespace, decision_of, judge_domain, sees_kinds};
use crate::facts::Facts;
use crate::policy::{Bundle, RuleId};
use crate::question::{Kind, Question};
use crate::standing::Standing;
use admissions::Admissions;

/// What is decided about every action that has cells.
pub(super) struct Table {
    actions: BTreeMap<String, Cells>,
    /// The actions about which rules see standings and what callers say, and nothing else.
    of_standings: BTreeSet<String>,
    /// Whether they refuse everything to everybody who has nothing to do with it.
    refuses_unrelated: OnceLock<bool>,
    admissions: Admissions,
    /// One of its answers was not that of the rules.
    is_off: AtomicBool,
}

/// What is decided about one action, by the places of the standings.
struct Cells {
    /// Can one of its rules tell the kinds of partners apart? Else the first kind's answer is every kind's.
    sees_kinds: bool,
    verdicts: Places<Verdict>,
    decisions: Places<Decision>,
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
            actions: that_see(sight::is_of_standings).map(|name| (name.clone(), Cells::of(bundle, &name))).collect(),
            of_standings: that_see(sight::is_of_standings_and_context).collect(),
            refuses_unrelated: OnceLock::new(),
            admissions: Admissions::of(bundle),
            is_off: AtomicBool::new(false),
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

/// What Cedar decides each time, and why: the actions of the domain that have no cells, each with the rules that see more
/// than a standing; none where no partner does it, and of every action where the table is not used any more.
#[must_use]
pub fn decided_by_cedar(bundle: &Bundle) -> BTreeMap<String, Vec<RuleId>> {
    let names = bundle.vocabulary().actions(Namespace::Domain.as_str()).map(|(name, _)| name);
    let without = names.filter(|name| !has_cells(bundle, name));
    let because = |name: &str| {
        let deciding = Namespace::Domain.action(name).and_then(|uid| bundle.deciding(&uid));
        let rules = deciding.into_iter().flat_map(|deciding| deciding.rules.policies());
        let seeing = rules.filter(|rule| !sight::is_of_standings(rule));
        seeing.map(|rule| RuleId::from(AsRef::<str>::as_ref(rule.id()))).collect()
    };
    without.map(|name| (name.to_owned(), because(name))).collect()
}

fn table(bundle: &Bundle) -> Option<&Table> {
    bundle.derived(|| Table::of(bundle)).filter(|table| !table.is_off.load(Ordering::Relaxed))
}

/// Has Cedar decide everything under these rules from now on.
pub(super) fn turn_off(bundle: &Bundle) {
    if let Some(table) = table(bundle) {
        table.is_off.store(true, Ordering::Relaxed);
    }
}

/// Puts the decision of one standing into the cell of another, which was not asked for yet.
#[cfg(test)]
pub(crate) fn put_into_cell(bundle: &Bundle, action: &str, [from, into]: [Standing; 2]) -> Option<()> {
    let cells = table(bundle)?.actions.get(action)?;
    let decision = cells.decision(bundle, action, from)?.clone();
    cells.decisions.0.get(cells.address(into).index())?.set(Some(Box::new(decision))).ok()
}

/// Whether the rules refuse everything to everybody who has nothing to do with it, which is found out once.
pub(super) fn refuses_unrelated(bundle: &Bundle, find: impl Fn() -> bool) -> bool {
    table(bundle).map_or_else(&find, |table| *table.refuses_unrelated.get_or_init(&find))
}

/// The decision of a question from its cell; nothing where Cedar has to be asked.
pub(super) fn decision<'a>(bundle: &'a Bundle, question: &Question, facts: &Facts) -> Option<&'a Decision> {
    let (cells, standing) = cell(bundle, question, facts)?;
    cells.decision(bundle, &question.action.name, standing)
}

/// The decision about an action from the cell of a standing; nothing where Cedar has to be asked.
#[must_use]
pub fn decision_of_standing<'a>(bundle: &'a Bundle, action: &str, standing: Standing) -> Option<&'a Decision> {
    // A word that the schema lacks may be held by facts of which the standing says nothing.
    let table = table(bundle).filter(|_| bundle.missing_words().is_empty())?;
    table.actions.get(action)?.decision(bundle, action, standing)
}

/// Is the answer to a question a yes, as its cell says? Nothing where Cedar has to be asked.
pub(super) fn permits(bundle: &Bundle, question: &Question, facts: &Facts) -> Option<bool> {
    let (cells, standing) = cell(bundle, question, facts)?;
    let verdict = cells.verdict(bundle, &question.action.name, standing)?;
    Some(matches!(verdict, Verdict::Permitted(_)))
}

/// The decision about a call that is about nothing in particular, from its cell; nothing where Cedar has to be asked.
pub(super) fn admission<'a>(bundle: &'a Bundle, question: &Question, facts: &Facts) -> Option<&'a Decision> {
    table(bundle)?.admissions.decision(bundle, question, facts)
}

/// Is the answer to an action a yes from a standing, for a caller that says nothing? Nothing where Cedar has to be asked.
pub(super) fn permits_standing(bundle: &Bundle, action: &str, standing: &Standing) -> Option<bool> {
    let verdict = table(bundle)?.actions.get(action)?.verdict(bundle, action, *standing)?;
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
    fn of(bundle: &Bundle, action: &str) -> Self {
        let sees_kinds = sees_kinds(bundle, Namespace::Domain, action);
        Self { sees_kinds, verdicts: Places::empty(), decisions: Places::empty() }
    }

    /// The standing whose cell answers for this one.
    fn address(&self, standing: Standing) -> Standing {
        if self.sees_kinds { standing } else { standing.of_first_kind() }
    }

    fn verdict(&self, bundle: &Bundle, action: &str, standing: Standing) -> Option<&Verdict> {
        let standing = self.address(standing);
        self.verdicts.at(&standing, || {
            let verdict = judge_domain(bundle, Namespace::Domain, &standing.question(action), &standing.facts());
            // A rule that errs is asked again each time, and says so again.
            (!matches!(verdict, Verdict::Faulty(_))).then_some(verdict)
        })
    }

    fn decision(&self, bundle: &Bundle, action: &str, standing: Standing) -> Option<&Decision> {
        let standing = self.address(standing);
        self.decisions.at(&standing, || {
            let verdict = self.verdict(bundle, action, standing)?.clone();
            let question = standing.question(action);
            let permits = |facts: &Facts| super::permits(bundle, Namespace::Domain, &question, facts);
            Some(decision_of(bundle, Namespace::Domain, &question, &standing.facts(), verdict, permits))
        })
    }
}

/// Something for each standing, made when it is first asked for.
struct Places<T>(Box<[OnceLock<Option<Box<T>>>]>);

impl<T> Places<T> {
    fn empty() -> Self {
        Self((0..Standing::PLACES).map(|_| OnceLock::new()).collect())
    }

    fn at(&self, standing: &Standing, made: impl FnOnce() -> Option<T>) -> Option<&T> {
        self.0.get(standing.index())?.get_or_init(|| made().map(Box::new)).as_deref()
    }
}
