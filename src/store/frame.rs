//! A frame: the records of one commit with their part of the tree, as one row of the ledger.
//!
//! | bytes | what they are |
//! |---|---|
//! | 1 | the version |
//! | 1 | the dictionary that the records are compressed with |
//! | 2 | how many records it is of |
//! | 2 | how many of them, the first ones, were archived |
//! | 8 | the newest time of anything in the commit, in milliseconds since 1970 |
//! | 32 | the root of the tree before them |
//! | 32 | the root of the tree with them |
//! | 32 each | the leaf of each record: the hash of its bytes as they are, not compressed |
//! | 4 | CRC-32C of everything before |
//! | 4 | how many bytes the records are that were not archived |
//! | the rest | these, each with its length before it, compressed with Zstandard |
//! | 4 | CRC-32C of these two |
//!
//! Numbers have their lowest byte first. A frame says nothing that the records do not say: the tree is computed from
//! the leaves, and a reader holds each record against its leaf. What is compressed has a sum of its own, so that the
//! tree is still known where a record can no longer be read.

use std::cell::RefCell;
use std::sync::OnceLock;

use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::compress_bound;

use super::StoreError;
use crate::audit::Hash;

/// The version that is written, and the newest that is read.
const VERSION: u8 = 1;
/// The most records of a frame; with so many it takes four pages of the file.
pub(super) const RECORDS_MAX: usize = 160;
/// The most bytes of the records of a frame that has more than one.
pub(super) const BYTES_MAX: usize = 256 * 1024;
/// The most bytes the records of a frame are decompressed to, whatever it states.
const DECOMPRESSED_MAX: usize = 64 * 1024 * 1024;
/// How hard is compressed: beyond this a frame is a tenth smaller and takes twice as long.
const LEVEL: i32 = 1;

/// What records look like: of one that stands alone most is in here. Named by its place, and never changed, as frames
/// depend on it.
const DICTIONARIES: &[&[u8]] = &[include_bytes!("frame/records.dictionary")];
thread_local! {
    /// What makes the bodies that this thread makes.
    static WRITER: RefCell<Option<BodyWriter>> = const { RefCell::new(None) };
    /// What decompresses by the dictionary of the frame that this thread read last.
    static DECOMPRESSOR: RefCell<Option<(&'static [u8], Decompressor<'static>)>> = const { RefCell::new(None) };
}

const HASH_BYTES: usize = size_of::<Hash>();
const COUNT_AT: usize = 2;
const ARCHIVED_AT: usize = 4;
const TIME_AT: usize = 6;
const BEFORE_AT: usize = 14;
const ROOT_AT: usize = BEFORE_AT + HASH_BYTES;
const LEAVES_AT: usize = ROOT_AT + HASH_BYTES;
const SUM_BYTES: usize = 4;

fn unreadable(why: &str) -> StoreError {
    StoreError::Unreadable(format!("a frame of the ledger {why}"))
}

/// The records of a frame as they are stored: compressed, with their sum.
pub struct Body {
    /// How many records they are.
    count: usize,
    bytes: Vec<u8>,
}

/// What makes bodies, with what can be used again from one to the next.
struct BodyWriter {
    compressor: Compressor<'static>,
    plain: Vec<u8>,
    compressed: Vec<u8>,
}

impl BodyWriter {
    fn new() -> Result<Self, StoreError> {
        let newest = DICTIONARIES.last().copied().unwrap_or_default();
        let compressor = Compressor::with_dictionary(LEVEL, newest).map_err(|cause| unusable(&cause))?;
        Ok(Self { compressor, plain: Vec::new(), compressed: Vec::new() })
    }

    fn body(&mut self, records: &[&[u8]]) -> Result<Body, StoreError> {
        for used in [&mut self.plain, &mut self.compressed] {
            used.clear();
            // What only a very large record took is given back.
            used.shrink_to(2 * BYTES_MAX);
        }
        for record in records {
            self.plain.extend_from_slice(&length(record)?);
            self.plain.extend_from_slice(record);
        }
        self.compressed.reserve(compress_bound(self.plain.len()));
        let compressed = self.compressor.compress_to_buffer(&self.plain, &mut self.compressed);
        compressed.map_err(|cause| unusable(&cause))?;
        let mut bytes = Vec::with_capacity(self.compressed.len() + 2 * SUM_BYTES);
        bytes.extend_from_slice(&length(&self.plain)?);
        bytes.extend_from_slice(&self.compressed);
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        Ok(Body { count: records.len(), bytes })
    }
}

