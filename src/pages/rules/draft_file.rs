//! One file of a draft: its text in a field, saved as it is written, also where it is wrong.

use hyper::StatusCode;
use maud::html;

use super::drafts::shown;
use super::naming::draft_file_address;
use crate::id::{DraftId, Revision};
use crate::pages::answer::{Tone, panel};
use crate::pages::context::{Answer, Fault, PageCall, WhatWasDone};
use crate::pages::form::{Area, FieldError, area};
use crate::pages::frame::Shown;
use crate::pages::rule_text::file_text;
use crate::pages::side_by_side::side_by_side;
use crate::pages::typed::{Sent, of_before};
use crate::pages::words::id;
use crate::pdp::call::{Call, CallError, Condition};
use crate::publish::draft_error::DraftError;
use crate::publish::draft_files::{FileReport, delete_file, draft_file, put_file, wrong_in_file};
use crate::publish::proposal::wrong_file;

/// How many lines the field shows.
const ROWS: usize = 24;

/// Why what was typed is not saved.
enum Why {
    /// Somebody else saved the file meanwhile.
    Moved,
    /// It is refused, and this is what is said of it.
    Refused(String),
    /// It was typed before the session began, over this version.
    OfBefore(String),
}

/// `GET /rules/drafts/{draft}/files/{path}`
pub async fn file(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    asked(&page, None).await
}

