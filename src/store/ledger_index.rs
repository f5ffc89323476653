//! The index of the ledger by time; and by terms, as it was before there were segments.
//!
//! | row | what it holds |
//! |---|---|
//! | term, a zero byte, the place of a record (eight bytes, highest first) | the places that follow it, each as its distance from the one before |
//! | `2`, a length of time, the number of such a time since 1970 | the first and the last place of the records of that time |
//! | `1` | the last place that is indexed |
//!
//! Terms stand in such rows in stores of an earlier day, as far as `1` says; those of later records stand in segments.

use std::collections::BTreeMap;

use redb::{ReadOnlyTable, ReadableTable, Table, TableDefinition};

use super::StoreError;
use crate::audit::Term;
use crate::clock::Timestamp;

pub(super) const LEDGER_INDEX: TableDefinition<&[u8], &[u8]> = TableDefinition::new("ledger_index");

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

/// By minute, the first and the last place of the records of that minute.
#[derive(Clone, Default)]
pub(super) struct Minutes(BTreeMap<u64, (u64, u64)>);

impl Minutes {
    pub(super) fn note(&mut self, seq: u64, at: Timestamp) {
        let span = self.0.entry(millisecond(at) / MINUTE).or_insert((seq, seq));
        *span = (span.0.min(seq), span.1.max(seq));
    }

    /// The first and the last place among which every record lies that was decided from `from` on and before `to`.
    pub(super) fn window(&self, from: Option<Timestamp>, to: Option<Timestamp>) -> Option<(u64, u64)> {
        let (first, last) = ends(from, to);
        let within = (first <= last).then(|| self.0.range(first / MINUTE..=last / MINUTE)).into_iter().flatten();
        within.fold(None, |found, (_, &span)| wider(found, Some(span)))
    }

    /// Those of the records up to one.
    pub(super) fn up_to(&self, last: u64) -> Self {
        let spans = self.0.iter().filter(|(_, span)| span.0 <= last);
        Self(spans.map(|(minute, span)| (*minute, (span.0, span.1.min(last)))).collect())
    }

    /// Those of the records after one.
    pub(super) fn after(&self, last: u64) -> Self {
        let spans = self.0.iter().filter(|(_, span)| span.1 > last);
        Self(spans.map(|(minute, span)| (*minute, (span.0.max(last + 1), span.1))).collect())
    }

    /// Writes them to the index.
    pub(super) fn write(&self, index: &mut IndexTable<'_>) -> Result<(), StoreError> {
        let mut days: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
        for (&minute, &(first, last)) in &self.0 {
            let day = days.entry(minute / (DAY / MINUTE)).or_insert((first, last));
            *day = (day.0.min(first), day.1.max(last));
        }
        for (length, spans) in [(MINUTE, &self.0), (DAY, &days)] {
            for (&number, &span) in spans {
                widen(index, &time_key(length, number), span)?;
            }
        }
        Ok(())
    }
}

/// Two spans of places as one.
pub(super) fn wider(one: Option<(u64, u64)>, other: Option<(u64, u64)>) -> Option<(u64, u64)> {
    match (one, other) {
        (Some(one), Some(other)) => Some((one.0.min(other.0), one.1.max(other.1))),
        (one, other) => one.or(other),
    }
}

/// The first and the last millisecond of a span of time.
fn ends(from: Option<Timestamp>, to: Option<Timestamp>) -> (u64, u64) {
    (from.map_or(0, millisecond), to.map_or(u64::MAX, |to| millisecond(to).saturating_sub(1)))
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

/// Up to which record the rows of an earlier day lead.
pub(super) fn old_rows_to(index: &impl ReadableTable<&'static [u8], &'static [u8]>) -> Result<u64, StoreError> {
    Ok(index.get(HEAD)?.map(|found| number(found.value())).transpose()?.unwrap_or(0))
}

/// The index as a read transaction sees it.
pub(super) type ReadIndex = ReadOnlyTable<&'static [u8], &'static [u8]>;

/// The places of one term in rows of an earlier day, as they are looked up.
pub(super) struct OldPostings<'a> {
    index: &'a ReadIndex,
    term: &'a Term,
    /// The row that was looked at last.
    row: Vec<u64>,
}

impl<'a> OldPostings<'a> {
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
    let (first, last) = ends(from, to);
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
