//! The index of the ledger: for every term the places of the records that have it, in the order of the ledger.
//!
//! | row | what it holds |
//! |---|---|
//! | term, a zero byte, the place of a record (eight bytes, highest first) | the places that follow it, each as its distance from the one before |
//! | `2`, a length of time, the number of such a time since 1970 | the first and the last place of the records of that time |
//! | `1` | the last place that is indexed |
//!
//! The rows are written in the transaction of the records. Those of one transaction that share a term share a row, so
//! that a large batch of similar questions costs little more than its records.

use std::collections::BTreeMap;

use redb::{ReadOnlyTable, ReadableTable as _, Table, TableDefinition};

use super::StoreError;
use crate::audit::{Recorded, Term};
use crate::clock::Timestamp;
use crate::id::Seq;

pub(super) const LEDGER_INDEX: TableDefinition<&[u8], &[u8]> = TableDefinition::new("ledger_index");

/// The most places one row holds.
const PLACES_MAX: usize = 256;
const HEAD: &[u8] = &[1];
const TIMES: u8 = 2;
/// The lengths of time, in milliseconds, the longer one first.
const DAY: u64 = 24 * 60 * MINUTE;
const MINUTE: u64 = 60_000;

/// The index as a transaction writes it.
pub(super) type IndexTable<'txn> = Table<'txn, &'static [u8], &'static [u8]>;

fn posting(term: &Term, place: u64) -> Vec<u8> {
    let term = term.as_bytes();
    let mut key = Vec::with_capacity(term.len() + 9);
    key.extend_from_slice(term);
    key.push(0);
    key.extend_from_slice(&place.to_be_bytes());
    key
}

fn time_key(length: u64, number: u64) -> Vec<u8> {
    let mut key = vec![TIMES, u8::from(length == DAY)];
    key.extend_from_slice(&number.to_be_bytes());
    key
}

fn unreadable() -> StoreError {
    StoreError::Unreadable("a row of the ledger's index is not one".to_owned())
}

fn number(bytes: &[u8]) -> Result<u64, StoreError> {
    bytes.try_into().map(u64::from_be_bytes).map_err(|_| unreadable())
}

/// Writes a distance, seven bits a byte, the lowest first.
fn put_distance(into: &mut Vec<u8>, mut distance: u64) {
    while distance >= 0x80 {
        into.push((distance & 0x7F) as u8 | 0x80);
        distance >>= 7;
    }
    into.push(distance as u8);
}

/// The places of a row, in order.
fn places(key: &[u8], value: &[u8]) -> Result<Vec<u64>, StoreError> {
    let first = key.split_last_chunk::<8>().ok_or_else(unreadable)?.1;
    let mut place = u64::from_be_bytes(*first);
    let mut places = vec![place];
    let (mut distance, mut shift) = (0_u64, 0_u32);
    for &byte in value {
        distance |= u64::from(byte & 0x7F).checked_shl(shift).ok_or_else(unreadable)?;
        shift += 7;
        if byte & 0x80 == 0 {
            place = place.checked_add(distance).ok_or_else(unreadable)?;
            places.push(place);
            (distance, shift) = (0, 0);
        }
    }
    Ok(places)
}

fn millisecond(at: Timestamp) -> u64 {
    u64::try_from(at.as_millisecond()).unwrap_or(0)
}

/// What one transaction adds to the index.
#[derive(Default)]
pub(super) struct Entries {
    postings: BTreeMap<Term, Vec<u64>>,
    /// By minute, the first and the last place.
    minutes: BTreeMap<u64, (u64, u64)>,
    newest: u64,
}

impl Entries {
    /// Adds a record.
    pub(super) fn note(&mut self, seq: Seq, at: Option<Timestamp>, terms: Vec<Term>) {
        for term in terms {
            let places = self.postings.entry(term).or_default();
            // A term that a record has twice leads to it once.
            if places.last() != Some(&seq.0) {
                places.push(seq.0);
            }
        }
        if let Some(at) = at {
            let span = self.minutes.entry(millisecond(at) / MINUTE).or_insert((seq.0, seq.0));
            *span = (span.0.min(seq.0), span.1.max(seq.0));
        }
        self.newest = self.newest.max(seq.0);
    }

    /// Writes everything that was added.
    pub(super) fn write(self, index: &mut IndexTable<'_>) -> Result<(), StoreError> {
        let mut value = Vec::new();
        for (term, places) in &self.postings {
            for places in places.chunks(PLACES_MAX) {
                let Some((&first, rest)) = places.split_first() else { continue };
                value.clear();
                let mut before = first;
                for &place in rest {
                    put_distance(&mut value, place - before);
                    before = place;
                }
                index.insert(posting(term, first).as_slice(), value.as_slice())?;
            }
        }
        let mut days: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
        for (&minute, &(first, last)) in &self.minutes {
            let day = days.entry(minute / (DAY / MINUTE)).or_insert((first, last));
            *day = (day.0.min(first), day.1.max(last));
        }
        for (length, spans) in [(MINUTE, &self.minutes), (DAY, &days)] {
            for (&number, &span) in spans {
                widen(index, &time_key(length, number), span)?;
            }
        }
        if self.newest > 0 {
            index.insert(HEAD, self.newest.to_be_bytes().as_slice())?;
        }
        Ok(())
    }
}

