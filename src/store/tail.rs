//! The newest part of the ledger's index, which no segment holds yet: in memory, collected behind the records.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use super::ledger_index::Minutes;
use super::segment::{Fingerprint, Places};
use crate::audit::{Indexed, Term};

/// What was collected of some records, one after the other.
pub(super) struct Part {
    /// The first of them.
    pub(super) first: u64,
    /// The last of them; before the first where there is none yet.
    pub(super) last: u64,
    /// Where their terms are, counted from the first.
    pub(super) places: Places,
    pub(super) minutes: Minutes,
    /// The terms that many records share, with their fingerprints, so that these are not made anew for each record.
    shared: Vec<(Term, Fingerprint)>,
}

/// How many terms are kept with their fingerprints.
const SHARED_MAX: usize = 32;

impl Part {
    /// Nothing yet, of the records from `first` on.
    pub(super) fn from(first: u64) -> Self {
        Self {
            first,
            last: first.saturating_sub(1),
            places: BTreeMap::new(),
            minutes: Minutes::default(),
            shared: Vec::new(),
        }
    }

    /// Adds the next record.
    pub(super) fn add(&mut self, record: &Indexed) {
        self.last += 1;
        let place = (self.last - self.first) as u32;
        for term in &record.terms {
            let fingerprint = self.fingerprint(term);
            let places = self.places.entry(fingerprint).or_default();
            // A term that a record has twice leads to it once.
            if places.last() != Some(&place) {
                places.push(place);
            }
        }
        if let Some(at) = record.at {
            self.minutes.note(self.last, at);
        }
    }

    fn fingerprint(&mut self, term: &Term) -> Fingerprint {
        if !term.is_shared() {
            return Fingerprint::of(term);
        }
        if let Some((_, fingerprint)) = self.shared.iter().find(|(held, _)| held == term) {
            return *fingerprint;
        }
        if self.shared.len() >= SHARED_MAX {
            self.shared.clear();
        }
        let fingerprint = Fingerprint::of(term);
        self.shared.push((term.clone(), fingerprint));
        fingerprint
    }

    /// How many records there are.
    pub(super) fn count(&self) -> u64 {
        self.last + 1 - self.first
    }

    /// The places in the ledger of the records that have a term, up to `last`.
    pub(super) fn places(&self, fingerprint: Fingerprint, last: u64) -> Vec<u64> {
        let places = self.places.get(&fingerprint).map(Vec::as_slice).unwrap_or_default();
        places.iter().map(|&place| self.first + u64::from(place)).take_while(|&place| place <= last).collect()
    }
}

/// What is collected until it becomes a segment. Whoever reads holds the tail it began with, so that nothing is missed
/// when another takes its place.
pub(super) struct Tail(RwLock<Part>);

impl Tail {
    pub(super) fn from(first: u64) -> Self {
        Self(RwLock::new(Part::from(first)))
    }

    pub(super) fn read<T>(&self, read: impl FnOnce(&Part) -> T) -> T {
        read(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn add(&self, records: &[Indexed]) {
        let mut part = self.0.write().unwrap_or_else(PoisonError::into_inner);
        records.iter().for_each(|record| part.add(record));
    }
}
