//! Deciding again what was decided: from the record's own question and facts, by the rules it names or by others.
//!
//! The same facts and rules give the same decision and reasons, or the answer says which ingredient is missing.
//! Besides, the facts of the record are compared with what the store says of their revision: state and ledger agree.

pub mod run;
mod report;

use std::sync::Arc;

use crate::answer::search::Replayable;
use crate::audit::{ENGINE, Record, RecordKind, Results};
use crate::decide::{Namespace, decide_by_cedar, decide_in};
use crate::evidence;
use crate::evidence::ledger::Read;
use crate::facts::{Facts, Needs};
use crate::id::Seq;
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Coded, Response, admit_caller};
use crate::pdp::rules::{self, AmbiguousDigest};
use crate::policy::{Bundle, RulesError};
use crate::store::{Snapshot, StoreError};

pub use report::{Ingredient, Missing, Replayed, Verdict};
pub use run::{ReplayLine, Replaying, Run, Totals};

/// What stands before the action of a call of this service.
const CALL: &str = "Api::";

/// By which rules something is decided again.
#[derive(Clone, Debug, Default)]
pub enum By {
    /// By those that decided it.
    #[default]
    Then,
    /// By those in force.
    Current,
    /// By those with this digest.
    Digest(String),
    /// By these, which need not have been in force.
    Candidate(Arc<Bundle>),
}

impl By {
    /// As a query says it: nothing or `then`, `current`, or a digest.
    #[must_use]
    pub fn said(rules: Option<String>) -> Self {
        match rules.filter(|rules| rules != "then") {
            None => Self::Then,
            Some(rules) if rules == "current" => Self::Current,
            Some(rules) => Self::Digest(rules),
        }
    }
}

/// Why something cannot be decided again.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// There is no such record.
    #[error("decision {0} is not in the ledger; check the number")]
    Unknown(Seq),
    /// No rules of that digest were ever in force here.
    #[error("no rules with digest `{0}` were ever in force here; see the history of the rules")]
    UnknownRules(String),
    /// Several sets of rules have digests that begin so.
    #[error(transparent)]
    Ambiguous(#[from] AmbiguousDigest),
    /// The candidate is not a good set of rules.
    #[error("the candidate cannot decide: {0}")]
    Candidate(#[from] RulesError),
}

impl Coded for ReplayError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "unknown_decision",
            Self::UnknownRules(_) => "unknown_rules",
            Self::Ambiguous(_) => "ambiguous_digest",
            Self::Candidate(_) => "invalid_rules",
        }
    }
}

/// What records are decided again with: the store at one moment.
pub(crate) struct Bench {
    snapshot: Snapshot,
    by: By,
}

impl Bench {
    pub(crate) fn of(pdp: &Pdp, by: By) -> Result<Self, CallError<ReplayError>> {
        let by = match by {
            By::Current => By::Candidate(pdp.rules()),
            By::Digest(digest) => {
                let rules =
                    rules::rules_named::<ReplayError>(pdp, &digest)?.ok_or(ReplayError::UnknownRules(digest))?;
                By::Candidate(rules)
            }
            other => other,
        };
        Ok(Self { snapshot: pdp.store.snapshot()?, by })
    }

    /// Decides a record again; one that cannot be read is what is missing.
    pub(crate) fn replay(&self, pdp: &Pdp, seq: Seq, read: Read) -> Result<Replayed, StoreError> {
        let mut replayed = Replayed {
            seq,
            same: false,
            question: None,
            then: None,
            now: None,
            facts_agree: None,
            missing: Vec::new(),
        };
        let record = read.map_err(|absent| absent.to_string());
        let record = record.and_then(|bytes| Record::from_bytes(&bytes).map_err(|error| error.to_string()));
        let record = match record {
            Ok(record) => record,
            Err(why) => {
                replayed.missing.push(Missing::of(Ingredient::Record, why));
                return Ok(replayed);
            }
        };
        if record.invalid.is_some() {
            // It was no question, so nothing was decided and nothing can turn.
            (replayed.then, replayed.now) = (Some(Verdict::then(&record)), Some(Verdict::then(&record)));
            replayed.same = true;
            return Ok(replayed);
        }
        if record.engine != ENGINE {
            let message = format!("`{}` evaluated it, and this is `{ENGINE}`", record.engine);
            replayed.missing.push(Missing::of(Ingredient::Engine, message));
        }
        let (now, facts_agree) = if record.world.is_some() {
            self.in_world(pdp, &record, &mut replayed.missing)?
        } else {
            self.in_domain(pdp, &record, &mut replayed.missing)?
        };
        let then = Verdict::then(&record);
        replayed.same = now.as_ref().is_some_and(|now| now.says_the_same(&then));
        replayed.facts_agree = facts_agree;
        replayed.question = Some(record.question);
        (replayed.then, replayed.now) = (Some(then), now);
        Ok(replayed)
    }

