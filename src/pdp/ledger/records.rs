//! Records to read, wherever they are: in the store or in an archive file.

use std::sync::{Mutex, PoisonError};

use super::Archive;
use crate::id::Seq;
use crate::pdp::Pdp;
use crate::store::{LedgerReader, StoreError};

/// The records of the ledger as they were at one moment, with their index.
pub(in crate::pdp) struct Records {
    pub(in crate::pdp) index: LedgerReader,
    /// Read on from where it stands, so that archived records are quick in the order of their places.
    archive: Mutex<Archive>,
}

impl Pdp {
    pub(in crate::pdp) fn ledger_records(&self) -> Result<Records, StoreError> {
        let archive = Mutex::new(Archive::of(self.folder.as_deref()));
        Ok(Records { index: self.store.ledger_reader()?, archive })
    }
}

impl Records {
    /// The bytes of a record.
    pub(in crate::pdp) fn record(&self, seq: Seq) -> Result<Option<Vec<u8>>, StoreError> {
        match self.index.record(seq)? {
            Some(record) => Ok(Some(record)),
            None => {
                let mut archive = self.archive.lock().unwrap_or_else(PoisonError::into_inner);
                archive.record(seq.0).map_err(StoreError::Unreadable)
            }
        }
    }

    /// The records from one place to another, the first `most` of them, with their bytes.
    pub(in crate::pdp) fn records(&self, from: Seq, to: Seq, most: usize) -> Result<Vec<(Seq, Vec<u8>)>, StoreError> {
        let mut found = Vec::new();
        let mut next = from;
        while next <= to && found.len() < most {
            let stored = self.index.records(next, to, most - found.len())?;
            if stored.first().is_some_and(|(first, _)| *first == next) {
                next = stored.last().map_or(next, |(last, _)| last.next());
                found.extend(stored);
                continue;
            }
            let record = self.record(next)?;
            let gone = || StoreError::Unreadable(format!("record {next} is gone; run `standing ledger verify`"));
            found.push((next, record.ok_or_else(gone)?));
            next = next.next();
        }
        Ok(found)
    }
}
