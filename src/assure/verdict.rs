//! What is known of a candidate apart from the live world, and what was found out last.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::promises::Retired;
use super::proof::{BUSY, Proofs, is_busy};
use super::prove::shown::Shown;
use super::prove::{Beyond, compare};
use super::release::{Examined, Tables, examine_spoken};
use super::spoken::Spoken;
use super::table::Table;
use super::table_diff::{ActionFlips, Compared, Turned, flips};
use crate::decide::schema_findings;
use crate::policy::{Bundle, Claim, Digest, Finding, RuleFiles, Rulebook};
use crate::standing::Standing;

/// What is known of a candidate apart from the live world: a function of two sets of rules and of what proves claims.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Verdict {
    pub(crate) findings: Vec<Finding>,
    pub(crate) proofs: Proofs,
    pub(crate) gone: Vec<Retired>,
    pub(crate) rows: Vec<ActionFlips>,
    pub(crate) beyond: Vec<Beyond>,
    /// Why it is not known what turns besides the rows that do.
    pub(crate) beyond_unknown: Option<String>,
}

impl Verdict {
    /// May a solver say more the next time: had it no time, or could it not compare the sets?
    fn may_say_more(&self) -> bool {
        let had_no_time = |beyond: &Beyond| beyond.unknown.as_deref().is_some_and(is_busy);
        self.proofs.was_busy
            || self.findings.iter().any(|found| is_busy(&found.message))
            || self.beyond_unknown.is_some()
            || self.beyond.iter().any(had_no_time)
    }
}

/// What an examination comes to: a function of two sets of files and of what proves claims.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum Examination {
    /// The candidate makes no set of rules.
    Unloadable(Vec<Finding>),
    /// What is known of it, and what callers can say of either set.
    Examined(Box<(Verdict, Spoken)>),
}

/// What was reviewed last, so that a proposal, its approval and its activation need not be proved three times.
#[derive(Clone, Default)]
pub(crate) struct Reviewed(Arc<Mutex<Last>>);

#[derive(Default)]
struct Last {
    /// Every answer of the rules a candidate was last compared with.
    answers: Option<Arc<Tables>>,
    /// The candidate, what it was compared with, and what it came to.
    examination: Option<(Digest, Digest, Examination)>,
}

impl Reviewed {
    fn last(&self) -> MutexGuard<'_, Last> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of a candidate since it was examined last.
    pub(crate) fn known(&self, old: &Digest, candidate: &Digest) -> Option<Examination> {
        let is_it = |(of, compared, _): &(Digest, Digest, Examination)| of == candidate && compared == old;
        self.last().examination.clone().filter(is_it).map(|(_, _, examination)| examination)
    }

    /// Keeps what is known of a candidate for the next time.
    pub(crate) fn note(&self, old: &Digest, candidate: &Digest, solver: Option<&Path>, examination: &Examination) {
        // A solver that could not be used may be there the next time, and one that had no time may have some.
        let is_settled = |(verdict, spoken): &(Verdict, Spoken)| {
            solver.is_none()
                || (verdict.proofs.solver.is_some() && !verdict.may_say_more() && !spoken.may_say_more(solver))
        };
        if matches!(examination, Examination::Examined(known) if is_settled(known)) {
            self.last().examination = Some((candidate.clone(), old.clone(), examination.clone()));
        }
    }

    /// Examines a candidate.
    pub(crate) fn examine(&self, old: &Bundle, files: RuleFiles, solver: Option<&Path>) -> Examination {
        let loaded = Bundle::load(files, Rulebook::Domain).map_err(|error| error.findings);
        let checked = loaded.and_then(|new| match schema_findings(&new) {
            found if found.is_empty() => Ok(new),
            found => Err(found),
        });
        let new = match checked {
            Ok(new) => new,
            Err(findings) => return Examination::Unloadable(findings),
        };
        let spoken = Spoken::between(old, &new, solver);
        let verdict = self.verdict(old, &new, solver, &spoken);
        Examination::Examined(Box::new((verdict, spoken)))
    }

