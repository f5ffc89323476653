//! A call of this service: who may make it is decided by the same rules as everything else, and recorded.

use std::convert::Infallible;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::audit::{CallOutcome, Record, RecordError, RecordKind};
use crate::caller::{Caller, Identity, Person, Proof};
use crate::clock::Timestamp;
use crate::decide::{Decision, Namespace, Permit, Reason, decide, installation};
use crate::domain::event::ChangeSet;
use crate::facts::{Facts, Needs};
use crate::id::{CustomerId, PartnerId, Revision, Seq, SubscriptionId};
use crate::pdp::Pdp;
use crate::pdp::refusal::{self, Denied, name_in};
use crate::policy::{Bundle, Digest};
use crate::question::{Entity, Kind, Members, Question};
use crate::store::{MetadataChanges, Remembered, Signed, StoreError, View, Work, WriteContext};

/// A call and who makes it.
#[derive(Clone, Debug)]
pub struct Call {
    /// Whom it speaks for.
    pub caller: Caller,
    /// Who makes it, where that is known.
    pub person: Option<Person>,
    /// How both were established.
    pub proof: Proof,
    /// The trace it belongs to, as W3C `traceparent` names it: 32 hexadecimal digits.
    pub trace: Option<String>,
    /// The caller's own name for the call.
    pub request_id: Option<String>,
    /// What makes a retry of it safe.
    pub idempotency: Option<Idempotency>,
    /// The preconditions of a change on its noun.
    pub conditions: Vec<Condition>,
    /// What the call states beyond the facts, recorded in the context of its question.
    pub said: Members,
}

impl Call {
    /// A plain call that this service makes itself, speaking for `caller`.
    #[must_use]
    pub fn of(caller: Caller) -> Self {
        Self::by(Identity { caller, person: None, proof: Proof::Service })
    }

    /// A plain call of somebody who came in from outside.
    #[must_use]
    pub fn by(Identity { caller, person, proof }: Identity) -> Self {
        Self {
            caller,
            person,
            proof,
            trace: None,
            request_id: None,
            idempotency: None,
            conditions: Vec::new(),
            said: Members::new(),
        }
    }

    /// Has a record say who made the call and what it belongs to.
    pub(crate) fn stamp(&self, record: &mut Record) {
        record.person.clone_from(&self.person);
        record.proof = Some(self.proof.clone());
        record.request_id.clone_from(&self.request_id);
        record.trace.clone_from(&self.trace);
    }
}

/// A key under which an answer is remembered, and the request it is for.
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// The caller's key.
    pub key: String,
    /// The SHA-256 of the request.
    pub request: [u8; 32],
}

/// What a call is about, for the rules.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CallTarget {
    /// Nothing in particular.
    Installation,
    /// One partner.
    Partner(PartnerId),
    /// One customer.
    Customer(CustomerId),
    /// One subscription.
    Subscription(SubscriptionId),
}

impl CallTarget {
    fn entity(&self) -> Entity {
        match self {
            Self::Installation => installation(),
            Self::Partner(id) => Entity::new(Kind::Partner.as_str(), id.as_str()),
            Self::Customer(id) => Entity::new(Kind::Customer.as_str(), id.as_str()),
            Self::Subscription(id) => Entity::new(Kind::Subscription.as_str(), id.as_str()),
        }
    }
}

/// A precondition of a change on its noun.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Condition {
    /// It is at one of these revisions.
    At(Vec<Revision>),
    /// It is there.
    Registered,
    /// It is not there yet.
    New,
}

/// A failed precondition, or an idempotency key used twice.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PreconditionError {
    /// The noun moved.
    #[error("it is at revision {found} and not at {}; read it again and decide anew", listed(asked))]
    Moved {
        /// The revisions asked for.
        asked: Vec<Revision>,
        /// The revision it is at.
        found: Revision,
    },
    /// The noun is not there.
    #[error("it is not there, and `If-Match` changes only what is; leave the header out to register it")]
    Absent,
    /// The noun is there.
    #[error("it is there, at revision {0}, and `If-None-Match: *` only creates; read it, or leave the header out")]
    Present(Revision),
    /// The key was used for another request.
    #[error("idempotency key `{0}` was used for another request; take a new key")]
    KeyReused(String),
}

impl PreconditionError {
    /// The code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Moved { .. } | Self::Absent => "revision_moved",
            Self::Present(_) => "already_registered",
            Self::KeyReused(_) => "idempotency_key_reused",
        }
    }
}

