//! Asking one question, and what any question is evaluated in.

use std::sync::Arc;

use crate::answer::as_decided::as_decided;
use crate::answer::past::{self, AsOf, ReadOptions};
use crate::answer::short::{PlainContext, short_answer};
use crate::audit::{Record, RecordKind, Recorded};
use crate::clock::Timestamp;
use crate::decide::{Decision, Namespace, Nearest, World, decide, decide_in, nearest};
use crate::facts::{Facts, Needs};
use crate::id::Revision;
use crate::limits::BATCH_RECORD_BYTES_MAX;
use crate::pdp::Pdp;
use crate::pdp::call::{Admission, Call, CallError, CallTarget, Coded, Response, admit};
use crate::pdp::refusal::Denied;
use crate::pdp::rules::{self, AmbiguousDigest};
use crate::policy::{Bundle, Digest, RuleId};
use crate::question::Question;
use crate::store::{Snapshot, StoreError};

/// Why a question cannot be answered on the basis asked for.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The moment has not come.
    #[error("`as_of` `{asked}` has not come yet, it is `{now}`; ask for a moment that has passed")]
    Future {
        /// The moment asked for.
        asked: Timestamp,
        /// Now.
        now: Timestamp,
    },
    /// The revision has not come.
    #[error("revision {asked} is not there yet, the newest is {newest}; ask again later or for an older one")]
    NotYet {
        /// The revision asked for.
        asked: Revision,
        /// The newest.
        newest: Revision,
    },
    /// No rules of that digest were ever in force here.
    #[error("no rules with digest `{0}` were ever in force here; see the history of the rules")]
    UnknownRules(String),
    /// Several sets of rules have digests that begin so.
    #[error(transparent)]
    Ambiguous(#[from] AmbiguousDigest),
    /// The records of a batch would take more room than they may.
    #[error("the records of these evaluations would take more than {BATCH_RECORD_BYTES_MAX} bytes; send fewer at once")]
    TooMuch,
    /// A world has no past.
    #[error("a world of its own has no history; ask without `as_of`, `rules` and `at_least`")]
    NoHistory,
}

impl Coded for AskError {
    fn code(&self) -> &'static str {
        match self {
            Self::Future { .. } => "not_yet",
            Self::NotYet { .. } => "revision_not_reached",
            Self::UnknownRules(_) => "unknown_rules",
            Self::Ambiguous(_) => "ambiguous_digest",
            Self::TooMuch => "batch_too_large",
            Self::NoHistory => "no_history",
        }
    }
}

/// What is answered to one question.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What the rules said.
    pub decision: Decision,
    /// What would turn it round, when that was asked for.
    pub nearest: Option<Vec<Nearest>>,
    /// Was it decided by other rules than were in force at the moment it is about?
    pub is_hypothetical: bool,
}

/// What questions are evaluated in: one revision, one moment, one set of rules.
pub(crate) struct EvaluationContext {
    pub(crate) rules: Arc<Bundle>,
    /// Are they others than were in force at the moment it is about?
    pub(crate) is_hypothetical: bool,
    pub(crate) snapshot: Snapshot,
    pub(crate) at: Timestamp,
    /// When it was really asked, whatever moment it is asked about.
    pub(crate) now: Timestamp,
    pub(crate) admitted: Vec<RuleId>,
}

impl EvaluationContext {
    pub(crate) fn revision(&self) -> Revision {
        self.snapshot.view().revision()
    }
}

/// An answer with the record it needs before it may be given.
pub(crate) struct Answered {
    pub(crate) answer: Answer,
    pub(crate) record: Record,
}

/// Answers one question.
///
/// # Errors
/// [`AskError`] for a basis that cannot be; [`CallError::Denied`] when the caller may not ask.
pub async fn ask(
    pdp: &Pdp,
    call: &Call,
    question: Question,
    options: &ReadOptions,
) -> Result<Response<Answer>, CallError<AskError>> {
    let context = admitted(pdp, context(pdp, call, options)?).await?;
    let action = question.action.name.clone();
    let (answer, record) = recorded_answer(pdp, &context, call, question, options.explain)?;
    call.spent.add(1, record.bytes.len() as u64);
    let (revision, rules) = (context.revision(), digest_of(pdp, &context));
    let written = pdp.store.append(vec![record]).await?;
    pdp.metrics.decisions.decided(deciding(pdp, &context), &action, &answer.decision);
    Ok(Response { value: answer, revision, seqs: written.seqs, rules })
}

