//! Records that cannot be read where they should be, and how they are reported.

use std::fmt::Display;

use serde::Serialize;
use utoipa::ToSchema;

/// Why a record is not to be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Why {
    /// It was moved out of the ledger, and no file that is there holds it.
    #[error("the file is not there; bring it back from a backup")]
    Gone,
    /// The file that should hold it does not.
    #[error("the file does not hold it; bring it back from a backup")]
    NotInIt,
    /// It, or the file, cannot be read.
    #[error("{0}; bring the file back from a backup")]
    Unreadable(String),
}

/// A record that cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("record {seq} is missing: {}", self.place())]
pub struct Absent {
    /// Its place in the ledger.
    pub(crate) seq: u64,
    /// The archive file it should be in, below the data directory, as far as the store knows.
    pub(crate) archive: Option<String>,
    /// Why it is not.
    pub(crate) why: Why,
}

impl Absent {
    pub(crate) fn unreadable(seq: u64, file: &str, cause: impl Display) -> Self {
        Self { seq, archive: Some(file.to_owned()), why: Why::Unreadable(cause.to_string()) }
    }

    /// Where the record should be, and why it is not there.
    #[must_use]
    pub fn place(&self) -> String {
        match &self.archive {
            Some(file) => format!("archive `{file}`: {}", self.why),
            None => format!("it is in no archive that is known: {}", self.why),
        }
    }

    /// Is the record nowhere, so that there is nothing that could be damaged?
    pub(crate) fn is_gone(&self) -> bool {
        !matches!(self.why, Why::Unreadable(_))
    }
}

/// Records that belong into an answer and cannot be read: their archive file is missing or damaged.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct MissingRecords {
    /// The first of them.
    pub first: u64,
    /// The last of them.
    pub last: u64,
    /// How many of them there are; others may lie between the first and the last.
    pub records: u64,
    /// The archive file they are in, below the data directory; absent when the store does not know it.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive: Option<String>,
    /// Why they cannot be read, and what to do.
    pub why: String,
}

impl MissingRecords {
    /// Adds a missing record, grouped with those that are missing for the same reason.
    pub(crate) fn note(missing: &mut Vec<Self>, absent: Absent) {
        let Absent { seq, archive, why } = absent;
        Self::join(missing, Self { first: seq, last: seq, records: 1, archive, why: why.to_string() });
    }

    /// Adds missing records, grouped with those that are missing for the same reason.
    pub(crate) fn join(missing: &mut Vec<Self>, more: Self) {
        match missing.iter_mut().find(|known| known.archive == more.archive && known.why == more.why) {
            Some(known) => {
                (known.first, known.last) = (known.first.min(more.first), known.last.max(more.last));
                known.records += more.records;
            }
            None => missing.push(more),
        }
    }
}
