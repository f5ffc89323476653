//! Drafts of rules: what somebody changes over a set that is kept, a file at a time, before it is proposed.
//!
//! A text is kept as it is written, whether it is right or wrong. Each change of a draft is one more version of it, and a
//! file has the version with which it was changed last, so that nobody overwrites unseen what another saved meanwhile.
//! Whoever edited a draft is known by it: none of them may approve the proposal that is made of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::clock::Timestamp;
use crate::id::{DraftId, Revision};
use crate::limits::{DRAFT_EDITORS_MAX, DRAFTS_MAX, TEXT_LENGTH_MAX};
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Committed, Done, Response, unmoved};
use crate::pdp::refused;
use crate::pdp::rules::whole_digest;
use crate::publish::draft_error::DraftError;
use crate::publish::editors::EditorReport;
use crate::publish::four_eyes::Hand;
use crate::publish::{self, in_force, saying};
use crate::store::{Draft, DraftTexts, Editor, GoneDrafts, MetadataChanges, WholeDraft, with_changes};

/// How a draft is begun or renamed.
#[derive(Clone, Debug, Default)]
pub struct PuttingDraft {
    /// What people call it; its id when nothing is said as it begins.
    pub name: Option<String>,
    /// The digest of the rules it changes, or its beginning; those in force when nothing is said as it begins.
    pub base: Option<String>,
}

/// A file that a draft changes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = DraftChange)]
pub struct ChangeReport {
    /// The version of the draft with which it was changed last, which is its `ETag`.
    pub version: u64,
    /// Is it removed?
    pub removed: bool,
    /// Its text as it was written; left out of lists, and where it is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A draft of rules.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Draft)]
#[serde(rename_all = "camelCase")]
pub struct DraftReport {
    /// Its id.
    #[schema(value_type = String)]
    pub id: DraftId,
    /// What people call it.
    pub name: String,
    /// The digest of the rules it changes.
    pub base: String,
    /// The digest of the rules in force.
    pub in_force: String,
    /// Are others in force than it changes?
    pub moved: bool,
    /// One more with each change; its `ETag`.
    pub version: u64,
    /// When it was begun.
    #[schema(value_type = String, format = DateTime)]
    pub begun: Timestamp,
    /// When it was changed last.
    #[schema(value_type = String, format = DateTime)]
    pub changed: Timestamp,
    /// Who began or changed it, in the order in which they first did; none of them may approve what is made of it.
    pub editors: Vec<EditorReport>,
    /// The files it changes over its base, by path.
    pub files: BTreeMap<String, ChangeReport>,
}

impl DraftReport {
    /// The whole set, over the files of its base; of a draft that was read with its texts.
    #[must_use]
    pub fn over(&self, base: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        with_changes(base, self.files.iter().map(|(path, change)| (path, change.text.as_ref())))
    }
}

/// What a PUT of a draft came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PutDraft {
    /// Was it begun with it?
    pub is_new: bool,
    /// The draft.
    pub draft: DraftReport,
}

/// A draft as it is told, with the texts of its files where they are known.
pub(crate) fn reported(draft: Draft, texts: Option<&DraftTexts>, in_force: String) -> DraftReport {
    let Draft { id, name, base, version, begun, changed, editors, files, .. } = draft;
    let text_of = |path: &str| texts.and_then(|texts| texts.get(path)).cloned().flatten();
    let files = files.into_iter().map(|(path, file)| {
        let change = ChangeReport { version: file.version, removed: file.removed, text: text_of(&path) };
        (path, change)
    });
    DraftReport {
        moved: base != in_force,
        id,
        name,
        base,
        in_force,
        version,
        begun,
        changed,
        editors: editors.into_iter().map(EditorReport::from).collect(),
        files: files.collect(),
    }
}

/// Notes that somebody changes a draft.
pub(crate) fn changed_by(draft: &mut Draft, hand: &Hand, at: Timestamp) -> Result<(), DraftError> {
    let Hand { caller: by, person, token } = hand.clone();
    let editor = Editor { by, person, token };
    if !draft.editors.contains(&editor) {
        if draft.editors.len() >= DRAFT_EDITORS_MAX {
            return Err(DraftError::TooManyEditors);
        }
        draft.editors.push(editor);
    }
    (draft.version, draft.changed) = (draft.version + 1, at);
    draft.edited = draft.version;
    Ok(())
}

/// The digest that is meant, of a set of rules that is or was in force. What was proposed alone is nobody's base: whoever
/// wrote it would be no editor of what is made over it.
pub(crate) fn digest_named(pdp: &Pdp, written: &str) -> Result<String, CallError<DraftError>> {
    let unknown = || DraftError::UnknownRules(written.to_owned());
    let digest = whole_digest::<DraftError>(pdp, written)?.ok_or_else(unknown)?;
    pdp.store.kept_rules(&digest)?.ok_or_else(unknown)?;
    Ok(digest)
}

/// The drafts that are there, in the order of their ids, without texts.
///
/// # Errors
/// [`CallError::Denied`] when the caller may not draft rules.
pub async fn drafts(pdp: &Pdp, call: &Call) -> Result<Response<Vec<DraftReport>>, CallError<DraftError>> {
    call::read(pdp, call, "draftRules", &CallTarget::Installation, |_, _| {
        let in_force = pdp.rules().digest().to_string();
        let drafts = pdp.store.drafts()?.into_iter();
        Ok(drafts.map(|draft| reported(draft, None, in_force.clone())).collect())
    })
    .await
}

