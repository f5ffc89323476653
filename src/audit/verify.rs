//! Verification of the ledger: finds what is not as it was written, and names the first record concerned.
//!
//! Each record is hashed and checked against its leaf, each full node against the two beneath it, and each signed
//! checkpoint against the root at its size. A record that has another's leaf shows what was done: two that have each
//! other's were swapped; where each has that of the next, one was dropped; where each has that of the one before, one
//! was inserted.

pub(super) mod frames;
mod places;

use std::collections::HashMap;
use std::convert::Infallible;

use super::checkpoint::{Checkpoint, CheckpointError};
use super::finding::{Fault, Finding, Place, Walked};
use super::record::Record;
use super::tree::{Hash, Node, Peaks, hash_text, leaf_hash, leaf_node, leaves, node_hash};

/// The most findings that are kept apart; more only say that there are more.
const FINDINGS_MAX: usize = 10_000;

/// A record that is not that of its leaf.
struct Misfit {
    seq: u64,
    record: Hash,
    /// Whose leaf it has instead.
    belongs: Option<u64>,
}

/// A walk that has come so far.
pub struct Walk {
    first: u64,
    peaks: Peaks,
    /// The same tree with the hashes of the records where they are not those of their leaves.
    otherwise: Option<Peaks>,
    findings: Vec<Finding>,
    remarks: Vec<String>,
    misfits: Vec<Misfit>,
    /// The misfits by the hash of their record and by that of their leaf.
    by_record: HashMap<Hash, usize>,
    by_leaf: HashMap<Hash, u64>,
    more: u64,
    masked: u64,
    archived: u64,
    checkpoints: u64,
    agreed: u64,
    is_rewritten: bool,
    /// Was a frame found whose tree is another one?
    is_broken: bool,
}

impl Walk {
    /// A walk that begins after the records of a tree; of none, to walk them all.
    #[must_use]
    pub fn after(peaks: Peaks) -> Self {
        let agreed = peaks.size();
        Self {
            first: agreed + 1,
            peaks,
            otherwise: None,
            findings: Vec::new(),
            remarks: Vec::new(),
            misfits: Vec::new(),
            by_record: HashMap::new(),
            by_leaf: HashMap::new(),
            more: 0,
            masked: 0,
            archived: 0,
            checkpoints: 0,
            agreed,
            is_rewritten: false,
            is_broken: false,
        }
    }

