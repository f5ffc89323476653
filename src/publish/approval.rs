//! A second person's yes.

use serde_json::Value;

use crate::clock::Timestamp;
use crate::config::RulesFrom;
use crate::limits::DIGEST_PREFIX_MIN;
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Committed, Done, Undone};
use crate::pdp::rules::{Activation, Current, Note, bring_with};
use crate::policy::RuleFiles;
use crate::publish::four_eyes::{Hand, are_two};
use crate::publish::review::Outcome;
use crate::publish::weigh::ReviewedBundle;
use crate::publish::{self, ProposalTold, PublishError, in_force, saying, short};
use crate::store::{Approval, MetadataChanges, Proposal, ProposalState, StoreError, Why, WriteContext};

/// What somebody says with its yes.
#[derive(Clone, Debug, Default)]
pub struct Approving {
    /// Why the rules are accepted without a proof.
    pub unproved: Option<String>,
    /// When they are to come in force.
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
    desk: &WriteContext<'_>,
    id: u64,
    hand: &Hand,
) -> Result<Proposal, PublishError> {
    if from == RulesFrom::Files {
        return Err(PublishError::FromFiles);
    }
    let proposal = desk.proposal(id)?.ok_or(PublishError::UnknownProposal(id))?;
    if proposal.state != ProposalState::Open {
        return Err(PublishError::Closed { id, state: proposal.state });
    }
    are_two(&proposal, hand, needs_persons, &|id| desk.token(id))?;
    Ok(proposal)
}

/// The rules an approval is meant over, whole where what it says begins the digest of those in force.
fn base_of(said: Option<String>, proposal: &Proposal, in_force: &str) -> String {
    let is_short = |base: &String| base.len() >= DIGEST_PREFIX_MIN && in_force.starts_with(base.as_str());
    match said {
        Some(base) if is_short(&base) => in_force.to_owned(),
        Some(base) => base,
        None => proposal.base.clone(),
    }
}

/// Nothing stands against a proposal: nothing was found, and it is proved or accepted without a proof.
fn sound(proposal: &Proposal, weighed: &ReviewedBundle) -> Result<(), PublishError> {
    let is_accepted = proposal.approval.as_ref().is_some_and(|approval| approval.unproved.is_some());
    match weighed.evidence.outcome {
        _ if weighed.bundle.is_none() => Err(PublishError::Refused(Box::new(weighed.evidence.clone()))),
        Outcome::NotProved if !is_accepted => Err(PublishError::NotProved(Box::new(weighed.evidence.clone()))),
        _ => Ok(()),
    }
}

/// Puts an approved proposal in force.
pub(crate) fn activation(
    current: &Current,
    desk: &WriteContext<'_>,
    mut proposal: Proposal,
    weighed: ReviewedBundle,
) -> Result<Done<ProposalTold>, Undone<PublishError>> {
    sound(&proposal, &weighed)?;
    let evidence = weighed.json().map_err(PublishError::from)?;
    let ReviewedBundle { evidence: found, bundle: Some(bundle) } = weighed else {
        return Err(PublishError::UnknownProposal(proposal.id).into());
    };
    let by = proposal.approval.as_ref().map_or_else(String::new, |approval| approval.by.to_string());
    proposal.state = ProposalState::Activated;
    let mut beside = MetadataChanges::default();
    beside.put_proposal(&proposal).map_err(PublishError::from)?;
    beside.put_proposed_evidence(proposal.id, &evidence).map_err(PublishError::from)?;
    let why = if proposal.rollback { Why::RolledBack } else { Why::Published };
    let (proposed, folder, retired) = (Some(proposal.id), None, found.retired.clone());
    let coming = Activation { bundle, by, why, proposal: proposed, evidence: Some(evidence), folder, retired };
    let comment = proposal.approval.as_ref().and_then(|approval| approval.comment.clone());
    let note = Note { comment, emergency: false };
    bring_with(current, desk, coming, note, &mut beside).map_err(PublishError::from)?;
    Ok(Done::beside(beside, ProposalTold::with(proposal, &found)))
}

