//! Drafts of rules as they are kept: no facts, so in no export and no feed of changes, and in a backup as all metadata is.
//!
//! A draft has three rows: what is said of it, the texts of its files, and its newest review, so that a list of drafts
//! stays small. They go with the draft. One row says how far the drafts came that are gone: a draft that is begun goes on
//! from there, or somebody who read one would overwrite another of the same id unseen.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::StoreError;
use super::log::WriteContext;
use super::metadata::Metadata;
use super::metadata_changes::MetadataChanges;
use super::proposal::Editor;
use super::redb_file::Store;
use super::rules::rules_key;
use crate::clock::Timestamp;
use crate::id::DraftId;

/// What a draft says of a file that it changes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChangedFile {
    /// The version of the draft with which it was changed last.
    pub version: u64,
    /// Is it removed?
    pub removed: bool,
    /// How many bytes its text has.
    pub bytes: usize,
}

/// A draft of rules: what changes over a set of rules that is kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Draft {
    /// Its id.
    pub id: DraftId,
    /// What people call it.
    pub name: String,
    /// The digest of the rules it changes.
    pub base: String,
    /// One more with each change.
    pub version: u64,
    /// The version with which its files or its base were changed last: a name is none of its rules.
    pub edited: u64,
    /// The version with which it came to stand over its base.
    pub based: u64,
    /// When it was begun.
    pub begun: Timestamp,
    /// When it was changed last.
    pub changed: Timestamp,
    /// Who began or changed it, in the order in which they first did.
    pub editors: Vec<Editor>,
    /// The files it changes.
    pub files: BTreeMap<String, ChangedFile>,
    /// When it was deleted: a row that an earlier version left of one that is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<Timestamp>,
}

/// How a review of a draft came to its end.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ReviewEnd {
    /// What is known of the draft, as JSON.
    Finished(String),
    /// It was ended before, and why.
    Cancelled(String),
    /// It could not be made, and why.
    Failed(String),
}

/// The newest review of a draft.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DraftReview {
    /// Its number among the reviews of the draft.
    pub number: u64,
    /// The version with which the files it is about were changed last.
    pub version: u64,
    /// Who began it.
    pub by: String,
    /// When it was begun.
    pub begun: Timestamp,
    /// When and how it came to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<(Timestamp, ReviewEnd)>,
}

/// The row that says how far the drafts came that are gone.
const GONE_DRAFTS: &[u8] = b"dv";

/// What is left of drafts that are gone.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GoneDrafts {
    /// The highest version that one of them had.
    pub version: u64,
    /// Those of which an earlier version of this program left rows.
    pub rows_of: Vec<DraftId>,
}

/// The texts of the files that a draft changes; nothing of one that it removes.
pub type DraftTexts = BTreeMap<String, Option<String>>;

fn draft_key(id: &DraftId) -> Vec<u8> {
    [b"dd", id.as_str().as_bytes()].concat()
}

fn texts_key(id: &DraftId) -> Vec<u8> {
    [b"df", id.as_str().as_bytes()].concat()
}

fn review_key(id: &DraftId) -> Vec<u8> {
    [b"dr", id.as_str().as_bytes()].concat()
}

impl Metadata<'_> {
    fn draft_review(&self, id: &DraftId) -> Result<Option<DraftReview>, StoreError> {
        Ok(self.row::<Option<DraftReview>>(&review_key(id))?.flatten())
    }

    fn draft(&self, id: &DraftId) -> Result<Option<Draft>, StoreError> {
        Ok(self.row::<Draft>(&draft_key(id))?.filter(|draft| draft.deleted.is_none()))
    }

    fn all_drafts(&self) -> Result<impl Iterator<Item = Draft>, StoreError> {
        Ok(self.rows::<Draft>(b"dd", b"de", usize::MAX)?.into_iter().map(|(_, draft)| draft))
    }

    fn drafts(&self) -> Result<Vec<Draft>, StoreError> {
        Ok(self.all_drafts()?.filter(|draft| draft.deleted.is_none()).collect())
    }

    fn gone_drafts(&self) -> Result<GoneDrafts, StoreError> {
        let mut gone = GoneDrafts { version: self.row(GONE_DRAFTS)?.unwrap_or_default(), rows_of: Vec::new() };
        for draft in self.all_drafts()?.filter(|draft| draft.deleted.is_some()) {
            gone.version = gone.version.max(draft.version);
            gone.rows_of.push(draft.id);
        }
        Ok(gone)
    }

    fn draft_texts(&self, id: &DraftId) -> Result<DraftTexts, StoreError> {
        Ok(self.row(&texts_key(id))?.unwrap_or_default())
    }
}

