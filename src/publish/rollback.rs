//! The way back to rules that were in force before: alone only as an emergency, else as a proposal like any other.
//!
//! An emergency is to go back to the last good set, the one that was in force before the present one, within a short
//! time after the present one was activated. It needs no second person, so it is very visible: in the log, in the
//! history, and wherever it is shown which rules decide. It is not undone the same way: after a rollback nothing is an
//! emergency until rules are published again.

use std::sync::Arc;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::config::RulesFrom;
use crate::decide::check_schema;
use crate::limits::ROLLBACK_ALONE_SECONDS;
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Committed, Done};
use crate::pdp::in_force::{Activation, Note, activate_with, kept};
use crate::pdp::refused;
use crate::pdp::rules::{self, whole_digest};
use crate::policy::Bundle;
use crate::publish::four_eyes::{Hand, is_somebody};
use crate::publish::proposal::{Candidate, proposed};
use crate::publish::report::RulesEntry;
use crate::publish::reviewed_bundle::ReviewedBundle;
use crate::publish::{self, ProposalReport, PublishError, saying, short};
use crate::store::{InForce, MetadataChanges, StoreError, Why};

/// Which rules somebody wants in force again.
#[derive(Clone, Debug, Default)]
pub struct RollingBack {
    /// Their digest, or its beginning.
    pub to: String,
    /// What is said with it, for the history.
    pub comment: Option<String>,
}

/// The outcome.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RolledBack {
    /// It waits for a second person, as every proposal does.
    Proposed(Box<ProposalReport>),
    /// It was an emergency: they are in force, and this is what they answer differently.
    InForce(Box<RulesEntry>),
}

/// Rules that were in force before, and those that were in force when they were looked for.
struct Target {
    bundle: Arc<Bundle>,
    /// The newest entry of the history, by its number.
    newest: (u64, InForce),
    /// May one person alone go back to them?
    is_emergency: bool,
}

/// Is it an emergency to go back to `digest`: is it the set before the newest entry, which is no rollback itself and
/// was activated a short time ago?
fn is_emergency(history: &[(u64, InForce)], digest: &str, now: Timestamp) -> bool {
    let [.., (_, before), (_, newest)] = history else { return false };
    let age = now.duration_since(newest.at);
    newest.why != Why::RolledBack && before.digest == digest && age <= SignedDuration::from_secs(ROLLBACK_ALONE_SECONDS)
}

/// May one person alone go back to a set now, as an emergency? Whoever asks goes nowhere yet.
///
/// # Errors
/// [`StoreError`] when the history cannot be read.
pub fn may_go_back_alone(pdp: &Pdp, digest: &str) -> Result<bool, StoreError> {
    Ok(is_emergency(&pdp.store.rules_history(0, usize::MAX)?, digest, pdp.store.now()))
}

/// Goes back to rules that were in force before: at once in an emergency, else by a proposal that a second person
/// approves.
///
/// # Errors
/// [`PublishError`]; [`CallError::Denied`] when the caller may not call rules back.
pub async fn roll_back(
    pdp: &Pdp,
    call: &Call,
    rolling_back: RollingBack,
) -> Result<Committed<RolledBack>, CallError<PublishError>> {
    call::may(pdp, call, "rollBackRules").await?;
    let RollingBack { to, comment } = rolling_back;
    let (target, reviewed) = match target(pdp, call, &to, comment.as_deref()) {
        Ok(target) => {
            let reviewed = publish::reviewed_bundle::review_bundle(pdp, target.bundle.files().clone()).await?;
            (target, reviewed)
        }
        Err(error) => {
            return refused::refuse(pdp, call, "rollBackRules", CallTarget::Installation, error).await;
        }
    };
    let said = [
        ("digest", Some(target.bundle.digest().to_string().into())),
        ("base", Some(target.newest.1.digest.clone().into())),
        ("comment", comment.clone().map(Value::from)),
        ("emergency", target.is_emergency.then_some(Value::from(true))),
    ];
    let call = saying(call, said);
    if target.is_emergency {
        return go_back(pdp, &call, target, reviewed, comment).await;
    }
    let (current, hand) = (pdp.rules.current.clone(), Hand::of_call(&call));
    let files = kept(target.bundle.files());
    let title = Some(format!("go back to the rules `{}`", target.bundle.digest()));
    let candidate = Candidate { files, reviewed, title, why: comment, activate_at: None, rollback: true, draft: None };
    call::change(pdp, &call, "proposeRules", CallTarget::Installation, move |context, _| {
        let Done { change_set, records, metadata, value, .. } = proposed(&current, context, &hand, &candidate)?;
        let value = RolledBack::Proposed(Box::new(value));
        Ok(Done { change_set, records, ..Done::metadata(metadata, value) })
    })
    .await
}

