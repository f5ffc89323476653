//! Everything that is known of a set of rules before it is in force, short of what it would change in the live world.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::calls::CallTable;
use super::coverage::{EXEMPTIONS, Gap, gaps};
use super::promises::{Retired, gone};
use super::proof::{BUSY, ClaimProof, Proof, Proofs};
use super::prove::{prove, unseen};
use super::spoken::Spoken;
use super::table::{Cell, Table};
use super::{checked, signed_tables};
use crate::decide::schema_findings;
use crate::policy::{Bundle, Finding, Rule, RuleId};
use crate::work::progress;

/// Every answer a set of rules gives.
#[derive(Clone, Debug)]
pub struct Tables {
    /// To what callers ask.
    pub asked: Table,
    /// To calls of this service.
    pub calls: CallTable,
}

impl Tables {
    /// Every answer of `bundle`; no solver is asked what callers can say.
    #[must_use]
    pub fn of(bundle: &Bundle) -> Self {
        Self::spoken(bundle, &Spoken::of(bundle, None))
    }

    /// Every answer of `bundle` to callers that say this.
    #[must_use]
    pub fn spoken(bundle: &Bundle, spoken: &Spoken) -> Self {
        Self { asked: Table::spoken(bundle, spoken), calls: CallTable::of(bundle) }
    }
}

/// What a review came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ReviewOutcome)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// Every claim is proved for every possible input, and nothing that was found refuses the set.
    Proved,
    /// Nothing that was found refuses the set, but not every claim is proved: each was checked on every row.
    NotProved,
    /// It cannot be put in force.
    Refused,
}

/// What is known of a set of rules by itself.
#[derive(Clone, Debug)]
pub struct Examined {
    /// What was found, those first that refuse the set.
    pub findings: Vec<Finding>,
    /// What became of the claims.
    pub proofs: Proofs,
    /// Every answer.
    pub tables: Tables,
    /// The promises of the rules in force that the set does not make.
    pub gone: Vec<Retired>,
}

impl Examined {
    /// What it came to.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        outcome(&self.findings, &self.proofs)
    }
}

/// Proves the claims with the solver `program`, or checks them on every row where none is; holds the signed rows
/// against the answers; looks for rules that can err, that are dead, and that no row needs.
///
/// The claims of `in_force` are held against the set too, where it lacks them or has them otherwise: a promise is
/// retired in a set that still keeps it, and never in the one that breaks it.
#[must_use]
pub fn examine(bundle: &Bundle, in_force: Option<&Bundle>, program: Option<&Path>) -> Examined {
    let spoken = match in_force {
        Some(in_force) => Spoken::between(in_force, bundle, program),
        None => Spoken::of(bundle, program),
    };
    examine_spoken(bundle, in_force, program, &spoken)
}

/// As [`examine`], where it is known what callers can say.
#[must_use]
pub fn examine_spoken(bundle: &Bundle, in_force: Option<&Bundle>, program: Option<&Path>, spoken: &Spoken) -> Examined {
    let own = bundle;
    let (held, unbearable) = match in_force {
        Some(in_force) => bundle.held_to_claims_of(in_force),
        None => (bundle.clone(), Vec::new()),
    };
    let bundle = &held;
    std::thread::scope(|scope| {
        let followed = progress();
        let proving = scope.spawn(move || followed.follows(|| proofs(bundle, program)));
        let checking = scope.spawn(|| checked::check_claims(bundle, spoken));
        let tables = Tables::spoken(bundle, spoken);
        let mut findings = signed_tables::check(bundle, &tables.asked);
        let on_rows = checking.join().unwrap_or_else(|_| {
            let message = "the claims could not be checked on every row";
            findings.push(Finding::whole("policies/always", message, "review the set again"));
            Vec::new()
        });
        findings.extend(unbearable);
        findings.extend(bundle.missing_words_against(in_force));
        findings.extend(schema_findings(bundle));
        findings.extend(bundle.out_of_reach());
        findings.extend(erring(bundle, &tables));
        for gap in gaps(bundle, &tables.asked, &tables.calls, EXEMPTIONS) {
            // Of a rule that names somebody no row could show anything.
            if let Gap::Rule(id) = &gap
                && let Some(rule) = bundle.rule(id).filter(|rule| rule.names().is_empty())
            {
                let hint = "mend its condition; remove it only where it is found to change no answer, since rows do not show everything";
                findings.push(Finding::of_rule(rule, "no row of the table needs the rule", hint).advising());
            }
        }
        let mut proofs = match proving.join() {
            Ok(Ok(proofs)) => proofs,
            Ok(Err(why)) => unproved(bundle, &on_rows, &why),
            Err(_) => unproved(bundle, &on_rows, "the proof stopped"),
        };
        // What a row breaks is broken, whatever was proved.
        for (claim, row) in proofs.claims.iter_mut().zip(on_rows) {
            if claim.claim != row.claim {
                continue;
            }
            if matches!(row.proof, Proof::Broken { .. }) && !matches!(claim.proof, Proof::Broken { .. }) {
                claim.proof = row.proof;
            }
            claim.negative_control = row.negative_control.filter(|_| !matches!(claim.proof, Proof::Broken { .. }));
        }
        findings.extend(proofs.findings.iter().cloned());
        let is_proved =
            |id: &RuleId| proofs.claims.iter().any(|claim| claim.claim == *id && claim.proof == Proof::Proved);
        findings.extend(spoken.findings(own, is_proved));
        let solver = program.filter(|_| proofs.solver.is_some());
        let solver = solver.ok_or(NO_SOLVER).and_then(|solver| in_time(&proofs, solver));
        findings.extend(naming(own, solver, is_proved));
        for action in signed_tables::silent(bundle, &tables.asked) {
            if solver.is_ok_and(|solver| unseen::is_for_nobody(bundle, action, solver)) {
                let unproved = signed_tables::never_yes(action, false);
                findings.retain(|found| *found != unproved);
                findings.push(signed_tables::never_yes(action, true));
            }
        }
        findings.extend(proofs.claims.iter().filter_map(|claim| broken(bundle, claim)));
        findings.extend(in_force.into_iter().flat_map(|in_force| own.unasked_of(in_force).into_values().flatten()));
        findings.sort_by(|one, other| (one.advisory, one).cmp(&(other.advisory, other)));
        findings.dedup();
        let implied = proofs.implied.iter().cloned().collect();
        let gone = in_force.map(|in_force| gone(own, in_force, &implied)).unwrap_or_default();
        Examined { findings, proofs, tables, gone }
    })
}

