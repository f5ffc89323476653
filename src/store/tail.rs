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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::store::ledger_index::wider;

    type Failed = Box<dyn std::error::Error>;

    const FIRST: u64 = 100;
    const A_MINUTE: u64 = 1_000;
    const TERMS: u64 = 7;

    fn term(number: u64) -> Fingerprint {
        Fingerprint { row: 9, rest: number as u32 }
    }

    /// The beginning of a minute.
    fn minute(number: u64) -> Result<Timestamp, Failed> {
        Ok(Timestamp::from_millisecond(i64::try_from(number * 60_000)?)?)
    }

    /// A record that has one of a few terms, of a minute that has a thousand.
    fn entry(seq: u64) -> Result<IndexEntry, Failed> {
        Ok(IndexEntry { at: Some(minute((seq - FIRST) / A_MINUTE)?), terms: vec![term(seq % TERMS)] })
    }

    /// Holds what is found of a part against what its records are.
    fn is_exact(part: &Part) {
        for number in 0..TERMS {
            let expected: Vec<u64> = (part.first..=part.last).filter(|seq| seq % TERMS == number).collect();
            assert_eq!(part.places(term(number), u64::MAX), expected, "of term {number}");
        }
    }

    #[test]
    fn a_segment_and_what_comes_after_it_have_every_record_between_them_once() -> Result<(), Failed> {
        let mut whole = Part::from(FIRST);
        for seq in FIRST..FIRST + RECORDS_MAX + 3_500 {
            whole.add(&entry(seq)?);
        }
        let one = whole.one_segment();
        let rest = whole.after(one.last);
        assert_eq!((one.first, one.last, one.count()), (FIRST, FIRST + RECORDS_MAX - 1, RECORDS_MAX));
        assert_eq!((rest.first, rest.last, rest.count()), (one.last + 1, whole.last, 3_500));
        [&whole, &one, &rest].into_iter().for_each(is_exact);
        // The minute in the middle has records of both.
        for from in 0..=whole.count() / A_MINUTE {
            for length in [1, 2, 30, 100] {
                let (first, last) = (FIRST + from * A_MINUTE, FIRST + (from + length) * A_MINUTE - 1);
                let ends = (minute(from)?, minute(from + length)?);
                let window = |part: &Part| part.minutes.window(Some(ends.0), Some(ends.1));
                for part in [&whole, &one, &rest] {
                    let (first, last) = (first.max(part.first), last.min(part.last));
                    let expected = (first <= last).then_some((first, last));
                    assert_eq!(window(part), expected, "minutes {from} to {}", from + length);
                }
                assert_eq!(wider(window(&one), window(&rest)), window(&whole));
            }
        }
        let nothing = rest.after(rest.last);
        assert_eq!((nothing.first, nothing.count()), (whole.last + 1, 0));
        assert_eq!(nothing.minutes.window(None, None), None);
        is_exact(&nothing);
        Ok(())
    }

    #[test]
    fn a_tail_takes_each_record_once_and_none_after_one_that_it_does_not_know() -> Result<(), Failed> {
        let tail = Tail::of(Part::from(FIRST));
        let entries: Vec<IndexEntry> = (FIRST..FIRST + 10).map(entry).collect::<Result<_, _>>()?;
        let holds = |last: u64| {
            tail.read(|part| {
                assert_eq!((part.last, part.count()), (last, last + 1 - FIRST));
                is_exact(part);
            });
        };
        assert!(tail.add(FIRST, entries[..4].iter().map(Some)));
        holds(FIRST + 3);
        assert!(tail.add(FIRST + 2, entries[2..6].iter().map(Some)), "two of them are there already");
        holds(FIRST + 5);
        assert!(tail.add(FIRST, entries[..3].iter().map(Some)), "all of them are there already");
        holds(FIRST + 5);
        assert!(!tail.add(FIRST + 7, entries[7..].iter().map(Some)), "the one before them is missing");
        holds(FIRST + 5);
        assert!(!tail.add(FIRST + 6, [Some(&entries[6]), None, Some(&entries[8])]), "one of them says nothing");
        holds(FIRST + 6);
        assert!(tail.add(FIRST + 6, [None, Some(&entries[7])]), "what is there already need say nothing");
        holds(FIRST + 7);
        Ok(())
    }

    #[test]
    fn a_tail_takes_no_more_than_it_may_hold() -> Result<(), Failed> {
        let (tail, entry) = (Tail::of(Part::from(FIRST)), entry(FIRST)?);
        let most = usize::try_from(COLLECTED_MAX)?;
        assert!(tail.add(FIRST, std::iter::repeat_n(Some(&entry), most)));
        assert!(!tail.add(FIRST + COLLECTED_MAX, [Some(&entry)]));
        assert_eq!(tail.read(Part::count), COLLECTED_MAX);
        Ok(())
    }
}
