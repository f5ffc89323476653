//! Bringing a draft up to date: the rules in force changed since it was begun, and it is to stand over those of now.
//!
//! A file that only the rules changed is taken over by itself, one that only the draft changed stays as the draft has
//! it. Where both changed it and not to the same text, somebody says which stays; until then nothing is changed.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{DraftId, Revision};
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Committed, Done, Response, unmoved};
use crate::pdp::refused;
use crate::publish::draft_error::{Conflict, DraftError};
use crate::publish::drafts::{DraftReport, changed_by, digest_named, end_reviews, reported};
use crate::publish::four_eyes::Hand;
use crate::publish::{self, saying};
use crate::store::{MetadataChanges, StoreError, WholeDraft};

/// Over which rules a draft is to stand, and what becomes of files that both sides changed.
#[derive(Clone, Debug, Default)]
pub struct Rebasing {
    /// The digest of the rules, or its beginning; those in force when nothing is said.
    pub to: Option<String>,
    /// The paths at which the text of the draft stays.
    pub keep: Vec<String>,
    /// The paths at which the text of the rules is taken.
    pub take: Vec<String>,
}

/// What both sides changed, not to the same text.
fn conflicts(whole: &WholeDraft, theirs: &BTreeMap<String, String>) -> Vec<Conflict> {
    let changed = whole.texts.iter().filter(|(path, ours)| {
        let (base, theirs) = (whole.base.get(*path), theirs.get(*path));
        base != theirs && theirs != ours.as_ref()
    });
    let conflict = |(path, ours): (&String, &Option<String>)| Conflict {
        path: path.clone(),
        base: whole.base.get(path).cloned(),
        theirs: theirs.get(path).cloned(),
        ours: ours.clone(),
    };
    changed.map(conflict).collect()
}

/// Has a draft stand over other rules.
fn rebased(
    whole: &mut WholeDraft,
    theirs: &BTreeMap<String, String>,
    keep: &[String],
    take: &[String],
) -> Result<(), DraftError> {
    let found = conflicts(whole, theirs);
    let in_question: BTreeSet<&str> = found.iter().map(|conflict| conflict.path.as_str()).collect();
    let mut named = BTreeSet::new();
    for path in keep.iter().chain(take) {
        if !in_question.contains(path.as_str()) || !named.insert(path.as_str()) {
            return Err(DraftError::NoConflict(path.clone()));
        }
    }
    let open: Vec<Conflict> =
        found.iter().filter(|conflict| !named.contains(conflict.path.as_str())).cloned().collect();
    if !open.is_empty() {
        return Err(DraftError::Conflicts(open));
    }
    // What is in the rules now is no change any more.
    let is_over = |path: &String, ours: &Option<String>| take.contains(path) || theirs.get(path) == ours.as_ref();
    whole.texts.retain(|path, ours| !is_over(path, ours));
    let WholeDraft { draft, texts, base } = whole;
    draft.files.retain(|path, _| texts.contains_key(path));
    // Whoever read one of these read it beside another text of its base.
    for (_, file) in draft.files.iter_mut().filter(|(path, _)| base.get(*path) != theirs.get(*path)) {
        file.version = draft.version;
    }
    Ok(())
}

/// A draft, with what both sides changed since it was begun, not to the same text.
#[derive(Clone, Debug)]
pub struct Meeting {
    /// The draft, without the texts of its files.
    pub draft: DraftReport,
    /// What both sides changed.
    pub conflicts: Vec<Conflict>,
}

/// Where a draft and the rules in force meet.
///
/// # Errors
/// [`DraftError::Unknown`]; [`CallError::Denied`] when the caller may not draft rules.
pub async fn meeting(pdp: &Pdp, call: &Call, id: &DraftId) -> Result<Response<Meeting>, CallError<DraftError>> {
    call::read(pdp, call, "draftRules", &CallTarget::Installation, |_, _| {
        let whole = pdp.store.whole_draft(id)?.ok_or_else(|| DraftError::Unknown(id.clone()))?;
        let in_force = pdp.rules().digest().to_string();
        let theirs = pdp.store.kept_rules(&in_force)?;
        let theirs = theirs.ok_or_else(|| StoreError::Unreadable(format!("the rules `{in_force}` are not kept")))?;
        let conflicts = conflicts(&whole, &theirs.into_iter().collect());
        Ok(Meeting { draft: reported(whole.draft, None, in_force), conflicts })
    })
    .await
}

/// Has a draft stand over the rules in force, or over others that are kept.
///
/// # Errors
/// [`DraftError::Conflicts`] where somebody has to say which text stays; else [`DraftError`];
/// [`CallError::Precondition`] where the draft is of another version; [`CallError::Denied`] when the caller may not draft
/// rules.
pub async fn rebase(
    pdp: &Pdp,
    call: &Call,
    id: &DraftId,
    Rebasing { to, keep, take }: Rebasing,
) -> Result<Committed<DraftReport>, CallError<DraftError>> {
    let named = to.map(|written| digest_named(pdp, &written)).transpose();
    let digest = named.as_ref().ok().cloned().flatten();
    let call = saying(call, [("draft", Some(id.as_str().into())), ("digest", digest.map(Into::into))]);
    let to = match named {
        Ok(to) => to,
        Err(error) => return refused::refuse(pdp, &call, "draftRules", CallTarget::Installation, error).await,
    };
    let (draft, current, hand, id) = (id.clone(), pdp.rules.current.clone(), Hand::of_call(&call), id.clone());
    let asked = call.clone();
    call::change(pdp, &call, "draftRules", CallTarget::Installation, move |context, _| {
        let mut whole = context.whole_draft(&id)?.ok_or_else(|| DraftError::Unknown(id.clone()))?;
        unmoved(&asked, Some(Revision(whole.draft.version)))?;
        let in_force = publish::in_force(&current, context)?;
        let to = to.clone().unwrap_or_else(|| in_force.clone());
        let mut metadata = MetadataChanges::default();
        if to != whole.draft.base {
            let theirs = context.kept_rules(&to)?;
            let theirs = theirs.ok_or_else(|| StoreError::Unreadable(format!("the rules `{to}` are not kept")))?;
            changed_by(&mut whole.draft, &hand, context.at)?;
            rebased(&mut whole, &theirs.into_iter().collect(), &keep, &take)?;
            (whole.draft.base, whole.draft.based) = (to, whole.draft.version);
            metadata.put_draft(&whole.draft, &whole.texts)?;
        }
        Ok(Done::metadata(metadata, reported(whole.draft, Some(&whole.texts), in_force)))
    })
    .await
    .inspect(|_| end_reviews(pdp, &draft))
}
