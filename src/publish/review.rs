//! What is known of a candidate before it is in force: what is wrong with it, whether the promises hold, which rows
//! turn, and who in the live world gains or loses what.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::assure::examination::{ExaminationRequest, examination_of};
use crate::assure::promises::{self, Retired, retired};
use crate::assure::proof::{BUSY, Proof, Proofs, is_busy};
use crate::assure::prove::Beyond;
pub use crate::assure::release::Outcome;
use crate::assure::release::outcome;
use crate::assure::retitled::{Retitled, retitled};
use crate::assure::table_diff::ActionFlips;
use crate::assure::verdict::{Examination, Verdict};
use crate::config::RulesFrom;
use crate::limits::NAMED_TURNS_MAX;
use crate::pdp::Pdp;
use crate::pdp::call::CallError;
use crate::policy::{Bundle, Digest, Finding, Retirement, RuleFiles, Rulebook, retirements};
use crate::publish::difference::{Turned, WorldDifference, compare};
use crate::store::StoreError;
use crate::work::{Owner, in_turn};

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
    /// What a solver found to turn, by action, in no row of the tables.
    #[schema(value_type = Vec<Object>, required = true)]
    #[serde(default)]
    pub beyond: Vec<Beyond>,
    /// Why it is not known what turns besides the rows that do; nothing where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beyond_unknown: Option<String>,
    /// The rules whose title, or the reason that callers see, is another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retitled: Vec<Retitled>,
    /// Who gains or loses what in the live world, counted and named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub world: Option<WorldDifference>,
}

impl Evidence {
    /// What a solver was asked and did not settle; nothing where none was there.
    pub(crate) fn undecided(&self) -> Vec<Finding> {
        let Some(proofs) = self.proofs.as_ref().filter(|proofs| proofs.solver.is_some()) else { return Vec::new() };
        let finding = |message: String| {
            let hint = if is_busy(&message) {
                "have it reviewed again; a watched folder is read again by itself"
            } else {
                "write it more simply, or publish it with a word why that is accepted"
            };
            Finding::whole("policies/always", message, hint)
        };
        let claims = proofs.claims.iter().filter_map(|claim| match &claim.proof {
            Proof::NotProved { why } => Some(finding(format!("the claim `{}` is not proved: {why}", claim.claim))),
            _ => None,
        });
        let mut findings: Vec<Finding> = claims.collect();
        let errs = "it is not proved that no rule errs";
        let errs = if proofs.was_busy { format!("{errs}: {BUSY}") } else { errs.to_owned() };
        findings.extend(proofs.never_errs.is_none().then(|| finding(errs)));
        findings
    }

    /// What is known of files that make no set of rules.
    fn unreadable(candidate: Digest, in_force: Digest, findings: Vec<Finding>) -> Self {
        let (rows, beyond, retired, outcome) = (Vec::new(), Vec::new(), Vec::new(), Outcome::Refused);
        let (beyond_unknown, retitled) = (None, Vec::new());
        Self {
            candidate,
            in_force,
            outcome,
            findings,
            proofs: None,
            retired,
            rows,
            beyond,
            beyond_unknown,
            retitled,
            world: None,
        }
    }
}

