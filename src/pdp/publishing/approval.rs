//! Somebody else's yes, what comes in force later, and the way back.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::super::call::{About, Call, CallError, Changed, Coded as _, Done, Undone};
use super::super::rules::{Coming, Current, RefusedRules, RulesEntry, Weighed, bring};
use super::super::watched::told;
use super::super::{Outcome, Pdp};
use super::{ProposalTold, PublishError, in_force, is_same, saying, short};
use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::config::RulesFrom;
use crate::decide::check_schema;
use crate::policy::{Bundle, Finding, RuleFiles};
use crate::store::{Approval, Beside, Closed, Desk, Proposal, ProposalState, StoreError, Why, Work};

/// What somebody says with its yes.
#[derive(Clone, Debug, Default)]
pub struct Approving {
    /// Why the rules are accepted without a proof.
    pub unproved: Option<String>,
    /// When they are to come in force.
    pub activate_at: Option<Timestamp>,
    /// The rules that are in force, when they are others than the proposal was made over.
    pub base: Option<String>,
}

/// A proposal that somebody may approve.
fn admissible(from: RulesFrom, desk: &Desk<'_>, id: u64, caller: &Caller) -> Result<Proposal, PublishError> {
    if from == RulesFrom::Files {
        return Err(PublishError::FromFiles);
    }
    let proposal = desk.proposal(id)?.ok_or(PublishError::UnknownProposal(id))?;
    if proposal.state != ProposalState::Open {
        return Err(PublishError::Closed { id, state: proposal.state });
    }
    if is_same(&proposal.proposer, caller) {
        return Err(PublishError::SameIdentity { who: caller.to_string() });
    }
    Ok(proposal)
}

/// Nothing stands against a proposal: nothing was found, and it is proved or accepted without a proof.
fn sound(proposal: &Proposal, weighed: &Weighed) -> Result<(), PublishError> {
    let is_accepted = proposal.approval.as_ref().is_some_and(|approval| approval.unproved.is_some());
    match weighed.evidence.outcome {
        _ if weighed.bundle.is_none() => Err(PublishError::Refused(Box::new(weighed.evidence.clone()))),
        Outcome::NotProved if !is_accepted => Err(PublishError::NotProved(Box::new(weighed.evidence.clone()))),
        _ => Ok(()),
    }
}

/// Puts an approved proposal in force.
fn activation(
    current: &Current,
    desk: &Desk<'_>,
    mut proposal: Proposal,
    weighed: Weighed,
) -> Result<Done<ProposalTold>, Undone<PublishError>> {
    sound(&proposal, &weighed)?;
    let evidence = weighed.json().map_err(PublishError::from)?;
    let Weighed { evidence: found, bundle: Some(bundle) } = weighed else {
        return Err(PublishError::UnknownProposal(proposal.id).into());
    };
    let by = proposal.approval.as_ref().map_or_else(String::new, |approval| approval.by.to_string());
    proposal.state = ProposalState::Activated;
    let mut beside = Beside::default();
    beside.put_proposal(&proposal).map_err(PublishError::from)?;
    beside.put_proposed_evidence(proposal.id, &evidence).map_err(PublishError::from)?;
    let (why, proposed) = (Why::Published, Some(proposal.id));
    let coming = Coming { bundle, by, why, proposal: proposed, evidence: Some(evidence) };
    bring(current, desk, coming, &mut beside).map_err(PublishError::from)?;
    Ok(Done::beside(beside, ProposalTold::with(proposal, &found)))
}

