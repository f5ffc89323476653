//! Why a draft cannot be begun, changed or brought up to date.

use serde::Serialize;
use serde_json::{Value, json};

use crate::id::DraftId;
use crate::limits::{DRAFT_EDITORS_MAX, DRAFTS_MAX, RULES_BODY_BYTES_MAX, RULES_FILES_MAX, TEXT_LENGTH_MAX};
use crate::pdp::call::Coded;
use crate::pdp::rules::AmbiguousDigest;

/// A file that was changed in a draft and over its base.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Conflict {
    /// Its path.
    pub path: String,
    /// Its text in the rules that the draft was begun over; nothing where it is not in them.
    pub base: Option<String>,
    /// Its text in the rules that the draft is to stand over.
    pub theirs: Option<String>,
    /// Its text in the draft.
    pub ours: Option<String>,
}

/// Why a draft cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// There is no such draft.
    #[error("there is no draft `{0}`; list the drafts for their ids, or begin it with a PUT")]
    Unknown(DraftId),
    /// It was never reviewed.
    #[error("draft `{0}` was not reviewed; have it reviewed with a POST")]
    NoReview(DraftId),
    /// There is no such file in it.
    #[error("draft `{draft}` has no file `{path}`; read the draft and its base for their paths")]
    UnknownFile {
        /// The draft.
        draft: DraftId,
        /// The path.
        path: String,
    },
    /// What was sent can be no file of rules.
    #[error("a draft cannot hold `{path}`: {message}")]
    File {
        /// The path.
        path: String,
        /// Why not.
        message: String,
    },
    /// The name is too long or empty.
    #[error("`name` is 1 to {TEXT_LENGTH_MAX} bytes; say it in fewer words, or leave it out")]
    Name,
    /// No rules of that digest are kept here.
    #[error("no rules with digest `{0}` are kept here; see the history of the rules and the proposals")]
    UnknownRules(String),
    /// Several sets of rules have digests that begin so.
    #[error(transparent)]
    Ambiguous(#[from] AmbiguousDigest),
    /// It stands over other rules.
    #[error("draft `{draft}` stands over the rules `{base}`; bring it up to date instead, or begin another one")]
    OtherBase {
        /// The draft.
        draft: DraftId,
        /// Its base.
        base: String,
    },
    /// There are too many.
    #[error("there are {DRAFTS_MAX} drafts; delete some first")]
    TooMany,
    /// Too many changed one.
    #[error("{DRAFT_EDITORS_MAX} have changed this draft; begin another one")]
    TooManyEditors,
    /// It became too large.
    #[error(
        "a draft changes at most {RULES_BODY_BYTES_MAX} bytes and makes at most {RULES_FILES_MAX} files; undo some changes"
    )]
    TooLarge,
    /// Files were changed in it and over its base.
    #[error("{} changed in the draft and in the rules meanwhile: {}; say as `keep` or `take` which text stays", files(.0.len()), paths(.0))]
    Conflicts(Vec<Conflict>),
    /// A file is named whose text is not in question.
    #[error("`{0}` is named once in `keep` or `take` and only where both sides changed it; leave it out")]
    NoConflict(String),
}

fn files(many: usize) -> String {
    if many == 1 { "1 file".to_owned() } else { format!("{many} files") }
}

fn paths(conflicts: &[Conflict]) -> String {
    conflicts.iter().map(|conflict| format!("`{}`", conflict.path)).collect::<Vec<_>>().join(", ")
}

impl Coded for DraftError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "unknown_draft",
            Self::NoReview(_) => "no_review",
            Self::UnknownFile { .. } => "unknown_rule_file",
            Self::File { .. } => "invalid_rule_file",
            Self::Name => "invalid_text",
            Self::UnknownRules(_) => "unknown_rules",
            Self::Ambiguous(_) => "ambiguous_digest",
            Self::OtherBase { .. } => "other_base",
            Self::TooMany => "too_many_drafts",
            Self::TooManyEditors => "too_many_editors",
            Self::TooLarge => "draft_too_large",
            Self::Conflicts(_) => "draft_conflicts",
            Self::NoConflict(_) => "no_conflict",
        }
    }

    fn evidence(&self) -> Option<Value> {
        match self {
            Self::Conflicts(conflicts) => Some(json!({ "conflicts": conflicts })),
            _ => None,
        }
    }
}