/// Called with each answer that changes; may end the listing.
pub type OnTurn = dyn FnMut(&Turned<'_>) -> ControlFlow<()> + Send;

/// What a review that goes on tells, and to whom.
pub struct ReviewCallbacks {
    /// Whose review it is, and who follows how far it has come; it ends with it.
    pub by: Owner,
    /// Each answer that turns there.
    pub turned: Box<OnTurn>,
}

impl Default for ReviewCallbacks {
    fn default() -> Self {
        Self { by: Owner::of_current(), turned: Box::new(|_| ControlFlow::Continue(())) }
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

/// Like [`examine`], with callbacks. If one ends it, the evidence is without the live world.
///
/// # Errors
/// [`StoreError`] when the facts cannot be read.
pub async fn examine_with(pdp: &Pdp, files: RuleFiles, callbacks: ReviewCallbacks) -> Result<Evidence, StoreError> {
    let old = pdp.rules();
    let ReviewCallbacks { by, mut turned } = callbacks;
    let candidate = Digest::of(&files);
    let (spent, needs_line) = (spent_retirements(pdp)?, pdp.rules.from == RulesFrom::Files);
    let (verdict, spoken) = match examination(pdp, &old, &files, &by).await {
        Ok(Examination::Examined(known)) => *known,
        Ok(Examination::Unloadable(findings)) => {
            return Ok(Evidence::unreadable(candidate, old.digest().clone(), findings));
        }
        // What is not known is a no.
        Err(why) => {
            let finding = Finding::whole("policies", format!("the rules could not be examined: {why}"), UNEXAMINED);
            return Ok(Evidence::unreadable(candidate, old.digest().clone(), vec![finding]));
        }
    };
    let (at, snapshot) = (pdp.store.now(), pdp.store.snapshot()?);
    let compared = in_turn(&by, move || {
        let new = match Bundle::load(files, Rulebook::Domain) {
            Ok(new) => new,
            Err(error) => return Ok(Evidence::unreadable(candidate, old.digest().clone(), error.findings)),
        };
        let Verdict { mut findings, proofs, gone, rows, beyond, beyond_unknown } = verdict;
        let retitled = retitled(&old, &new);
        let lines = retirements(new.files());
        let retired = retired(gone, &lines, &spent);
        let going = promises::findings(&retired, &old, needs_line);
        findings.extend(going.into_iter().chain(promises::waiting(&retired, &lines, &spent, &old)));
        findings.sort_by(|one, other| (one.advisory, one).cmp(&(other.advisory, other)));
        let (view, rules) = (snapshot.view(), [&*old, &new]);
        let goes_on = &mut |_| ControlFlow::Continue(());
        let world = compare(rules, &spoken, &view, at, NAMED_TURNS_MAX, goes_on, &mut *turned);
        let world = match world {
            Ok(world) => Some(world),
            Err(CallError::Store(error)) => return Err(error),
            Err(error) => {
                findings.push(not_compared(&error.to_string()));
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
            beyond_unknown,
            retitled,
            world,
        })
    });
    compared.await.map_err(|error| StoreError::Unusable(format!("the review broke off: {error}")))?
}

pub(crate) const UNEXAMINED: &str =
    "send less at once, or have the limits of examinations raised in the settings; then try again";

/// What is known of a candidate short of the live world: known before, or found out in a process of its own where one
/// is to be had, else here.
pub(crate) async fn examination(
    pdp: &Pdp,
    old: &Arc<Bundle>,
    files: &RuleFiles,
    by: &Owner,
) -> Result<Examination, String> {
    let (candidate, reviewed) = (Digest::of(files), pdp.rules.reviewed.clone());
    if let Some(known) = reviewed.known(old.digest(), &candidate) {
        return Ok(known);
    }
    let solver = pdp.settings.terms.solver.clone();
    let examination = match &pdp.settings.examiner {
        Some(examiner) => {
            let request = ExaminationRequest::of(old.files(), files, solver.as_deref()).bytes()?;
            let answer = examiner.examine(by, &pdp.limits(), &request).await;
            let answer = answer.map_err(|error| error.to_string())?;
            examination_of(&answer, &request, old.digest(), &candidate)?
        }
        None => {
            let (reviewed, old, files, solver) = (reviewed.clone(), Arc::clone(old), files.clone(), solver.clone());
            let progress = by.progress().clone();
            let examine = move || reviewed.examine(&old, files, solver.as_deref());
            let examined = tokio::task::spawn_blocking(move || progress.follows(examine));
            examined.await.map_err(|error| error.to_string())?
        }
    };
    reviewed.note(old.digest(), &candidate, solver.as_deref(), &examination);
    Ok(examination)
}

pub(crate) fn not_compared(why: &str) -> Finding {
    let message = format!("the live world is not compared: {why}");
    Finding::whole("policies", message, "nothing is known of who gains or loses what").advising()
}
