//! Who may make a call: the decision about it, its record, and the permit it yields.

use super::envelope::{Call, CallTarget};
use crate::audit::{Record, RecordKind};
use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::decide::{Decision, Namespace, Permit, Reason, decide, installation};
use crate::facts::{Facts, Needs};
use crate::id::SubscriptionId;
use crate::pdp::refusal::{self, Denied, name_in};
use crate::policy::Bundle;
use crate::question::{Entity, Kind, Question};
use crate::store::{StoreError, View};

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
    admit_caller(caller, &mut facts);
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

/// Notes in the facts of a call who makes it, where no fact of the store is of them: their credentials say it.
pub(crate) fn admit_caller(caller: &Caller, facts: &mut Facts) {
    match caller {
        Caller::Operator { id, role } => {
            facts.unknown_subject = None;
            facts.operators.insert(id.clone(), *role);
        }
        Caller::Visitor => facts.unknown_subject = None,
        Caller::Partner { .. } | Caller::Customer { .. } => {}
    }
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
