//! Rules beside the facts: every set that was in force, when and why, and what was proposed.
//!
//! Rows of the side table, by the byte they begin with: `b` the files of a set by its digest, `h` the history by its
//! number, `e` the evidence of an entry of the history, `p` a proposal by its id, `f` its files, `v` its evidence, `s`
//! the one proposal that is to come in force later, `o` where rules come from, `w` where their files stand, and `q`
//! whether who approves has to be known by another issuer. Files and evidence lie apart, so that lists stay small.

use redb::ReadableTable;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::proposal::{Proposal, ProposalState};
use super::redb_file::Store;
use super::view::{decode, encode};
use super::writer::Desk;
use crate::assure::promises::Retired;
use crate::clock::Timestamp;

/// Why a set of rules came in force.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Why {
    /// The service started with it.
    #[default]
    Start,
    /// The files that are watched were changed.
    Files,
    /// It was proposed and approved.
    Published,
    /// It had been in force before and was called back, in an emergency or by a proposal.
    RolledBack,
}

/// When a set of rules came in force.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct InForce {
    /// The digest of the rules.
    pub digest: String,
    /// Who put them in force.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    #[serde(default)]
    pub why: Why,
    /// The proposal that was approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<u64>,
    /// What was said by whoever approved them or called them back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Were they called back by one person alone, in an emergency?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub emergency: bool,
    /// The folder its files were read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The promises of the rules before that went with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retired: Vec<Retired>,
}

fn rules_key(digest: &str) -> Vec<u8> {
    [b"b", digest.as_bytes()].concat()
}

fn numbered(kind: u8, number: u64) -> Vec<u8> {
    [[kind].as_slice(), &number.to_be_bytes()].concat()
}

fn number_of(key: &[u8]) -> Result<u64, StoreError> {
    let bytes = key.get(1..).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
    bytes.ok_or_else(|| StoreError::Unreadable("a row of the rules without a number".to_owned()))
}

/// What is done as soon as something is durable.
pub(super) type After = Box<dyn FnOnce() + Send>;

/// What a piece of work changes beside the facts, in the same commit.
#[derive(Default)]
pub struct Beside {
    pub(super) rows: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) after: Vec<After>,
}

impl Beside {
    /// Does nothing change?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn put<T: Serialize>(&mut self, key: Vec<u8>, row: &T) -> Result<(), StoreError> {
        self.rows.push((key, encode(row)?));
        Ok(())
    }

    /// Keeps a set of rules by its digest, and notes that it is in force from now on.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be put into bytes.
    pub fn put_in_force(
        &mut self,
        number: u64,
        entry: &InForce,
        files: &[(String, String)],
        evidence: Option<&str>,
    ) -> Result<(), StoreError> {
        self.put(rules_key(&entry.digest), &files)?;
        self.put(numbered(b'h', number), entry)?;
        evidence.map_or(Ok(()), |evidence| self.put(numbered(b'e', number), &evidence))
    }

    /// Keeps a proposal as it is now.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be put into bytes.
    pub fn put_proposal(&mut self, proposal: &Proposal) -> Result<(), StoreError> {
        self.put(numbered(b'p', proposal.id), proposal)
    }

    /// Keeps the files of a proposal.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be put into bytes.
    pub fn put_proposed_files(&mut self, id: u64, files: &[(String, String)]) -> Result<(), StoreError> {
        self.put(numbered(b'f', id), &files)
    }

    /// Keeps what is known of a proposal.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be put into bytes.
    pub fn put_proposed_evidence(&mut self, id: u64, evidence: &str) -> Result<(), StoreError> {
        self.put(numbered(b'v', id), &evidence)
    }

    /// Notes which proposal is to come in force later, or that none is.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be put into bytes.
    pub fn put_scheduled(&mut self, id: Option<u64>) -> Result<(), StoreError> {
        self.put(b"s".to_vec(), &id)
    }

    /// Does something as soon as all of it is durable, after whatever was committed before and before what comes later.
    pub fn then(&mut self, after: impl FnOnce() + Send + 'static) {
        self.after.push(Box::new(after));
    }
}

pub(super) fn row<T: DeserializeOwned>(
    side: &impl ReadableTable<&'static [u8], &'static [u8]>,
    key: &[u8],
) -> Result<Option<T>, StoreError> {
    side.get(key)?.map(|found| decode(found.value())).transpose()
}

fn last<T: DeserializeOwned>(
    side: &impl ReadableTable<&'static [u8], &'static [u8]>,
    kind: u8,
) -> Result<Option<(u64, T)>, StoreError> {
    let (from, to) = ([kind], [kind + 1]);
    let Some(found) = side.range::<&[u8]>(from.as_slice()..to.as_slice())?.next_back() else { return Ok(None) };
    let (key, row) = found?;
    Ok(Some((number_of(key.value())?, decode(row.value())?)))
}