    fn in_world(
        &self,
        pdp: &Pdp,
        record: &Record,
        missing: &mut Vec<Missing>,
    ) -> Result<(Option<Verdict>, Option<bool>), StoreError> {
        let served = pdp.rules.world.as_deref().filter(|(_, world)| Some(world.digest()) == record.world.as_deref());
        let Some((rules, world)) = served else {
            let message =
                "it was about a world of its own whose entities are not served; serve that one with `--world`";
            missing.push(Missing::of(Ingredient::World, message));
            return Ok((None, None));
        };
        if matches!(self.by, By::Candidate(_)) {
            let message = "it was about a world of its own, and the rules asked for are for our own domain";
            missing.push(Missing::of(Ingredient::World, message));
            return Ok((None, None));
        }
        if *rules.digest() != record.rules {
            let message = format!("the rules `{}` of the world are not served", record.rules);
            missing.push(Missing::of(Ingredient::Rules, message));
            return Ok((None, None));
        }
        // A record of this program no longer holds what was dropped.
        let dropped = world.take_dropped(rules, &mut record.question.clone()).dropped;
        if !dropped.is_empty() {
            let named = dropped.into_iter().map(|named| format!("`{named}`")).collect::<Vec<_>>().join(", ");
            let message = format!("an older program let the caller complete what the world stores: {named}");
            missing.push(Missing::of(Ingredient::Engine, message));
        }
        let now = match (&record.asked, &record.results) {
            (RecordKind::Search | RecordKind::Look, Some(results)) => {
                let search = Replayable::of(&record.question, results);
                searched(search.in_world(rules, world), rules, missing)?.map(|(verdict, _)| verdict)
            }
            _ => Some(Verdict::decided(&decide_in(rules, &record.question, world), rules)),
        };
        Ok((now, Some(true)))
    }

    fn in_domain(
        &self,
        pdp: &Pdp,
        record: &Record,
        missing: &mut Vec<Missing>,
    ) -> Result<(Option<Verdict>, Option<bool>), StoreError> {
        let rules = self.rules(pdp, record, missing);
        let view = self.snapshot.view();
        if record.facts.revision > view.revision() {
            let message = format!(
                "revision {} of its facts is not in this store, the newest is {}",
                record.facts.revision,
                view.revision()
            );
            missing.push(Missing::of(Ingredient::Facts, message));
        }
        let is_there = record.facts.revision <= view.revision();
        let view = view.earlier(record.facts.revision);
        if let (RecordKind::Search | RecordKind::Look, Some(results)) = (&record.asked, &record.results) {
            let (Some(rules), true) = (rules, is_there) else { return Ok((None, (!is_there).then_some(false))) };
            let search = Replayable::of(&record.question, results);
            let found = search.in_domain(&rules, view, record.facts.at);
            let found = searched(found, &rules, missing)?;
            let agree = found.as_ref().map(|(_, facts)| *facts == record.facts);
            return Ok((found.map(|(verdict, _)| verdict), agree));
        }
        let agree = if is_there { again(&view, record)? == record.facts } else { false };
        let now = rules.map(|rules| {
            let mut question = record.question.clone();
            let called = question.action.name.strip_prefix(CALL).map(str::to_owned);
            let namespace = if called.is_some() { Namespace::Api } else { Namespace::Domain };
            question.action.name = called.unwrap_or(question.action.name);
            Verdict::decided(&decide_by_cedar(&rules, namespace, &question, &record.facts), &rules)
        });
        Ok((now, Some(agree)))
    }

    fn rules(&self, pdp: &Pdp, record: &Record, missing: &mut Vec<Missing>) -> Option<Arc<Bundle>> {
        if let By::Candidate(rules) = &self.by {
            return Some(Arc::clone(rules));
        }
        let message = match rules::rules_of(pdp, record.rules.as_str()) {
            Ok(Some(rules)) => return Some(rules),
            Ok(None) => format!("the rules `{}` are not kept in this store", record.rules),
            Err(error) => error.to_string(),
        };
        missing.push(Missing::of(Ingredient::Rules, message));
        None
    }
}

/// The verdict of a search that was made again, and the facts of its sides.
fn searched(
    found: Result<Option<(Results, Facts)>, StoreError>,
    rules: &Bundle,
    missing: &mut Vec<Missing>,
) -> Result<Option<(Verdict, Facts)>, StoreError> {
    let Some((results, facts)) = found? else {
        let message = "the token of the page that was asked for is not one of this search by these rules";
        missing.push(Missing::of(Ingredient::PageToken, message));
        return Ok(None);
    };
    Ok(Some((Verdict::searched(Some(results), rules), facts)))
}

/// What the store says of the revision and the moment of a record.
fn again(view: &crate::store::View<'_>, record: &Record) -> Result<Facts, StoreError> {
    let question = &record.question;
    let is_call = record.asked == RecordKind::Call && question.action.name.starts_with(CALL);
    let resource = record.about.as_ref().filter(|_| is_call).unwrap_or(&question.resource);
    let mut facts = view.facts(&Needs::of(&question.subject, resource), record.facts.at)?;
    if is_call {
        facts.unknown_resource = None;
        if question.subject == record.caller.entity() {
            admit_caller(&record.caller, &mut facts);
        }
    }
    Ok(facts)
}

/// Decides a record of the ledger again.
///
/// # Errors
/// [`ReplayError`]; [`CallError::Denied`] when the caller may not read the ledger.
pub async fn replay(pdp: &Pdp, call: &Call, seq: Seq, by: By) -> Result<Response<Replayed>, CallError<ReplayError>> {
    call::read(pdp, call, "readDecisions", &CallTarget::Installation, |_, _| {
        let records = evidence::ledger::records::ledger_records(pdp)?;
        if !(Seq(1)..=records.index.newest()?).contains(&seq) {
            return Err(ReplayError::Unknown(seq).into());
        }
        Ok(Bench::of(pdp, by)?.replay(pdp, seq, records.record(seq)?)?)
    })
    .await
}
