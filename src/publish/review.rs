//! What is known of a candidate before it is in force: what is wrong with it, whether the promises hold, which rows
//! turn, and who in the live world gains or loses what.

use crate::pdp::call::CallError;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::assure::promises::{self, Retired, retired};
use crate::assure::proof::{Proof, Proofs};
use crate::assure::prove::Beyond;
pub use crate::assure::release::Outcome;
use crate::assure::release::outcome;
use crate::assure::spoken::Spoken;
use crate::assure::table_diff::ActionFlips;
use crate::assure::verdict::Verdict;
use crate::config::RulesFrom;
use crate::decide::schema_findings;
use crate::limits::NAMED_TURNS_MAX;
use crate::pdp::Pdp;
use crate::policy::{Bundle, Digest, Finding, Retirement, RuleFiles, Rulebook, retirements};
use crate::publish::difference::{Progress, Turned, WorldDifference, compare};
use crate::store::StoreError;

/// Everything that is known of a candidate before it is in force.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// The digest of the candidate.
    #[schema(value_type = String)]
    pub candidate: Digest,
    /// The digest of the rules it is compared with.
    #[schema(value_type = String)]
    pub in_force: Digest,
    /// What it came to.
    pub outcome: Outcome,
    /// What was found, those first that refuse it: path, line, column, message, hint, whether it is advice that refuses
    /// nothing, and `inForce` where the file stands so in the rules in force.
    #[schema(value_type = Vec<Object>)]
    pub findings: Vec<Finding>,
    /// What became of each claim: what proved it, and a counterexample in plain words where it does not hold; nothing of
    /// a candidate that cannot be read.
    #[schema(value_type = Option<Object>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proofs: Option<Proofs>,
    /// The promises of the rules in force that the candidate does not make, and who took each away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retired: Vec<Retired>,
    /// The rows of the tables that turn, by action, `new` or `gone` where one set lacks it: loosened and tightened, each
    /// with all standings and a witness.
    #[schema(value_type = Vec<Object>, required = true)]
    #[serde(default)]
    pub rows: Vec<ActionFlips>,
    /// What a solver found to turn, by action, in the tables or beyond them.
    #[schema(value_type = Vec<Object>, required = true)]
    #[serde(default)]
    pub beyond: Vec<Beyond>,
    /// Who gains or loses what in the live world, counted and named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub world: Option<WorldDifference>,
}

impl Evidence {
    /// What a solver was asked and did not settle; nothing where none was there.
    pub(crate) fn undecided(&self) -> Vec<Finding> {
        let Some(proofs) = self.proofs.as_ref().filter(|proofs| proofs.solver.is_some()) else { return Vec::new() };
        let hint = "write it more simply, or publish it with a word why that is accepted";
        let finding = |message: String| Finding::whole("policies/always", message, hint);
        let claims = proofs.claims.iter().filter_map(|claim| match &claim.proof {
            Proof::NotProved { why } => Some(finding(format!("the claim `{}` is not proved: {why}", claim.claim))),
            _ => None,
        });
        let errs = proofs.never_errs.is_none().then(|| finding("it is not proved that no rule errs".to_owned()));
        claims.chain(errs).collect()
    }

    /// What is known of files that make no set of rules.
    fn unreadable(candidate: Digest, in_force: Digest, findings: Vec<Finding>) -> Self {
        let (rows, beyond, retired, outcome) = (Vec::new(), Vec::new(), Vec::new(), Outcome::Refused);
        Self { candidate, in_force, outcome, findings, proofs: None, retired, rows, beyond, world: None }
    }
}