fn listed(revisions: &[Revision]) -> String {
    revisions.iter().map(Revision::to_string).collect::<Vec<_>>().join(" or ")
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum CallError<E> {
    /// The rules do not allow it.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// A precondition failed.
    #[error(transparent)]
    Precondition(#[from] PreconditionError),
    /// Its record cannot be written or the facts cannot be read, so there is no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It was allowed and cannot be done.
    #[error("{0}")]
    Refused(E),
}

impl<E> CallError<E> {
    /// Maps the error of what was allowed and cannot be done.
    pub(crate) fn map<F>(self, other: impl FnOnce(E) -> F) -> CallError<F> {
        match self {
            Self::Denied(denied) => CallError::Denied(denied),
            Self::Precondition(error) => CallError::Precondition(error),
            Self::Store(error) => CallError::Store(error),
            Self::Refused(error) => CallError::Refused(other(error)),
        }
    }
}

impl<E: Coded> CallError<E> {
    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Denied(denied) => denied.reason.as_str(),
            Self::Precondition(error) => error.code(),
            Self::Store(_) => "unavailable",
            Self::Refused(error) => error.code(),
        }
    }
}

impl<E: Coded> From<E> for CallError<E> {
    fn from(error: E) -> Self {
        Self::Refused(error)
    }
}

impl<E> From<RecordError> for CallError<E> {
    fn from(error: RecordError) -> Self {
        Self::Store(StoreError::Unusable(error.to_string()))
    }
}

/// The result of a read, with where it is recorded and the revision it was read at.
#[derive(Clone, Debug)]
pub struct Response<T> {
    /// The answer.
    pub value: T,
    /// The revision it was read at.
    pub revision: Revision,
    /// The places of its records in the ledger.
    pub seqs: Vec<Seq>,
    /// The digest of the rules it was answered by.
    pub rules: Digest,
}

/// The committed result of a change.
#[derive(Clone, Debug)]
pub struct Committed<T> {
    /// What is answered.
    pub value: T,
    /// The revision at which it is so.
    pub revision: Revision,
    /// Is it the answer to an earlier call with the same idempotency key?
    pub is_repeat: bool,
    /// The places of its records in the ledger.
    pub seqs: Vec<Seq>,
}

/// The decision about a call.
pub(crate) struct Admission {
    pub(crate) question: Question,
    pub(crate) facts: Facts,
    pub(crate) decision: Decision,
    /// What the call is about, where the rules were asked about the installation instead.
    target: Option<Entity>,
    /// The refusal the caller gets, when the call is denied.
    denied: Option<Denied>,
}

impl Admission {
    /// May the caller know of what the call is about? A tenant knows itself, and the subscriptions it has to do with.
    pub(crate) fn may_know(&self) -> bool {
        let Question { subject, resource, .. } = &self.question;
        let is_own_subscription = || {
            let sold = resource.id.parse::<SubscriptionId>().ok().and_then(|id| self.facts.subscriptions.get(&id));
            resource.kind == Kind::Subscription.as_str()
                && subject.kind == Kind::Customer.as_str()
                && sold.is_some_and(|sold| sold.service.customer.as_str() == subject.id)
        };
        subject.kind == Kind::Operator.as_str()
            || *resource == installation()
            || resource == subject
            || !self.decision.standing().is_empty()
            || is_own_subscription()
    }

    pub(crate) fn record(self, call: &Call, rules: &Bundle) -> Record {
        let asked = RecordKind::Call;
        let mut question = self.question;
        question.action.name = format!("Api::{}", question.action.name);
        question.context.clone_from(&call.said);
        let mut record =
            Record::of(call.caller.clone(), asked, question, self.facts, rules.digest().clone(), &self.decision);
        call.stamp(&mut record);
        record.about = self.target;
        record
    }

    pub(crate) fn permit(&self) -> Result<Permit, Denied> {
        match (&self.denied, self.decision.permit()) {
            (None, Some(permit)) => Ok(permit),
            (denied, _) => Err(denied.clone().unwrap_or_else(|| Denied {
                reason: Reason::NOT_PERMITTED,
                message: self.decision.message().to_owned(),
            })),
        }
    }
}

