//! Records to read, wherever they are: in the store or in an archive file.

use std::sync::{Mutex, PoisonError};

use crate::audit::{leaf_hash, leaf_node};
use crate::evidence::ledger::Archive;
use crate::id::Seq;
use crate::pdp::Pdp;
use crate::pdp::absent::Absent;
use crate::store::{LedgerReader, LedgerView, StoreError};

/// A record's bytes, or why they cannot be read.
pub(crate) type Read = Result<Vec<u8>, Absent>;

/// The records of the ledger as they were at one moment, with their index.
pub(crate) struct Records {
    pub(crate) index: LedgerReader,
    view: LedgerView,
    /// Read on from where it stands, so that archived records are quick in the order of their places.
    archive: Mutex<Archive>,
}

pub(crate) fn ledger_records(pdp: &Pdp) -> Result<Records, StoreError> {
    let view = pdp.store.ledger()?;
    let archive = Mutex::new(Archive::of(pdp.settings.folder.as_deref(), &view)?);
    Ok(Records { index: pdp.store.ledger_reader()?, view, archive })
}

impl Records {
    /// The bytes of a record. What an archive file says is taken only when it is what was written.
    pub(crate) fn record(&self, seq: Seq) -> Result<Read, StoreError> {
        if let Some(record) = self.index.record(seq)? {
            return Ok(Ok(record));
        }
        let mut archive = self.archive.lock().unwrap_or_else(PoisonError::into_inner);
        let record = match archive.record(seq.0) {
            Ok(record) => record,
            Err(absent) => return Ok(Err(absent)),
        };
        let node = seq.0.checked_sub(1).map(leaf_node);
        let leaf = node.map(|node| self.view.node(node)).transpose()?.flatten();
        if leaf == Some(leaf_hash(&record)) {
            return Ok(Ok(record));
        }
        let name = archive.name_of(seq.0).unwrap_or_default();
        Ok(Err(Absent::unreadable(seq.0, &name, format!("record {seq} in it is not as it was written"))))
    }

    /// The records from one place to another, the first `most` of them, with their bytes.
    pub(crate) fn records(&self, from: Seq, to: Seq, most: usize) -> Result<Vec<(Seq, Read)>, StoreError> {
        let mut found = Vec::new();
        let mut next = from;
        while next <= to && found.len() < most {
            let stored = self.index.records(next, to, most - found.len())?;
            if stored.first().is_some_and(|(first, _)| *first == next) {
                // They are read on only as far as no place is empty.
                for (seq, record) in stored {
                    if seq != next {
                        break;
                    }
                    found.push((seq, Ok(record)));
                    next = seq.next();
                }
                continue;
            }
            found.push((next, self.record(next)?));
            next = next.next();
        }
        Ok(found)
    }
}
