//! Reviews of drafts, which go on while nobody waits for them; what one comes to is kept with its draft.
//!
//! The row of a review is written when it is begun and when it is at its end. One whose row says that it was begun and
//! that this process knows nothing of was going on when another one stopped: it is told as cancelled by that, so that no
//! restart leaves one going on for ever.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::clock::Timestamp;
use crate::id::DraftId;
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Committed, Done, Response};
use crate::pdp::in_force::parsed;
use crate::pdp::jobs::Job;
use crate::pdp::own::{self, Own};
use crate::publish::draft_error::DraftError;
use crate::publish::proposal::candidate;
use crate::publish::review::ReviewCallbacks;
use crate::publish::reviewed_bundle::review_bundle_with;
use crate::publish::saying;
use crate::store::{DraftReview, MetadataChanges, ReviewEnd, StoreError, WriteContext};
use crate::work::{Come, Counted, Owner, Progress};

/// How far the review of a draft has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ReviewState {
    /// Others are at work before it.
    Waiting,
    /// It is at work.
    Running,
    /// It is at its end, and this is what is known of the draft.
    Finished,
    /// It was ended before: the draft changed, or the service stopped.
    Cancelled,
    /// It could not be made.
    Failed,
}

/// How far a review that is at work has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ReviewProgress {
    /// What is counted: examinations that wait, rows that are decided, rules and promises that are proved, and at last
    /// the resources of the live world that are compared.
    pub what: Counted,
    /// How much is done.
    pub done: u64,
    /// Of how much; none as long as that is not known.
    pub of: u64,
}

/// The review of a draft.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = DraftReview)]
pub struct ReviewReport {
    /// How far it has come.
    pub state: ReviewState,
    /// The version of the draft with which the files it is about were changed last.
    pub version: u64,
    /// Are the files of the draft still the same?
    pub current: bool,
    /// Who began it.
    pub by: String,
    /// When it was begun.
    #[schema(value_type = String, format = DateTime)]
    pub begun: Timestamp,
    /// When it came to its end.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// Its place among those that wait, the first being 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<usize>,
    /// How far it is at work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<ReviewProgress>,
    /// Why it was cancelled, or could not be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What is known of the draft, as a review of its files says it.
    #[schema(value_type = Option<Object>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Value>,
}

const RESTARTED: &str = "the service was started again while it went on; have it reviewed again";
const CHANGED: &str = "the draft changed while it went on; have it reviewed again";

/// A review as it is told, with how far it has come where it goes on here.
fn reported(review: DraftReview, progress: Option<&Progress>, edited: u64) -> Result<ReviewReport, StoreError> {
    let DraftReview { version, by, begun, end, .. } = review;
    let report = ReviewReport {
        state: ReviewState::Cancelled,
        version,
        current: version == edited,
        by,
        begun,
        ended: None,
        place: None,
        progress: None,
        why: None,
        evidence: None,
    };
    Ok(match (end, progress.map(Progress::come)) {
        (Some((at, ReviewEnd::Finished(evidence))), _) => {
            let evidence = parsed(Some(evidence))?;
            ReviewReport { state: ReviewState::Finished, ended: Some(at), evidence, ..report }
        }
        (Some((at, ReviewEnd::Cancelled(why))), _) => ReviewReport { ended: Some(at), why: Some(why), ..report },
        (Some((at, ReviewEnd::Failed(why))), _) => {
            ReviewReport { state: ReviewState::Failed, ended: Some(at), why: Some(why), ..report }
        }
        (None, Some(Come { what: Counted::Steps | Counted::Place, done, .. })) => {
            ReviewReport { state: ReviewState::Waiting, place: usize::try_from(done).ok(), ..report }
        }
        (None, Some(Come { what, done, of, .. })) => {
            ReviewReport { state: ReviewState::Running, progress: Some(ReviewProgress { what, done, of }), ..report }
        }
        (None, None) => ReviewReport { why: Some(RESTARTED.to_owned()), ..report },
    })
}

/// Begins the review of a draft, unless one of the same version goes on.
///
/// # Errors
/// [`DraftError::Unknown`]; [`CallError::Denied`] when the caller may not have rules reviewed.
pub async fn begin_draft_review(
    pdp: &Arc<Pdp>,
    call: &Call,
    id: &DraftId,
) -> Result<Committed<ReviewReport>, CallError<DraftError>> {
    let call = saying(call, [("draft", Some(id.as_str().into()))]);
    let under_way = pdp.rules.jobs.under_way(id);
    let job = pdp.rules.jobs.begin(id);
    let (by, draft) = (call.caller.to_string(), id.clone());
    let begun = call::change(pdp, &call, "reviewRules", CallTarget::Installation, move |context, _| {
        let version = context.draft(&draft)?.ok_or_else(|| DraftError::Unknown(draft.clone()))?.edited;
        let before = context.draft_review(&draft)?;
        let goes_on = |review: &DraftReview| {
            review.end.is_none() && review.version == version && under_way == Some((review.number, version))
        };
        if let Some(review) = before.clone().filter(goes_on) {
            return Ok(Done::metadata(MetadataChanges::default(), (false, review)));
        }
        let number = before.map_or(1, |before| before.number + 1);
        let review = DraftReview { number, version, by: by.clone(), begun: context.at, end: None };
        let mut metadata = MetadataChanges::default();
        metadata.put_draft_review(&draft, &review)?;
        Ok(Done::metadata(metadata, (true, review)))
    })
    .await?;
    let Committed { value: (is_new, review), revision, is_repeat, seqs } = begun;
    let version = review.version;
    if is_new && !is_repeat {
        job.is(review.number, version);
        pdp.rules.jobs.superseded(id, review.number);
        tokio::spawn(go_on(Arc::clone(pdp), job, id.clone(), review.clone()));
    }
    let progress = pdp.rules.jobs.progress(id, review.number);
    Ok(Committed { value: reported(review, progress.as_ref(), version)?, revision, is_repeat, seqs })
}