/// The page of a file; with what was typed where it was not saved, and why.
async fn asked(page: &PageCall, unsaved: Option<(&str, Why)>) -> Result<Answer, Fault> {
    let words = page.words;
    let (draft, path): (DraftId, String) = (page.param("draft")?, page.param("file")?);
    let back = format!("/rules/drafts/{draft}");
    let (known, revision, seqs) = match draft_file(&page.setting.pdp, &page.call, &draft, &path).await {
        Ok(read) => (Some(read.value), read.revision, read.seqs),
        // A file that is to be added.
        Err(CallError::Refused(DraftError::UnknownFile { .. })) => (None, page.setting.pdp.revision(), Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let saved = known.as_ref().and_then(|file| file.text.clone()).unwrap_or_default();
    let (typed, why) = unsaved.unzip();
    let text = typed.unwrap_or(&saved);
    let version = match &why {
        // What somebody else saved since is still to be noticed.
        Some(Why::OfBefore(version)) => version.clone(),
        _ => known.as_ref().filter(|file| !file.removed).map_or_else(String::new, |file| file.version.to_string()),
    };
    let main = html! {
        p.trail { a href=(back) { (words.say("back-to-draft")) } }
        h1 { (id(&path)) }
        @match &why {
            Some(Why::Refused(why)) => {
                (panel(Tone::Bad, &words.say("draft-file-unsaved"), &html! { p lang="en" { (why) } }))
            },
            Some(Why::OfBefore(_)) => (of_before(words)),
            Some(Why::Moved) => {
                (panel(Tone::Care, &words.say("draft-file-moved"), &html! { p { (words.say("draft-file-moved-says")) } }))
                (side_by_side(words, &path, &saved, text, &words.text("file-both", &[("path", &path)])))
            },
            None => {},
        }
        @let found = wrong_in_file(&path, text);
        @if !found.is_empty() {
            (panel(Tone::Bad, &words.say("draft-file-unreadable"), &html! {
                ul { @for one in &found { li lang="en" { (one.to_string()) } } }
            }))
        }
        @if known.is_none() { p { (words.say("draft-file-new")) } }
        @if known.as_ref().is_some_and(|file| file.removed) { p { (words.say("draft-file-removed")) } }
        form method="post" action=(draft_file_address(&draft, &path)) {
            (page.hidden()?)
            input type="hidden" name="version" value=(version);
            (area(words, &Area { id: "text", label: words.say("field-text"), value: text, language: "en", is_code: true, rows: ROWS, is_optional: false }, &[]))
            div.buttons {
                button name="do" value="save" { (words.say("draft-save")) }
                @if known.as_ref().is_some_and(|file| !file.removed) {
                    button.quiet name="do" value="remove" { (words.say("draft-file-remove")) }
                }
                @if known.as_ref().is_some_and(|file| file.changed && file.base.is_some()) {
                    button.quiet name="do" value="undo" { (words.say("draft-file-undo")) }
                }
                a href=(back) { (words.say("go-back")) }
            }
        }
        @if let Some(FileReport { base: Some(base), changed: true, .. }) = &known {
            h2 { (words.say("draft-file-difference")) }
            (side_by_side(words, &path, base, &saved, &words.text("file-both", &[("path", &path)])))
        }
        @if !saved.is_empty() {
            h2 { (words.say("draft-file-saved")) }
            (file_text(&path, &saved, &words.text("file-text", &[("path", &path)])))
        }
    };
    let status = match &why {
        Some(Why::Refused(_)) => StatusCode::UNPROCESSABLE_ENTITY,
        Some(Why::Moved) => StatusCode::CONFLICT,
        Some(Why::OfBefore(_)) => StatusCode::FORBIDDEN,
        None => StatusCode::OK,
    };
    Ok(Shown::of(path.clone(), main).with_status(status).at(revision, &seqs).into())
}

/// That the file is still as it was shown: of that version, or not there.
fn as_shown(version: &str) -> Vec<Condition> {
    vec![version.parse().map_or(Condition::New, |version| Condition::At(vec![Revision(version)]))]
}

/// `POST /rules/drafts/{draft}/files`
pub async fn added(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let form = page.form(&["path"])?;
    let draft: DraftId = page.param("draft")?;
    let path = form.text("path").trim().trim_start_matches('/').to_owned();
    let mistake = match path.is_empty() {
        true => Some("field-path-missing"),
        false => wrong_file(&path, "").map(|_| "field-path-wrong"),
    };
    if let Some(mistake) = mistake {
        let error = FieldError { field: "path".to_owned(), says: page.words.say(mistake) };
        return Ok(shown(&page, ["", "", form.text("path"), ""], &[error]).await?.into());
    }
    Ok(Answer::SeeOther { to: draft_file_address(&draft, &path), cookies: Vec::new() })
}

/// `POST /rules/drafts/{draft}/files/{path}`
pub async fn saved(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let form = match page.form_typed(&["version", "text", "do"])? {
        Sent::Form(form) => form,
        Sent::OfBefore(form) if form.text("do") == "save" => {
            return asked(&page, Some((form.text("text"), Why::OfBefore(form.text("version").to_owned())))).await;
        }
        Sent::OfBefore(_) => return Err(Fault::ForeignForm),
    };
    let (draft, path): (DraftId, String) = (page.param("draft")?, page.param("file")?);
    let pdp = &page.setting.pdp;
    let call = Call { conditions: as_shown(form.text("version")), ..page.sending(&form)? };
    let typed = form.text("text");
    let (says, done) = match form.text("do") {
        "remove" => ("done-file-removed", delete_file(pdp, &call, &draft, &path).await.map(drop)),
        "undo" => {
            let read = draft_file(pdp, &page.call, &draft, &path).await?;
            let base = read.value.base.ok_or(Fault::NotFound)?;
            ("done-file-undone", put_file(pdp, &call, &draft, &path, base).await.map(drop))
        }
        "save" => ("done-file-saved", put_file(pdp, &call, &draft, &path, typed.to_owned()).await.map(drop)),
        _ => return Err(Fault::Unreadable("unreadable-form", String::new())),
    };
    match done {
        Ok(()) => {
            let done = WhatWasDone::plain(says);
            Ok(page.see_done(draft_file_address(&draft, &path), &done))
        }
        Err(CallError::Precondition(_)) => asked(&page, Some((typed, Why::Moved))).await,
        // What was typed is never lost, whatever is wrong with it.
        Err(CallError::Refused(error)) if !matches!(error, DraftError::Unknown(_)) => {
            asked(&page, Some((typed, Why::Refused(error.to_string())))).await
        }
        Err(error) => Err(error.into()),
    }
}