impl Pdp {
    /// Says yes to a proposal: it comes in force at once, or when it is to.
    ///
    /// # Errors
    /// [`PublishError`]; [`CallError::Denied`] for whoever may not approve rules.
    pub async fn approve(
        &self,
        call: &Call,
        id: u64,
        approving: Approving,
    ) -> Result<Changed<ProposalTold>, CallError<PublishError>> {
        self.may(call, "approveRules").await.map_err(|error| error.map(PublishError::Store))?;
        let known = self.store.proposal(id).map_err(CallError::Unavailable)?;
        // What will be refused anyhow is not examined; the writer looks again at what it is then.
        let is_open = |known: &Proposal| {
            known.state == ProposalState::Open
                && self.rules_from == RulesFrom::Publishing
                && !is_same(&known.proposer, &call.caller)
        };
        let weighed = match known.as_ref().filter(|known| is_open(known)) {
            Some(_) => Some(self.weigh_proposed(id).await.map_err(CallError::Unavailable)?),
            None => None,
        };
        let at = approving.activate_at.or(known.as_ref().and_then(|known| known.activate_at));
        // A text that is refused for its length is not to fill the ledger.
        let unproved = approving.unproved.clone().filter(|_| short("unproved", approving.unproved.as_deref()).is_ok());
        let said = [
            ("proposal", Some(id.into())),
            ("digest", known.as_ref().map(|known| known.digest.clone().into())),
            ("base", weighed.as_ref().map(|weighed| weighed.evidence.in_force.to_string().into())),
            ("activateAt", at.map(|at| at.to_string().into())),
            ("unproved", unproved.map(Value::from)),
        ];
        let call = saying(call, said);
        let (current, caller, from) = (self.current.clone(), call.caller.clone(), self.rules_from);
        let soon = self.schedule.clone();
        self.change(&call, "approveRules", About::Installation, move |desk, _| {
            let mut proposal = admissible(from, desk, id, &caller)?;
            let weighed = weighed.ok_or(PublishError::Closed { id, state: proposal.state })?;
            let in_force = in_force(&current, desk).map_err(PublishError::from)?;
            if proposal.digest == in_force {
                return Err(PublishError::InForce(in_force).into());
            }
            let base = approving.base.unwrap_or_else(|| proposal.base.clone());
            if base != in_force || weighed.evidence.in_force.as_str() != in_force {
                return Err(PublishError::Moved { base, in_force }.into());
            }
            short("unproved", approving.unproved.as_deref())?;
            if let Some(at) = approving.activate_at.filter(|at| *at <= desk.at) {
                return Err(PublishError::Past { at, now: desk.at }.into());
            }
            proposal.activate_at = approving.activate_at.or(proposal.activate_at).filter(|at| *at > desk.at);
            let unproved = approving.unproved;
            proposal.approval = Some(Approval { by: caller, at: desk.at, base: in_force, unproved });
            if proposal.activate_at.is_none() {
                return activation(&current, desk, proposal, weighed);
            }
            sound(&proposal, &weighed)?;
            if let Some(other) = desk.scheduled().map_err(PublishError::from)? {
                return Err(PublishError::Scheduled(other).into());
            }
            proposal.state = ProposalState::Scheduled;
            let mut beside = Beside::default();
            beside.put_proposal(&proposal).map_err(PublishError::from)?;
            beside.put_scheduled(Some(id)).map_err(PublishError::from)?;
            beside
                .put_proposed_evidence(id, &weighed.json().map_err(PublishError::from)?)
                .map_err(PublishError::from)?;
            beside.then(move || {
                soon.send_replace(());
            });
            Ok(Done::beside(beside, ProposalTold::with(proposal, &weighed.evidence)))
        })
        .await
    }

    pub(super) async fn weigh_proposed(&self, id: u64) -> Result<Weighed, StoreError> {
        let files: RuleFiles = self.store.proposed_files(id)?.into_iter().collect();
        self.weigh(files).await
    }