/// How far the review of a draft has come, and what came of it.
///
/// # Errors
/// [`DraftError::Unknown`], [`DraftError::NoReview`]; [`CallError::Denied`] when the caller may not have rules reviewed.
pub async fn draft_review(
    pdp: &Pdp,
    call: &Call,
    id: &DraftId,
) -> Result<Response<ReviewReport>, CallError<DraftError>> {
    let Response { value: (report, _), revision, seqs, rules } = followed_draft_review(pdp, call, id).await?;
    Ok(Response { value: report, revision, seqs, rules })
}

/// The same, and where it goes on what says how far it comes.
///
/// # Errors
/// As [`draft_review`].
pub async fn followed_draft_review(
    pdp: &Pdp,
    call: &Call,
    id: &DraftId,
) -> Result<Response<(ReviewReport, Option<Progress>)>, CallError<DraftError>> {
    call::read(pdp, call, "reviewRules", &CallTarget::Installation, |_, _| {
        let draft = pdp.store.draft(id)?.ok_or_else(|| DraftError::Unknown(id.clone()))?;
        let none = || DraftError::NoReview(id.clone());
        // One that comes to its end meanwhile is stored before it is forgotten.
        let progress = pdp.rules.jobs.progress(id, pdp.store.draft_review(id)?.ok_or_else(none)?.number);
        let review = pdp.store.draft_review(id)?.ok_or_else(none)?;
        Ok((reported(review, progress.as_ref(), draft.edited)?, progress))
    })
    .await
}

/// Makes a review that is begun, and stores what it comes to.
async fn go_on(pdp: Arc<Pdp>, job: Job, id: DraftId, review: DraftReview) {
    let ended = tokio::select! {
        ended = made(&pdp, &job, &id, &review) => ended,
        () = job.cancelled() => Some(ReviewEnd::Cancelled(CHANGED.to_owned())),
    };
    let Some(end) = ended else { return };
    let message = match &end {
        ReviewEnd::Finished(_) => format!("the review of draft `{id}` is finished"),
        ReviewEnd::Cancelled(why) => format!("the review of draft `{id}` is cancelled: {why}"),
        ReviewEnd::Failed(why) => format!("the review of draft `{id}` failed: {why}"),
    };
    let own = Own { action: "reviewDraft", by: review.by.clone(), message };
    let put = move |context: &WriteContext<'_>| {
        let mut metadata = MetadataChanges::default();
        // Another one may have been begun since, or the draft deleted.
        if context.draft_review(&id)?.as_ref() == Some(&review) {
            let ended = DraftReview { end: Some((context.at, end.clone())), ..review.clone() };
            metadata.put_draft_review(&id, &ended)?;
        }
        Ok(metadata)
    };
    if let Err(error) = own::write_own(&pdp, own, put).await {
        tracing::error!(%error, "what a review of a draft came to cannot be stored; it is told as cancelled");
    }
    drop(job);
}

/// What a review comes to; nothing where the service stops.
async fn made(pdp: &Pdp, job: &Job, id: &DraftId, review: &DraftReview) -> Option<ReviewEnd> {
    let _turn = job.turn().await?;
    let failed = |why: String| Some(ReviewEnd::Failed(why));
    let whole = match pdp.store.whole_draft(id) {
        Ok(Some(whole)) if whole.draft.edited == review.version => whole,
        Ok(_) => return Some(ReviewEnd::Cancelled(CHANGED.to_owned())),
        Err(error) => return failed(error.to_string()),
    };
    let files = match candidate(pdp, whole.files()) {
        Ok(files) => files,
        Err(error) => return failed(error.to_string()),
    };
    let by = Owner::followed(&review.by, None, job.progress().clone());
    let callbacks = ReviewCallbacks { by, ..ReviewCallbacks::default() };
    match review_bundle_with(pdp, files, callbacks).await.and_then(|reviewed| reviewed.json()) {
        Ok(evidence) => Some(ReviewEnd::Finished(evidence)),
        Err(StoreError::Stopped(_)) => None,
        Err(error) => failed(error.to_string()),
    }
}
