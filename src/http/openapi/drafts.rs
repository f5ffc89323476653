//! The operations about drafts of rules.

use serde_json::json;
use warp::http::StatusCode;

use super::super::drafts::{DraftBaseBody, DraftBody, DraftFileBody, DraftFilesBody, DraftList};
use super::operation::{Described, at};
use crate::publish::draft_error::DraftError;
use crate::publish::draft_files::FileReport;
use crate::publish::draft_review::ReviewReport;
use crate::publish::drafts::DraftReport;

pub(super) fn operations() -> Vec<Described> {
    let no_conflict = &[StatusCode::CONFLICT, StatusCode::UNPROCESSABLE_ENTITY];
    vec![
        at("GET /v1/rules/drafts", "listDrafts", "List drafts of rules")
            .answers::<DraftList>("Every draft, without the texts of its files; there are at most 100"),
        at("GET /v1/rules/drafts/{draft}", "readDraft", "Read a draft with the texts of the files it changes")
            .fails::<DraftError>()
            .never(no_conflict)
            .answers::<DraftReport>("The draft"),
        at("PUT /v1/rules/drafts/{draft}", "writeDraft", "Begin a draft of rules, or rename one")
            .answers::<DraftReport>("The draft as it is now")
            .answered::<DraftReport>(StatusCode::CREATED, "Begun")
            .body::<DraftBody>(json!({ "name": "Transitions need administration" }))
            .changes()
            .fails::<DraftError>(),
        at("DELETE /v1/rules/drafts/{draft}", "deleteDraft", "Delete a draft; what was proposed of it stays")
            .answers::<DraftReport>("The draft as it was")
            .changes()
            .fails::<DraftError>()
            .never(&[StatusCode::CONFLICT]),
        at("POST /v1/rules/drafts/{draft}/base", "updateDraft", "Bring a draft up to date: over the rules in force")
            .answers::<DraftReport>("The draft as it is now")
            .body::<DraftBaseBody>(json!({ "keep": ["policies/GLOSSARY.md"] }))
            .changes()
            .fails::<DraftError>(),
        at(
            "POST /v1/rules/drafts/{draft}/review",
            "beginReview",
            "Have a draft reviewed; the review goes on by itself",
        )
        .answered::<ReviewReport>(StatusCode::ACCEPTED, "How far it has come")
        .changes()
        .fails::<DraftError>()
        .never(&[StatusCode::CONFLICT]),
        at("GET /v1/rules/drafts/{draft}/review", "readReview", "Read how far the review of a draft has come")
            .fails::<DraftError>()
            .never(no_conflict)
            .answers::<ReviewReport>("How far it has come, and what came of it"),
        at("POST /v1/rules/drafts/{draft}/files", "writeDraftFiles", "Write many files of a draft at once")
            .answers::<DraftReport>("The draft as it is now, without the texts of its files")
            .body::<DraftFilesBody>(json!({ "files": { "policies/GLOSSARY.md": "What the words mean.\n" } }))
            .changes()
            .fails::<DraftError>(),
        at("GET /v1/rules/drafts/{draft}/files/{path}", "readDraftFile", "Read a file of a draft")
            .fails::<DraftError>()
            .never(no_conflict)
            .answers::<FileReport>("The file, changed or as it is in the base"),
        at("PUT /v1/rules/drafts/{draft}/files/{path}", "writeDraftFile", "Write a file of a draft")
            .answers::<FileReport>("The file as it is now")
            .answered::<FileReport>(StatusCode::CREATED, "Added")
            .body::<DraftFileBody>(json!({ "text": "// May nobody do anything?\n" }))
            .changes()
            .fails::<DraftError>(),
        at("DELETE /v1/rules/drafts/{draft}/files/{path}", "deleteDraftFile", "Remove a file from a draft")
            .answers::<FileReport>("The file as it is now")
            .changes()
            .fails::<DraftError>(),
    ]
}