impl Body {
    /// The body of these records, by what this thread keeps for it.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] where they have more bytes than a frame may have, or there is no memory for it; then
    /// nothing of them may be answered.
    pub fn of(records: &[&[u8]]) -> Result<Self, StoreError> {
        WRITER.with_borrow_mut(|writer| {
            let writer = match writer {
                Some(writer) => writer,
                None => writer.insert(BodyWriter::new()?),
            };
            writer.body(records)
        })
    }
}

/// What a frame is made of.
pub struct Frame<'a> {
    /// Its records; without the first ones where these were archived.
    pub body: &'a Body,
    /// The leaves of all of them.
    pub leaves: &'a [Hash],
    /// The root of the tree before them.
    pub before: Hash,
    /// The root of the tree with them.
    pub root: Hash,
    /// The newest time of anything in the commit, in milliseconds since 1970.
    pub at: i64,
}

impl Frame<'_> {
    /// The bytes of the frame.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] where it has more than a frame may have; then nothing of it may be answered.
    pub fn bytes(&self) -> Result<Vec<u8>, StoreError> {
        let too_many = || StoreError::Unusable("a frame with too many records".to_owned());
        let archived = self.leaves.len().checked_sub(self.body.count).ok_or_else(too_many)?;
        let (count, archived) = u16::try_from(self.leaves.len())
            .and_then(|count| Ok((count, u16::try_from(archived)?)))
            .map_err(|_| too_many())?;
        let leaves = LEAVES_AT + self.leaves.len() * HASH_BYTES;
        let mut bytes = Vec::with_capacity(leaves + SUM_BYTES + self.body.bytes.len());
        bytes.extend_from_slice(&[VERSION, (DICTIONARIES.len() - 1) as u8]);
        bytes.extend_from_slice(&count.to_le_bytes());
        bytes.extend_from_slice(&archived.to_le_bytes());
        bytes.extend_from_slice(&self.at.to_le_bytes());
        bytes.extend_from_slice(&self.before);
        bytes.extend_from_slice(&self.root);
        self.leaves.iter().for_each(|leaf| bytes.extend_from_slice(leaf));
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        bytes.extend_from_slice(&self.body.bytes);
        Ok(bytes)
    }
}

fn unusable(cause: &std::io::Error) -> StoreError {
    StoreError::Unusable(format!("records cannot be compressed: {cause}"))
}

fn length(bytes: &[u8]) -> Result<[u8; 4], StoreError> {
    let length = u32::try_from(bytes.len()).ok().filter(|_| bytes.len() <= DECOMPRESSED_MAX);
    length.map(u32::to_le_bytes).ok_or_else(|| StoreError::Unusable(format!("a record of {} bytes", bytes.len())))
}

/// What comes before a sum, and what comes after it, where the sum is that of what comes before.
fn summed(bytes: &[u8], length: usize) -> Result<(&[u8], &[u8]), StoreError> {
    let (said, rest) = bytes.split_at_checked(length).ok_or_else(|| unreadable("is cut short"))?;
    let (sum, rest) = rest.split_first_chunk::<SUM_BYTES>().ok_or_else(|| unreadable("is cut short"))?;
    if crc32c::crc32c(said) != u32::from_le_bytes(*sum) {
        return Err(unreadable("is not as it was written"));
    }
    Ok((said, rest))
}

/// A frame as it is stored; its records are decompressed when they are first asked for.
pub struct StoredFrame {
    bytes: Vec<u8>,
    count: usize,
    archived: usize,
    records: OnceLock<Result<Vec<Vec<u8>>, StoreError>>,
}

