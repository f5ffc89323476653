//! Places of a file where no line of theirs stands: another's does, or none.

use super::{Fault, Finding, Hash, Peaks, Walk};

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
}
