//! A second person's yes.

use std::sync::Arc;

use serde_json::Value;

use crate::clock::Timestamp;
use crate::config::RulesFrom;
use crate::limits::DIGEST_PREFIX_MIN;
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Coded as _, Committed, Done, Undone};
use crate::pdp::in_force::{Activation, Current, Note, activate_with};
use crate::policy::RuleFiles;
use crate::publish::four_eyes::{Hand, are_two};
use crate::publish::review::Outcome;
use crate::publish::reviewed_bundle::ReviewedBundle;
use crate::publish::{self, ProposalReport, PublishError, in_force, saying, short};
use crate::store::{Approval, MetadataChanges, Proposal, ProposalState, StoreError, Why, WriteContext};

/// What somebody says with its yes.
#[derive(Clone, Debug, Default)]
pub struct Approving {
    /// Why the rules are accepted without a proof.
    pub unproved: Option<String>,
    /// When they are to be activated.
    pub activate_at: Option<Timestamp>,
    /// The rules that are in force, when they are others than the proposal was made over: their digest, or its
    /// beginning.
    pub base: Option<String>,
    /// What is said with it, for the history.
    pub comment: Option<String>,
}

/// A proposal that somebody may approve.
fn admissible(
    (from, needs_persons): (RulesFrom, bool),
    context: &WriteContext<'_>,
    id: u64,
    hand: &Hand,
) -> Result<Proposal, CallError<PublishError>> {
    if from == RulesFrom::Files {
        return Err(PublishError::FromFiles.into());
    }
    let proposal = context.proposal(id)?.ok_or(PublishError::UnknownProposal(id))?;
    if proposal.state != ProposalState::Open {
        return Err(PublishError::Closed { id, state: proposal.state }.into());
    }
    are_two(&proposal, hand, needs_persons, &|id| context.token(id))?;
    Ok(proposal)
}

/// What stands against somebody approving a proposal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Against {
    /// The rules do not let them approve any.
    NotLetIn,
    /// The code of what approving it would be refused for.
    Refused(&'static str),
}

/// What stands against whoever makes the call approving a proposal, as approving it would say; nothing where they may.
/// Nothing is recorded: nobody asked for it.
///
/// # Errors
/// [`CallError::Store`] when it cannot be read.
pub fn stands_against(pdp: &Pdp, call: &Call, id: u64) -> Result<Option<Against>, CallError<PublishError>> {
    if !call::would_be_let_in::<PublishError>(pdp, call, "approveRules")? {
        return Ok(Some(Against::NotLetIn));
    }
    let refused = |error: PublishError| Ok(Some(Against::Refused(error.code())));
    if pdp.rules.from == RulesFrom::Files {
        return refused(PublishError::FromFiles);
    }
    let Some(proposal) = pdp.store.proposal(id)? else { return refused(PublishError::UnknownProposal(id)) };
    match are_two(&proposal, &Hand::of_call(call), pdp.settings.needs_persons, &|id| pdp.store.token(id)) {
        Ok(()) => Ok(None),
        Err(CallError::Refused(error)) => refused(error),
        Err(error) => Err(error),
    }
}

/// The rules an approval is meant over, whole where what it says begins the digest of those in force.
fn base_of(said: Option<&str>, proposal: &Proposal, in_force: &str) -> String {
    let is_short = |base: &str| base.len() >= DIGEST_PREFIX_MIN && in_force.starts_with(base);
    match said {
        Some(base) if is_short(base) => in_force.to_owned(),
        Some(base) => base.to_owned(),
        None => proposal.base.clone(),
    }
}

/// Nothing stands against a proposal: nothing was found, and it is proved or accepted without a proof.
fn sound(proposal: &Proposal, reviewed: &ReviewedBundle) -> Result<(), PublishError> {
    let is_accepted = proposal.approval.as_ref().is_some_and(|approval| approval.unproved.is_some());
    match reviewed.evidence.outcome {
        _ if reviewed.bundle.is_none() => Err(PublishError::Refused(Box::new(reviewed.evidence.clone()))),
        Outcome::NotProved if !is_accepted => Err(PublishError::NotProved(Box::new(reviewed.evidence.clone()))),
        _ => Ok(()),
    }
}

/// Puts an approved proposal in force.
pub(crate) fn activation(
    current: &Current,
    context: &WriteContext<'_>,
    mut proposal: Proposal,
    reviewed: &ReviewedBundle,
) -> Result<Done<ProposalReport>, Undone<PublishError>> {
    sound(&proposal, reviewed)?;
    let evidence = reviewed.json()?;
    let ReviewedBundle { evidence: found, bundle: Some(bundle) } = reviewed else {
        return Err(PublishError::UnknownProposal(proposal.id).into());
    };
    let by = proposal.approval.as_ref().map_or_else(String::new, |approval| approval.by.to_string());
    proposal.state = ProposalState::Activated;
    let mut metadata = MetadataChanges::default();
    metadata.put_proposal(&proposal)?;
    metadata.put_proposed_evidence(proposal.id, &evidence)?;
    let why = if proposal.rollback { Why::RolledBack } else { Why::Published };
    let (proposed, folder, retired) = (Some(proposal.id), None, found.retired.clone());
    let bundle = Arc::clone(bundle);
    let activation = Activation { bundle, by, why, proposal: proposed, evidence: Some(evidence), folder, retired };
    let comment = proposal.approval.as_ref().and_then(|approval| approval.comment.clone());
    let note = Note { comment, emergency: false };
    activate_with(current, context, &activation, note, &mut metadata)?;
    Ok(Done::metadata(metadata, ProposalReport::with(proposal, found)))
}

