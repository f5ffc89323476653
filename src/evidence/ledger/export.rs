//! A store's ledger in lines, as an outsider verifies them.

use std::collections::VecDeque;

use crate::audit::{Header, LedgerKey, Mask, MissingLine, RecordLine, leaf_node};
use crate::evidence::ledger::{Archive, LedgerError};
use crate::limits::EXPORT_CHUNK_BYTES;
use crate::pdp::call::CallError;
use crate::store::LedgerView;

/// The ledger in lines, pieces of whole ones.
pub struct LedgerExport {
    view: LedgerView,
    archive: Archive,
    mask: Mask,
    checkpoints: VecDeque<(u64, String)>,
    next: u64,
    last: u64,
    head: Option<String>,
    foot: Option<String>,
}

fn checkpoint_line(note: &str) -> String {
    serde_json::json!({ "checkpoint": note }).to_string()
}

impl LedgerExport {
    /// The records from `first` to `last`, with a checkpoint over the first `last`.
    pub(crate) fn of(
        view: LedgerView,
        archive: Archive,
        key: &LedgerKey,
        mask: Mask,
        first: u64,
        last: u64,
    ) -> Result<Self, CallError<LedgerError>> {
        let head = Header { origin: key.public().origin().to_owned(), before: view.peaks(first - 1)? }.to_line();
        let mut checkpoints: VecDeque<_> = view.checkpoints()?.into();
        checkpoints.retain(|(size, _)| (first..last).contains(size));
        let foot = checkpoint_line(&key.sign(last, view.peaks(last)?.root()).map_err(LedgerError::from)?);
        Ok(Self { view, archive, mask, checkpoints, next: first, last, head: Some(head), foot: Some(foot) })
    }

    /// How many records there are to write.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.last
    }

    fn line(&mut self) -> Result<Option<String>, CallError<LedgerError>> {
        if let Some(head) = self.head.take() {
            return Ok(Some(head));
        }
        if let Some((_, note)) = self.checkpoints.pop_front_if(|(size, _)| *size < self.next) {
            return Ok(Some(checkpoint_line(&note)));
        }
        if self.next <= self.last {
            let seq = self.next;
            self.next += 1;
            let leaf = self.view.node(leaf_node(seq - 1))?.unwrap_or_default();
            let record = match self.view.record(seq)? {
                Some(record) => Ok(record),
                None => self.archive.record(seq),
            };
            return Ok(Some(match record {
                Ok(record) => RecordLine::write(seq, &leaf, &record, &self.mask),
                // Its hash is known from the tree, so that the rest can still be verified.
                Err(absent) => MissingLine { seq, hash: leaf, missing: absent.place() }.to_line(),
            }));
        }
        Ok(self.foot.take())
    }
}

/// Pieces of whole lines; after a failure nothing more, and no checkpoint at the end, so that what was cut short is
/// never taken for the whole.
impl Iterator for LedgerExport {
    type Item = Result<Vec<u8>, CallError<LedgerError>>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut piece = Vec::new();
        while piece.len() < EXPORT_CHUNK_BYTES {
            match self.line() {
                Ok(Some(line)) => {
                    piece.extend_from_slice(line.as_bytes());
                    piece.push(b'\n');
                }
                Ok(None) => break,
                Err(error) => {
                    (self.next, self.foot) = (self.last + 1, None);
                    return Some(Err(error));
                }
            }
        }
        (!piece.is_empty()).then_some(Ok(piece))
    }
}