/// Activates the rules of before at once.
async fn go_back(
    pdp: &Pdp,
    call: &Call,
    target: Target,
    reviewed: ReviewedBundle,
    comment: Option<String>,
) -> Result<Committed<RolledBack>, CallError<PublishError>> {
    let (current, by) = (pdp.rules.current.clone(), call.caller.to_string());
    call::change(pdp, call, "rollBackRules", CallTarget::Installation, move |context, _| {
        let Target { bundle, newest: (number, base), .. } = &target;
        let newest = context.in_force()?;
        if let Some((_, now)) = newest.filter(|(newest, _)| newest != number) {
            return Err(PublishError::Moved { base: base.digest.clone(), in_force: now.digest }.into());
        }
        let mut metadata = MetadataChanges::default();
        let evidence = reviewed.json()?;
        let (why, folder, retired) = (Why::RolledBack, None, reviewed.evidence.retired.clone());
        let (bundle, by, evidence) = (Arc::clone(bundle), by.clone(), Some(evidence));
        let activation = Activation { bundle, by, why, proposal: None, evidence, folder, retired };
        let note = Note { comment: comment.clone(), emergency: true };
        let entry = activate_with(&current, context, &activation, note, &mut metadata)?;
        let evidence = serde_json::to_value(&reviewed.evidence).ok();
        let entry = RulesEntry { evidence, ..entry.into() };
        Ok(Done::metadata(metadata, RolledBack::InForce(Box::new(entry))))
    })
    .await
}

/// The rules to go back to, if the caller may at all.
fn target(pdp: &Pdp, call: &Call, to: &str, comment: Option<&str>) -> Result<Target, CallError<PublishError>> {
    if pdp.rules.from == RulesFrom::Files {
        return Err(PublishError::FromFiles.into());
    }
    // A command on the server's machine may go back in an emergency and else propose, as it may propose anything.
    if call.caller != Caller::local() {
        is_somebody(&Hand::of_call(call), false)?;
    }
    short("comment", comment)?;
    let unknown = || PublishError::UnknownRules(to.to_owned());
    let digest = whole_digest::<PublishError>(pdp, to)?.ok_or_else(unknown)?;
    let unloadable = |message: String| PublishError::Unloadable { digest: digest.clone(), message };
    let bundle = match rules::rules_of(pdp, &digest) {
        Ok(found) => found.ok_or_else(unknown)?,
        Err(StoreError::Unreadable(message)) => return Err(unloadable(message).into()),
        Err(error) => return Err(error.into()),
    };
    // A newer program may know facts that rules of long ago cannot say.
    check_schema(&bundle).map_err(|finding| unloadable(finding.to_string()))?;
    if let Some(finding) = publish::reviewed_bundle::last_rules_finding(pdp, &bundle)? {
        return Err(unloadable(finding.to_string()).into());
    }
    let history = pdp.store.rules_history(0, usize::MAX)?;
    let is_emergency = is_emergency(&history, &digest, pdp.store.now());
    let newest = history.last().cloned().ok_or_else(unknown)?;
    if newest.1.digest == digest {
        return Err(PublishError::InForce(digest).into());
    }
    Ok(Target { bundle, newest, is_emergency })
}