/// The entities of the world that is served, if one is.
pub(crate) fn world(pdp: &Pdp) -> Option<&World> {
    pdp.rules.world.as_deref().map(|(_, world)| world)
}

/// The rules that answer in an evaluation context.
pub(crate) fn deciding<'a>(pdp: &'a Pdp, context: &'a EvaluationContext) -> &'a Bundle {
    pdp.rules.world.as_deref().map_or(&*context.rules, |(rules, _)| rules)
}

/// The digest of the rules that answer in an evaluation context.
pub(crate) fn digest_of(pdp: &Pdp, context: &EvaluationContext) -> Digest {
    deciding(pdp, context).digest().clone()
}

/// Why the caller may not ask, with the record of it.
pub(crate) type Unadmitted = Box<(Denied, Record)>;

/// What questions are answered from, or the record of why the caller may not ask.
pub(crate) fn context(
    pdp: &Pdp,
    call: &Call,
    options: &ReadOptions,
) -> Result<Result<EvaluationContext, Unadmitted>, CallError<AskError>> {
    let current = pdp.rules();
    let now = pdp.store.now();
    // Whether the caller may ask is a question of now, whatever moment it asks about.
    let present = pdp.store.snapshot()?;
    let admission: Admission =
        admit(&current, &present.view(), now, &call.caller, options.call(), &CallTarget::Installation)?;
    if let Err(denied) = admission.permit() {
        return Ok(Err(Box::new((denied, admission.record(call, &current)))));
    }
    let is_plain = options.as_of.is_none() && options.at_least.is_none() && options.rules.is_none();
    let (snapshot, at) = if is_plain { (present, now) } else { moment(pdp, options, now)? };
    let rules = rules_for(pdp, options, at, &current)?;
    let is_hypothetical = past::is_hypothetical(pdp, options, at, &rules, &current)?;
    Ok(Ok(EvaluationContext {
        rules,
        is_hypothetical,
        snapshot,
        at,
        now,
        admitted: admission.decision.rules().to_vec(),
    }))
}

/// Passes on what was prepared, or records that the caller may not ask.
pub(crate) async fn admitted<T, E>(pdp: &Pdp, prepared: Result<T, Unadmitted>) -> Result<T, CallError<E>> {
    match prepared {
        Ok(prepared) => Ok(prepared),
        Err(unadmitted) => {
            let (denied, record) = *unadmitted;
            let record = pdp.store.recorded(record)?;
            pdp.store.append(vec![record]).await?;
            Err(CallError::Denied(denied))
        }
    }
}

pub(crate) fn moment(
    pdp: &Pdp,
    options: &ReadOptions,
    now: Timestamp,
) -> Result<(Snapshot, Timestamp), CallError<AskError>> {
    if pdp.rules.world.is_some() && (options.as_of.is_some() || options.rules.is_some() || options.at_least.is_some()) {
        return Err(AskError::NoHistory.into());
    }
    let newest = pdp.store.revision();
    if let Some(asked) = options.at_least.filter(|asked| *asked > newest) {
        return Err(AskError::NotYet { asked, newest }.into());
    }
    match options.as_of {
        None => Ok((pdp.store.snapshot()?, now)),
        Some(AsOf::Time(asked)) if asked > now => Err(AskError::Future { asked, now }.into()),
        Some(AsOf::Time(at)) => Ok((pdp.store.snapshot_at(pdp.store.revision_at(at)?)?, at)),
        Some(AsOf::Revision(asked)) if asked > newest => Err(AskError::NotYet { asked, newest }.into()),
        Some(AsOf::Revision(revision)) => Ok((pdp.store.snapshot_at(revision)?, AsOf::Revision(revision).time(pdp)?)),
    }
}