fn widen(index: &mut IndexTable<'_>, key: &[u8], (first, last): (u64, u64)) -> Result<(), StoreError> {
    let held = index.get(key)?.map(|found| span(found.value())).transpose()?;
    let (first, last) = held.map_or((first, last), |held| (held.0.min(first), held.1.max(last)));
    if held != Some((first, last)) {
        let value = [first.to_be_bytes(), last.to_be_bytes()].concat();
        index.insert(key, value.as_slice())?;
    }
    Ok(())
}

fn span(value: &[u8]) -> Result<(u64, u64), StoreError> {
    let (first, last) = value.split_at_checked(8).ok_or_else(unreadable)?;
    Ok((number(first)?, number(last)?))
}

/// How far an index was extended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Caught {
    /// It was at the end of the ledger already.
    Up,
    /// It came so far, to the end or not.
    Some,
}

/// Extends the index towards the end of the ledger by at most so many records: for a store that was written before
/// there was one.
pub(super) fn catch_up(
    index: &mut IndexTable<'_>,
    ledger: &Table<'_, u64, &'static [u8]>,
    most: usize,
) -> Result<Caught, StoreError> {
    let from = index.get(HEAD)?.map(|found| number(found.value())).transpose()?.unwrap_or(0);
    let newest = ledger.last()?.map_or(0, |(seq, _)| seq.value());
    if from >= newest {
        return Ok(Caught::Up);
    }
    let mut entries = Entries::default();
    for found in ledger.range(from + 1..)?.take(most) {
        let (seq, bytes) = found?;
        let Recorded { at, terms, .. } = Recorded::read(bytes.value().to_vec());
        entries.note(Seq(seq.value()), at, terms);
    }
    entries.write(index)?;
    Ok(Caught::Some)
}

/// The index as a read transaction sees it.
pub(super) type ReadIndex = ReadOnlyTable<&'static [u8], &'static [u8]>;

/// The places of one term, as they are looked up.
pub(super) struct Postings<'a> {
    index: &'a ReadIndex,
    term: &'a Term,
    /// The row that was looked at last.
    row: Vec<u64>,
}

impl<'a> Postings<'a> {
    pub(super) fn of(index: &'a ReadIndex, term: &'a Term) -> Self {
        Self { index, term, row: Vec::new() }
    }

    /// Looks at the row that begins at or before a place.
    fn look(&mut self, place: u64) -> Result<bool, StoreError> {
        if let (Some(&first), Some(&last)) = (self.row.first(), self.row.last())
            && (first..=last).contains(&place)
        {
            return Ok(true);
        }
        let (from, to) = (posting(self.term, 0), posting(self.term, place));
        match self.index.range::<&[u8]>(from.as_slice()..=to.as_slice())?.next_back().transpose()? {
            Some((key, value)) => {
                self.row = places(key.value(), value.value())?;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// The first place at or after one.
    pub(super) fn at_or_after(&mut self, place: u64) -> Result<Option<u64>, StoreError> {
        if self.look(place)? {
            let index = self.row.partition_point(|&held| held < place);
            if let Some(&found) = self.row.get(index) {
                return Ok(Some(found));
            }
        }
        let (from, to) = (posting(self.term, place.saturating_add(1)), posting(self.term, u64::MAX));
        match self.index.range::<&[u8]>(from.as_slice()..=to.as_slice())?.next().transpose()? {
            Some((key, value)) => {
                self.row = places(key.value(), value.value())?;
                Ok(self.row.first().copied())
            }
            None => Ok(None),
        }
    }

    /// The last place at or before one.
    pub(super) fn at_or_before(&mut self, place: u64) -> Result<Option<u64>, StoreError> {
        if !self.look(place)? {
            return Ok(None);
        }
        let index = self.row.partition_point(|&held| held <= place);
        Ok(index.checked_sub(1).and_then(|index| self.row.get(index)).copied())
    }
}

/// The first and the last place among which every record lies that was decided from `from` on and before `to`.
pub(super) fn window(
    index: &ReadIndex,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
) -> Result<Option<(u64, u64)>, StoreError> {
    let first = from.map_or(0, millisecond);
    let last = to.map_or(u64::MAX, |to| millisecond(to).saturating_sub(1));
    let mut found: Option<(u64, u64)> = None;
    let mut look = |length: u64, from: u64, to: u64| -> Result<(), StoreError> {
        if from > to {
            return Ok(());
        }
        let (from, to) = (time_key(length, from), time_key(length, to));
        for row in index.range::<&[u8]>(from.as_slice()..=to.as_slice())? {
            let (first, last) = span(row?.1.value())?;
            found = Some(found.map_or((first, last), |held| (held.0.min(first), held.1.max(last))));
        }
        Ok(())
    };
    // Whole days by the day, what is left at both ends by the minute.
    let (first_day, last_day) = (first / DAY, last / DAY);
    let minutes = DAY / MINUTE;
    if first_day == last_day {
        look(MINUTE, first / MINUTE, last / MINUTE)?;
    } else {
        look(MINUTE, first / MINUTE, (first_day + 1) * minutes - 1)?;
        look(DAY, first_day + 1, last_day - 1)?;
        look(MINUTE, last_day * minutes, last / MINUTE)?;
    }
    Ok(found)
}