const NO_SOLVER: &str = "there is no solver";

/// The solver, where it had the time to prove what it was asked: where it had none, it is asked nothing more.
fn in_time<'p>(proofs: &Proofs, solver: &'p Path) -> Result<&'p Path, &'static str> {
    if proofs.was_busy { Err(BUSY) } else { Ok(solver) }
}

/// Rules that name an entity, which no row shows: each is told, and one that permits refuses where nothing bounds what it
/// is about.
fn naming(bundle: &Bundle, solver: Result<&Path, &str>, is_proved: impl Fn(&RuleId) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let named = |rule: &Rule| rule.names().iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    for rule in unseen::naming(bundle) {
        let message = format!("the rule names {}, and no row of a table shows what it does there", named(rule));
        let hint = "say it of everybody who stands alike, or make sure that it is meant";
        findings.push(Finding::of_rule(rule, message, hint).advising());
    }
    let open = solver.map_err(str::to_owned).and_then(|solver| unseen::unbounded(bundle, solver, is_proved));
    let open = match open {
        Ok(open) => open,
        Err(why) => {
            let hint = "have a claim `only-when` bound it and a solver prove that; or write it without the name";
            findings.extend(unseen::permitting(bundle).map(|rule| {
                let message = format!("the rule names {}, and it is not known what bounds it: {why}", named(rule));
                Finding::of_rule(rule, message, hint)
            }));
            return findings;
        }
    };
    for (rule, actions) in open.into_iter().filter(|(_, actions)| !actions.is_empty()) {
        let actions: Vec<String> = actions.iter().map(|action| format!("`{action}`")).collect();
        let message =
            format!("the rule names {}, and no claim that is proved bounds {}", named(rule), actions.join(", "));
        let hint = "write a claim `only-when` in `policies/always/` that covers it and says without a name when it is allowed at most";
        findings.push(Finding::of_rule(rule, message, hint));
    }
    findings
}

/// Rules that cannot be evaluated in some row.
fn erring(bundle: &Bundle, tables: &Tables) -> Vec<Finding> {
    let cells = tables.asked.cells().map(|(_, _, cell)| cell).chain(tables.calls.cells().map(|(_, _, cell)| cell));
    let erring: BTreeSet<_> = cells.flat_map(Cell::all).flat_map(|cell| &cell.faults).collect();
    let rules = erring.into_iter().filter_map(|id| bundle.rule(id));
    rules.map(|rule| Finding::of_rule(rule, "the rule errs, and an error refuses everything", ASK_FIRST)).collect()
}

const ASK_FIRST: &str = "ask with `has` before an attribute is read";

/// A broken claim as a finding.
fn broken(bundle: &Bundle, proof: &ClaimProof) -> Option<Finding> {
    let (Proof::Broken { counterexample }, Some(rule)) = (&proof.proof, bundle.rule(&proof.claim)) else { return None };
    let message = format!("the claim `{}` does not hold: {}", proof.claim, counterexample.sentence);
    Some(if rule.id.of_in_force().is_some() {
        let hint = "mend the rule, or retire the claim first, in a set of its own that still keeps it";
        Finding::of_rule(rule, message, hint).of_in_force()
    } else {
        Finding::of_rule(rule, message, "mend the rule, or the claim")
    })
}

fn proofs(bundle: &Bundle, program: Option<&Path>) -> Result<Proofs, String> {
    let Some(program) = program else { return Err(String::new()) };
    prove(bundle, program).inspect_err(|why| {
        tracing::warn!(%why, "the solver cannot be used; claims are checked on every row, not proved");
    })
}

fn unproved(bundle: &Bundle, on_rows: &[ClaimProof], why: &str) -> Proofs {
    let mut claims = on_rows.to_vec();
    for claim in &mut claims {
        let is_checked = claim.proof == Proof::CheckedOnEveryRow;
        if is_checked && bundle.rule(&claim.claim).is_some_and(|rule| bundle.turns_on_context(rule)) {
            claim.proof = Proof::NotProved { why: "it turns on what callers say, and there is no solver".to_owned() };
        }
    }
    Proofs {
        solver: None,
        why: (!why.is_empty()).then(|| why.to_owned()),
        claims,
        never_errs: None,
        implied: Vec::new(),
        findings: Vec::new(),
        questions: 0,
        was_busy: false,
    }
}

/// What a review comes to by what was found and proved.
#[must_use]
pub fn outcome(findings: &[Finding], proofs: &Proofs) -> Outcome {
    if findings.iter().any(|finding| !finding.advisory) {
        Outcome::Refused
    } else if proofs.never_errs == Some(true) && proofs.claims.iter().all(|claim| claim.proof == Proof::Proved) {
        Outcome::Proved
    } else {
        Outcome::NotProved
    }
}
