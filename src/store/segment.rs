//! A segment of the ledger's index: for every term the places of the records that have it, of as many records as a
//! segment holds, written once.
//!
//! A term stands by forty bits of its SHA-256, so two terms may share their places: whoever finds a place holds the
//! record against what is looked for. The terms lie in rows by their first byte, each row in order:
//!
//! | bytes | what they are |
//! |---|---|
//! | 4 | the rest of the fingerprint, the highest byte first |
//! | 1 to 5 | how many bytes the places take |
//! | those | the first place, counted from the segment's, and of each other one its distance from the one before |
//!
//! Lengths and places have seven bits a byte, the lowest first.

use std::collections::BTreeMap;

use redb::TableDefinition;

use super::StoreError;
use crate::audit::Fingerprint;

/// The rows of the segments: the first record, and the first byte of the fingerprints in the row.
pub(super) const SEGMENTS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("ledger_segments");
/// What the segments are of: their first record, and their last.
pub(super) const SEGMENT_SPANS: TableDefinition<u64, u64> = TableDefinition::new("ledger_segment_spans");

/// The most records a segment is about.
pub(super) const RECORDS_MAX: u64 = 65_536;
/// The key of a row of the segment that begins with the record `first`.
pub(super) fn segment_key(first: u64, row: u8) -> [u8; 9] {
    let mut key = [0; 9];
    key[..8].copy_from_slice(&first.to_be_bytes());
    key[8] = row;
    key
}

fn unreadable() -> StoreError {
    StoreError::Unreadable("a row of the ledger's index is not one".to_owned())
}

fn put(into: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        into.push((number & 0x7F) as u8 | 0x80);
        number >>= 7;
    }
    into.push(number as u8);
}

/// The next number, and what comes after it.
fn take(bytes: &[u8]) -> Result<(u32, &[u8]), StoreError> {
    let (mut number, mut shift) = (0_u64, 0_u32);
    for (at, &byte) in bytes.iter().enumerate().take(5) {
        number |= u64::from(byte & 0x7F) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            let rest = bytes.get(at + 1..).unwrap_or_default();
            return Ok((u32::try_from(number).map_err(|_| unreadable())?, rest));
        }
    }
    Err(unreadable())
}

/// The places of terms within one segment, as they are collected: by the first byte of a fingerprint, its rest and a
/// place in one number, in the order of the places.
#[derive(Clone)]
pub(super) struct Places(Vec<Vec<u64>>);

impl Default for Places {
    fn default() -> Self {
        Self(vec![Vec::new(); usize::from(u8::MAX) + 1])
    }
}

impl Places {
    /// Notes that a record has a term. The places are given in their order.
    pub(super) fn note(&mut self, fingerprint: Fingerprint, place: u32) {
        if let Some(row) = self.0.get_mut(usize::from(fingerprint.row)) {
            row.push(u64::from(fingerprint.rest) << u32::BITS | u64::from(place));
        }
    }

    /// The places of a term, in order and each once.
    pub(super) fn of(&self, fingerprint: Fingerprint) -> Vec<u32> {
        let row = self.0.get(usize::from(fingerprint.row)).map(Vec::as_slice).unwrap_or_default();
        let of_term = row.iter().filter(|&&noted| rest(noted) == fingerprint.rest);
        let mut places: Vec<u32> = of_term.map(|&noted| noted as u32).collect();
        places.dedup();
        places
    }

    /// The first places, as many as are said.
    pub(super) fn first(&self, count: u32) -> Self {
        Self(self.0.iter().map(|row| row[..before(row, count)].to_vec()).collect())
    }

    /// Those after so many, counted from there.
    pub(super) fn after(&self, count: u32) -> Self {
        let later = |row: &Vec<u64>| row[before(row, count)..].iter().map(|noted| noted - u64::from(count)).collect();
        Self(self.0.iter().map(later).collect())
    }

