//! The metadata (tokens, rules, proposals, keys, settings) and its journal.
//!
//! Every row was made by an entry of the journal, which holds the SHA-256 of the row and that of the entry before it. A
//! row counts only while it is the one that the newest entry about it was made for: one that was edited, put back or
//! taken away on disk is an error wherever it is read. These entries have no revision: no fact changes with them.

use std::collections::{BTreeMap, BTreeSet};

use redb::ReadableTable;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::StoreError;
use super::view::decode;
use crate::audit::Hash;
use crate::clock::Timestamp;

/// The first bytes of the keys whose rows are in the journal; the other rows of the table are remembered answers,
/// checkpoints, archive files and strays.
pub(super) const JOURNALED: [u8; 14] = *b"!bdefhopqstuvw";

/// An entry of the journal that changed no fact.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct MetadataEntry {
    /// When it was written.
    pub(super) at: Timestamp,
    /// Who wrote it; nobody where the service itself did.
    pub(super) by: String,
    /// The SHA-256 of the entry before; zeros before the first.
    pub(super) before: Hash,
    /// How many records there were once it was written with its own.
    #[serde(default)]
    pub(super) records: u64,
    /// The keys of the rows it wrote, each with the SHA-256 of the row; that of no bytes for one that it took away.
    pub(super) rows: Vec<(Vec<u8>, Hash)>,
    /// What was there already in a store of an earlier format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) adopted: Option<Adopted>,
}

/// What a store of an earlier format held when its rows were first journaled.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Adopted {
    /// The newest revision then.
    pub(super) revision: u64,
    /// The digest of the journal's entries up to it.
    pub(super) journal: Hash,
    /// The digest of the rows of the facts up to it.
    pub(super) facts: Hash,
}

/// A digest over rows in the order of their keys.
#[derive(Clone, Default)]
pub(super) struct RowsDigest(Sha256);

impl RowsDigest {
    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        for part in [key, value] {
            self.0.update((part.len() as u64).to_be_bytes());
            self.0.update(part);
        }
    }

    pub(super) fn end(self) -> Hash {
        self.0.finalize().into()
    }
}

pub(super) fn sha256(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// Is it the SHA-256 in an entry of a row that the entry took away?
fn is_gone(hash: &Hash) -> bool {
    *hash == sha256(&[])
}

/// The journaled SHA-256 of every metadata row, and where the journal ends.
#[derive(Clone, Default)]
pub(super) struct Known {
    pub(super) rows: BTreeMap<Vec<u8>, Hash>,
    /// The newest entry and its SHA-256.
    pub(super) number: u64,
    pub(super) head: Hash,
    /// What is wrong with the journal itself; then no row counts.
    fault: Option<String>,
}

impl Known {
    /// Reads the journal from its beginning.
    pub(super) fn read(entries: &impl ReadableTable<u64, &'static [u8]>) -> Result<Self, StoreError> {
        let mut known = Self::default();
        known.follow(entries)?;
        known.rows.retain(|_, hash| !is_gone(hash));
        Ok(known)
    }

    /// Nothing yet of what comes after the entries that are known.
    pub(super) fn after(&self) -> Self {
        Self { number: self.number, head: self.head, ..Self::default() }
    }

    /// Reads the entries that were appended since.
    pub(super) fn follow(&mut self, entries: &impl ReadableTable<u64, &'static [u8]>) -> Result<(), StoreError> {
        for found in entries.range(self.number + 1..)? {
            let (number, bytes) = found?;
            self.take(number.value(), bytes.value());
        }
        Ok(())
    }

    fn take(&mut self, number: u64, bytes: &[u8]) {
        let expected = self.number + 1;
        let entry = match decode::<MetadataEntry>(bytes) {
            Ok(entry) if number == expected && entry.before == self.head => Some(entry),
            _ => None,
        };
        match entry {
            Some(entry) => self.rows.extend(entry.rows),
            None => {
                let fault = format!("entry {expected} of its journal, or the one before it, is not what was entered");
                self.fault.get_or_insert(fault);
            }
        }
        (self.number, self.head) = (number, sha256(bytes));
    }

    /// Notes what rows became by entries that are read in their order from the first.
    pub(super) fn enter(&mut self, rows: impl IntoIterator<Item = (Vec<u8>, Hash)>) {
        for (key, hash) in rows {
            if is_gone(&hash) {
                self.rows.remove(&key);
            } else {
                self.rows.insert(key, hash);
            }
        }
    }

    /// Merges the entries that were appended after it.
    pub(super) fn merge(&mut self, newer: Self) {
        let Self { rows, number, head, fault } = newer;
        self.enter(rows);
        (self.number, self.head) = (number, head);
        self.fault = self.fault.take().or(fault);
    }

    /// Notes an entry that is being written.
    pub(super) fn note(&mut self, bytes: &[u8], rows: Vec<(Vec<u8>, Hash)>) {
        self.rows.extend(rows);
        (self.number, self.head) = (self.number + 1, sha256(bytes));
    }

    /// The last key that begins so.
    pub(super) fn last_of(&self, kind: u8) -> Option<&[u8]> {
        self.rows.range([kind].to_vec()..[kind + 1].to_vec()).next_back().map(|(key, _)| key.as_slice())
    }
}

/// The metadata table, in whatever transaction.
pub(super) trait MetadataRows {
    /// What lies under a key.
    fn bytes(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;
}

impl<T: ReadableTable<&'static [u8], &'static [u8]>> MetadataRows for T {
    fn bytes(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.get(key)?.map(|found| found.value().to_vec()))
    }
}

/// The metadata rows as one transaction sees them, each checked against the journal.
#[derive(Clone, Copy)]
pub(super) struct Metadata<'a> {
    pub(super) metadata_table: &'a dyn MetadataRows,
    pub(super) known: &'a Known,
    /// The entries of this transaction.
    pub(super) newer: &'a Known,
}

