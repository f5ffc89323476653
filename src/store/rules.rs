//! Rules in the metadata: every set that was in force, when and why, and what was proposed.
//!
//! Rows of the metadata table, by their first byte: `b` the files of a set by its digest, `h` the history by its
//! number, `e` the evidence of an entry of the history, `p` a proposal by its id, `f` its files, `v` its evidence, `s`
//! the one scheduled proposal, `o` where rules come from, `w` where their files stand, and `q`
//! whether who approves has to be known by another issuer. Files and evidence lie apart, so that lists stay small.

use serde::de::DeserializeOwned;

use super::StoreError;
use super::in_force::InForce;
use super::log::WriteContext;
use super::metadata::number_of;
use super::metadata_changes::MetadataChanges;
use super::proposal::{Proposal, ProposalState};
use super::redb_file::Store;
use crate::clock::Timestamp;

pub(super) fn rules_key(digest: &str) -> Vec<u8> {
    [b"b", digest.as_bytes()].concat()
}

pub(super) fn numbered(kind: u8, number: u64) -> Vec<u8> {
    [[kind].as_slice(), &number.to_be_bytes()].concat()
}

impl MetadataChanges {
    /// Stores a set of rules by its digest, and notes that it is in force from now on.
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
        self.in_force = Some((number, entry.digest.clone()));
        self.put(rules_key(&entry.digest), &files)?;
        self.put(numbered(b'h', number), entry)?;
        evidence.map_or(Ok(()), |evidence| self.put(numbered(b'e', number), &evidence))
    }

    /// Stores a proposal as it is now.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be put into bytes.
    pub fn put_proposal(&mut self, proposal: &Proposal) -> Result<(), StoreError> {
        self.put(numbered(b'p', proposal.id), proposal)
    }

    /// Stores the files of a proposal.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be put into bytes.
    pub fn put_proposed_files(&mut self, id: u64, files: &[(String, String)]) -> Result<(), StoreError> {
        self.put(numbered(b'f', id), &files)
    }

    /// Stores what is known of a proposal.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be put into bytes.
    pub fn put_proposed_evidence(&mut self, id: u64, evidence: &str) -> Result<(), StoreError> {
        self.put(numbered(b'v', id), &evidence)
    }

    /// Sets which proposal is scheduled, or that none is.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be put into bytes.
    pub fn put_scheduled(&mut self, id: Option<u64>) -> Result<(), StoreError> {
        self.put(b"s".to_vec(), &id)
    }
}

impl WriteContext<'_> {
    /// The rules that are in force, with their number in the history.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn in_force(&self) -> Result<Option<(u64, InForce)>, StoreError> {
        self.metadata.last(b'h')
    }

    /// The files of a set of rules that is or was in force.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn kept_rules(&self, digest: &str) -> Result<Option<Vec<(String, String)>>, StoreError> {
        self.metadata.row(&rules_key(digest))
    }

    /// A proposal.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn proposal(&self, id: u64) -> Result<Option<Proposal>, StoreError> {
        self.metadata.row(&numbered(b'p', id))
    }

    /// The number of the next proposal, and how many are open.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn next_proposal(&self) -> Result<(u64, usize), StoreError> {
        let proposals = self.metadata.rows::<Proposal>(b"p", b"q", usize::MAX)?;
        let open = proposals.iter().filter(|(_, proposal)| proposal.state == ProposalState::Open).count();
        Ok((proposals.last().map_or(1, |(_, last)| last.id + 1), open))
    }

    /// The scheduled proposal.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn scheduled(&self) -> Result<Option<u64>, StoreError> {
        Ok(self.metadata.row::<Option<u64>>(b"s")?.flatten())
    }
}

impl Store {
    /// The files of a set of rules that is or was in force.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn kept_rules(&self, digest: &str) -> Result<Option<Vec<(String, String)>>, StoreError> {
        self.metadata(|metadata| metadata.row(&rules_key(digest)))
    }

    /// The digests that begin with some text, of rules that are or were in force, at most `limit` of them.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn digests_beginning(&self, text: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        self.metadata(|metadata| {
            let keys = metadata.keys(&rules_key(text), b"c").into_iter();
            let digests =
                keys.filter_map(|key| key.strip_prefix(b"b")).take_while(|key| key.starts_with(text.as_bytes()));
            Ok(digests.take(limit).map(|digest| String::from_utf8_lossy(digest).into_owned()).collect())
        })
    }

    /// The rules that were activated last, with their number in the history.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn rules_in_force(&self) -> Result<Option<(u64, InForce)>, StoreError> {
        self.metadata(|metadata| metadata.last(b'h'))
    }

    /// The activated sets of rules, oldest first, from a number on, at most `limit` of them.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn rules_history(&self, from: u64, limit: usize) -> Result<Vec<(u64, InForce)>, StoreError> {
        self.rows_from(b'h', from, limit)
    }

    /// The newest evidence with which a set of rules was activated.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn rules_evidence(&self, digest: &str) -> Result<Option<String>, StoreError> {
        self.metadata(|metadata| {
            for (key, entry) in metadata.rows::<InForce>(b"h", b"i", usize::MAX)?.into_iter().rev() {
                if entry.digest == digest
                    && let Some(evidence) = metadata.row(&numbered(b'e', number_of(&key)))?
                {
                    return Ok(Some(evidence));
                }
            }
            Ok(None)
        })
    }

    /// The digest of the rules that were in force at a moment; nothing before the first.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn rules_in_force_at(&self, at: Timestamp) -> Result<Option<String>, StoreError> {
        let history = self.metadata(|metadata| metadata.rows::<InForce>(b"h", b"i", usize::MAX))?;
        Ok(history.into_iter().rev().find(|(_, entry)| entry.at <= at).map(|(_, entry)| entry.digest))
    }

    /// A proposal.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn proposal(&self, id: u64) -> Result<Option<Proposal>, StoreError> {
        self.metadata(|metadata| metadata.row(&numbered(b'p', id)))
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
        Ok(self.metadata(|metadata| metadata.row(&numbered(b'f', id)))?.unwrap_or_default())
    }

    /// What is known of a proposal, as JSON.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn proposed_evidence(&self, id: u64) -> Result<Option<String>, StoreError> {
        self.metadata(|metadata| metadata.row(&numbered(b'v', id)))
    }

    /// The scheduled proposal.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn scheduled(&self) -> Result<Option<Proposal>, StoreError> {
        self.metadata(|metadata| match metadata.row::<Option<u64>>(b"s")?.flatten() {
            Some(id) => metadata.row(&numbered(b'p', id)),
            None => Ok(None),
        })
    }

    fn rows_from<T: DeserializeOwned>(&self, kind: u8, from: u64, limit: usize) -> Result<Vec<(u64, T)>, StoreError> {
        let (from, to) = (numbered(kind, from), [kind + 1]);
        let rows = self.metadata(|metadata| metadata.rows(&from, &to, limit))?;
        Ok(rows.into_iter().map(|(key, row)| (number_of(&key), row)).collect())
    }
}