    /// Puts the proposal in force whose time has come, if there is one; says which, and whether it is in force.
    ///
    /// It is examined again. Where it cannot be in force any more it is not, which the proposal, the rules and the log
    /// say; what was in force still is.
    ///
    /// # Errors
    /// [`StoreError`] when the facts cannot be read or nothing can be written; then it may be tried again.
    pub async fn activate_due(&self) -> Result<Option<(u64, bool)>, StoreError> {
        let Some(scheduled) = self.scheduled()? else { return Ok(None) };
        let (id, now) = (scheduled.id, self.store.now());
        let (Some(at), Some(approval)) = (scheduled.activate_at, scheduled.approval.clone()) else { return Ok(None) };
        if at > now {
            return Ok(None);
        }
        let weighed = self.weigh_proposed(id).await?;
        let (findings, digest) = (weighed.evidence.findings.clone(), scheduled.digest.clone());
        let said = [
            ("proposal", Some(id.into())),
            ("digest", Some(scheduled.digest.into())),
            ("base", Some(approval.base.clone().into())),
            ("activateAt", Some(at.to_string().into())),
            ("unproved", approval.unproved.map(Value::from)),
        ];
        // Whoever approved it has to be allowed to still, by the rules of now.
        let call = saying(&Call::of(approval.by), said);
        let current = self.current.clone();
        let activated = self.change(&call, "approveRules", About::Installation, move |desk, _| {
            let in_force = in_force(&current, desk).map_err(PublishError::from)?;
            let found = desk.proposal(id).map_err(PublishError::from)?;
            let proposal = found.ok_or(PublishError::UnknownProposal(id))?;
            if proposal.state != ProposalState::Scheduled {
                return Err(PublishError::Closed { id, state: proposal.state }.into());
            }
            if approval.base != in_force || weighed.evidence.in_force.as_str() != in_force {
                return Err(PublishError::Moved { base: approval.base, in_force }.into());
            }
            let mut done = activation(&current, desk, proposal, weighed)?;
            done.beside.put_scheduled(None).map_err(PublishError::from)?;
            Ok(done)
        });
        let message = match activated.await {
            Ok(_) => return Ok(Some((id, true))),
            Err(CallError::Unavailable(error)) => return Err(error),
            Err(CallError::Failed(PublishError::Closed { .. })) => return Ok(None),
            Err(CallError::Failed(error)) => error.store().cloned().map_or_else(|| Ok(error.to_string()), Err)?,
            Err(error) => error.to_string(),
        };
        self.not_activated(id, digest, message, findings).await?;
        Ok(Some((id, false)))
    }

    async fn not_activated(
        &self,
        id: u64,
        digest: String,
        message: String,
        mut findings: Vec<Finding>,
    ) -> Result<(), StoreError> {
        if findings.is_empty() {
            let hint = "review it again, and propose it anew";
            findings.push(Finding::whole("policies", format!("proposal {id} is not in force: {message}"), hint));
        }
        let refused = RefusedRules { digest: Some(digest), at: self.store.now(), findings, proposal: Some(id) };
        let by = "schedule".to_owned();
        let written = self.store.change(move |desk| {
            let mut beside = Beside::default();
            if let Some(mut proposal) = desk.proposal(id)?.filter(|known| known.state == ProposalState::Scheduled) {
                proposal.state = ProposalState::NotActivated;
                proposal.closed = Some(Closed { by: by.clone(), at: desk.at, message: Some(message) });
                beside.put_proposal(&proposal)?;
                beside.put_scheduled(None)?;
            }
            Ok(Work { change: None, by, records: Vec::new(), remember: None, beside, value: () })
        });
        written.await?;
        self.refuse(refused);
        Ok(())
    }

    /// What was approved last and did not come in force, as it was said before the service stopped.
    pub(in crate::pdp) fn recall_refused(&self) -> Result<(), StoreError> {
        let since = self.store.rules_in_force()?.map(|(_, entry)| entry.at);
        let proposals = self.store.proposals(0, usize::MAX)?.into_iter().map(|(_, proposal)| proposal);
        let newest = proposals.filter(|known| known.state == ProposalState::NotActivated).last();
        let Some((id, digest, closed)) = newest.and_then(|known| Some((known.id, known.digest, known.closed?))) else {
            return Ok(());
        };
        if since.is_none_or(|since| closed.at >= since) {
            let message = closed.message.unwrap_or_default();
            let findings = told(vec![Finding::whole("policies", message, "review it again, and propose it anew")]);
            let refused = RefusedRules { digest: Some(digest), at: closed.at, findings, proposal: Some(id) };
            self.current.refuse(Some(refused));
        }
        Ok(())
    }