impl Desk<'_> {
    /// The rules that are in force, with their number in the history.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn in_force(&self) -> Result<Option<(u64, InForce)>, StoreError> {
        last(self.side, b'h')
    }

    /// The files of a set of rules that is or was in force.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn kept_rules(&self, digest: &str) -> Result<Option<Vec<(String, String)>>, StoreError> {
        row(self.side, &rules_key(digest))
    }

    /// A proposal.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn proposal(&self, id: u64) -> Result<Option<Proposal>, StoreError> {
        row(self.side, &numbered(b'p', id))
    }

    /// The number of the next proposal, and how many are open.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn next_proposal(&self) -> Result<(u64, usize), StoreError> {
        let (mut next, mut open) = (1, 0);
        for found in self.side.range::<&[u8]>(b"p".as_slice()..b"q".as_slice())? {
            let proposal: Proposal = decode(found?.1.value())?;
            next = proposal.id + 1;
            open += usize::from(proposal.state == ProposalState::Open);
        }
        Ok((next, open))
    }

    /// The proposal that is to come in force later.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn scheduled(&self) -> Result<Option<u64>, StoreError> {
        Ok(row::<Option<u64>>(self.side, b"s")?.flatten())
    }
}

impl Store {
    /// The files of a set of rules that is or was in force.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn kept_rules(&self, digest: &str) -> Result<Option<Vec<(String, String)>>, StoreError> {
        row(&self.side()?, &rules_key(digest))
    }

    /// The digests that begin with some text, of rules that are or were in force, at most `limit` of them.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn digests_beginning(&self, text: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        let first = rules_key(text);
        let mut digests = Vec::new();
        for found in self.side()?.range::<&[u8]>(first.as_slice()..)?.take(limit) {
            let (key, _) = found?;
            let Some(digest) = key.value().strip_prefix(b"b").filter(|digest| digest.starts_with(text.as_bytes()))
            else {
                break;
            };
            digests.push(String::from_utf8_lossy(digest).into_owned());
        }
        Ok(digests)
    }

    /// The rules that were put in force last, with their number in the history.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn rules_in_force(&self) -> Result<Option<(u64, InForce)>, StoreError> {
        last(&self.side()?, b'h')
    }

    /// The sets of rules that came in force, oldest first, from a number on, at most `limit` of them.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn rules_history(&self, from: u64, limit: usize) -> Result<Vec<(u64, InForce)>, StoreError> {
        self.rows_from(b'h', from, limit)
    }

    /// The newest evidence that a set of rules came in force with.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn rules_evidence(&self, digest: &str) -> Result<Option<String>, StoreError> {
        let side = self.side()?;
        for found in side.range::<&[u8]>(b"h".as_slice()..b"i".as_slice())?.rev() {
            let (key, entry) = found?;
            if decode::<InForce>(entry.value())?.digest == digest
                && let Some(evidence) = row(&side, &numbered(b'e', number_of(key.value())?))?
            {
                return Ok(Some(evidence));
            }
        }
        Ok(None)
    }

    /// The digest of the rules that were in force at a moment; nothing before the first.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn rules_in_force_at(&self, at: Timestamp) -> Result<Option<String>, StoreError> {
        for found in self.side()?.range::<&[u8]>(b"h".as_slice()..b"i".as_slice())?.rev() {
            let entry: InForce = decode(found?.1.value())?;
            if entry.at <= at {
                return Ok(Some(entry.digest));
            }
        }
        Ok(None)
    }

    /// A proposal.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn proposal(&self, id: u64) -> Result<Option<Proposal>, StoreError> {
        row(&self.side()?, &numbered(b'p', id))
    }

    /// The proposals from a number on, oldest first, at most `limit` of them.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn proposals(&self, from: u64, limit: usize) -> Result<Vec<(u64, Proposal)>, StoreError> {
        self.rows_from(b'p', from, limit)
    }

    /// The files of a proposal.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn proposed_files(&self, id: u64) -> Result<Vec<(String, String)>, StoreError> {
        Ok(row(&self.side()?, &numbered(b'f', id))?.unwrap_or_default())
    }

    /// What is known of a proposal, as JSON.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn proposed_evidence(&self, id: u64) -> Result<Option<String>, StoreError> {
        row(&self.side()?, &numbered(b'v', id))
    }

    /// The proposal that is to come in force later.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn scheduled(&self) -> Result<Option<Proposal>, StoreError> {
        let side = self.side()?;
        match row::<Option<u64>>(&side, b"s")?.flatten() {
            Some(id) => row(&side, &numbered(b'p', id)),
            None => Ok(None),
        }
    }

    fn rows_from<T: DeserializeOwned>(&self, kind: u8, from: u64, limit: usize) -> Result<Vec<(u64, T)>, StoreError> {
        let (from, to) = (numbered(kind, from), [kind + 1]);
        let mut rows = Vec::new();
        for found in self.side()?.range::<&[u8]>(from.as_slice()..to.as_slice())?.take(limit) {
            let (key, row) = found?;
            rows.push((number_of(key.value())?, decode(row.value())?));
        }
        Ok(rows)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_before_there_was_a_why_is_a_start() {
        #[derive(Serialize)]
        struct Before {
            digest: String,
            by: String,
            at: Timestamp,
        }
        let row = encode(&Before { digest: "d".into(), by: "start".into(), at: Timestamp::UNIX_EPOCH }).unwrap();
        let read: InForce = decode(&row).unwrap();
        assert_eq!((read.digest.as_str(), read.why, read.proposal), ("d", Why::Start, None));
        assert_eq!((read.folder.as_deref(), read.retired.len()), (None, 0));
        assert_eq!(decode::<InForce>(&encode(&read).unwrap()).unwrap(), read);
    }
}
