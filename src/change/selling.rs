//! Registering a subscription: by an operator that writes facts, or by the partner that sells or manages it.
//!
//! A partner may name any id. One of a subscription that it may not see is handled as if nothing had that id, decision
//! by decision and refusal by refusal; it is denied only where that would create a subscription.

use crate::caller::Caller;
use crate::change::registration::{Origin, SubscriptionError, new_subscription, subscription};
use crate::change::registry::{Registered, registered, sale};
use crate::domain::subscription::Subscription;
use crate::pdp::call::{
    Admission, Answered, Begun, Call, CallError, CallTarget, Committed, Done, Undone, admit, admit_unseen,
    begin_admitted, finish, unmoved,
};
use crate::pdp::{Pdp, refusal};
use crate::policy::Bundle;
use crate::store::{Kept, StoreError, Work, WriteContext};

const WRITE: &str = "writeSubscription";

/// Registers a subscription, or changes it. A partner that registers a new one becomes its original reseller;
/// every difference that a partner makes is decided as its own action.
///
/// # Errors
/// [`SubscriptionError`]; [`CallError::Denied`] when the caller may not do one of the differences.
pub async fn put_subscription(
    pdp: &Pdp,
    call: &Call,
    after: Subscription,
) -> Result<Committed<Registered<Subscription>>, CallError<SubscriptionError>> {
    let current = pdp.rules.current.clone();
    let call = call.clone();
    let put = move |context: &WriteContext<'_>| put(&*current.over(context)?, &call, context, after.clone());
    let written = pdp.store.change(put).await?;
    let (value, revision, is_repeat) = written.value?;
    Ok(Committed { value, revision, is_repeat, seqs: written.seqs })
}

type Put = Answered<Registered<Subscription>, SubscriptionError>;

fn put(rules: &Bundle, call: &Call, context: &WriteContext<'_>, after: Subscription) -> Result<Work<Put>, StoreError> {
    let target = CallTarget::Subscription(after.id.clone());
    let mut admission = admit(rules, &context.view, context.at, &call.caller, WRITE, &target)?;
    let mut there = There::of(context.view.subscription(&after.id)?);
    if matches!(call.caller, Caller::Partner { .. })
        && let There::Seen(_) = there
        && admission.permit().is_err()
        && !admission.may_know()
    {
        let unseen = admit_unseen(rules, &context.view, context.at, &call.caller, WRITE, &target)?;
        there = There::Unseen(Box::new(std::mem::replace(&mut admission, unseen)));
    }
    let admitted = match begin_admitted(rules, call, admission, context)? {
        Begun::Over(work) => return Ok(*work),
        Begun::Admitted(permit, record) => (permit, record),
    };
    let done = operate(rules, call, context, after, there);
    let changes = done.as_ref().is_ok_and(|done| !done.change_set.is_empty());
    let revision = if changes { context.next } else { context.view.revision() };
    finish(call, admitted, done, revision, context.at)
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
    context: &WriteContext<'_>,
    mut after: Subscription,
    there: There,
) -> Result<Done<Registered<Subscription>>, Undone<SubscriptionError>> {
    let before = there.seen();
    let mut records = match &call.caller {
        Caller::Partner { id } => sale(context, rules, call, id, before.map(|kept| &kept.fact), &mut after)?,
        _ => Vec::new(),
    };
    let before = before.map(|kept| kept.revision);
    unmoved(call, before)?;
    let change_set = match &there {
        There::Unseen(_) => new_subscription(&context.view, context.at, &after, Origin::Now)?,
        There::Nothing | There::Seen(_) => subscription(&context.view, context.at, &after, Origin::Now)?,
    };
    if let There::Unseen(refused) = there {
        records.push(refused.record(call, rules));
        return Err(Undone::denied(refusal::not_permitted(rules, &call.caller, WRITE), records));
    }
    let mut done = registered(after, before, change_set, context.next);
    done.records = records;
    Ok(done)
}