/// Asks the rules whether a caller may make a call. What is not known is asked about as the installation, so that a
/// caller who may not see something gets the same answer whether it exists or not.
pub(crate) fn admit(
    rules: &Bundle,
    view: &View<'_>,
    at: Timestamp,
    caller: &Caller,
    action: &str,
    target: &CallTarget,
) -> Result<Admission, StoreError> {
    let mut resource = target.entity();
    let subject = caller.entity();
    let mut facts = view.facts(&Needs::of(&subject, &resource), at)?;
    let mut unknown = None;
    if facts.unknown_resource.take().is_some() {
        unknown = (*target != CallTarget::Installation).then_some(resource);
        resource = installation();
    }
    if let Caller::Operator { id, role } = caller {
        facts.unknown_subject = None;
        facts.operators.insert(id.clone(), *role);
    }
    let question = Question::new(subject, name_in(rules, action), resource);
    let decision = decide(rules, Namespace::Api, &question, &facts);
    let denied = (!decision.is_allowed()).then(|| refusal::denied(rules, caller, action, &decision));
    let mut admission = Admission { question, facts, decision, target: unknown, denied };
    if admission.denied.is_some() && !admission.may_know() {
        // The reason of a forbid that reads another tenant's facts would disclose them.
        let absent = admit(rules, view, at, caller, action, &CallTarget::Installation)?;
        let denied = absent.permit().err().unwrap_or_else(|| refusal::not_permitted(rules, caller, action));
        admission.denied = Some(denied);
    }
    Ok(admission)
}

/// Like [`admit`], for something that is treated as unknown even if it exists: so that what a caller may not see is
/// decided exactly as what is not there.
pub(crate) fn admit_unseen(
    rules: &Bundle,
    view: &View<'_>,
    at: Timestamp,
    caller: &Caller,
    action: &str,
    target: &CallTarget,
) -> Result<Admission, StoreError> {
    let admission = admit(rules, view, at, caller, action, &CallTarget::Installation)?;
    Ok(Admission { target: Some(target.entity()), ..admission })
}

/// The result of an operation: its changes, what else was decided on the way, and the answer.
pub(crate) struct Done<T> {
    pub(crate) change_set: ChangeSet,
    pub(crate) records: Vec<Record>,
    /// The metadata it changes.
    pub(crate) metadata: MetadataChanges,
    /// What its record states in addition to what the call stated.
    pub(crate) said: Members,
    /// Was something done outside the store, as writing a file?
    pub(crate) has_acted: bool,
    pub(crate) value: T,
}

impl<T> Done<T> {
    pub(crate) fn of((change_set, value): (ChangeSet, T)) -> Self {
        let (metadata, said) = (MetadataChanges::default(), Members::new());
        Self { change_set, records: Vec::new(), metadata, said, has_acted: false, value }
    }

    /// Changes metadata and no fact.
    pub(crate) fn metadata(metadata: MetadataChanges, value: T) -> Self {
        Self { metadata, ..Self::of((ChangeSet::default(), value)) }
    }
}

/// Why an operation was not done, and what was decided on the way.
pub(crate) struct Undone<E> {
    pub(crate) error: CallError<E>,
    pub(crate) records: Vec<Record>,
}

impl<E> Undone<E> {
    /// Something that the operation needs besides is not allowed.
    pub(crate) fn denied(denied: Denied, records: Vec<Record>) -> Self {
        Self { error: CallError::Denied(denied), records }
    }
}

impl<E, F: Into<CallError<E>>> From<F> for Undone<E> {
    fn from(error: F) -> Self {
        Self { error: error.into(), records: Vec::new() }
    }
}

/// An error that has a stable code, for the record of why something allowed was not done.
pub trait Coded {
    /// The code.
    fn code(&self) -> &'static str;
    /// The evidence about refused rules, if the error is about them.
    fn evidence(&self) -> Option<serde_json::Value> {
        None
    }
}

/// Reading one noun is never refused.
impl Coded for Infallible {
    fn code(&self) -> &'static str {
        match *self {}
    }
}