/// Called with each answer that changes; may end the listing.
pub type OnTurn = dyn FnMut(&Turned<'_>) -> ControlFlow<()> + Send;

/// The callbacks of a review in progress.
pub struct ReviewCallbacks {
    /// How far the comparison of the live world has come.
    pub progress: Box<dyn FnMut(Progress) -> ControlFlow<()> + Send>,
    /// Each answer that turns there.
    pub turned: Box<OnTurn>,
}

impl Default for ReviewCallbacks {
    fn default() -> Self {
        Self { progress: Box::new(|_| ControlFlow::Continue(())), turned: Box::new(|_| ControlFlow::Continue(())) }
    }
}

/// The lines that took a promise away before: each set of the history says which, and whatever stood in the first
/// was done by then.
fn spent_retirements(pdp: &Pdp) -> Result<BTreeSet<Retirement>, StoreError> {
    let history = pdp.store.rules_history(0, usize::MAX)?;
    let first = history.first().map(|(_, entry)| pdp.store.kept_rules(&entry.digest)).transpose()?.flatten();
    let first: RuleFiles = first.into_iter().flatten().collect();
    let first = retirements(&first).into_iter().map(|line| line.of_any());
    let used = history.iter().flat_map(|(_, entry)| entry.retired.iter().filter_map(Retired::line));
    Ok(first.chain(used).collect())
}

/// Reviews a candidate against the rules in force and the present facts; nothing is written.
///
/// # Errors
/// [`StoreError`] when the facts cannot be read.
pub async fn examine(pdp: &Pdp, files: RuleFiles) -> Result<Evidence, StoreError> {
    examine_with(pdp, files, ReviewCallbacks::default()).await
}

/// Like [`examine`], with progress callbacks. If one ends it, the evidence is without the live world.
///
/// # Errors
/// [`StoreError`] when the facts cannot be read.
pub async fn examine_with(pdp: &Pdp, files: RuleFiles, callbacks: ReviewCallbacks) -> Result<Evidence, StoreError> {
    let old = pdp.rules();
    let (at, snapshot) = (pdp.store.now(), pdp.store.snapshot()?);
    let (solver, known) = (pdp.settings.terms.solver.clone(), pdp.rules.reviewed.clone());
    let (spent, needs_line) = (spent_retirements(pdp)?, pdp.rules.from == RulesFrom::Files);
    let reviewed = tokio::task::spawn_blocking(move || {
        let candidate = Digest::of(&files);
        let loaded = Bundle::load(files, Rulebook::Domain).map_err(|error| error.findings);
        let checked = loaded.and_then(|new| match schema_findings(&new) {
            found if found.is_empty() => Ok(new),
            found => Err(found),
        });
        let new = match checked {
            Ok(new) => new,
            Err(findings) => return Ok(Evidence::unreadable(candidate, old.digest().clone(), findings)),
        };
        let ReviewCallbacks { mut progress, mut turned } = callbacks;
        let spoken = Spoken::between(&old, &new, solver.as_deref());
        std::thread::scope(|scope| {
            // The live world is read while the solver and the tables are at work.
            let world = scope.spawn(|| {
                let view = snapshot.view();
                let rules = [&*old, &new];
                compare(rules, &spoken, &view, at, NAMED_TURNS_MAX, &mut *progress, &mut *turned)
            });
            let Verdict { mut findings, proofs, gone, rows, beyond } = known.of(&old, &new, solver.as_deref(), &spoken);
            let lines = retirements(new.files());
            let retired = retired(gone, &lines, &spent);
            let going = promises::findings(&retired, &old, needs_line);
            findings.extend(going.into_iter().chain(promises::waiting(&retired, &lines, &spent, &old)));
            findings.sort_by(|one, other| (one.advisory, one).cmp(&(other.advisory, other)));
            let world = match world.join() {
                Ok(Ok(world)) => Some(world),
                Ok(Err(CallError::Store(error))) => return Err(error),
                Ok(Err(error)) => {
                    findings.push(not_compared(&error.to_string()));
                    None
                }
                Err(_) => {
                    findings.push(not_compared("the comparison broke off"));
                    None
                }
            };
            Ok(Evidence {
                candidate,
                in_force: old.digest().clone(),
                outcome: outcome(&findings, &proofs),
                findings,
                proofs: Some(proofs),
                retired,
                rows,
                beyond,
                world,
            })
        })
    });
    reviewed.await.map_err(|error| StoreError::Unusable(format!("the review broke off: {error}")))?
}

fn not_compared(why: &str) -> Finding {
    let message = format!("the live world is not compared: {why}");
    Finding::whole("policies", message, "nothing is known of who gains or loses what").advising()
}