pub(crate) fn rules_for(
    pdp: &Pdp,
    options: &ReadOptions,
    at: Timestamp,
    current: &Arc<Bundle>,
) -> Result<Arc<Bundle>, CallError<AskError>> {
    let named = options.rules.as_deref().filter(|rules| *rules != "then");
    match (named, options.as_of) {
        (None, None) | (Some("current"), _) => Ok(Arc::clone(current)),
        (Some(digest), _) => {
            Ok(rules::rules_named::<AskError>(pdp, digest)?.ok_or_else(|| AskError::UnknownRules(digest.to_owned()))?)
        }
        (None, Some(_)) => match pdp.store.rules_in_force_at(at)? {
            Some(digest) => Ok(rules::rules_of(pdp, &digest)?.ok_or(AskError::UnknownRules(digest))?),
            None => Ok(Arc::clone(current)),
        },
    }
}

/// Answers one question in the evaluation context, with its record ready to be written.
pub(crate) fn recorded_answer(
    pdp: &Pdp,
    context: &EvaluationContext,
    call: &Call,
    question: Question,
    explain: bool,
) -> Result<(Answer, Recorded), StoreError> {
    if !explain {
        let EvaluationContext { rules, at, now, admitted, is_hypothetical, .. } = context;
        let plain = PlainContext { rules, view: context.snapshot.view(), at: *at, now: *now, admitted };
        if let Some((decision, record)) = short_answer(pdp, call, &question, plain)? {
            return Ok((Answer { decision, nearest: None, is_hypothetical: *is_hypothetical }, record));
        }
    }
    let Answered { answer, record } = answer(pdp, context, call, question, explain)?;
    Ok((answer, pdp.store.recorded(record)?))
}

/// Answers one question in the evaluation context.
pub(crate) fn answer(
    pdp: &Pdp,
    context: &EvaluationContext,
    call: &Call,
    question: Question,
    explain: bool,
) -> Result<Answered, StoreError> {
    let view = context.snapshot.view();
    let (decision, facts, turned, rules, world) = match &pdp.rules.world {
        None => {
            let needs = Needs::of(&question.subject, &question.resource);
            let facts = view.facts(&needs, context.at)?;
            let decision = decide(&context.rules, Namespace::Domain, &question, &facts);
            let turned = explain.then(|| nearest(&context.rules, &question, &facts, decision.is_allowed()));
            (decision, facts, turned, &*context.rules, None)
        }
        Some(world) => {
            let (rules, world) = world.as_ref();
            let decision = decide_in(rules, &question, world);
            let facts = Facts { revision: view.revision(), at: context.at, ..Facts::default() };
            (decision, facts, explain.then(Vec::new), rules, Some(world.digest().to_owned()))
        }
    };
    let mut record = record_of(pdp, context, call, RecordKind::Evaluation, question, facts, rules, &decision);
    record.world = world;
    Ok(Answered { answer: Answer { decision, nearest: turned, is_hypothetical: context.is_hypothetical }, record })
}

#[expect(clippy::too_many_arguments, reason = "a record has this many parts")]
pub(crate) fn record_of(
    pdp: &Pdp,
    context: &EvaluationContext,
    call: &Call,
    asked: RecordKind,
    question: Question,
    facts: Facts,
    rules: &Bundle,
    decision: &Decision,
) -> Record {
    let (question, claimed) = as_decided(world(pdp), rules, question);
    let mut record = Record::of(call.caller.clone(), asked, question, facts, rules.digest().clone(), decision);
    record.claimed = claimed;
    record.at = context.now;
    record.admitted.clone_from(&context.admitted);
    call.stamp(&mut record);
    record
}

/// The record of an element of a batch that is no question.
pub(crate) fn record_of_invalid(pdp: &Pdp, context: &EvaluationContext, call: &Call, message: String) -> Record {
    let facts = Facts { revision: context.revision(), at: context.at, ..Facts::default() };
    let (caller, rules) = (call.caller.clone(), digest_of(pdp, context));
    let mut record = Record::of_invalid(caller, RecordKind::Evaluation, message, facts, rules);
    record.at = context.now;
    record.world = world(pdp).map(|world| world.digest().to_owned());
    record.admitted.clone_from(&context.admitted);
    call.stamp(&mut record);
    record
}