/// Answers a call that changes nothing: decided, done on one revision, recorded, answered.
pub(crate) async fn read<T, E>(
    pdp: &Pdp,
    call: &Call,
    action: &str,
    target: &CallTarget,
    look: impl FnOnce(&View<'_>, Timestamp) -> Result<T, CallError<E>>,
) -> Result<Response<T>, CallError<E>> {
    read_by(pdp, &pdp.rules(), call, action, target, look).await
}

/// Like [`read`], by the given rules, which the reader needs too: others may be activated in between.
pub(crate) async fn read_by<T, E>(
    pdp: &Pdp,
    rules: &Bundle,
    call: &Call,
    action: &str,
    target: &CallTarget,
    look: impl FnOnce(&View<'_>, Timestamp) -> Result<T, CallError<E>>,
) -> Result<Response<T>, CallError<E>> {
    read_keeping(pdp, rules, call, action, target, look, |_| None).await
}

/// Like [`read_by`], storing the signed checkpoint it returns with the record of the call.
pub(crate) async fn read_keeping<T, E>(
    pdp: &Pdp,
    rules: &Bundle,
    call: &Call,
    action: &str,
    target: &CallTarget,
    look: impl FnOnce(&View<'_>, Timestamp) -> Result<T, CallError<E>>,
    signed: impl FnOnce(&T) -> Option<Signed>,
) -> Result<Response<T>, CallError<E>> {
    let (record, looked, revision, digest) = {
        let at = pdp.store.now();
        let snapshot = pdp.store.snapshot()?;
        let view = snapshot.view();
        let admission = admit(rules, &view, at, &call.caller, action, target)?;
        let permit = admission.permit();
        let record = pdp.store.recorded(admission.record(call, rules))?;
        (record, permit.map(|_| look(&view, at)), view.revision(), rules.digest().clone())
    };
    let signed = looked.as_ref().ok().and_then(|looked| looked.as_ref().ok()).and_then(signed);
    let written = pdp.store.append_with(vec![record], signed).await?;
    let value = looked??;
    Ok(Response { value, revision, seqs: written.seqs, rules: digest })
}

/// May the caller make a call about nothing in particular? A no is recorded; a yes is, once the call is made.
///
/// # Errors
/// [`CallError::Denied`] when the rules do not allow it.
pub async fn may<E>(pdp: &Pdp, call: &Call, action: &str) -> Result<(), CallError<E>> {
    let denied = {
        let rules = pdp.rules();
        let snapshot = pdp.store.snapshot()?;
        let target = CallTarget::Installation;
        let admission = admit(&rules, &snapshot.view(), pdp.store.now(), &call.caller, action, &target)?;
        match admission.permit() {
            Ok(_) => None,
            Err(denied) => Some((denied, pdp.store.recorded(admission.record(call, &rules))?)),
        }
    };
    match denied {
        None => Ok(()),
        Some((denied, record)) => {
            pdp.store.append(vec![record]).await?;
            Err(CallError::Denied(denied))
        }
    }
}

/// Makes a change: decides, computes and writes it on the newest facts, one after the other. It may be run again.
pub(crate) async fn change<T, E>(
    pdp: &Pdp,
    call: &Call,
    action: &'static str,
    target: CallTarget,
    operate: impl Fn(&WriteContext<'_>, &Bundle) -> Result<Done<T>, Undone<E>> + Send + 'static,
) -> Result<Committed<T>, CallError<E>>
where
    T: Serialize + DeserializeOwned + Send + 'static,
    E: Coded + Send + 'static,
{
    let (current, call) = (pdp.rules.current.clone(), call.clone());
    let work = move |on: &WriteContext<'_>| work(&*current.over(on)?, &call, action, &target, on, &operate);
    let written = pdp.store.change(work).await;
    // Rules that it activated decide, and are logged, before the caller gets the answer.
    drop(pdp.rules());
    let written = written?;
    let (value, revision, is_repeat) = written.value?;
    Ok(Committed { value, revision, is_repeat, seqs: written.seqs })
}

/// The answer, its revision, and whether it is a remembered one.
pub(crate) type Answered<T, E> = Result<(T, Revision, bool), CallError<E>>;

fn work<T, E>(
    rules: &Bundle,
    call: &Call,
    action: &str,
    target: &CallTarget,
    context: &WriteContext<'_>,
    operate: &impl Fn(&WriteContext<'_>, &Bundle) -> Result<Done<T>, Undone<E>>,
) -> Result<Work<Answered<T, E>>, StoreError>
where
    T: Serialize + DeserializeOwned,
    E: Coded,
{
    let (permit, record) = match begin(rules, call, action, target, context)? {
        Begun::Over(work) => return Ok(*work),
        Begun::Admitted(permit, record) => (permit, record),
    };
    let done = operate(context, rules);
    let changes = done.as_ref().is_ok_and(|done| !done.change_set.is_empty());
    let revision = if changes { context.next } else { context.view.revision() };
    finish(call, (permit, record), done, revision, context.at)
}

/// Whether a change goes on, once the rules and the remembered answers were looked up.
pub(crate) enum Begun<T, E> {
    /// Nothing: it is not allowed, or was answered before.
    Over(Box<Work<Answered<T, E>>>),
    /// It is allowed.
    Admitted(Permit, Box<Record>),
}

fn left<T, E>(call: &Call, value: Answered<T, E>) -> Work<Answered<T, E>> {
    let by = call.caller.to_string();
    Work { change: None, by, records: Vec::new(), remember: None, metadata: MetadataChanges::default(), value }
}

fn key(call: &Call) -> Option<(Vec<u8>, &Idempotency)> {
    let idempotency = call.idempotency.as_ref()?;
    Some((format!("{}\n{}", call.caller, idempotency.key).into_bytes(), idempotency))
}

/// Asks the rules about a change, and looks whether it was made before under the same key.
pub(crate) fn begin<T: DeserializeOwned, E>(
    rules: &Bundle,
    call: &Call,
    action: &str,
    target: &CallTarget,
    context: &WriteContext<'_>,
) -> Result<Begun<T, E>, StoreError> {
    let admission = admit(rules, &context.view, context.at, &call.caller, action, target)?;
    begin_admitted(rules, call, admission, context)
}

/// Like [`begin`], with the decision already made.
pub(crate) fn begin_admitted<T: DeserializeOwned, E>(
    rules: &Bundle,
    call: &Call,
    admission: Admission,
    context: &WriteContext<'_>,
) -> Result<Begun<T, E>, StoreError> {
    let permit = admission.permit();
    let record = admission.record(call, rules);
    let answered = match permit {
        Err(denied) => Err(CallError::Denied(denied)),
        Ok(permit) => match key(call) {
            Some((key, idempotency)) => match context.remembered(&key)? {
                Some(remembered) => repeat(&remembered, idempotency)?,
                None => return Ok(Begun::Admitted(permit, Box::new(record))),
            },
            None => return Ok(Begun::Admitted(permit, Box::new(record))),
        },
    };
    let mut work = left(call, answered);
    work.records.push(record);
    Ok(Begun::Over(Box::new(work)))
}

/// Turns the result of an allowed operation into what is written: its changes, its records and the remembered answer.
/// If it was done, `revision` is the one at which it holds.
pub(crate) fn finish<T: Serialize, E: Coded>(
    call: &Call,
    (permit, mut record): (Permit, Box<Record>),
    done: Result<Done<T>, Undone<E>>,
    revision: Revision,
    at: Timestamp,
) -> Result<Work<Answered<T, E>>, StoreError> {
    let (outcome, records, refused) = match done {
        Ok(done) => {
            let remember = match key(call) {
                Some((key, idempotency)) => {
                    let answer =
                        serde_json::to_string(&done.value).map_err(|error| StoreError::Unusable(error.to_string()))?;
                    Some(Remembered { key, request: idempotency.request, answer, revision, at })
                }
                None => None,
            };
            let is_unchanged = done.change_set.events.is_empty();
            record.outcome = Some(match (is_unchanged, done.metadata.is_empty() && !done.has_acted) {
                (false, _) => CallOutcome::Revision(revision),
                (true, false) => CallOutcome::Done,
                (true, true) => CallOutcome::Unchanged,
            });
            record.question.context.extend(done.said);
            let mut work = left(call, Ok((done.value, revision, false)));
            work.records.push(*record);
            work.records.extend(done.records);
            work.change = Some((permit, done.change_set));
            work.remember = remember;
            work.metadata = done.metadata;
            return Ok(work);
        }
        Err(Undone { error: CallError::Store(fault), .. }) => return Err(fault),
        Err(Undone { error, records }) => (error.code().to_owned(), records, error),
    };
    record.outcome = Some(CallOutcome::Refused(outcome));
    let mut work = left(call, Err(refused));
    work.records.push(*record);
    work.records.extend(records);
    Ok(work)
}

fn repeat<T: DeserializeOwned, E>(
    remembered: &Remembered,
    idempotency: &Idempotency,
) -> Result<Answered<T, E>, StoreError> {
    if remembered.request != idempotency.request {
        return Ok(Err(CallError::Precondition(PreconditionError::KeyReused(idempotency.key.clone()))));
    }
    let value = serde_json::from_str(&remembered.answer).map_err(|error| StoreError::Unreadable(error.to_string()))?;
    Ok(Ok((value, remembered.revision, true)))
}

/// Checks the conditions of a call against the revision of its noun.
pub(crate) fn unmoved<E>(call: &Call, found: Option<Revision>) -> Result<(), CallError<E>> {
    for condition in &call.conditions {
        let broken = match (condition, found) {
            (Condition::At(_) | Condition::Registered, None) => PreconditionError::Absent,
            (Condition::At(asked), Some(found)) if !asked.contains(&found) => {
                PreconditionError::Moved { asked: asked.clone(), found }
            }
            (Condition::New, Some(found)) => PreconditionError::Present(found),
            _ => continue,
        };
        return Err(broken.into());
    }
    Ok(())
}
