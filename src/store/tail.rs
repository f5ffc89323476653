//! The newest part of the ledger's index, which no segment holds yet: in memory, of records that are durable.

use std::sync::{PoisonError, RwLock};

use super::ledger_index::Minutes;
use super::segment::{Places, RECORDS_MAX};
use crate::audit::{Fingerprint, IndexEntry};

/// The most records that are collected, while a segment of the first of them is being written.
const COLLECTED_MAX: u64 = 4 * RECORDS_MAX;

/// What was collected of some records, one after the other.
#[derive(Clone)]
pub(super) struct Part {
    /// The first of them.
    pub(super) first: u64,
    /// The last of them; before the first where there is none yet.
    pub(super) last: u64,
    /// Where their terms are, counted from the first.
    pub(super) places: Places,
    pub(super) minutes: Minutes,
}

impl Part {
    /// Nothing yet, of the records from `first` on.
    pub(super) fn from(first: u64) -> Self {
        Self { first, last: first.saturating_sub(1), places: Places::default(), minutes: Minutes::default() }
    }

    /// Adds the next record.
    pub(super) fn add(&mut self, record: &IndexEntry) {
        self.last += 1;
        let place = (self.last - self.first) as u32;
        record.terms.iter().for_each(|term| self.places.note(*term, place));
        if let Some(at) = record.at {
            self.minutes.note(self.last, at);
        }
    }

    /// How many records there are.
    pub(super) fn count(&self) -> u64 {
        self.last + 1 - self.first
    }

    /// The first records, as many as a segment holds.
    pub(super) fn one_segment(&self) -> Self {
        let last = self.last.min(self.first + RECORDS_MAX - 1);
        let (places, minutes) = (self.places.first(RECORDS_MAX as u32), self.minutes.up_to(last));
        Self { first: self.first, last, places, minutes }
    }

    /// Those after a record that is among them.
    pub(super) fn after(&self, last: u64) -> Self {
        let (places, minutes) = (self.places.after((last + 1 - self.first) as u32), self.minutes.after(last));
        Self { first: last + 1, last: self.last, places, minutes }
    }

    /// The places in the ledger of the records that have a term, up to `last`.
    pub(super) fn places(&self, fingerprint: Fingerprint, last: u64) -> Vec<u64> {
        let places = self.places.of(fingerprint).into_iter().map(|place| self.first + u64::from(place));
        places.take_while(|&place| place <= last).collect()
    }
}

/// What is collected until it becomes a segment. Whoever reads holds the tail it began with, so that nothing is missed
/// when another takes its place.
pub(super) struct Tail(RwLock<Part>);

impl Tail {
    pub(super) fn of(part: Part) -> Self {
        Self(RwLock::new(part))
    }

    pub(super) fn read<T>(&self, read: impl FnOnce(&Part) -> T) -> T {
        read(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds the records from `first` on, but those that are there already, up to the first of which nothing is known;
    /// says whether it ends with them now. None is added where those before them are missing.
    pub(super) fn add<'r>(&self, first: u64, records: impl IntoIterator<Item = Option<&'r IndexEntry>>) -> bool {
        let mut part = self.0.write().unwrap_or_else(PoisonError::into_inner);
        (first..).zip(records).all(|(seq, record)| match record {
            _ if seq <= part.last => true,
            Some(record) if seq == part.last + 1 && part.count() < COLLECTED_MAX => {
                part.add(record);
                true
            }
            _ => false,
        })
    }
}
