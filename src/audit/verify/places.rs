//! Places of a file where no line of theirs stands: another's does, or none.

use super::{Checkpoint, Fault, Finding, Hash, Peaks, Walk};

impl Walk {
    /// Walks past a place where the line of another record stands.
    pub fn misplaced(&mut self, record: u64) {
        let seq = self.size() + 1;
        let mine = format!("record {record} stands in the place of record {seq}");
        let other = format!("record {seq} stands in the place of record {record}");
        match self.findings.iter_mut().find(|found| found.fault == Fault::Moved && found.message == other) {
            Some(found) => {
                *found = Finding {
                    fault: Fault::Swapped,
                    seq: record,
                    last: Some(seq),
                    message: format!("records {record} and {seq} were swapped"),
                };
            }
            None => self.found(Fault::Moved, seq, None, mine),
        }
        self.is_rewritten = true;
        self.climb(Hash::default(), None, None);
    }

    /// Walks past every place up to that of a record, where the lines of those before it are missing with their leaves.
    pub fn gap(&mut self, last: u64) {
        let first = self.size() + 1;
        let Some(peaks) = Peaks::unknown(last).filter(|_| first <= last) else { return };
        self.dropped(first, None);
        // Whoever writes a number writes how long this may take: nothing is done for each of them.
        let is_this = |found: &&mut Finding| found.fault == Fault::Dropped && found.last.unwrap_or(found.seq) == first;
        if let Some(found) = self.findings.last_mut().filter(is_this).filter(|_| first < last) {
            (found.message, found.last) = (format!("records {} to {last} were dropped", found.seq), Some(last));
        }
        // Without their hashes no root can be computed any more, which is no finding of its own.
        self.is_rewritten = true;
        self.otherwise = self.otherwise.take().map(|_| peaks.clone());
        self.peaks = peaks;
    }

    /// Holds checkpoints that somebody kept against the records up to here, and takes away those that are done with:
    /// what is left was signed over more records. Where no root can be computed to hold one against, a remark says that
    /// it was not confirmed.
    pub fn compare(&mut self, kept: &mut Vec<Checkpoint>) {
        let size = self.size();
        for kept in kept.extract_if(.., |kept| kept.size <= size) {
            let (over, agreed, was_known) = (kept.size, self.checkpoints, !self.is_rewritten);
            if over == size {
                self.checkpoint(Ok(kept));
                // Where the tree was known, one that does not agree is a finding.
                if was_known || self.checkpoints > agreed {
                    continue;
                }
            }
            self.remarks.push(format!(
                "a kept checkpoint over {over} records could not be confirmed: some of them are missing, out of place or rewritten"
            ));
        }
    }

    /// Takes back that a place is empty because its record was dropped: that record stands one place early. What else
    /// is missing after it stays missing.
    pub(super) fn stands_early(&mut self, seq: u64) {
        self.findings.retain_mut(|found| {
            if found.fault != Fault::Dropped || found.seq != seq {
                return true;
            }
            let Some(last) = found.last else { return false };
            let Some(why) = found.message.strip_prefix(&format!("records {seq} to {last} were dropped")) else {
                return true;
            };
            let next = seq + 1;
            let (what, last) = if next < last {
                (format!("records {next} to {last} were dropped"), Some(last))
            } else {
                (format!("record {next} was dropped"), None)
            };
            (found.message, found.seq, found.last) = (format!("{what}{why}"), next, last);
            true
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Place, leaf_hash};

    /// What is found where record 2 was dropped, the two after it stand one place early, and from the place that these
    /// left up to `last` nothing stands.
    fn found(last: u8) -> Vec<String> {
        let mut walk = Walk::after(Peaks::default());
        let leaf = |seq: u8| Some(leaf_hash(&[seq]));
        walk.step(Place::Masked, leaf(1), None);
        for seq in [2, 3] {
            walk.step(Place::Record(&[seq + 1]), leaf(seq), None);
        }
        for seq in 4..=last {
            walk.step(Place::Nothing(Some("gone".to_owned())), leaf(seq), None);
        }
        walk.end().findings.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn what_is_missing_after_records_that_stand_early_is_still_named() {
        let early = "record 2 was dropped: those after it stand one place early, up to 4";
        assert_eq!(found(4), [early]);
        assert_eq!(found(5), [early, "record 5 was dropped: gone"]);
        assert_eq!(found(10), [early, "records 5 to 10 were dropped: gone"]);
    }

    #[test]
    fn no_record_is_said_to_be_cut_off_that_comes_before_the_end() {
        let mut walk = Walk::after(Peaks::default());
        for seq in 1..=3 {
            walk.step(Place::Masked, Some(leaf_hash(&[seq])), None);
        }
        walk.cut_off(Ok(Checkpoint { origin: "standing/test".to_owned(), size: 2, root: Hash::default() }));
        let found: Vec<String> = walk.end().findings.into_iter().map(|finding| finding.message).collect();
        assert_eq!(found, ["a checkpoint beyond the end was signed for 2 records"]);
    }
}
