//! The review of a draft: begun, shown while it goes on, kept with the draft; whoever leaves the page does not end it.

use std::sync::Arc;

use maud::{Markup, html};

use super::evidence::{Files, evidence, kept};
use super::naming::set_link;
use crate::id::DraftId;
use crate::pages::answer::{Tone, panel};
use crate::pages::context::{Answer, Fault, PageCall};
use crate::pages::frame::Shown;
use crate::pages::waiting_page::{LATER, again_after, bar, followed, over};
use crate::pages::when::moment;
use crate::pages::words::name;
use crate::pdp::call::CallError;
use crate::publish::draft_error::DraftError;
use crate::publish::draft_review::{ReviewReport, ReviewState, begin_draft_review, followed_draft_review};
use crate::publish::drafts::{DraftReport, draft as read_draft};
use crate::publish::report::rules_with;
use crate::publish::review::Evidence;

/// `GET /rules/drafts/{draft}/evidence`
pub async fn draft_evidence(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let (words, pdp) = (page.words, &page.setting.pdp);
    let id: DraftId = page.param("draft")?;
    let read = read_draft(pdp, &page.call, &id).await?;
    let (review, progress, seqs) = match followed_draft_review(pdp, &page.call, &id).await {
        Ok(read) => (Some(read.value.0), read.value.1, read.seqs),
        Err(CallError::Refused(DraftError::NoReview(_))) => (None, None, Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let draft = &read.value;
    if let Some(review) = review.as_ref().filter(|review| goes_on(review)) {
        let come = progress.map(|progress| progress.come()).unwrap_or_default();
        let main = html! {
            (head(&page, draft, &draft.base))
            (bar(words, &format!("{}/progress", page.path), come))
            p.soft { (words.say("evidence-leave")) }
        };
        let shown = titled(&page, draft, main).at(read.revision, &[&read.seqs[..], &seqs[..]].concat());
        return Ok(shown.loading_again(again_after(pdp.now().duration_since(review.begun))).into());
    }
    let known = review.as_ref().and_then(|review| kept(review.evidence.as_ref()));
    // What was compared with, which need not be what the draft stands over, nor what is in force by now.
    let over = known.as_ref().map_or_else(|| draft.base.clone(), |known| known.in_force.to_string());
    let base = rules_with(pdp, &page.call, &over).await?;
    let own = if over == draft.base { base.value.files.clone() } else { files_of(&page, &draft.base).await? };
    let files = draft.over(&own);
    let main = html! {
        (head(&page, draft, &over))
        @match &review {
            None => p { (words.say("evidence-none-yet")) },
            Some(review) => (came_to(&page, draft, review, known.as_ref(), [&base.value.files, &files])?),
        }
        form method="post" action=(page.path) {
            (page.hidden()?)
            div.buttons { button.quiet[review.is_some()] {
                (words.say(if review.is_some() { "evidence-again" } else { "evidence-begin" }))
            } }
        }
    };
    let seqs = [&read.seqs[..], &seqs[..], &base.seqs[..]].concat();
    Ok(titled(&page, draft, main).at(read.revision, &seqs).into())
}

fn goes_on(review: &ReviewReport) -> bool {
    matches!(review.state, ReviewState::Waiting | ReviewState::Running)
}

/// What stands above it: the draft, and which set it is compared with.
fn head(page: &PageCall, draft: &DraftReport, over: &str) -> Markup {
    let words = page.words;
    html! {
        p.trail { a href=(format!("/rules/drafts/{}", draft.id)) { (words.say("back-to-draft")) } }
        h1 { (words.with("evidence-title", [("name", name(&draft.name).into())])) }
        p { (words.with("evidence-over", [("set", set_link(over).into())])) }
    }
}

fn titled(page: &PageCall, draft: &DraftReport, main: Markup) -> Shown {
    Shown::of(page.words.text("evidence-title", &[("name", &draft.name)]), main)
}

async fn files_of(page: &PageCall, set: &str) -> Result<Files, Fault> {
    Ok(rules_with(&page.setting.pdp, &page.call, set).await?.value.files)
}

/// What a review came to.
fn came_to(
    page: &PageCall,
    draft: &DraftReport,
    review: &ReviewReport,
    known: Option<&Evidence>,
    [base, files]: [&Files; 2],
) -> Result<Markup, Fault> {
    let words = page.words;
    let why = |why: &Option<String>| html! { span lang="en" { (why.as_deref().unwrap_or_default()) } };
    Ok(match review.state {
        // How far it has come is shown where it goes on.
        ReviewState::Waiting | ReviewState::Running => html! {},
        ReviewState::Cancelled | ReviewState::Failed => {
            panel(Tone::Care, &words.say("evidence-ended"), &html! { p { (why(&review.why)) } })
        }
        ReviewState::Finished => html! {
            @if !review.current || known.as_ref().is_some_and(|known| known.in_force.as_str() != draft.in_force) {
                (panel(Tone::Care, &words.say("evidence-old"), &html! { p { (words.say("evidence-old-says")) } }))
            }
            @if let Some(ended) = review.ended { p.soft { (words.with("evidence-at", [("at", moment(words, ended).into())])) } }
            @match known {
                Some(known) => (evidence(page, known, base, files)?),
                None => p { (words.say("rules-no-evidence")) },
            }
        },
    })
}

/// `GET /rules/drafts/{draft}/evidence/progress`
pub async fn evidence_progress(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let progress = match followed_draft_review(&page.setting.pdp, &page.call, &page.param("draft")?).await {
        Ok(read) => read.value.1,
        Err(CallError::Refused(DraftError::NoReview(_))) => None,
        Err(error) => return Err(error.into()),
    };
    let come = match progress {
        Some(progress) => progress.followed().ok_or(Fault::TooMany(LATER))?,
        None => over(),
    };
    Ok(followed(page, come))
}

/// `POST /rules/drafts/{draft}/evidence`
pub async fn evidence_begun(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let form = page.form(&[])?;
    let id: DraftId = page.param("draft")?;
    begin_draft_review(&Arc::clone(&page.setting.pdp), &page.sending(&form)?, &id).await?;
    Ok(Answer::SeeOther { to: page.path.clone(), cookies: Vec::new() })
}
