//! Registering a subscription: by whoever tells facts, or by the partner that sells or manages it.
//!
//! A partner may name any id. One of a subscription that it may not see is handled as if nothing had that id, decision by
//! decision and refusal by refusal; only where a new subscription would come of it is it told no.

use crate::caller::Caller;
use crate::change::registration::{SubscriptionError, Telling, new_subscription, subscription};
use crate::change::registry::{Registered, registered, sale};
use crate::domain::subscription::Subscription;
use crate::pdp::call::{
    Admission, Begun, Call, CallError, CallTarget, Committed, Done, Undone, Worked, admit, admit_unseen,
    begin_admitted, finish, unmoved,
};
use crate::pdp::{Pdp, refusal};
use crate::policy::Bundle;
use crate::store::{Kept, StoreError, Work, WriteContext};

const WRITE: &str = "writeSubscription";

/// Registers a subscription, or changes it. A partner that registers a new one becomes its original reseller;
/// every difference a partner brings is decided as its own action.
///
/// # Errors
/// [`SubscriptionError`]; [`CallError::Denied`] when the caller may not do one of the differences.
pub async fn put_subscription(
    pdp: &Pdp,
    call: &Call,
    told: Subscription,
) -> Result<Committed<Registered<Subscription>>, CallError<SubscriptionError>> {
    let current = pdp.rules.current.clone();
    let call = call.clone();
    let written = pdp.store.change(move |desk| put(&*current.over(desk)?, &call, desk, told)).await;
    let written = written.map_err(CallError::Unavailable)?;
    let (value, revision, is_repeat) = written.value?;
    Ok(Committed { value, revision, is_repeat, seqs: written.seqs })
}

type Put = Worked<Registered<Subscription>, SubscriptionError>;

fn put(rules: &Bundle, call: &Call, desk: &WriteContext<'_>, told: Subscription) -> Result<Work<Put>, StoreError> {
    let about = CallTarget::Subscription(told.id.clone());
    let mut admission = admit(rules, &desk.view, desk.at, &call.caller, WRITE, &about)?;
    let mut there = There::of(desk.view.subscription(&told.id)?);
    if matches!(call.caller, Caller::Partner { .. })
        && let There::Seen(_) = there
        && admission.permit().is_err()
        && !admission.may_know()
    {
        let unseen = admit_unseen(rules, &desk.view, desk.at, &call.caller, WRITE, &about)?;
        there = There::Unseen(Box::new(std::mem::replace(&mut admission, unseen)));
    }
    let admitted = match begin_admitted(rules, call, admission, desk)? {
        Begun::Over(work) => return Ok(*work),
        Begun::Admitted(permit, record) => (permit, record),
    };
    let done = operate(rules, call, desk, told, there);
    let changes = done.as_ref().is_ok_and(|done| !done.happening.is_empty());
    let revision = if changes { desk.next } else { desk.view.revision() };
    finish(call, admitted, done, revision, desk.at)
}

/// What stands under the id that is written to, as the caller may know it.
enum There {
    Nothing,
    Seen(Kept<Subscription>),
    /// Something the caller may not change, and the decision that says so.
    Unseen(Box<Admission>),
}

impl There {
    fn of(found: Option<Kept<Subscription>>) -> Self {
        found.map_or(Self::Nothing, Self::Seen)
    }

    fn seen(&self) -> Option<&Kept<Subscription>> {
        match self {
            Self::Seen(kept) => Some(kept),
            Self::Nothing | Self::Unseen(_) => None,
        }
    }
}

/// Nothing of what stands there is looked at before everything about the call is decided.
fn operate(
    rules: &Bundle,
    call: &Call,
    desk: &WriteContext<'_>,
    mut told: Subscription,
    there: There,
) -> Result<Done<Registered<Subscription>>, Undone<SubscriptionError>> {
    let before = there.seen();
    let mut records = match &call.caller {
        Caller::Partner { id } => sale(desk, rules, call, id, before.map(|kept| &kept.fact), &mut told)?,
        _ => Vec::new(),
    };
    let before = before.map(|kept| kept.revision);
    unmoved(call, before)?;
    let happening = match &there {
        There::Unseen(_) => new_subscription(&desk.view, desk.at, &told, Telling::Now)?,
        There::Nothing | There::Seen(_) => subscription(&desk.view, desk.at, &told, Telling::Now)?,
    };
    if let There::Unseen(refused) = there {
        records.push(refused.record(call, rules));
        return Err(Undone::Denied(refusal::not_permitted(rules, &call.caller, WRITE), records));
    }
    let mut done = registered(told, before, happening, desk.next);
    done.records = records;
    Ok(done)
}