impl StoredFrame {
    /// A frame whose leaves are as they were written.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] for any others.
    pub fn of(bytes: &[u8]) -> Result<Self, StoreError> {
        if bytes.first().is_some_and(|version| *version != VERSION) {
            let version = bytes.first().copied().unwrap_or_default();
            return Err(unreadable(&format!("has version {version}, and this program reads {VERSION}")));
        }
        let number = |at: usize| bytes.get(at..)?.first_chunk().map(|number| usize::from(u16::from_le_bytes(*number)));
        let numbers = number(COUNT_AT).zip(number(ARCHIVED_AT)).ok_or_else(|| unreadable("is cut short"))?;
        let (count, archived) = numbers;
        summed(bytes, LEAVES_AT + count * HASH_BYTES)?;
        if count == 0 || archived > count {
            return Err(unreadable("has no such number of records"));
        }
        Ok(Self { bytes: bytes.to_vec(), count, archived, records: OnceLock::new() })
    }

    /// How many records it is of.
    pub fn count(&self) -> usize {
        self.count
    }

    /// How many of them, the first ones, were archived.
    pub fn archived(&self) -> usize {
        self.archived
    }

    /// The newest time of anything in its commit, in milliseconds since 1970.
    pub fn at(&self) -> i64 {
        self.bytes.get(TIME_AT..BEFORE_AT).and_then(|at| at.try_into().ok()).map_or(0, i64::from_le_bytes)
    }

    /// The root of the tree before its records.
    pub fn before(&self) -> Hash {
        self.hash(BEFORE_AT)
    }

    /// The root of the tree with its records.
    pub fn root(&self) -> Hash {
        self.hash(ROOT_AT)
    }

    /// The leaf of its record with that number, the first being 0.
    pub fn leaf(&self, number: usize) -> Option<Hash> {
        (number < self.count).then(|| self.hash(LEAVES_AT + number * HASH_BYTES))
    }

    /// The leaves of its records, in order.
    pub fn leaves(&self) -> impl Iterator<Item = Hash> {
        (0..self.count).map_while(|number| self.leaf(number))
    }

    fn hash(&self, at: usize) -> Hash {
        self.bytes.get(at..at + HASH_BYTES).and_then(|hash| hash.try_into().ok()).unwrap_or_default()
    }

    /// The bytes of its records that were not archived, in order.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] where they are not what was compressed.
    pub fn records(&self) -> Result<&[Vec<u8>], StoreError> {
        let records = self.records.get_or_init(|| self.decompressed()).as_ref();
        records.map(Vec::as_slice).map_err(Clone::clone)
    }

    /// The bytes of its record with that number, the first being 0; none where it was archived.
    ///
    /// # Errors
    /// As [`StoredFrame::records`].
    pub fn record(&self, number: usize) -> Result<Option<&[u8]>, StoreError> {
        match number.checked_sub(self.archived) {
            None => Ok(None),
            Some(number) => Ok(self.records()?.get(number).map(Vec::as_slice)),
        }
    }

