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
use sha2::{Digest as _, Sha256};

use super::StoreError;
use crate::audit::Term;

/// The rows of the segments: the first record, and the first byte of the fingerprints in the row.
pub(super) const SEGMENTS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("ledger_segments");
/// What the segments are of: their first record, and their last.
pub(super) const SEGMENT_SPANS: TableDefinition<u64, u64> = TableDefinition::new("ledger_segment_spans");

/// The most records a segment is about.
pub(super) const RECORDS_MAX: u64 = 65_536;
/// How many bytes of its fingerprint stand with a term in its row.
const REST_BYTES: usize = 4;

/// The fingerprint of a term.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Fingerprint {
    row: u8,
    rest: [u8; REST_BYTES],
}

impl Fingerprint {
    pub(super) fn of(term: &Term) -> Self {
        let hash: [u8; 32] = Sha256::digest(term.as_bytes()).into();
        let [row, first, second, third, fourth, ..] = hash;
        Self { row, rest: [first, second, third, fourth] }
    }

    /// The row of the segment that the term stands in.
    pub(super) fn row(self) -> u8 {
        self.row
    }
}

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

/// The places of terms within one segment, as they are collected.
pub(super) type Places = BTreeMap<Fingerprint, Vec<u32>>;

/// The rows of a segment by the first byte of the fingerprints in them.
pub(super) fn rows(places: &Places) -> BTreeMap<u8, Vec<u8>> {
    let mut rows: BTreeMap<u8, Vec<u8>> = BTreeMap::new();
    let mut said = Vec::new();
    for (fingerprint, places) in places {
        let row = rows.entry(fingerprint.row).or_default();
        row.extend_from_slice(&fingerprint.rest);
        said.clear();
        let mut before = 0;
        for &place in places {
            put(&mut said, place - before);
            before = place;
        }
        put(row, said.len() as u32);
        row.extend_from_slice(&said);
    }
    rows
}

/// The places of a term in its row, in order; none where it is not there.
///
/// # Errors
/// [`StoreError::Unreadable`] for what is no row.
pub(super) fn places_in(row: &[u8], fingerprint: Fingerprint) -> Result<Vec<u32>, StoreError> {
    let mut rest = row;
    while let Some((found, after)) = rest.split_first_chunk::<REST_BYTES>() {
        let (length, after) = take(after)?;
        let (mut said, after) = after.split_at_checked(length as usize).ok_or_else(unreadable)?;
        if *found > fingerprint.rest {
            return Ok(Vec::new());
        }
        if *found == fingerprint.rest {
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
    use crate::audit::Field;

    fn terms() -> Vec<Term> {
        (0..3_000).map(|number| Term::of(Field::Subject, &format!("Partner::p-{number}"))).collect()
    }

    #[test]
    fn the_places_of_every_term_are_found_in_its_row() -> Result<(), StoreError> {
        let (terms, mut places) = (terms(), Places::new());
        for (number, term) in terms.iter().enumerate() {
            let of_term = (0..RECORDS_MAX as u32).filter(|place| *place as usize % (number + 1) == number);
            places.insert(Fingerprint::of(term), of_term.take(300).collect());
        }
        let rows = rows(&places);
        for term in &terms {
            let fingerprint = Fingerprint::of(term);
            assert_eq!(places_in(&rows[&fingerprint.row()], fingerprint)?, places[&fingerprint]);
        }
        let other = Fingerprint::of(&Term::of(Field::Subject, "Partner::nobody"));
        assert_eq!(places_in(&rows[&other.row()], other)?, Vec::<u32>::new());
        Ok(())
    }

    #[test]
    fn a_row_that_is_cut_short_is_no_row_or_holds_less() -> Result<(), StoreError> {
        let places: Places = terms().iter().take(9).map(|term| (Fingerprint::of(term), vec![3, 70_00])).collect();
        for (fingerprint, row) in places.keys().zip(places.keys().map(|fingerprint| &fingerprint.row)) {
            let whole = rows(&places);
            let whole = &whole[row];
            for length in 0..whole.len() {
                if let Ok(found) = places_in(&whole[..length], *fingerprint) {
                    assert!(found.is_empty() || found == [3, 70_00], "{length}");
                }
            }
        }
        Ok(())
    }
}