    /// The proposal that is to come in force later; none where files decide.
    pub(in crate::pdp) fn scheduled(&self) -> Result<Option<Proposal>, StoreError> {
        match self.rules_from {
            RulesFrom::Files => Ok(None),
            RulesFrom::Publishing => self.store.scheduled(),
        }
    }

    /// How long it is until a proposal is to come in force; nothing when none is.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn activation_within(&self) -> Result<Option<Duration>, StoreError> {
        let at = self.scheduled()?.and_then(|proposal| proposal.activate_at);
        Ok(at.map(|at| Duration::try_from(at.duration_since(self.store.now())).unwrap_or_default()))
    }

    /// Tells that something else is to come in force later than before.
    #[must_use]
    pub fn schedule(&self) -> tokio::sync::watch::Receiver<()> {
        self.schedule.subscribe()
    }

    /// Puts rules in force again that were before, at once: those with a digest, else the last others.
    ///
    /// # Errors
    /// [`PublishError`]; [`CallError::Denied`] for whoever may not call rules back.
    pub async fn roll_back(
        &self,
        call: &Call,
        to: Option<String>,
    ) -> Result<Changed<RulesEntry>, CallError<PublishError>> {
        let target = self.rolled_back_to(to);
        let digest = target.as_ref().ok().map(|(bundle, _)| bundle.digest().to_string().into());
        let call = saying(call, [("digest", digest)]);
        let (current, by) = (self.current.clone(), call.caller.to_string());
        self.change(&call, "rollBackRules", About::Installation, move |desk, _| {
            let (bundle, before) = target?;
            let in_force = in_force(&current, desk).map_err(PublishError::from)?;
            // Which set is the one before depends on the one after it.
            if let Some(base) = before.filter(|before| *before != in_force) {
                return Err(PublishError::Moved { base, in_force }.into());
            }
            if bundle.digest().as_str() == in_force {
                return Err(PublishError::InForce(in_force).into());
            }
            let mut beside = Beside::default();
            let coming = Coming { bundle, by, why: Why::RolledBack, proposal: None, evidence: None };
            let entry = bring(&current, desk, coming, &mut beside).map_err(PublishError::from)?;
            Ok(Done::beside(beside, entry.into()))
        })
        .await
    }

    /// The rules to go back to, and those that were in force when they were looked for.
    fn rolled_back_to(&self, to: Option<String>) -> Result<(Arc<Bundle>, Option<String>), PublishError> {
        if self.rules_from == RulesFrom::Files {
            return Err(PublishError::FromFiles);
        }
        let mut history = self.store.rules_history(0, usize::MAX)?;
        let newest = history.pop().map(|(_, entry)| entry.digest);
        let mut before = history.into_iter().rev().map(|(_, entry)| entry.digest);
        let is_named = to.is_some();
        let digest = to.or_else(|| before.find(|digest| Some(digest) != newest.as_ref()));
        let digest = digest.ok_or(PublishError::NothingBefore)?;
        let unloadable = |message: String| PublishError::Unloadable { digest: digest.clone(), message };
        let bundle = match self.rules_of(&digest) {
            Ok(found) => found.ok_or_else(|| PublishError::UnknownRules(digest.clone()))?,
            Err(StoreError::Unreadable(message)) => return Err(unloadable(message)),
            Err(error) => return Err(error.into()),
        };
        // A newer program may know facts that rules of long ago cannot say.
        check_schema(&bundle).map_err(|finding| unloadable(finding.to_string()))?;
        if let Some(finding) = self.leaves_a_way_on(&bundle)? {
            return Err(unloadable(finding.to_string()));
        }
        Ok((bundle, newest.filter(|_| !is_named)))
    }
}