/// A draft with the texts of the files it changes.
///
/// # Errors
/// [`DraftError::Unknown`]; [`CallError::Denied`] when the caller may not draft rules.
pub async fn draft(pdp: &Pdp, call: &Call, id: &DraftId) -> Result<Response<DraftReport>, CallError<DraftError>> {
    call::read(pdp, call, "draftRules", &CallTarget::Installation, |_, _| {
        let whole = pdp.store.whole_draft(id)?.ok_or_else(|| DraftError::Unknown(id.clone()))?;
        Ok(reported(whole.draft, Some(&whole.texts), pdp.rules().digest().to_string()))
    })
    .await
}

/// Begins a draft, or renames one.
///
/// # Errors
/// [`DraftError`]; [`CallError::Denied`] when the caller may not draft rules.
pub async fn put_draft(
    pdp: &Pdp,
    call: &Call,
    id: &DraftId,
    PuttingDraft { name, base }: PuttingDraft,
) -> Result<Committed<PutDraft>, CallError<DraftError>> {
    let has_name = name.as_ref().is_none_or(|name| !name.trim().is_empty() && name.len() <= TEXT_LENGTH_MAX);
    let prepared = match base {
        _ if !has_name => Err(DraftError::Name.into()),
        Some(written) => digest_named(pdp, &written).map(Some),
        None => Ok(None),
    };
    let said_name = name.clone().filter(|_| has_name).map(Value::from);
    let call = saying(call, [("draft", Some(id.as_str().into())), ("name", said_name)]);
    let base = match prepared {
        Ok(base) => base,
        Err(error) => return refused::refuse(pdp, &call, "draftRules", CallTarget::Installation, error).await,
    };
    let (current, hand, id, asked) = (pdp.rules.current.clone(), Hand::of_call(&call), id.clone(), call.clone());
    call::change(pdp, &call, "draftRules", CallTarget::Installation, move |context, _| {
        let in_force = publish::in_force(&current, context)?;
        let there = context.draft(&id)?;
        unmoved(&asked, there.as_ref().map(|draft| Revision(draft.version)))?;
        let mut metadata = MetadataChanges::default();
        if let Some(mut draft) = there {
            if base.as_ref().is_some_and(|base| *base != draft.base) {
                return Err(DraftError::OtherBase { draft: draft.id, base: draft.base }.into());
            }
            let WholeDraft { texts, .. } = context.whole_draft(&id)?.ok_or_else(|| DraftError::Unknown(id.clone()))?;
            // Whoever gives it another name has not touched the rules.
            if let Some(name) = name.clone().filter(|name| *name != draft.name) {
                (draft.name, draft.version, draft.changed) = (name, draft.version + 1, context.at);
                metadata.put_draft_alone(&draft)?;
            }
            let draft = reported(draft, Some(&texts), in_force);
            return Ok(Done::metadata(metadata, PutDraft { is_new: false, draft }));
        }
        if context.drafts()?.len() >= DRAFTS_MAX {
            return Err(DraftError::TooMany.into());
        }
        let GoneDrafts { version, rows_of } = context.gone_drafts()?;
        let mut draft = Draft {
            name: name.clone().unwrap_or_else(|| id.to_string()),
            id: id.clone(),
            base: base.clone().unwrap_or_else(|| in_force.clone()),
            version,
            edited: version,
            based: version + 1,
            begun: context.at,
            changed: context.at,
            editors: Vec::new(),
            files: BTreeMap::new(),
            deleted: None,
        };
        changed_by(&mut draft, &hand, context.at)?;
        if !rows_of.is_empty() {
            metadata.remove_drafts(&rows_of, version)?;
        }
        metadata.put_draft(&draft, &DraftTexts::new())?;
        Ok(Done::metadata(metadata, PutDraft { is_new: true, draft: reported(draft, None, in_force) }))
    })
    .await
}

/// Deletes a draft; what was proposed of it stays.
///
/// # Errors
/// [`DraftError::Unknown`]; [`CallError::Denied`] when the caller may not draft rules.
pub async fn delete_draft(
    pdp: &Pdp,
    call: &Call,
    id: &DraftId,
) -> Result<Committed<DraftReport>, CallError<DraftError>> {
    let call = saying(call, [("draft", Some(id.as_str().into()))]);
    let (draft, current, id, asked) = (id.clone(), pdp.rules.current.clone(), id.clone(), call.clone());
    call::change(pdp, &call, "draftRules", CallTarget::Installation, move |context, _| {
        let whole = context.whole_draft(&id)?.ok_or_else(|| DraftError::Unknown(id.clone()))?;
        unmoved(&asked, Some(Revision(whole.draft.version)))?;
        let report = reported(whole.draft.clone(), Some(&whole.texts), in_force(&current, context)?);
        let version = context.gone_drafts()?.version.max(whole.draft.version + 1);
        let mut metadata = MetadataChanges::default();
        metadata.remove_drafts(std::slice::from_ref(&id), version)?;
        Ok(Done::metadata(metadata, report))
    })
    .await
    .inspect(|_| end_reviews(pdp, &draft))
}

/// Cancels the review of a draft that goes on, where its files are others by now.
pub(crate) fn end_reviews(pdp: &Pdp, id: &DraftId) {
    match pdp.store.draft(id) {
        // One that is gone is of no version.
        Ok(draft) => pdp.rules.jobs.changed(id, draft.map_or(0, |draft| draft.edited)),
        // It is told by its version which draft it was about.
        Err(error) => tracing::warn!(%error, draft = %id, "a review of files that changed is not cancelled"),
    }
}
