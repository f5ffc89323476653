//! Reviewing a candidate, proposing it, reading what is proposed, and withdrawing it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::clock::Timestamp;
use crate::config::RulesFrom;
use crate::id::DraftId;
use crate::limits::{OPEN_PROPOSALS_MAX, RULES_FILE_BYTES_MAX, RULES_FILES_MAX, TEXT_LENGTH_MAX};
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Committed, Done, Response};
use crate::pdp::cursor::Seal;
use crate::pdp::in_force::{Current, kept, parsed};
use crate::pdp::page::{ListError, Page};
use crate::pdp::refused;
use crate::policy::{Digest, RuleFiles, without_mark};
use crate::publish::four_eyes::Hand;
use crate::publish::review::{Evidence, ReviewCallbacks};
use crate::publish::reviewed_bundle::ReviewedBundle;
use crate::publish::{self, ProposalReport, PublishError, in_force, saying, short};
use crate::store::{Closed, MetadataChanges, Proposal, ProposalState, StoreError, WriteContext};

/// What somebody wants in force.
#[derive(Clone, Debug, Default)]
pub struct Proposing {
    /// The whole set: texts by path; not used where it is of a draft.
    pub files: BTreeMap<String, String>,
    /// The draft it is made of.
    pub draft: Option<DraftId>,
    /// The version of the draft that is meant; as it is then where nothing is said.
    pub version: Option<u64>,
    /// What it does, in a few words.
    pub title: Option<String>,
    /// Why it is wanted.
    pub why: Option<String>,
    /// When it is to come in force.
    pub activate_at: Option<Timestamp>,
}

/// What becomes a proposal, once it is reviewed.
pub(crate) struct Candidate {
    pub(crate) files: Vec<(String, String)>,
    pub(crate) reviewed: ReviewedBundle,
    pub(crate) title: Option<String>,
    pub(crate) why: Option<String>,
    pub(crate) activate_at: Option<Timestamp>,
    /// Does it go back to rules that were in force before?
    pub(crate) rollback: bool,
    /// The draft it is made of, and its version.
    pub(crate) draft: Option<(DraftId, u64)>,
}

/// Stores a candidate as a proposal of whoever makes the call.
pub(crate) fn proposed(
    current: &Current,
    context: &WriteContext<'_>,
    hand: &Hand,
    candidate: &Candidate,
) -> Result<Done<ProposalReport>, CallError<PublishError>> {
    let Candidate { files, reviewed, title, why, activate_at, rollback, draft } = candidate;
    if reviewed.bundle.is_none() {
        return Err(PublishError::Refused(Box::new(reviewed.evidence.clone())).into());
    }
    let digest = reviewed.evidence.candidate.to_string();
    if digest == in_force(current, context)? {
        return Err(PublishError::InForce(digest).into());
    }
    if let Some(at) = activate_at.filter(|at| *at <= context.at) {
        return Err(PublishError::Past { at, now: context.at }.into());
    }
    let (id, open) = context.next_proposal()?;
    if open >= OPEN_PROPOSALS_MAX {
        return Err(PublishError::TooMany.into());
    }
    // The review compared with these rules, even if others were activated a moment ago.
    let base = reviewed.evidence.in_force.to_string();
    let Hand { caller: proposer, person, token } = hand.clone();
    let editors = match draft {
        Some((id, version)) => {
            let kept = context.draft(id)?.filter(|kept| kept.version == *version);
            let kept = kept.ok_or_else(|| PublishError::DraftChanged(id.clone()))?;
            // Over rules of before it would put back what others changed since.
            if kept.base != base {
                return Err(PublishError::Moved { base: kept.base, in_force: base }.into());
            }
            kept.editors
        }
        None => Vec::new(),
    };
    let (title, why, state, at) = (title.clone(), why.clone(), ProposalState::Open, context.at);
    let proposal = Proposal {
        id,
        digest,
        base,
        title,
        why,
        proposer,
        person,
        token,
        at,
        activate_at: *activate_at,
        rollback: *rollback,
        draft: draft.as_ref().map(|(id, _)| id.clone()),
        editors,
        state,
        approval: None,
        closed: None,
    };
    let mut metadata = MetadataChanges::default();
    metadata.put_proposal(&proposal)?;
    metadata.put_proposed_files(id, files)?;
    metadata.put_proposed_evidence(id, &reviewed.json()?)?;
    Ok(Done::metadata(metadata, ProposalReport::with(proposal, &reviewed.evidence)))
}

/// A review that is recorded and not made yet.
pub struct BegunReview(RuleFiles);

