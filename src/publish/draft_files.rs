//! The files of a draft: read as they would be proposed, written as they are sent, one by one or many at once, removed,
//! and put back as they are in its base by being written so.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::id::{DraftId, Revision};
use crate::limits::{RULES_BODY_BYTES_MAX, RULES_FILES_MAX};
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Committed, Done, Response, unmoved};
use crate::pdp::refused;
use crate::policy::{Finding, unreadable};
use crate::publish::draft_error::DraftError;
use crate::publish::drafts::{DraftReport, changed_by, end_reviews, reported};
use crate::publish::four_eyes::Hand;
use crate::publish::proposal::wrong_file;
use crate::publish::{in_force, saying};
use crate::store::{ChangedFile, MetadataChanges, WholeDraft};

/// How many files the record of a call names that writes many; the rest are counted.
const FILES_NAMED_MAX: usize = 100;

/// The most bytes of a file that is read while its page is made.
const READ_AT_ONCE_BYTES_MAX: usize = 16_384;
/// The most findings of one file that its page says.
const FOUND_MAX: usize = 10;

/// A file of a draft.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = DraftFile)]
pub struct FileReport {
    /// Its path.
    pub path: String,
    /// The version of the draft with which it came to be as it is; its `ETag`.
    pub version: u64,
    /// Does the draft change it?
    pub changed: bool,
    /// Does the draft remove it?
    pub removed: bool,
    /// Its text; nothing where it is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Its text in the base of the draft; nothing where it is not in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
}

/// What a PUT of a file came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PutFile {
    /// Was the file not there before?
    pub is_new: bool,
    /// The file.
    pub file: FileReport,
}

/// A file as it stands in a draft; nothing where it is neither in it nor in its base.
fn file_of(whole: &WholeDraft, path: &str) -> Option<FileReport> {
    let base = whole.base.get(path).cloned();
    let changed = whole.draft.files.get(path);
    let text = match whole.texts.get(path) {
        Some(text) => text.clone(),
        None => Some(base.clone()?),
    };
    let version = changed.map_or(whole.draft.based, |file| file.version);
    let (path, removed) = (path.to_owned(), text.is_none());
    Some(FileReport { path, version, changed: changed.is_some(), removed, text, base })
}

/// The version of a file that is there, for conditions.
fn version_of(file: Option<&FileReport>) -> Option<Revision> {
    file.filter(|file| !file.removed).map(|file| Revision(file.version))
}

/// Has a file of a draft be as it is in its base, or otherwise.
fn set(whole: &mut WholeDraft, path: &str, text: Option<String>) {
    let (version, removed, bytes) = (whole.draft.version, text.is_none(), text.as_ref().map_or(0, String::len));
    if whole.base.get(path) == text.as_ref() {
        whole.texts.remove(path);
        whole.draft.files.remove(path);
    } else {
        whole.texts.insert(path.to_owned(), text);
        whole.draft.files.insert(path.to_owned(), ChangedFile { version, removed, bytes });
    }
}

/// Checks that a draft is no larger than one may be.
fn fits(whole: &WholeDraft) -> Result<(), DraftError> {
    let all: usize = whole.draft.files.values().map(|file| file.bytes).sum();
    if all > RULES_BODY_BYTES_MAX || whole.draft.files.len() > RULES_FILES_MAX || whole.files().len() > RULES_FILES_MAX
    {
        return Err(DraftError::TooLarge);
    }
    Ok(())
}

/// Reads a file of a draft, changed or as it is in its base.
///
/// # Errors
/// [`DraftError::Unknown`], [`DraftError::UnknownFile`]; [`CallError::Denied`] when the caller may not draft rules.
pub async fn draft_file(
    pdp: &Pdp,
    call: &Call,
    id: &DraftId,
    path: &str,
) -> Result<Response<FileReport>, CallError<DraftError>> {
    call::read(pdp, call, "draftRules", &CallTarget::Installation, |_, _| {
        let whole = pdp.store.whole_draft(id)?.ok_or_else(|| DraftError::Unknown(id.clone()))?;
        let unknown = || DraftError::UnknownFile { draft: id.clone(), path: path.to_owned() };
        Ok(file_of(&whole, path).ok_or_else(unknown)?)
    })
    .await
}

/// Writes a file of a draft, as it is sent.
///
/// # Errors
/// [`DraftError`]; [`CallError::Denied`] when the caller may not draft rules.
pub async fn put_file(
    pdp: &Pdp,
    call: &Call,
    id: &DraftId,
    path: &str,
    text: String,
) -> Result<Committed<PutFile>, CallError<DraftError>> {
    let wrong = wrong_file(path, &text).map(|message| DraftError::File { path: path.to_owned(), message });
    let call =
        saying(call, [("draft", Some(id.as_str().into())), ("path", wrong.is_none().then(|| Value::from(path)))]);
    if let Some(error) = wrong {
        return refused::refuse(pdp, &call, "draftRules", CallTarget::Installation, error).await;
    }
    let draft = id.clone();
    let (hand, id, path, asked) = (Hand::of_call(&call), id.clone(), path.to_owned(), call.clone());
    call::change(pdp, &call, "draftRules", CallTarget::Installation, move |context, _| {
        let mut whole = context.whole_draft(&id)?.ok_or_else(|| DraftError::Unknown(id.clone()))?;
        let before = file_of(&whole, &path);
        unmoved(&asked, version_of(before.as_ref()))?;
        let is_new = version_of(before.as_ref()).is_none();
        let mut metadata = MetadataChanges::default();
        if let Some(file) = before.filter(|file| file.text.as_ref() == Some(&text)) {
            return Ok(Done::metadata(metadata, PutFile { is_new: false, file }));
        }
        changed_by(&mut whole.draft, &hand, context.at)?;
        set(&mut whole, &path, Some(text.clone()));
        fits(&whole)?;
        metadata.put_draft(&whole.draft, &whole.texts)?;
        let unknown = || DraftError::UnknownFile { draft: id.clone(), path: path.clone() };
        let file = file_of(&whole, &path).ok_or_else(unknown)?;
        Ok(Done::metadata(metadata, PutFile { is_new, file }))
    })
    .await
    .inspect(|_| end_reviews(pdp, &draft))
}