    fn verdict(&self, old: &Bundle, new: &Bundle, solver: Option<&Path>, spoken: &Spoken) -> Verdict {
        let answers = self.last().answers.clone().filter(|answers| answers.asked.digest() == old.digest());
        let (answers, examined) = std::thread::scope(|scope| {
            let answers = scope.spawn(|| answers.unwrap_or_else(|| Arc::new(Tables::of(old))));
            let examined = examine_spoken(new, Some(old), solver, spoken);
            (answers.join().unwrap_or_else(|_| Arc::new(Tables::of(old))), examined)
        });
        let compared = Compared {
            old: (old, &answers.asked, &answers.calls),
            new: (new, &examined.tables.asked, &examined.tables.calls),
            spoken,
        };
        let rows = flips(&compared);
        let (beyond, beyond_unknown) = beyond(&compared, &rows, solver, examined.proofs.was_busy);
        let Examined { findings, proofs, gone, .. } = &examined;
        let (findings, proofs, gone) = (findings.clone(), proofs.clone(), gone.clone());
        let verdict = Verdict { rows, findings, proofs, gone, beyond, beyond_unknown };
        self.last().answers = Some(answers);
        verdict
    }
}

/// What a solver finds to turn besides the rows that do, and why it is not known where it is not. One that had no time
/// for its proofs is not asked, since the waits would add up.
fn beyond(
    compared: &Compared<'_>,
    rows: &[ActionFlips],
    solver: Option<&Path>,
    was_busy: bool,
) -> (Vec<Beyond>, Option<String>) {
    let Compared { old: (before, old, _), new: (after, new, _), .. } = compared;
    if before.digest() == after.digest() {
        return (Vec::new(), None);
    }
    let Some(solver) = solver else { return (Vec::new(), Some("there is no solver".to_owned())) };
    if was_busy {
        return (Vec::new(), Some(BUSY.to_owned()));
    }
    let shown = |action: &str, claim: Claim| {
        let Some(flips) = rows.iter().find(|flips| flips.action == action) else { return Shown::default() };
        let is_yes = claim == Claim::OnlyWhen;
        let count = |loosened: &Turned, tightened: &Turned| if is_yes { loosened.rows } else { tightened.rows };
        let said = flips.if_said.iter().map(|said| count(&said.loosened, &said.tightened));
        let turned = count(&flips.loosened, &flips.tightened) + said.sum::<usize>();
        if flips.said.is_some() || action.starts_with("Api::") {
            return Shown { rows: Vec::new(), others: turned > 0 };
        }
        let allows = |table: &Table, case: &Standing| table.cell(action, case).is_some_and(|cell| cell.allowed);
        let turns = |case: &Standing| allows(old, case) != is_yes && allows(new, case) == is_yes;
        Shown { rows: Standing::all().filter(turns).collect(), others: false }
    };
    match compare(before, after, solver, &shown) {
        Ok(found) => (found, None),
        Err(why) => {
            tracing::warn!(%why, "the solver cannot compare two sets of rules");
            (Vec::new(), Some(why))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_solver_may_say_more_where_it_had_no_time_or_could_not_compare() {
        let proofs = Proofs {
            solver: Some("cvc5".to_owned()),
            why: None,
            claims: Vec::new(),
            never_errs: Some(true),
            implied: Vec::new(),
            findings: Vec::new(),
            questions: 0,
            was_busy: false,
        };
        let beyond = |why: &str| {
            let (action, unknown) = ("removeSeats".to_owned(), Some(why.to_owned()));
            vec![Beyond { action, loosened: None, tightened: None, unknown }]
        };
        let verdict = |beyond: Vec<Beyond>, beyond_unknown: Option<&str>| Verdict {
            findings: Vec::new(),
            proofs: proofs.clone(),
            gone: Vec::new(),
            rows: Vec::new(),
            beyond,
            beyond_unknown: beyond_unknown.map(str::to_owned),
        };
        assert!(!verdict(Vec::new(), None).may_say_more());
        assert!(!verdict(beyond("the solver came to no answer"), None).may_say_more());
        assert!(verdict(beyond(BUSY), None).may_say_more());
        assert!(verdict(Vec::new(), Some("it cannot be run")).may_say_more());
    }
}