    fn decompressed(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        let dictionary = self.bytes.get(1).and_then(|&place| DICTIONARIES.get(usize::from(place)).copied());
        let dictionary = dictionary.ok_or_else(|| unreadable("needs a dictionary that this program does not have"))?;
        let stored = self.bytes.get(LEAVES_AT + self.count * HASH_BYTES + SUM_BYTES..);
        let stored = stored.ok_or_else(|| unreadable("is cut short"))?;
        let (stored, after) = summed(stored, stored.len().saturating_sub(SUM_BYTES))?;
        let (length, compressed) = stored.split_first_chunk().ok_or_else(|| unreadable("is cut short"))?;
        let length = u32::from_le_bytes(*length) as usize;
        if length > DECOMPRESSED_MAX || !after.is_empty() {
            return Err(unreadable("states more bytes than a frame has"));
        }
        let not_whole = |_| unreadable("cannot be decompressed");
        let plain = DECOMPRESSOR.with_borrow_mut(|held| {
            // Whoever reads a frame mostly reads others, too.
            let held = match held {
                Some((of, held)) if std::ptr::eq(*of, dictionary) => held,
                _ => &mut held.insert((dictionary, Decompressor::with_dictionary(dictionary)?)).1,
            };
            held.decompress(compressed, length)
        });
        let plain = plain.map_err(not_whole)?;
        if plain.len() != length {
            return Err(unreadable("has not as many bytes as it states"));
        }
        let (mut rest, mut records) = (plain.as_slice(), Vec::with_capacity(self.count - self.archived));
        for _ in self.archived..self.count {
            let (length, after) = rest.split_first_chunk().ok_or_else(|| unreadable("holds too few records"))?;
            let whole = after.split_at_checked(u32::from_le_bytes(*length) as usize);
            let (record, after) = whole.ok_or_else(|| unreadable("holds too few records"))?;
            records.push(record.to_vec());
            rest = after;
        }
        if rest.is_empty() { Ok(records) } else { Err(unreadable("holds too many records")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::leaf_hash;

    fn records() -> Vec<Vec<u8>> {
        let record = |number: u32| format!(r#"{{"v":2,"at":"2026-11-26T07:35:35.{number:03}Z","decision":true}}"#);
        (0..RECORDS_MAX as u32).map(|number| record(number).into_bytes()).chain([Vec::new()]).collect()
    }

    fn frame(records: &[Vec<u8>]) -> Result<Vec<u8>, StoreError> {
        let slices: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
        let leaves: Vec<Hash> = records.iter().map(|record| leaf_hash(record)).collect();
        let body = Body::of(&slices)?;
        Frame { body: &body, leaves: &leaves, before: [1; 32], root: [2; 32], at: 1_700_000_000_000 }.bytes()
    }

    #[test]
    fn a_frame_says_what_it_was_made_of() -> Result<(), StoreError> {
        for count in [1, 2, RECORDS_MAX + 1] {
            let records = records().split_off(RECORDS_MAX + 1 - count);
            let bytes = frame(&records)?;
            let stored = StoredFrame::of(&bytes)?;
            assert_eq!(
                (stored.count(), stored.archived(), stored.at(), stored.before(), stored.root()),
                (count, 0, 1_700_000_000_000, [1; 32], [2; 32])
            );
            assert_eq!(stored.records()?, records);
            let leaves: Vec<_> = records.iter().map(|record| leaf_hash(record)).collect();
            assert_eq!(stored.leaves().collect::<Vec<_>>(), leaves);
            assert_eq!(stored.leaf(count), None);
        }
        Ok(())
    }

    #[test]
    fn a_frame_whose_first_records_were_archived_keeps_their_leaves() -> Result<(), StoreError> {
        let records = records().split_off(RECORDS_MAX - 4);
        let leaves: Vec<Hash> = records.iter().map(|record| leaf_hash(record)).collect();
        for archived in 0..=records.len() {
            let slices: Vec<&[u8]> = records.iter().skip(archived).map(Vec::as_slice).collect();
            let body = Body::of(&slices)?;
            let frame = Frame { body: &body, leaves: &leaves, before: [1; 32], root: [2; 32], at: 0 };
            let stored = StoredFrame::of(&frame.bytes()?)?;
            assert_eq!((stored.count(), stored.archived()), (records.len(), archived));
            assert_eq!(stored.leaves().collect::<Vec<_>>(), leaves);
            for (number, record) in records.iter().enumerate() {
                let expected = (number >= archived).then_some(record.as_slice());
                assert_eq!(stored.record(number)?, expected, "record {number} of which {archived} were archived");
            }
        }
        Ok(())
    }

    #[test]
    fn a_frame_with_any_other_byte_or_length_is_none() -> Result<(), StoreError> {
        let bytes = frame(&records().split_off(RECORDS_MAX - 2))?;
        let read = |bytes: &[u8]| StoredFrame::of(bytes).and_then(|stored| stored.records().map(<[_]>::to_vec));
        assert!(read(&bytes).is_ok());
        for place in 0..bytes.len() {
            for flipped in [1, 0x80] {
                let mut altered = bytes.clone();
                altered[place] ^= flipped;
                assert!(read(&altered).is_err(), "byte {place}");
            }
            assert!(read(&bytes[..place]).is_err(), "cut at {place}");
        }
        assert!(read(&[bytes.as_slice(), &[0]].concat()).is_err());
        Ok(())
    }
}