    /// The last record that was walked past.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.peaks.size()
    }

    /// Counts a record that was read from an archive file.
    pub fn count_archived(&mut self) {
        self.archived += 1;
    }

    /// Records something that is not as it was written.
    pub fn found(&mut self, fault: Fault, seq: u64, last: Option<u64>, message: String) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding { fault, seq, last, message });
        } else {
            self.more += 1;
        }
    }

    /// Walks past the next record: what stands in its place, its leaf, and the other nodes of the tree as they are
    /// stored, when there are any.
    pub fn step(&mut self, place: Place<'_>, leaf: Option<Hash>, nodes: Option<&dyn Fn(u64) -> Node>) {
        let seq = self.size() + 1;
        let record = match &place {
            Place::Record(bytes) => Some(leaf_hash(bytes)),
            Place::Masked | Place::Nothing(_) | Place::Unreadable(_) => None,
        };
        if let Some(misfit) = leaf.and_then(|leaf| self.by_record.get(&leaf)) {
            self.misfits[*misfit].belongs = Some(seq);
        }
        let attested = match (&place, record, leaf) {
            (Place::Record(bytes), Some(record), Some(leaf)) if record == leaf => {
                if let Err(error) = Record::from_bytes(bytes) {
                    self.found(Fault::Unreadable, seq, None, format!("record {seq} cannot be read: {error}"));
                }
                leaf
            }
            (_, Some(record), Some(leaf)) => self.misfit(seq, record, leaf, nodes),
            (_, Some(record), None) => {
                let message = format!("the leaf of record {seq} is missing in the tree");
                self.found(Fault::Tree, seq, None, message);
                record
            }
            (Place::Unreadable(cause), None, leaf) => {
                // Where one record of a frame cannot be read mostly none of them can, and that is one finding.
                self.run_on(Fault::Unreadable, seq, ["cannot be read"; 2], &format!(": {cause}"));
                self.is_rewritten |= leaf.is_none();
                leaf.unwrap_or_default()
            }
            (Place::Masked, None, leaf) => {
                self.masked += 1;
                leaf.unwrap_or_default()
            }
            (_, None, leaf) => {
                let known = if let Place::Nothing(known) = &place { known.as_deref() } else { None };
                self.dropped(seq, known);
                // Without its hash no root can be computed any more, which is no finding of its own.
                self.is_rewritten |= leaf.is_none();
                leaf.unwrap_or_default()
            }
        };
        self.climb(attested, record, nodes);
    }

    /// Records a mismatch of record and leaf, and says which of both the tree attests.
    fn misfit(&mut self, seq: u64, record: Hash, leaf: Hash, nodes: Option<&dyn Fn(u64) -> Node>) -> Hash {
        // Leaves 2j and 2j + 1 are nodes 4j and 4j + 2, and node 4j + 1 is above both.
        let node = leaf_node(seq - 1);
        let attests = |hash: &Hash| {
            let pair = node / 4 * 4;
            let (Node::Stored(parent), Node::Stored(sibling)) = (nodes?(pair + 1), nodes?(pair + 2 - (node - pair)))
            else {
                return None;
            };
            Some(if node == pair { node_hash(hash, &sibling) } else { node_hash(&sibling, hash) } == parent)
        };
        if attests(&record) == Some(true) {
            let message = format!("the leaf of record {seq} was changed in the tree; the record is as it was written");
            self.found(Fault::Tree, seq, None, message);
            return record;
        }
        if self.otherwise.is_none() {
            self.otherwise = Some(self.peaks.clone());
        }
        if self.misfits.len() < FINDINGS_MAX {
            self.by_record.entry(record).or_insert(self.misfits.len());
            self.by_leaf.insert(leaf, seq);
            self.misfits.push(Misfit { seq, record, belongs: self.by_leaf.get(&record).copied() });
        } else {
            self.more += 1;
        }
        leaf
    }

    fn dropped(&mut self, seq: u64, known: Option<&str>) {
        let known = known.map_or(String::new(), |known| format!(": {known}"));
        self.run_on(Fault::Dropped, seq, ["was dropped", "were dropped"], &known);
    }

    /// Records a fault of one record, or that it goes on from the records before.
    fn run_on(&mut self, fault: Fault, seq: u64, [one, many]: [&str; 2], why: &str) {
        let one = |seq: u64| format!("record {seq} {one}{why}");
        let many = |first: u64, last: u64| format!("records {first} to {last} {many}{why}");
        let spelt = |before: &Finding| before.last.map_or_else(|| one(before.seq), |last| many(before.seq, last));
        match self.findings.last_mut() {
            Some(before) if before.last.unwrap_or(before.seq) + 1 == seq && before.message == spelt(before) => {
                (before.message, before.last) = (many(before.seq, seq), Some(seq));
            }
            _ => self.found(fault, seq, None, one(seq)),
        }
    }

    /// Adds a leaf and checks every node that it completes against the stored one.
    fn climb(&mut self, leaf: Hash, record: Option<Hash>, nodes: Option<&dyn Fn(u64) -> Node>) {
        if let Some(otherwise) = &mut self.otherwise {
            let Ok(()) = otherwise.push(record.unwrap_or(leaf), |_, _| Ok::<(), Infallible>(()));
        }
        let mut wrong = Vec::new();
        let Ok(()) = self.peaks.push(leaf, |node, computed| {
            let is_wrong = |found: Node| match found {
                Node::Stored(hash) => hash != *computed,
                Node::Missing => true,
                Node::Computed => false,
            };
            if !node.is_multiple_of(2) && nodes.is_some_and(|nodes| is_wrong(nodes(node))) {
                wrong.push(node);
            }
            Ok::<(), Infallible>(())
        });
        for node in wrong {
            let (first, last) = (leaves(node).0 + 1, leaves(node).1 + 1);
            // What is wrong further down makes everything above it wrong.
            let is_known = |finding: &Finding| finding.seq >= first && finding.seq <= last;
            if !self.findings.iter().rev().any(is_known) {
                let message = format!(
                    "the tree over records {first} to {last} is not what its leaves come to: one of them was rewritten together with its leaf, or the node was changed"
                );
                self.found(Fault::Tree, first, Some(last), message);
            }
        }
    }

    /// Checks a checkpoint against the records up to here.
    pub fn checkpoint(&mut self, opened: Result<Checkpoint, CheckpointError>) {
        let size = self.size();
        match opened {
            Err(error) => self.found(Fault::Checkpoint, size, None, format!("the checkpoint at {size}: {error}")),
            Ok(checkpoint) if checkpoint.size > size => self.cut_off(Ok(checkpoint)),
            Ok(checkpoint) if checkpoint.size != size => self.found(
                Fault::Checkpoint,
                size,
                None,
                format!("the checkpoint at {size} was signed for {} records", checkpoint.size),
            ),
            Ok(checkpoint) if checkpoint.root == self.peaks.root() => {
                self.checkpoints += 1;
                self.agreed = size;
            }
            Ok(checkpoint) if self.otherwise.as_ref().is_some_and(|other| other.root() == checkpoint.root) => {
                self.checkpoints += 1;
                self.agreed = size;
                self.peaks = self.otherwise.take().unwrap_or_default();
                (self.by_record, self.by_leaf) = (HashMap::new(), HashMap::new());
                for Misfit { seq, .. } in std::mem::take(&mut self.misfits) {
                    let message = format!("the leaf of record {seq} was changed; the record is as it was signed");
                    self.found(Fault::Tree, seq, None, message);
                }
            }
            Ok(_) if self.is_rewritten => {}
            Ok(_) => {
                self.is_rewritten = true;
                let first = self.agreed + 1;
                let message = format!(
                    "records {first} to {size} are not what was signed at size {size}: what is there was rewritten together with the tree, or the checkpoint belongs to another ledger"
                );
                self.found(Fault::Checkpoint, first.min(size), Some(size), message);
            }
        }
    }

    /// Checks a stored checkpoint over fewer records than come before the first one against the tree over those.
    pub fn older(&mut self, kept: &Checkpoint, before: &Peaks) {
        let (size, first) = (kept.size, self.first);
        let old = format!("a kept checkpoint over {size} records is older than record {first}, the first one here");
        match before.first(size) {
            None => self
                .remarks
                .push(format!("{old}, and could not be compared; hold it against an export of the whole ledger")),
            Some(tree) if tree.root() == kept.root => {
                self.checkpoints += 1;
                self.remarks.push(format!("{old}; it agrees with what came before, and says nothing of what is here"));
            }
            Some(_) => {
                let message = format!("{old}; it was signed for other records than those that came before");
                self.found(Fault::Checkpoint, first, None, message);
            }
        }
    }

    /// Records a checkpoint over more records than there are.
    pub fn cut_off(&mut self, opened: Result<Checkpoint, CheckpointError>) {
        let size = self.size();
        match opened {
            Ok(signed) if signed.size > size => {
                let (first, last) = (size + 1, signed.size);
                let message =
                    format!("records {first} to {last} were cut off the end: a checkpoint was signed over {last}");
                self.found(Fault::Dropped, first, Some(last), message);
            }
            Ok(Checkpoint { size: signed, .. }) => {
                let message = format!("a checkpoint beyond the end was signed for {signed} records");
                self.found(Fault::Checkpoint, size, None, message);
            }
            Err(error) => self.found(Fault::Checkpoint, size, None, format!("a checkpoint beyond the end: {error}")),
        }
    }

    /// The result.
    #[must_use]
    pub fn end(mut self) -> Walked {
        self.report_misfits();
        // What a checkpoint says of a whole run comes after what is known of single records.
        let is_of_run = |finding: &Finding| finding.fault == Fault::Checkpoint && finding.last.is_some();
        let is_metadata = |finding: &Finding| matches!(finding.fault, Fault::Journal | Fault::Table);
        self.findings.sort_by_key(|finding| (is_metadata(finding), is_of_run(finding), finding.seq, finding.fault));
        if self.more > 0 {
            let last = self.size();
            self.findings.push(Finding {
                fault: Fault::Changed,
                seq: last,
                last: None,
                message: format!("and {} more that are not told one by one", self.more),
            });
        }
        Walked {
            whole: self.findings.is_empty(),
            first: self.first,
            records: self.size(),
            archived: self.archived,
            masked: self.masked,
            checkpoints: self.checkpoints,
            root_hash: hash_text(&self.peaks.root()),
            findings: self.findings,
            remarks: self.remarks,
        }
    }

    /// Reports what was done to the records that do not match their leaves.
    fn report_misfits(&mut self) {
        let misfits = std::mem::take(&mut self.misfits);
        let belongs = |index: usize, seq: u64| misfits.get(index).filter(|other| other.seq == seq)?.belongs;
        let by_seq: HashMap<u64, Option<u64>> = misfits.iter().map(|misfit| (misfit.seq, misfit.belongs)).collect();
        let mut index = 0;
        while let Some(misfit) = misfits.get(index) {
            let seq = misfit.seq;
            index += 1;
            // How many records from here on stand one place too early, or too late.
            let run = |from: usize, first: u64, early: bool| {
                (0_u64..)
                    .take_while(|at| {
                        let place = first + at;
                        belongs(from + *at as usize, place) == Some(if early { place + 1 } else { place - 1 })
                    })
                    .count()
            };
            match misfit.belongs {
                Some(other) if by_seq.get(&other) == Some(&Some(seq)) => {
                    if seq < other {
                        self.found(Fault::Swapped, seq, Some(other), format!("records {seq} and {other} were swapped"));
                    }
                }
                Some(other) if other == seq + 1 => {
                    let moved = run(index - 1, seq, true) as u64;
                    index += moved as usize - 1;
                    // The place the last of them left is empty, which is the same drop.
                    let end = seq + moved;
                    self.stands_early(end);
                    let message =
                        format!("record {seq} was dropped: those after it stand one place early, up to {end}");
                    self.found(Fault::Dropped, seq, None, message);
                }
                Some(other) => {
                    let message = format!("record {other} stands in the place of record {seq}");
                    self.found(Fault::Moved, seq, None, message);
                }
                None => match run(index, seq + 1, false) {
                    0 => self.found(Fault::Changed, seq, None, changed(seq, &misfit.record)),
                    moved => {
                        index += moved;
                        // The one that had to give way at the end is beyond it, which is the same insertion.
                        let beyond = self.size() + 1;
                        if seq + moved as u64 + 1 == beyond {
                            self.findings.retain(|found| found.fault != Fault::Inserted || found.seq != beyond);
                        }
                        let message = format!(
                            "a record was inserted at {seq}: those after it stand one place late, up to {}",
                            seq + moved as u64
                        );
                        self.found(Fault::Inserted, seq, None, message);
                    }
                },
            }
        }
    }
}

fn changed(seq: u64, record: &Hash) -> String {
    format!("record {seq} was changed: its bytes hash to `{}` and its leaf does not", hash_text(record))
}