/// Says yes to a proposal: it comes in force at once, or when it is to.
///
/// # Errors
/// [`PublishError`]; [`CallError::Denied`] for whoever may not approve rules.
pub async fn approve(
    pdp: &Pdp,
    call: &Call,
    id: u64,
    approving: Approving,
) -> Result<Committed<ProposalTold>, CallError<PublishError>> {
    call::may(pdp, call, "approveRules").await.map_err(|error| error.map(PublishError::Store))?;
    let known = pdp.store.proposal(id).map_err(CallError::Unavailable)?;
    // What will be refused anyhow is not examined; the writer looks again at what it is then.
    let (hand, needs_persons) = (Hand::of_call(call), pdp.settings.needs_persons);
    let is_open = |known: &Proposal| {
        known.state == ProposalState::Open
            && pdp.rules.from == RulesFrom::Publishing
            && are_two(known, &hand, needs_persons, &|id| pdp.store.token(id)).is_ok()
    };
    let weighed = match known.as_ref().filter(|known| is_open(known)) {
        Some(_) => Some(weigh_proposed(pdp, id).await.map_err(CallError::Unavailable)?),
        None => None,
    };
    let at = approving.activate_at.or(known.as_ref().and_then(|known| known.activate_at));
    // A text that is refused for its length is not to fill the ledger.
    let has_comment = short("comment", approving.comment.as_deref()).is_ok();
    let is_proved = weighed.as_ref().is_some_and(|weighed| weighed.evidence.outcome == Outcome::Proved);
    let unproved = approving.unproved.clone().filter(|_| !is_proved);
    let unproved = unproved.filter(|_| short("unproved", approving.unproved.as_deref()).is_ok());
    let said = [
        ("proposal", Some(id.into())),
        ("digest", known.as_ref().map(|known| known.digest.clone().into())),
        ("base", weighed.as_ref().map(|weighed| weighed.evidence.in_force.to_string().into())),
        ("activateAt", at.map(|at| at.to_string().into())),
        ("unproved", unproved.map(Value::from)),
        ("comment", approving.comment.clone().filter(|_| has_comment).map(Value::from)),
    ];
    let call = saying(call, said);
    let (current, from) = (pdp.rules.current.clone(), pdp.rules.from);
    call::change(pdp, &call, "approveRules", CallTarget::Installation, move |desk, _| {
        let mut proposal = admissible((from, needs_persons), desk, id, &hand)?;
        let weighed = weighed.ok_or(PublishError::Closed { id, state: proposal.state })?;
        let in_force = in_force(&current, desk).map_err(PublishError::from)?;
        if proposal.digest == in_force {
            return Err(PublishError::InForce(in_force).into());
        }
        let base = base_of(approving.base, &proposal, &in_force);
        if base != in_force || weighed.evidence.in_force.as_str() != in_force {
            return Err(PublishError::Moved { base, in_force }.into());
        }
        short("unproved", approving.unproved.as_deref())?;
        short("comment", approving.comment.as_deref())?;
        if approving.unproved.is_some() && weighed.evidence.outcome == Outcome::Proved {
            return Err(PublishError::NothingUnproved.into());
        }
        if let Some(at) = approving.activate_at.filter(|at| *at <= desk.at) {
            return Err(PublishError::Past { at, now: desk.at }.into());
        }
        proposal.activate_at = approving.activate_at.or(proposal.activate_at).filter(|at| *at > desk.at);
        let (unproved, comment) = (approving.unproved, approving.comment);
        let Hand { caller: by, person, token } = hand;
        proposal.approval = Some(Approval { by, person, token, at: desk.at, base: in_force, comment, unproved });
        if proposal.activate_at.is_none() {
            return activation(&current, desk, proposal, weighed);
        }
        sound(&proposal, &weighed)?;
        if let Some(other) = desk.scheduled().map_err(PublishError::from)? {
            return Err(PublishError::Scheduled(other).into());
        }
        proposal.state = ProposalState::Scheduled;
        let mut beside = MetadataChanges::default();
        beside.put_proposal(&proposal).map_err(PublishError::from)?;
        beside.put_scheduled(Some(id)).map_err(PublishError::from)?;
        beside.put_proposed_evidence(id, &weighed.json().map_err(PublishError::from)?).map_err(PublishError::from)?;
        Ok(Done::beside(beside, ProposalTold::with(proposal, &weighed.evidence)))
    })
    .await
}

pub(crate) async fn weigh_proposed(pdp: &Pdp, id: u64) -> Result<ReviewedBundle, StoreError> {
    let files: RuleFiles = pdp.store.proposed_files(id)?.into_iter().collect();
    publish::weigh::weigh(pdp, files).await
}