    /// The rows of a segment, by the first byte of the fingerprints in them.
    pub(super) fn rows(mut self) -> BTreeMap<u8, Vec<u8>> {
        let mut rows = BTreeMap::new();
        for (number, noted) in (0..=u8::MAX).zip(&mut self.0) {
            noted.sort_unstable();
            noted.dedup();
            let (mut row, mut said) = (Vec::new(), Vec::new());
            for of_term in noted.chunk_by(|one, next| rest(*one) == rest(*next)) {
                said.clear();
                let mut before = 0;
                for &noted in of_term {
                    put(&mut said, noted as u32 - before);
                    before = noted as u32;
                }
                row.extend(of_term.first().map_or([0; 4], |&noted| rest(noted).to_be_bytes()));
                put(&mut row, said.len() as u32);
                row.extend_from_slice(&said);
            }
            if !row.is_empty() {
                rows.insert(number, row);
            }
        }
        rows
    }
}

/// How many of the numbers in a row have one of the first places.
fn before(row: &[u64], count: u32) -> usize {
    row.partition_point(|&noted| (noted as u32) < count)
}

/// The rest of the fingerprint in a number that also has a place.
fn rest(noted: u64) -> u32 {
    (noted >> u32::BITS) as u32
}

/// The places of a term in its row, in order; none where it is not there.
///
/// # Errors
/// [`StoreError::Unreadable`] for what is no row.
pub(super) fn places_in(row: &[u8], fingerprint: Fingerprint) -> Result<Vec<u32>, StoreError> {
    let mut rest = row;
    while let Some((found, after)) = rest.split_first_chunk() {
        let found = u32::from_be_bytes(*found);
        let (length, after) = take(after)?;
        let (mut said, after) = after.split_at_checked(length as usize).ok_or_else(unreadable)?;
        if found > fingerprint.rest {
            return Ok(Vec::new());
        }
        if found == fingerprint.rest {
            let (mut places, mut place) = (Vec::new(), 0_u32);
            while !said.is_empty() {
                let (distance, more) = take(said)?;
                place = place.checked_add(distance).ok_or_else(unreadable)?;
                places.push(place);
                said = more;
            }
            return Ok(places);
        }
        rest = after;
    }
    if rest.is_empty() { Ok(Vec::new()) } else { Err(unreadable()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Field, Term};

    fn terms() -> Vec<Term> {
        (0..3_000).map(|number| Term::of(Field::Subject, &format!("Partner::p-{number}"))).collect()
    }

    #[test]
    fn the_places_of_every_term_are_found_while_they_are_collected_and_in_its_row() -> Result<(), StoreError> {
        let (terms, last) = (terms(), RECORDS_MAX as u32 - 1);
        let of_term = |number: usize| (0..=last).filter(move |place| *place as usize % 300 == number % 300);
        let mut places = Places::default();
        for place in 0..=last + 40 {
            for (number, term) in terms.iter().enumerate().filter(|(number, _)| number % 300 == place as usize % 300) {
                places.note(Fingerprint::of(term), place);
                if number % 2 == 0 {
                    places.note(Fingerprint::of(term), place);
                }
            }
        }
        let (rows, later) = (places.first(RECORDS_MAX as u32).rows(), places.after(RECORDS_MAX as u32));
        for (number, term) in terms.iter().enumerate() {
            let fingerprint = Fingerprint::of(term);
            let expected: Vec<u32> = of_term(number).collect();
            assert_eq!(places_in(&rows[&fingerprint.row], fingerprint)?, expected);
            let collected = places.of(fingerprint);
            assert_eq!(collected[..expected.len()], expected);
            let after = collected[expected.len()..].iter().map(|place| place - last - 1);
            assert_eq!(later.of(fingerprint), after.collect::<Vec<u32>>(), "those after it, in the next one");
        }
        let other = Fingerprint::of(&Term::of(Field::Subject, "Partner::nobody"));
        assert_eq!(places_in(&rows[&other.row], other)?, Vec::<u32>::new());
        Ok(())
    }

    #[test]
    fn a_row_that_is_cut_short_is_no_row_or_holds_less() -> Result<(), StoreError> {
        let mut places = Places::default();
        let fingerprints: Vec<Fingerprint> = terms().iter().take(9).map(Fingerprint::of).collect();
        for place in [3, 70_00] {
            fingerprints.iter().for_each(|fingerprint| places.note(*fingerprint, place));
        }
        let rows = places.rows();
        for fingerprint in fingerprints {
            let whole = &rows[&fingerprint.row];
            for length in 0..whole.len() {
                if let Ok(found) = places_in(&whole[..length], fingerprint) {
                    assert!(found.is_empty() || found == [3, 70_00], "{length}");
                }
            }
        }
        Ok(())
    }
}
