//! What was approved for later: it is activated when its time has come, if its approver still may.

use std::time::Duration;

use serde_json::Value;

use crate::config::RulesFrom;
use crate::pdp::call::{Call, CallError, CallTarget};
use crate::pdp::in_force::RefusedRules;
use crate::pdp::own::{self, Own};
use crate::pdp::{Pdp, call};
use crate::policy::Finding;
use crate::publish::approval::activation;
use crate::publish::four_eyes::still_counts;
use crate::publish::review::Outcome;
use crate::publish::watched::or_refused;
use crate::publish::{self, PublishError, in_force, saying};
use crate::store::{Closed, MetadataChanges, Proposal, ProposalState, StoreError, WriteContext};

/// Activates the proposal whose time has come, if there is one; says which, and whether it is in force.
///
/// It is examined again. Where it cannot be in force any more it is not, which the proposal, the rules and the log
/// say; what was in force still is.
///
/// # Errors
/// [`StoreError`] when the facts cannot be read or nothing can be written; then it may be tried again.
pub async fn activate_due(pdp: &Pdp) -> Result<Option<(u64, bool)>, StoreError> {
    let Some(scheduled) = scheduled(pdp)? else { return Ok(None) };
    let (id, now) = (scheduled.id, pdp.store.now());
    let (Some(at), Some(approval)) = (scheduled.activate_at, scheduled.approval.clone()) else { return Ok(None) };
    if at > now {
        return Ok(None);
    }
    let reviewed = publish::approval::review_proposed(pdp, id).await?;
    let (findings, digest) = (reviewed.evidence.findings.clone(), scheduled.digest.clone());
    let needs_persons = pdp.settings.needs_persons;
    // Approved without a proof, and proved since.
    let unproved = approval.unproved.clone().filter(|_| reviewed.evidence.outcome != Outcome::Proved);
    let said = [
        ("proposal", Some(id.into())),
        ("digest", Some(scheduled.digest.into())),
        ("base", Some(approval.base.clone().into())),
        ("activateAt", Some(at.to_string().into())),
        ("unproved", unproved.clone().map(Value::from)),
    ];
    // Whoever approved it has to be allowed to still: by the rules of now, and by the token it came with.
    let call = saying(&Call { person: approval.person.clone(), ..Call::of(approval.by.clone()) }, said);
    let current = pdp.rules.current.clone();
    let activated = call::change(pdp, &call, "approveRules", CallTarget::Installation, move |context, _| {
        let in_force = in_force(&current, context)?;
        let found = context.proposal(id)?;
        let mut proposal = found.ok_or(PublishError::UnknownProposal(id))?;
        if proposal.state != ProposalState::Scheduled {
            return Err(PublishError::Closed { id, state: proposal.state }.into());
        }
        still_counts(&proposal, &approval, context.at, needs_persons, &|id| context.token(id))?;
        if approval.base != in_force || reviewed.evidence.in_force.as_str() != in_force {
            return Err(PublishError::Moved { base: approval.base.clone(), in_force }.into());
        }
        if let Some(approval) = &mut proposal.approval {
            approval.unproved.clone_from(&unproved);
        }
        let mut done = activation(&current, context, proposal, &reviewed)?;
        done.metadata.put_scheduled(None)?;
        Ok(done)
    });
    let message = match activated.await {
        Ok(_) => return Ok(Some((id, true))),
        Err(CallError::Store(error)) => return Err(error),
        Err(CallError::Refused(PublishError::Closed { .. })) => return Ok(None),
        Err(error) => error.to_string(),
    };
    not_activated(pdp, id, digest, message, findings).await?;
    Ok(Some((id, false)))
}

async fn not_activated(
    pdp: &Pdp,
    id: u64,
    digest: String,
    message: String,
    mut findings: Vec<Finding>,
) -> Result<(), StoreError> {
    // Where nothing was found that refuses it, something else did.
    if findings.iter().all(|finding| finding.advisory) {
        let hint = "review it again, and propose it anew";
        findings.insert(0, Finding::whole("policies", format!("proposal {id} is not in force: {message}"), hint));
    }
    let refused = RefusedRules { digest: Some(digest), at: pdp.store.now(), findings, proposal: Some(id) };
    let by = "schedule".to_owned();
    let said = format!("proposal {id} did not come in force: {message}");
    let own = Own { action: "activateRules", by: by.clone(), message: said };
    let put = move |context: &WriteContext<'_>| {
        let mut metadata = MetadataChanges::default();
        if let Some(mut proposal) = context.proposal(id)?.filter(|known| known.state == ProposalState::Scheduled) {
            proposal.state = ProposalState::NotActivated;
            proposal.closed = Some(Closed { by: by.clone(), at: context.at, message: Some(message.clone()) });
            metadata.put_proposal(&proposal)?;
            metadata.put_scheduled(None)?;
        }
        Ok(metadata)
    };
    own::write_own(pdp, own, put).await?;
    publish::watched::refuse(pdp, refused);
    Ok(())
}

/// What was approved last and was not activated, as it was reported before the service stopped.
pub(crate) fn recall_refused(pdp: &Pdp) -> Result<(), StoreError> {
    let since = pdp.store.rules_in_force()?.map(|(_, entry)| entry.at);
    let proposals = pdp.store.proposals(0, usize::MAX)?.into_iter().map(|(_, proposal)| proposal);
    let newest = proposals.filter(|known| known.state == ProposalState::NotActivated).last();
    let Some((id, digest, closed)) = newest.and_then(|known| Some((known.id, known.digest, known.closed?))) else {
        return Ok(());
    };
    if since.is_none_or(|since| closed.at >= since) {
        let message = closed.message.unwrap_or_default();
        let findings = or_refused(vec![Finding::whole("policies", message, "review it again, and propose it anew")]);
        let refused = RefusedRules { digest: Some(digest), at: closed.at, findings, proposal: Some(id) };
        pdp.rules.current.refuse(Some(refused));
    }
    Ok(())
}

/// The scheduled proposal; none where files decide.
pub(crate) fn scheduled(pdp: &Pdp) -> Result<Option<Proposal>, StoreError> {
    match pdp.rules.from {
        RulesFrom::Files => Ok(None),
        RulesFrom::Publishing => pdp.store.scheduled(),
    }
}

/// The time until the scheduled proposal is activated; nothing when none is scheduled.
///
/// # Errors
/// [`StoreError`] when it cannot be read.
pub fn activation_within(pdp: &Pdp) -> Result<Option<Duration>, StoreError> {
    let at = scheduled(pdp)?.and_then(|proposal| proposal.activate_at);
    Ok(at.map(|at| Duration::try_from(at.duration_since(pdp.store.now())).unwrap_or_default()))
}

/// Announces that the scheduled proposal may have changed.
#[must_use]
pub fn schedule(pdp: &Pdp) -> tokio::sync::watch::Receiver<u64> {
    pdp.store.metadata_changed()
}