impl Metadata<'_> {
    fn bytes(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(fault) = self.known.fault.as_ref().or(self.newer.fault.as_ref()) {
            return Err(StoreError::Altered(fault.clone()));
        }
        let found = self.metadata_table.bytes(key)?;
        if found.as_deref().map(sha256).as_ref() == self.entered(key) {
            return Ok(found);
        }
        Err(StoreError::Altered(format!("{} is not what was entered in its journal", described(key))))
    }

    /// The SHA-256 of what was entered last under a key, unless that took the row away.
    fn entered(&self, key: &[u8]) -> Option<&Hash> {
        self.newer.rows.get(key).or_else(|| self.known.rows.get(key)).filter(|hash| !is_gone(hash))
    }

    /// A row.
    ///
    /// # Errors
    /// [`StoreError::Altered`] when it is not the one that the journal knows.
    pub(super) fn row<R: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<R>, StoreError> {
        self.bytes(key)?.map(|bytes| decode(&bytes)).transpose()
    }

    /// The keys from one on and before another, as the journal knows them.
    pub(super) fn keys(&self, from: &[u8], to: &[u8]) -> BTreeSet<&[u8]> {
        let range = (from.to_vec(), to.to_vec());
        let known = self.known.rows.range(range.0.clone()..range.1.clone());
        let newer = self.newer.rows.range(range.0..range.1);
        known.chain(newer).map(|(key, _)| key.as_slice()).filter(|key| self.entered(key).is_some()).collect()
    }

    /// The rows from one key on and before another, at most `limit` of them.
    ///
    /// # Errors
    /// [`StoreError::Altered`] when one of them is not the one that the journal knows.
    pub(super) fn rows<R: DeserializeOwned>(
        &self,
        from: &[u8],
        to: &[u8],
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, R)>, StoreError> {
        let keys = self.keys(from, to).into_iter().take(limit);
        let rows = keys.map(|key| Ok((key.to_vec(), self.row(key)?)));
        rows.filter_map(|row: Result<_, StoreError>| match row {
            Ok((key, Some(row))) => Some(Ok((key, row))),
            Ok((_, None)) => None,
            Err(error) => Some(Err(error)),
        })
        .collect()
    }

    /// The last row of a kind, with its number.
    ///
    /// # Errors
    /// [`StoreError::Altered`] when it is not the one that the journal knows.
    pub(super) fn last<R: DeserializeOwned>(&self, kind: u8) -> Result<Option<(u64, R)>, StoreError> {
        let Some(key) = self.known.last_of(kind).max(self.newer.last_of(kind)) else { return Ok(None) };
        Ok(self.row(key)?.map(|row| (number_of(key), row)))
    }
}

/// The number in a key.
pub(super) fn number_of(key: &[u8]) -> u64 {
    key.get(1..).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_be_bytes)
}

/// What a row holds, for people.
pub(super) fn described(key: &[u8]) -> String {
    let Some((kind, rest)) = key.split_first() else { return "a row without a key".to_owned() };
    let (name, number) = (String::from_utf8_lossy(rest), number_of(key));
    match kind {
        b'!' => "what it knows of its keys".to_owned(),
        b'b' => format!("the set of rules `{name}`"),
        b'd' if rest == b"v" => "how far drafts came that are gone".to_owned(),
        b'd' => format!("a draft of rules, `{}`", name.get(1..).unwrap_or_default()),
        b'e' => format!("the evidence of rules in force {number}"),
        b'f' => format!("the files of proposal {number}"),
        b'h' => format!("the entry of rules in force {number}"),
        b'o' | b'q' | b'w' => "where its rules come from".to_owned(),
        b'p' => format!("proposal {number}"),
        b's' => "which proposal is scheduled".to_owned(),
        b't' => format!("token `{name}`"),
        b'u' => "a session".to_owned(),
        b'v' => format!("the evidence of proposal {number}"),
        _ => format!("the row `{}`", data_encoding::HEXLOWER.encode(key)),
    }
}