/// Approves a proposal: it is activated at once, or at its time.
///
/// # Errors
/// [`PublishError`]; [`CallError::Denied`] when the caller may not approve rules.
pub async fn approve(
    pdp: &Pdp,
    call: &Call,
    id: u64,
    approving: Approving,
) -> Result<Committed<ProposalReport>, CallError<PublishError>> {
    call::may(pdp, call, "approveRules").await?;
    let known = pdp.store.proposal(id)?;
    // What will be refused anyhow is not examined; the writer looks again at what it is then.
    let (hand, needs_persons) = (Hand::of_call(call), pdp.settings.needs_persons);
    let is_open = |known: &Proposal| {
        known.state == ProposalState::Open
            && pdp.rules.from == RulesFrom::Publishing
            && are_two(known, &hand, needs_persons, &|id| pdp.store.token(id)).is_ok()
    };
    let reviewed = match known.as_ref().filter(|known| is_open(known)) {
        Some(_) => Some(review_proposed(pdp, id).await?),
        None => None,
    };
    let at = approving.activate_at.or(known.as_ref().and_then(|known| known.activate_at));
    // A text that is refused for its length is not to fill the ledger.
    let has_comment = short("comment", approving.comment.as_deref()).is_ok();
    let is_proved = reviewed.as_ref().is_some_and(|reviewed| reviewed.evidence.outcome == Outcome::Proved);
    let unproved = approving.unproved.clone().filter(|_| !is_proved);
    let unproved = unproved.filter(|_| short("unproved", approving.unproved.as_deref()).is_ok());
    let said = [
        ("proposal", Some(id.into())),
        ("digest", known.as_ref().map(|known| known.digest.clone().into())),
        ("base", reviewed.as_ref().map(|reviewed| reviewed.evidence.in_force.to_string().into())),
        ("activateAt", at.map(|at| at.to_string().into())),
        ("unproved", unproved.map(Value::from)),
        ("comment", approving.comment.clone().filter(|_| has_comment).map(Value::from)),
    ];
    let call = saying(call, said);
    let (current, from) = (pdp.rules.current.clone(), pdp.rules.from);
    call::change(pdp, &call, "approveRules", CallTarget::Installation, move |context, _| {
        let mut proposal = admissible((from, needs_persons), context, id, &hand)?;
        let reviewed = reviewed.as_ref().ok_or(PublishError::Closed { id, state: proposal.state })?;
        let in_force = in_force(&current, context)?;
        if proposal.digest == in_force {
            return Err(PublishError::InForce(in_force).into());
        }
        let base = base_of(approving.base.as_deref(), &proposal, &in_force);
        if base != in_force || reviewed.evidence.in_force.as_str() != in_force {
            return Err(PublishError::Moved { base, in_force }.into());
        }
        short("unproved", approving.unproved.as_deref())?;
        short("comment", approving.comment.as_deref())?;
        if approving.unproved.is_some() && reviewed.evidence.outcome == Outcome::Proved {
            return Err(PublishError::NothingUnproved.into());
        }
        if let Some(at) = approving.activate_at.filter(|at| *at <= context.at) {
            return Err(PublishError::Past { at, now: context.at }.into());
        }
        proposal.activate_at = approving.activate_at.or(proposal.activate_at).filter(|at| *at > context.at);
        let (unproved, comment) = (approving.unproved.clone(), approving.comment.clone());
        let Hand { caller: by, person, token } = hand.clone();
        proposal.approval = Some(Approval { by, person, token, at: context.at, base: in_force, comment, unproved });
        if proposal.activate_at.is_none() {
            return activation(&current, context, proposal, reviewed);
        }
        sound(&proposal, reviewed)?;
        if let Some(other) = context.scheduled()? {
            return Err(PublishError::Scheduled(other).into());
        }
        proposal.state = ProposalState::Scheduled;
        let mut metadata = MetadataChanges::default();
        metadata.put_proposal(&proposal)?;
        metadata.put_scheduled(Some(id))?;
        metadata.put_proposed_evidence(id, &reviewed.json()?)?;
        Ok(Done::metadata(metadata, ProposalReport::with(proposal, &reviewed.evidence)))
    })
    .await
}

pub(crate) async fn review_proposed(pdp: &Pdp, id: u64) -> Result<ReviewedBundle, StoreError> {
    let files: RuleFiles = pdp.store.proposed_files(id)?.into_iter().collect();
    publish::reviewed_bundle::review_bundle(pdp, files).await
}