/// Reviews a candidate; only the record of the call is stored.
///
/// # Errors
/// [`PublishError::File`]; [`CallError::Denied`] when the caller may not review rules.
pub async fn review(
    pdp: &Pdp,
    call: &Call,
    files: BTreeMap<String, String>,
) -> Result<Response<Evidence>, CallError<PublishError>> {
    // A caller that may not have rules reviewed costs nothing.
    call::may(pdp, call, "reviewRules").await?;
    let (digest, reviewed) = match candidate(pdp, files) {
        Ok(files) => {
            let reviewed = publish::reviewed_bundle::review_bundle(pdp, files).await?;
            (Some(reviewed.evidence.candidate.to_string().into()), Ok(reviewed.evidence))
        }
        Err(error) => (None, Err(error)),
    };
    let call = saying(call, [("digest", digest)]);
    call::read(pdp, &call, "reviewRules", &CallTarget::Installation, |_, _| Ok(reviewed?)).await
}

/// Records a review whose progress is then streamed ([`review_with`]).
///
/// # Errors
/// As [`review`].
pub async fn begin_review(
    pdp: &Pdp,
    call: &Call,
    files: BTreeMap<String, String>,
) -> Result<Response<BegunReview>, CallError<PublishError>> {
    let begun = candidate(pdp, files).map(BegunReview);
    let digest = begun.as_ref().ok().map(|BegunReview(files)| Digest::of(files).to_string().into());
    call::read(pdp, &saying(call, [("digest", digest)]), "reviewRules", &CallTarget::Installation, |_, _| Ok(begun?))
        .await
}

/// Runs a review that is recorded.
///
/// # Errors
/// [`StoreError`] when the facts cannot be read.
pub async fn review_with(
    pdp: &Pdp,
    BegunReview(files): BegunReview,
    callbacks: ReviewCallbacks,
) -> Result<Evidence, StoreError> {
    Ok(publish::reviewed_bundle::review_bundle_with(pdp, files, callbacks).await?.evidence)
}

/// Why a text at a path can be no file of a set of rules, whatever it says.
pub(crate) fn wrong_file(path: &str, text: &str) -> Option<String> {
    if text.len() > RULES_FILE_BYTES_MAX {
        return Some(format!("a file of rules has at most {RULES_FILE_BYTES_MAX} bytes"));
    }
    if path.len() > TEXT_LENGTH_MAX {
        return Some(format!("a path has at most {TEXT_LENGTH_MAX} bytes"));
    }
    if path.contains('\\') || path.contains(char::is_control) {
        return Some("the parts of a path stand between `/`, and it holds no control character".to_owned());
    }
    if !path.starts_with("policies/") && !path.starts_with("schemas/") {
        return Some("a path begins with `policies/` or `schemas/`".to_owned());
    }
    if path.split('/').any(|part| part.is_empty() || part.starts_with('.')) {
        return Some("a part of a path is neither empty nor begins with a dot".to_owned());
    }
    let is_known = [".cedar", ".cedarschema", ".md"].iter().any(|ending| path.ends_with(ending));
    (!is_known).then(|| "a file is a `.cedar`, a `.cedarschema` or a `.md`".to_owned())
}

/// The files that were sent as a set of rules; without schemas they are those in force.
pub(crate) fn candidate(pdp: &Pdp, files: BTreeMap<String, String>) -> Result<RuleFiles, PublishError> {
    let wrong = |path: &str, message: &str| PublishError::File { path: path.to_owned(), message: message.into() };
    if files.len() > RULES_FILES_MAX {
        return Err(wrong("*", &format!("a set of rules has at most {RULES_FILES_MAX} files")));
    }
    for (path, text) in &files {
        if let Some(message) = wrong_file(path, text) {
            return Err(wrong(path, &message));
        }
    }
    let has_schemas = files.keys().any(|path| path.starts_with("schemas/"));
    let mut files: RuleFiles = files.into_iter().map(|(path, text)| (path, without_mark(text))).collect();
    if !has_schemas {
        for (path, text) in pdp.rules().files().iter().filter(|(path, _)| path.ends_with(".cedarschema")) {
            files.insert(path, text);
        }
    }
    Ok(files)
}