impl Store {
    /// A draft that is there.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn draft(&self, id: &DraftId) -> Result<Option<Draft>, StoreError> {
        self.metadata(|metadata| metadata.draft(id))
    }

    /// The drafts that are there, in the order of their ids.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn drafts(&self) -> Result<Vec<Draft>, StoreError> {
        self.metadata(|metadata| metadata.drafts())
    }

    /// The newest review of a draft.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn draft_review(&self, id: &DraftId) -> Result<Option<DraftReview>, StoreError> {
        self.metadata(|metadata| metadata.draft_review(id))
    }

    /// The draft that is there, with the texts of its files and those of its base, as they are at one moment.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn whole_draft(&self, id: &DraftId) -> Result<Option<WholeDraft>, StoreError> {
        self.metadata(|metadata| whole(metadata, id))
    }
}

/// A draft with the texts of its files, and those of its base.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WholeDraft {
    /// The draft.
    pub draft: Draft,
    /// The texts of the files it changes.
    pub texts: DraftTexts,
    /// The files of its base.
    pub base: BTreeMap<String, String>,
}

impl WholeDraft {
    /// The whole set that the draft makes: its base with its changes.
    #[must_use]
    pub fn files(&self) -> BTreeMap<String, String> {
        with_changes(&self.base, self.texts.iter().map(|(path, text)| (path, text.as_ref())))
    }
}

/// Files with others in their place, and without those that have no text any more.
#[must_use]
pub fn with_changes<'a>(
    files: &BTreeMap<String, String>,
    changes: impl IntoIterator<Item = (&'a String, Option<&'a String>)>,
) -> BTreeMap<String, String> {
    let mut files = files.clone();
    for (path, text) in changes {
        match text {
            Some(text) => drop(files.insert(path.clone(), text.clone())),
            None => drop(files.remove(path)),
        }
    }
    files
}

fn whole(metadata: &Metadata<'_>, id: &DraftId) -> Result<Option<WholeDraft>, StoreError> {
    let Some(draft) = metadata.draft(id)? else { return Ok(None) };
    let (texts, base) = (metadata.draft_texts(id)?, metadata.row::<Vec<(String, String)>>(&rules_key(&draft.base))?);
    let base = base.ok_or_else(|| StoreError::Unreadable(format!("the rules `{}` are not kept", draft.base)))?;
    Ok(Some(WholeDraft { draft, texts, base: base.into_iter().collect() }))
}

impl WriteContext<'_> {
    /// A draft that is there, as it is where the change is made.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn draft(&self, id: &DraftId) -> Result<Option<Draft>, StoreError> {
        self.metadata.draft(id)
    }

    /// The drafts that are there.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn drafts(&self) -> Result<Vec<Draft>, StoreError> {
        self.metadata.drafts()
    }

    /// What is left of the drafts that are gone.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn gone_drafts(&self) -> Result<GoneDrafts, StoreError> {
        self.metadata.gone_drafts()
    }

    /// The newest review of a draft.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn draft_review(&self, id: &DraftId) -> Result<Option<DraftReview>, StoreError> {
        self.metadata.draft_review(id)
    }

    /// The draft that is there, with the texts of its files and those of its base.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn whole_draft(&self, id: &DraftId) -> Result<Option<WholeDraft>, StoreError> {
        whole(&self.metadata, id)
    }
}

impl MetadataChanges {
    /// Stores the newest review of a draft.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be put into bytes.
    pub fn put_draft_review(&mut self, id: &DraftId, review: &DraftReview) -> Result<(), StoreError> {
        self.put(review_key(id), review)
    }

    /// Takes drafts away, with their files and reviews; no draft that is gone had a higher version than this.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be put into bytes.
    pub fn remove_drafts(&mut self, ids: &[DraftId], version: u64) -> Result<(), StoreError> {
        for id in ids {
            [draft_key(id), texts_key(id), review_key(id)].into_iter().for_each(|key| self.remove(key));
        }
        self.put(GONE_DRAFTS.to_vec(), &version)
    }

    /// Stores a draft as it is now, with the texts of its files.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be put into bytes.
    pub fn put_draft(&mut self, draft: &Draft, texts: &DraftTexts) -> Result<(), StoreError> {
        self.put(draft_key(&draft.id), draft)?;
        self.put(texts_key(&draft.id), texts)
    }

    /// Stores what is said of a draft, whose files stay as they are.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be put into bytes.
    pub fn put_draft_alone(&mut self, draft: &Draft) -> Result<(), StoreError> {
        self.put(draft_key(&draft.id), draft)
    }
}
