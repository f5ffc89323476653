//! Deciding a whole ledger again, as it is read.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::Serialize;

use crate::decide::check_schema;
use crate::evidence;
use crate::evidence::ledger::Records;
use crate::evidence::replay::{Bench, By, ReplayError, Replayed};
use crate::id::Seq;
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Response};
use crate::policy::{Bundle, RuleFiles, Rulebook, RulesError, without_mark};
use crate::store::StoreError;
use crate::work::step;

/// How many records are read at a time; progress is reported after as many.
const RECORDS_AT_ONCE: usize = 500;

/// Which records to decide again.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// By which rules.
    pub by: By,
    /// The first record; the first of the ledger when nothing is said.
    pub from: Option<Seq>,
    /// The last record; the newest when nothing is said.
    pub to: Option<Seq>,
    /// Is every record reported, and not only those with a finding?
    pub all: bool,
}

/// The result of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// How many records were decided again.
    pub records: u64,
    /// How many had the same result.
    pub same: u64,
    /// How many had another result.
    pub different: u64,
    /// How many of these had the opposite answer.
    pub turned: u64,
    /// How many could not be decided again for want of something.
    pub undecidable: u64,
    /// Of how many the store says something else than the record.
    pub facts_disagree: u64,
}

impl Totals {
    fn count(&mut self, replayed: &Replayed) {
        self.records += 1;
        match (&replayed.then, &replayed.now) {
            _ if replayed.same => self.same += 1,
            (Some(then), Some(now)) => {
                self.different += 1;
                self.turned += u64::from(then.decision != now.decision);
            }
            _ => self.undecidable += 1,
        }
        self.facts_disagree += u64::from(replayed.facts_agree == Some(false));
    }
}

/// A line of the report of a run.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(untagged)]
pub enum ReplayLine {
    /// A record with another result, or every one.
    Replayed(Box<Replayed>),
    /// How far it came.
    Progress {
        /// How many records were decided again.
        replayed: u64,
        /// Of how many.
        of: u64,
    },
    /// The last line.
    Totals {
        /// The result of the run.
        totals: Totals,
    },
}

/// A run through the ledger; it reads on as it is asked for more.
pub struct Replaying {
    pdp: Arc<Pdp>,
    bench: Bench,
    ledger: Records,
    next: Seq,
    last: Seq,
    of: u64,
    all: bool,
    totals: Totals,
    ready: VecDeque<ReplayLine>,
    has_ended: bool,
}

impl Replaying {
    /// What it came to so far.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.totals
    }

    fn read_on(&mut self) -> Result<(), StoreError> {
        let records = self.ledger.records(self.next, self.last, RECORDS_AT_ONCE)?;
        let Some((newest, _)) = records.last() else {
            self.has_ended = true;
            self.ready.push_back(ReplayLine::Totals { totals: self.totals });
            return Ok(());
        };
        self.next = newest.next();
        for (seq, read) in records {
            step()?;
            let replayed = self.bench.replay(&self.pdp, seq, read)?;
            self.totals.count(&replayed);
            if self.all || replayed.is_finding() {
                self.ready.push_back(ReplayLine::Replayed(Box::new(replayed)));
            }
        }
        self.ready.push_back(ReplayLine::Progress { replayed: self.totals.records, of: self.of });
        Ok(())
    }
}

impl Iterator for Replaying {
    type Item = Result<ReplayLine, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() && !self.has_ended {
            if let Err(error) = self.read_on() {
                self.has_ended = true;
                return Some(Err(error));
            }
        }
        self.ready.pop_front().map(Ok)
    }
}

/// A set of rules that need not be in force, from its files; without a schema it has the one in force.
///
/// # Errors
/// [`ReplayError::Candidate`] with everything that is wrong with it.
pub fn replay_candidate(pdp: &Pdp, files: BTreeMap<String, String>) -> Result<By, ReplayError> {
    let mut files: RuleFiles = files.into_iter().map(|(path, text)| (path, without_mark(text))).collect();
    if !files.iter().any(|(path, _)| path.ends_with(".cedarschema")) {
        let rules = pdp.rules();
        for (path, text) in rules.files().iter().filter(|(path, _)| path.ends_with(".cedarschema")) {
            files.insert(path, text);
        }
    }
    let rules = Bundle::load(files, Rulebook::Domain)?;
    check_schema(&rules).map_err(|finding| RulesError { findings: vec![finding] })?;
    Ok(By::Candidate(Arc::new(rules)))
}

/// Decides the ledger again, or a part of it, up to the record that is the newest now.
///
/// # Errors
/// [`ReplayError`]; [`CallError::Denied`] when the caller may not read the ledger.
pub async fn replay_all(
    pdp: &Arc<Pdp>,
    call: &Call,
    run: impl FnOnce(&Pdp) -> Result<Run, CallError<ReplayError>>,
) -> Result<Response<Replaying>, CallError<ReplayError>> {
    call::read(pdp, call, "readDecisions", &CallTarget::Installation, |_, _| {
        let Run { by, from, to, all } = run(pdp)?;
        let ledger = evidence::ledger::records::ledger_records(pdp)?;
        let newest = ledger.index.newest()?;
        let (next, last) = (from.unwrap_or(Seq(1)).max(Seq(1)), to.unwrap_or(newest).min(newest));
        Ok(Replaying {
            pdp: Arc::clone(pdp),
            bench: Bench::of(pdp, by)?,
            ledger,
            next,
            last,
            of: (last.0 + 1).saturating_sub(next.0),
            all,
            totals: Totals::default(),
            ready: VecDeque::new(),
            has_ended: false,
        })
    })
    .await
}