/// Proposes rules.
///
/// # Errors
/// [`PublishError`]; [`CallError::Denied`] when the caller may not propose rules.
pub async fn propose(
    pdp: &Pdp,
    call: &Call,
    proposing: Proposing,
) -> Result<Committed<ProposalReport>, CallError<PublishError>> {
    call::may(pdp, call, "proposeRules").await?;
    let Proposing { files, draft, version, title, why, activate_at } = proposing;
    let (files, draft) = match draft {
        None => (Ok(files), None),
        Some(id) => match pdp.store.whole_draft(&id)? {
            Some(whole) if version.is_some_and(|meant| meant != whole.draft.version) => {
                (Err(PublishError::DraftChanged(id)), None)
            }
            Some(whole) => (Ok(whole.files()), Some((id, whole.draft.version))),
            None => (Err(PublishError::UnknownDraft(id)), None),
        },
    };
    let from = pdp.rules.from;
    let mut prepared = match from {
        RulesFrom::Files => Err(PublishError::FromFiles),
        RulesFrom::Publishing => files.and_then(|files| candidate(pdp, files)),
    };
    for (name, text) in [("title", &title), ("why", &why)] {
        prepared = prepared.and_then(|files| short(name, text.as_deref()).map(|()| files));
    }
    let reviewed = match prepared {
        Ok(files) => {
            let files_kept = kept(&files);
            Ok((files_kept, publish::reviewed_bundle::review_bundle(pdp, files).await?))
        }
        Err(error) => Err(error),
    };
    let digest = reviewed.as_ref().ok().map(|(_, reviewed)| reviewed.evidence.candidate.to_string());
    let at = activate_at.map(|at| at.to_string().into());
    let call = saying(
        call,
        [
            ("digest", digest.map(Value::from)),
            ("draft", draft.as_ref().map(|(id, _)| id.as_str().into())),
            ("activateAt", at),
        ],
    );
    let (files, reviewed) = match reviewed {
        Ok(reviewed) => reviewed,
        Err(error) => return refused::refuse(pdp, &call, "proposeRules", CallTarget::Installation, error).await,
    };
    let (current, hand) = (pdp.rules.current.clone(), Hand::of_call(&call));
    let candidate = Candidate { files, reviewed, title, why, activate_at, rollback: false, draft };
    call::change(pdp, &call, "proposeRules", CallTarget::Installation, move |context, _| {
        Ok(proposed(&current, context, &hand, &candidate)?)
    })
    .await
}

/// Withdraws a proposal, also a scheduled one; doing so again changes nothing.
///
/// # Errors
/// [`PublishError`]; [`CallError::Denied`] when the caller may not propose rules.
pub async fn withdraw(pdp: &Pdp, call: &Call, id: u64) -> Result<Committed<ProposalReport>, CallError<PublishError>> {
    let call = saying(call, [("proposal", Some(id.into()))]);
    let (from, by) = (pdp.rules.from, call.caller.to_string());
    call::change(pdp, &call, "proposeRules", CallTarget::Installation, move |context, _| {
        if from == RulesFrom::Files {
            return Err(PublishError::FromFiles.into());
        }
        let found = context.proposal(id)?;
        let mut proposal = found.ok_or(PublishError::UnknownProposal(id))?;
        let mut metadata = MetadataChanges::default();
        match proposal.state {
            ProposalState::Withdrawn => return Ok(Done::metadata(metadata, proposal.into())),
            ProposalState::Open => {}
            ProposalState::Scheduled => {
                metadata.put_scheduled(None)?;
            }
            state => return Err(PublishError::Closed { id, state }.into()),
        }
        proposal.state = ProposalState::Withdrawn;
        proposal.closed = Some(Closed { by: by.clone(), at: context.at, message: None });
        metadata.put_proposal(&proposal)?;
        Ok(Done::metadata(metadata, proposal.into()))
    })
    .await
}

/// The proposals, oldest first.
///
/// # Errors
/// [`ListError`]; [`CallError::Denied`] when the caller may not read the rules.
pub async fn proposals(
    pdp: &Pdp,
    call: &Call,
    limit: usize,
    cursor: Option<&str>,
) -> Result<Response<Page<ProposalReport>>, CallError<ListError>> {
    call::read(pdp, call, "readRules", &CallTarget::Installation, |_, _| {
        let seal = Seal::of(&pdp.keys.ledger, &call.caller, &"proposals");
        Page::of_numbered(limit, cursor, seal, |from, most| pdp.store.proposals(from, most))
    })
    .await
}

/// The proposals with these numbers, as the list has them.
///
/// # Errors
/// [`CallError::Denied`] when the caller may not read the rules.
pub async fn proposals_numbered(
    pdp: &Pdp,
    call: &Call,
    numbers: &BTreeSet<u64>,
) -> Result<Response<Vec<ProposalReport>>, CallError<ListError>> {
    call::read(pdp, call, "readRules", &CallTarget::Installation, |_, _| {
        let mut found = Vec::new();
        for number in numbers {
            found.extend(pdp.store.proposal(*number)?.map(ProposalReport::from));
        }
        Ok(found)
    })
    .await
}

/// A proposal, with its files and what is known of it.
///
/// # Errors
/// [`PublishError::UnknownProposal`]; [`CallError::Denied`] when the caller may not read the rules.
pub async fn proposal(pdp: &Pdp, call: &Call, id: u64) -> Result<Response<ProposalReport>, CallError<PublishError>> {
    call::read(pdp, call, "readRules", &CallTarget::Installation, |_, _| {
        let proposal = pdp.store.proposal(id)?.ok_or(PublishError::UnknownProposal(id))?;
        let files = pdp.store.proposed_files(id)?.into_iter().collect();
        let evidence = parsed(pdp.store.proposed_evidence(id)?)?;
        Ok(ProposalReport { evidence, files: Some(files), ..proposal.into() })
    })
    .await
}
