//! What an allowed change comes to: what it did or why it did not, turned into what is written; and the answer that was
//! given before under the same key.

use std::sync::atomic::Ordering;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::admission::{Admission, admit};
use super::envelope::{Call, CallTarget, Idempotency, InSession};
use super::error::{CallError, Coded, PreconditionError};
use crate::audit::{CallOutcome, Record};
use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::decide::Permit;
use crate::domain::event::ChangeSet;
use crate::id::Revision;
use crate::pdp::Pdp;
use crate::pdp::refusal::Denied;
use crate::policy::Bundle;
use crate::question::Members;
use crate::store::{MetadataChanges, Remembered, StoreError, Work, WriteContext};

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

/// The answer, its revision, and whether it is a remembered one.
pub(crate) type Answered<T, E> = Result<(T, Revision, bool), CallError<E>>;

pub(super) fn work<T, E>(
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
    Some((key_of(&call.caller, &idempotency.key), idempotency))
}

fn key_of(caller: &Caller, key: &str) -> Vec<u8> {
    format!("{caller}\n{key}").into_bytes()
}

/// When a change was made that a caller asked for under a key, by a request whose SHA-256 begins so; nothing where none
/// was. What waits for its turn is not made yet.
///
/// # Errors
/// [`StoreError`] when it cannot be read.
pub fn done_under(pdp: &Pdp, caller: &Caller, key: &str, request: &[u8]) -> Result<Option<Timestamp>, StoreError> {
    let remembered = pdp.store.remembered(&key_of(caller, key))?;
    Ok(remembered.filter(|remembered| remembered.request.starts_with(request)).map(|remembered| remembered.at))
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
    let mut record = admission.record(call, rules);
    let answered = match (permit, over(call, context)?) {
        (Err(denied), _) => Err(CallError::Denied(denied)),
        (Ok(_), Some(over)) => {
            record.outcome = Some(CallOutcome::Refused(over.code().to_owned()));
            Err(CallError::Precondition(over))
        }
        (Ok(permit), None) => match key(call) {
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

/// Is what a change was asked by over, now that its turn has come?
fn over(call: &Call, context: &WriteContext<'_>) -> Result<Option<PreconditionError>, StoreError> {
    if let Some(session) = &call.session
        && !is_open(session, context)?
    {
        return Ok(Some(PreconditionError::SessionEnded));
    }
    if call.until.is_some_and(|until| context.at >= until) {
        return Ok(Some(PreconditionError::TokenEnded));
    }
    let Some(token) = call.proof.token() else { return Ok(None) };
    let is_over = context.token(token)?.is_some_and(|token| !token.is_valid(context.at));
    Ok(is_over.then_some(PreconditionError::TokenEnded))
}

/// Would the session still open anything, had its turn come with a call?
fn is_open(InSession { id, until, idle, is_over }: &InSession, context: &WriteContext<'_>) -> Result<bool, StoreError> {
    if is_over.load(Ordering::Acquire) || context.at >= *until {
        return Ok(false);
    }
    let Some(session) = context.session(id)?.filter(|session| session.ended.is_none()) else { return Ok(false) };
    Ok(context.at.duration_since(session.seen_last(context.session_seen(id)?)) < *idle)
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