/// Writes many files of a draft at once: one version of it, and the files that are not among them stay as they are.
///
/// # Errors
/// [`DraftError`], and then none of them is written; [`CallError::Denied`] when the caller may not draft rules.
pub async fn put_files(
    pdp: &Pdp,
    call: &Call,
    id: &DraftId,
    files: BTreeMap<String, String>,
) -> Result<Committed<DraftReport>, CallError<DraftError>> {
    let wrong = files.iter().find_map(|(path, text)| Some((path.clone(), wrong_file(path, text)?)));
    let named = || files.keys().take(FILES_NAMED_MAX).map(String::as_str).collect::<Vec<_>>();
    let said = wrong.is_none().then(|| (Value::from(named()), Value::from(files.len())));
    let (paths, count) = said.unzip();
    let call = saying(call, [("draft", Some(id.as_str().into())), ("paths", paths), ("files", count)]);
    if let Some((path, message)) = wrong {
        let error = DraftError::File { path, message };
        return refused::refuse(pdp, &call, "draftRules", CallTarget::Installation, error).await;
    }
    let (draft, current) = (id.clone(), pdp.rules.current.clone());
    let (hand, id, asked) = (Hand::of_call(&call), id.clone(), call.clone());
    call::change(pdp, &call, "draftRules", CallTarget::Installation, move |context, _| {
        let mut whole = context.whole_draft(&id)?.ok_or_else(|| DraftError::Unknown(id.clone()))?;
        unmoved(&asked, Some(Revision(whole.draft.version)))?;
        let before = whole.files();
        let others: Vec<_> = files.iter().filter(|(path, text)| before.get(*path) != Some(*text)).collect();
        let mut metadata = MetadataChanges::default();
        if !others.is_empty() {
            changed_by(&mut whole.draft, &hand, context.at)?;
            for (path, text) in others {
                set(&mut whole, path, Some(text.clone()));
            }
            fits(&whole)?;
            metadata.put_draft(&whole.draft, &whole.texts)?;
        }
        Ok(Done::metadata(metadata, reported(whole.draft, None, in_force(&current, context)?)))
    })
    .await
    .inspect(|_| end_reviews(pdp, &draft))
}

/// Why a file cannot be read as rules, as it stands by itself: the first of what is found, and nothing of a long file,
/// which is read when the draft is reviewed.
#[must_use]
pub fn wrong_in_file(path: &str, text: &str) -> Vec<Finding> {
    if text.len() > READ_AT_ONCE_BYTES_MAX {
        return Vec::new();
    }
    let mut found = unreadable(path, text);
    found.truncate(FOUND_MAX);
    found
}

/// Removes a file from a draft; one that is removed already stays so.
///
/// # Errors
/// [`DraftError`]; [`CallError::Denied`] when the caller may not draft rules.
pub async fn delete_file(
    pdp: &Pdp,
    call: &Call,
    id: &DraftId,
    path: &str,
) -> Result<Committed<FileReport>, CallError<DraftError>> {
    let wrong = wrong_file(path, "").is_some();
    let call = saying(call, [("draft", Some(id.as_str().into())), ("path", (!wrong).then(|| Value::from(path)))]);
    let draft = id.clone();
    let (hand, id, path, asked) = (Hand::of_call(&call), id.clone(), path.to_owned(), call.clone());
    call::change(pdp, &call, "draftRules", CallTarget::Installation, move |context, _| {
        let mut whole = context.whole_draft(&id)?.ok_or_else(|| DraftError::Unknown(id.clone()))?;
        let unknown = || DraftError::UnknownFile { draft: id.clone(), path: path.clone() };
        let before = file_of(&whole, &path).ok_or_else(unknown)?;
        let mut metadata = MetadataChanges::default();
        if before.removed {
            return Ok(Done::metadata(metadata, before));
        }
        unmoved(&asked, version_of(Some(&before)))?;
        changed_by(&mut whole.draft, &hand, context.at)?;
        set(&mut whole, &path, None);
        fits(&whole)?;
        metadata.put_draft(&whole.draft, &whole.texts)?;
        let version = whole.draft.version;
        let gone = FileReport { version, changed: before.base.is_some(), removed: true, text: None, ..before };
        Ok(Done::metadata(metadata, gone))
    })
    .await
    .inspect(|_| end_reviews(pdp, &draft))
}
