//! The places of the records that have a term, wherever the index of them is: rows of an earlier day, segments, the
//! tail, and the records that nothing has collected yet.

use std::cell::OnceCell;
use std::sync::Arc;

use redb::{ReadOnlyTable, ReadableTable as _};

use super::StoreError;
use super::file::Shared;
use super::frames::LedgerRows;
use super::indexer::indexed;
use super::ledger_index::{self, LEDGER_INDEX, OldPostings, ReadIndex, old_rows_to, wider};
use super::segment::{SEGMENT_SPANS, SEGMENTS, places_in, segment_key};
use super::tail::{Part, Tail};
use crate::audit::{Fingerprint, Term};
use crate::clock::Timestamp;

/// The index as one read transaction sees it, with what is behind it.
pub(super) struct Index {
    pub(super) ledger: LedgerRows,
    /// How many records there are for whoever reads.
    size: u64,
    rows: ReadIndex,
    /// Up to which record the rows of an earlier day lead.
    rows_to: u64,
    segments: ReadOnlyTable<&'static [u8], &'static [u8]>,
    /// The first and the last record of each segment.
    spans: Vec<(u64, u64)>,
    tail: Arc<Tail>,
    /// What is in none of them.
    rest: OnceCell<Part>,
}

impl Index {
    pub(super) fn of(shared: &Shared, size: u64) -> Result<Self, StoreError> {
        // The tail first: the transaction then sees whatever segment took the place of one before.
        let tail = shared.tail();
        let read = shared.read()?;
        let rows = read.open_table(LEDGER_INDEX)?;
        let table = read.open_table(SEGMENT_SPANS)?;
        let mut spans = Vec::new();
        for found in table.iter()? {
            let (first, last) = found?;
            spans.push((first.value(), last.value()));
        }
        Ok(Self {
            ledger: LedgerRows::of(&read)?,
            size,
            rows_to: old_rows_to(&rows)?.min(size),
            rows,
            segments: read.open_table(SEGMENTS)?,
            spans,
            tail,
            rest: OnceCell::new(),
        })
    }

    /// The records that are in no segment and not in the tail.
    fn rest(&self) -> Result<&Part, StoreError> {
        if let Some(rest) = self.rest.get() {
            return Ok(rest);
        }
        let last = self.spans.last().map_or(0, |(_, last)| *last);
        let from = self.tail.read(|part| part.last).max(last).max(self.rows_to) + 1;
        let mut rest = Part::from(from);
        for seq in from..=self.size {
            rest.add(&indexed(&self.ledger, seq)?);
        }
        Ok(self.rest.get_or_init(|| rest))
    }

    /// The places among which every record lies that was decided from `from` on and before `to`.
    pub(super) fn window(
        &self,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Result<Option<(u64, u64)>, StoreError> {
        // The rest first: what is collected meanwhile is then in both.
        let rest = self.rest()?.minutes.window(from, to);
        let tail = self.tail.read(|part| part.minutes.window(from, to));
        let found = wider(wider(ledger_index::window(&self.rows, from, to)?, tail), rest);
        Ok(found.map(|(first, last)| (first, last.min(self.size))).filter(|(first, last)| first <= last))
    }
}

/// The places of one term, as they are looked up.
pub(super) struct Postings<'a> {
    index: &'a Index,
    fingerprint: Fingerprint,
    old: OldPostings<'a>,
    /// The places in the part that was looked at last.
    part: Option<(usize, Vec<u64>)>,
}

impl<'a> Postings<'a> {
    pub(super) fn of(index: &'a Index, term: &'a Term) -> Self {
        let old = OldPostings::of(&index.rows, term);
        Self { index, fingerprint: Fingerprint::of(term), old, part: None }
    }

    /// How many parts there are: the segments, and what is newer than they.
    fn parts(&self) -> usize {
        self.index.spans.len() + 1
    }

    /// The part that a place is in, or the first one after it.
    fn part_of(&self, place: u64) -> usize {
        self.index.spans.partition_point(|(_, last)| *last < place)
    }

    /// The places in a part, in order.
    fn places(&mut self, part: usize) -> Result<&[u64], StoreError> {
        if self.part.as_ref().is_none_or(|(held, _)| *held != part) {
            self.part = Some((part, self.read(part)?));
        }
        Ok(self.part.as_ref().map(|(_, places)| places.as_slice()).unwrap_or_default())
    }

    fn read(&self, part: usize) -> Result<Vec<u64>, StoreError> {
        let Index { segments, spans, tail, size, .. } = self.index;
        match spans.get(part) {
            Some((first, _)) => {
                let row = segments.get(segment_key(*first, self.fingerprint.row).as_slice())?;
                let places = row.map_or(Ok(Vec::new()), |row| places_in(row.value(), self.fingerprint))?;
                let places = places.into_iter().map(|place| first + u64::from(place));
                Ok(places.take_while(|place| place <= size).collect())
            }
            None => {
                // The rest first: what is collected meanwhile is then in both.
                let rest = self.index.rest()?.places(self.fingerprint, *size);
                let mut places = tail.read(|part| part.places(self.fingerprint, *size));
                places.extend(rest);
                places.sort_unstable();
                places.dedup();
                Ok(places)
            }
        }
    }

    /// The first place at or after one.
    pub(super) fn at_or_after(&mut self, place: u64) -> Result<Option<u64>, StoreError> {
        if place <= self.index.rows_to
            && let Some(found) = self.old.at_or_after(place)?
        {
            return Ok(Some(found));
        }
        for part in self.part_of(place)..self.parts() {
            let places = self.places(part)?;
            if let Some(&found) = places.get(places.partition_point(|&held| held < place)) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The last place at or before one.
    pub(super) fn at_or_before(&mut self, place: u64) -> Result<Option<u64>, StoreError> {
        for part in (0..=self.part_of(place)).rev() {
            let places = self.places(part)?;
            let found = places.partition_point(|&held| held <= place).checked_sub(1);
            if let Some(&found) = found.and_then(|found| places.get(found)) {
                return Ok(Some(found));
            }
        }
        self.old.at_or_before(place.min(self.index.rows_to))
    }
}
