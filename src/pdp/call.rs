//! A call of this service: who may make it is decided by the same rules as everything else, and recorded.

mod envelope;
mod admission;
mod error;
mod operation;

pub(crate) use admission::{Admission, admit, admit_caller, admit_unseen};
pub use envelope::{Call, CallTarget, Condition, Idempotency, InSession, Spent};
pub use error::{CallError, Coded, PreconditionError};
pub use operation::done_under;
pub(crate) use operation::{Answered, Begun, Done, Undone, begin, begin_admitted, finish};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::audit::Record;
use crate::clock::Timestamp;
use crate::id::{Revision, Seq};
use crate::pdp::Pdp;
use crate::policy::{Bundle, Digest};
use crate::store::{Signed, View, WriteContext};
use operation::work;

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
    let looked = |view: &View<'_>, at| Ok((look(view, at)?, Vec::new()));
    read_whole(pdp, rules, call, action, target, looked, signed).await
}

/// Like [`read_by`], with records of their own of what was decided for it, which the call admitted.
pub(crate) async fn read_looking<T, E>(
    pdp: &Pdp,
    rules: &Bundle,
    call: &Call,
    action: &str,
    target: &CallTarget,
    look: impl FnOnce(&View<'_>, Timestamp) -> Result<(T, Vec<Record>), CallError<E>>,
) -> Result<Response<T>, CallError<E>> {
    read_whole(pdp, rules, call, action, target, look, |_| None).await
}

async fn read_whole<T, E>(
    pdp: &Pdp,
    rules: &Bundle,
    call: &Call,
    action: &str,
    target: &CallTarget,
    look: impl FnOnce(&View<'_>, Timestamp) -> Result<(T, Vec<Record>), CallError<E>>,
    signed: impl FnOnce(&T) -> Option<Signed>,
) -> Result<Response<T>, CallError<E>> {
    let (records, looked, revision, digest) = {
        let at = pdp.store.now();
        let snapshot = pdp.store.snapshot()?;
        let view = snapshot.view();
        let admission = admit(rules, &view, at, &call.caller, action, target)?;
        let permit = admission.permit();
        let admitted = admission.decision.rules().to_vec();
        let mut records = vec![pdp.store.recorded(admission.record(call, rules))?];
        let looked = permit.map(|_| look(&view, at));
        let looked = match looked {
            Ok(Ok((value, besides))) => {
                for mut record in besides {
                    record.at = at;
                    record.admitted.clone_from(&admitted);
                    call.stamp(&mut record);
                    records.push(pdp.store.recorded(record)?);
                }
                Ok(Ok(value))
            }
            Ok(Err(error)) => Ok(Err(error)),
            Err(denied) => Err(denied),
        };
        let bytes = records.iter().map(|record| record.bytes.len() as u64).sum();
        call.spent.add(records.len() as u64 - 1, bytes);
        (records, looked, view.revision(), rules.digest().clone())
    };
    let signed = looked.as_ref().ok().and_then(|looked| looked.as_ref().ok()).and_then(signed);
    let written = pdp.store.append_with(records, signed).await?;
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

/// Would the caller be let in to make a call about nothing in particular? Nothing is recorded: nobody made it.
///
/// # Errors
/// [`CallError::Store`] when the facts cannot be read.
pub fn would_be_let_in<E>(pdp: &Pdp, call: &Call, action: &str) -> Result<bool, CallError<E>> {
    would_be_let_in_about(pdp, call, action, &CallTarget::Installation)
}

/// The same for a call about something.
///
/// # Errors
/// [`CallError::Store`] when the facts cannot be read.
pub fn would_be_let_in_about<E>(
    pdp: &Pdp,
    call: &Call,
    action: &str,
    target: &CallTarget,
) -> Result<bool, CallError<E>> {
    let (rules, snapshot) = (pdp.rules(), pdp.store.snapshot()?);
    let admission = admit(&rules, &snapshot.view(), pdp.store.now(), &call.caller, action, target)?;
    Ok(admission.permit().is_ok())
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
