//! How large the pieces of an import are, so that nobody waits long behind one.

use std::time::Duration;

use crate::limits::IMPORT_PIECE_MILLISECONDS;

/// How long a piece may take.
const PIECE: Duration = Duration::from_millis(IMPORT_PIECE_MILLISECONDS);
/// The fewest rows of a piece, however long they take.
const ROWS_MIN: usize = 64;

/// How many rows the next piece has, by how long those before took.
pub(super) struct Pace {
    /// How many rows.
    pub(super) rows: usize,
    most: usize,
    /// The least that a piece took: no fewer rows make a disk faster.
    least: Option<Duration>,
}

impl Pace {
    pub(super) fn of(first: usize, most: usize) -> Self {
        Self { rows: first.min(most), most, least: None }
    }

    /// Notes how long a piece took.
    pub(super) fn took(&mut self, took: Duration) {
        let least = self.least.map_or(took, |least| least.min(took));
        self.least = Some(least);
        let most = PIECE.max(least * 3);
        if took > most {
            self.rows = (self.rows / 2).max(ROWS_MIN).min(self.most);
        } else if took < most / 2 {
            self.rows = (self.rows * 2).min(self.most);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Pace, ROWS_MIN};

    const FIRST: usize = 1_024;

    #[test]
    fn a_piece_is_as_large_as_a_disk_is_fast_and_a_slow_sync_makes_it_no_smaller() {
        // A row takes a hundredth of a millisecond, and a sync so many: the rows of a piece in the end.
        let ends = |sync: u64, most: usize| {
            let mut pace = Pace::of(FIRST, most);
            for _ in 0..50 {
                let rows = u64::try_from(pace.rows).unwrap_or(u64::MAX);
                pace.took(Duration::from_micros(sync * 1_000 + rows * 10));
            }
            pace.rows
        };
        assert_eq!((ends(2, 1 << 20), ends(2, 100)), (2_048, 100));
        assert!(ends(100, 1 << 20) > FIRST, "{}", ends(100, 1 << 20));
        assert!(ends(1_000, 1 << 20) > 16 * ROWS_MIN);
    }
}
