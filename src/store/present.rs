//! The facts in two tables: what each is now, and what it was before.
//!
//! A question is mostly about now, and then finds each fact by its key alone. Where a fact changes, the version that it
//! was moves to the history in the same transaction. A store that was written before there were present rows is not
//! rewritten: a fact that did not change since has its newest version in the history.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;

use redb::{AccessGuard, Range, ReadOnlyTable, ReadableTable, Table, WriteTransaction};

use super::StoreError;
use super::customer_summary::{customer_of, summary_of};
use super::metadata::RowsDigest;
use super::rows::{Listed, OverlayRows, Rows, Visit, parse, row};
use super::tables::{CUSTOMER_SUMMARIES, HISTORY, PRESENT};
use crate::audit::Hash;
use crate::id::Revision;

type Bytes = &'static [u8];
const REVISION_BYTES: usize = 8;

fn without_revision() -> StoreError {
    StoreError::Unreadable("a fact without a revision".to_owned())
}

/// The revision and the value of a present row.
pub(super) fn version(bytes: &[u8]) -> Result<(Revision, &[u8]), StoreError> {
    let (revision, value) = bytes.split_first_chunk::<REVISION_BYTES>().ok_or_else(without_revision)?;
    Ok((Revision(u64::from_be_bytes(*revision)), value))
}

/// The two tables of the facts, in whatever transaction.
pub(super) trait FactTables {
    /// A table of the transaction.
    type Table: ReadableTable<Bytes, Bytes>;

    /// What each fact is now.
    fn present(&self) -> &Self::Table;
    /// What facts were before.
    fn history(&self) -> Result<&Self::Table, StoreError>;

    /// The summaries of customers beside them, where they are at hand.
    fn summaries(&self) -> Option<&ReadOnlyTable<&'static str, Bytes>> {
        None
    }

    /// The facts that are not found where they lie, or that an older version took the place of: `say` gets the key of
    /// each. The rows are those that were written all the same, so no digest shows it.
    fn misplaced(&self, say: &mut dyn FnMut(&[u8])) -> Result<(), StoreError> {
        let mut last = Vec::new();
        for found in self.present().iter()? {
            let (key, bytes) = found?;
            let key = key.value();
            let is_found = self.present().get(key)?.is_some_and(|by_key| by_key.value() == bytes.value());
            if key <= last.as_slice() || !is_found || version(bytes.value()).is_err() {
                say(key);
            }
            last = key.to_vec();
        }
        last.clear();
        for found in self.history()?.iter()? {
            let (row, value) = found?;
            let row = row.value();
            let Some((key, revision)) = parse(row) else {
                say(row);
                continue;
            };
            let is_found = self.history()?.get(row)?.is_some_and(|by_row| by_row.value() == value.value());
            let present = self.present().get(key)?;
            let is_older = present.is_none_or(|now| version(now.value()).is_ok_and(|(now, _)| revision < now));
            if row <= last.as_slice() || !is_found || !is_older {
                say(key);
            }
            last = row.to_vec();
        }
        Ok(())
    }

    /// Visits every version of every fact, in the order of the rows of the history.
    fn each_version(&self, visit: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), StoreError> {
        let mut older = self.history()?.iter()?.peekable();
        for found in self.present().iter()? {
            let (key, bytes) = found?;
            // One without a revision is misplaced, and of none.
            let Ok((revision, value)) = version(bytes.value()) else { continue };
            let present = row(key.value(), revision);
            let is_before = |found: &Result<(AccessGuard<'_, Bytes>, _), _>| {
                found.as_ref().map_or(true, |(row, _)| row.value() < present.as_slice())
            };
            while let Some(found) = older.next_if(is_before) {
                let (row, value) = found?;
                visit(row.value(), value.value());
            }
            visit(&present, value);
        }
        for found in older {
            let (row, value) = found?;
            visit(row.value(), value.value());
        }
        Ok(())
    }
}

impl<T: FactTables> Rows for T {
    fn newest(&self, key: &[u8], at: Revision) -> Result<Option<(Revision, Vec<u8>)>, StoreError> {
        if let Some(found) = self.present().get(key)? {
            let (revision, value) = version(found.value())?;
            if revision <= at {
                return Ok(Some((revision, value.to_vec())));
            }
        }
        let (from, to) = (row(key, Revision(0)), row(key, at));
        let Some(found) = self.history()?.range::<&[u8]>(from.as_slice()..=to.as_slice())?.next_back() else {
            return Ok(None);
        };
        let (found, value) = found?;
        let (_, revision) = parse(found.value()).ok_or_else(without_revision)?;
        Ok(Some((revision, value.value().to_vec())))
    }

    fn summary(&self, customer: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(summaries) = self.summaries() else { return Ok(None) };
        Ok(summaries.get(customer)?.map(|row| row.value().to_vec()))
    }

    /// One way down each tree for all of them.
    fn walk(&self, prefix: &[u8], from: &[u8], at: Revision, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        let mut present = self.present().range::<&[u8]>(from..)?;
        let mut next_newer = || match present.next().transpose() {
            Ok(found) => Ok(found.filter(|(key, _)| key.value().starts_with(prefix))),
            Err(error) => Err(StoreError::from(error)),
        };
        let mut history = self.history()?.range::<&[u8]>(from..)?.peekable();
        let (mut newer, mut older) = (next_newer()?, next_older(&mut history, prefix, at)?);
        loop {
            let order = match (&newer, &older) {
                (None, None) => return Ok(()),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((newer, _)), Some((older, _))) => newer.value().cmp(older),
            };
            let (mut listed, mut is_visited) = (Listed::Continue(()), false);
            if order.is_le()
                && let Some((key, bytes)) = newer.take()
            {
                let (revision, value) = version(bytes.value())?;
                if revision <= at {
                    (listed, is_visited) = (visit(key.value(), value)?, true);
                }
                newer = next_newer()?;
            }
            if order.is_ge()
                && let Some((key, value)) = older.take()
            {
                if let Some(value) = value.filter(|_| !is_visited) {
                    listed = visit(&key, value.value())?;
                }
                older = next_older(&mut history, prefix, at)?;
            }
            if listed.is_break() {
                return Ok(());
            }
        }
    }
}

/// A key with one of its versions, if it has one.
type Older<'t> = (Vec<u8>, Option<AccessGuard<'t, Bytes>>);

/// The next key in the history that begins so, with its newest version there at or before a revision.
fn next_older<'t>(
    history: &mut Peekable<Range<'t, Bytes, Bytes>>,
    prefix: &[u8],
    at: Revision,
) -> Result<Option<Older<'t>>, StoreError> {
    let mut next: Option<Older<'t>> = None;
    loop {
        let is_of_it = |row: &[u8]| match (parse(row), &next) {
            (Some((key, _)), Some((of, _))) => key == of.as_slice(),
            (Some((key, _)), None) => key.starts_with(prefix),
            // One that is no row must not hide those after it.
            (None, _) => row.starts_with(prefix),
        };
        let found = history.next_if(|found| found.as_ref().map_or(true, |(row, _)| is_of_it(row.value())));
        let Some((row, value)) = found.transpose()? else { return Ok(next) };
        let Some((key, revision)) = parse(row.value()) else { return Err(without_revision()) };
        let (_, newest) = next.get_or_insert_with(|| (key.to_vec(), None));
        if revision <= at {
            *newest = Some(value);
        }
    }
}

/// The facts in a write transaction. What a change puts waits in memory until the change is whole, and is then written in
/// the order of its keys.
pub(super) struct WrittenFacts<'txn> {
    rows: OverlayRows<WrittenTables<'txn>>,
    pub(super) summaries: Table<'txn, &'static str, Bytes>,
}

/// The two tables in a write transaction.
pub(super) struct WrittenTables<'txn> {
    pub(super) present: Table<'txn, Bytes, Bytes>,
    pub(super) history: Table<'txn, Bytes, Bytes>,
}

/// The digest of what a revision puts.
pub(super) fn digest_of(put: &BTreeMap<Vec<u8>, Vec<u8>>, revision: Revision) -> Hash {
    let mut digest = RowsDigest::default();
    put.iter().for_each(|(key, value)| digest.add(&row(key, revision), value));
    digest.end()
}

impl<'txn> WrittenFacts<'txn> {
    pub(super) fn open(write: &'txn WriteTransaction) -> Result<Self, StoreError> {
        let beneath = WrittenTables { present: write.open_table(PRESENT)?, history: write.open_table(HISTORY)? };
        let (over, revision) = (BTreeMap::new(), Revision::default());
        let rows = OverlayRows { beneath, base: Revision(u64::MAX), over, revision };
        Ok(Self { rows, summaries: write.open_table(CUSTOMER_SUMMARIES)? })
    }

    /// The tables as they are, without what waits.
    pub(super) fn tables(&mut self) -> &mut WrittenTables<'txn> {
        &mut self.rows.beneath
    }

    /// Puts what a fact is from a revision on.
    pub(super) fn put(&mut self, key: Vec<u8>, revision: Revision, value: Vec<u8>) -> Result<(), StoreError> {
        if self.rows.revision != revision {
            self.write()?;
            self.rows.revision = revision;
        }
        self.rows.over.insert(key, value);
        Ok(())
    }

    /// Writes what was put as a revision; the digest of all its rows.
    pub(super) fn written(&mut self, revision: Revision) -> Result<Hash, StoreError> {
        if self.rows.revision != revision {
            return Ok(RowsDigest::default().end());
        }
        let digest = digest_of(&self.rows.over, revision);
        self.write().map(|()| digest)
    }

    fn write(&mut self) -> Result<(), StoreError> {
        let (put, revision) = (std::mem::take(&mut self.rows.over), self.rows.revision);
        let customers: BTreeSet<String> = put.keys().filter_map(|key| customer_of(key).map(str::to_owned)).collect();
        self.write_rows(put, revision)?;
        self.write_summaries(customers, revision)
    }

    /// Writes what facts are from a revision on, and moves what they were to the history.
    pub(super) fn write_rows(
        &mut self,
        rows: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>,
        revision: Revision,
    ) -> Result<(), StoreError> {
        let WrittenTables { present, history } = self.tables();
        for (key, value) in rows {
            let bytes = [revision.0.to_be_bytes().as_slice(), &value].concat();
            let Some(before) = present.insert(key.as_slice(), bytes.as_slice())? else { continue };
            let (replaced, value) = version(before.value())?;
            if replaced != revision {
                history.insert(row(&key, replaced).as_slice(), value)?;
            }
        }
        Ok(())
    }

    /// Writes the summaries of customers as their newest facts make them.
    pub(super) fn write_summaries(
        &mut self,
        customers: impl IntoIterator<Item = String>,
        revision: Revision,
    ) -> Result<(), StoreError> {
        for customer in customers {
            match summary_of(&self.rows.beneath, &customer, revision)? {
                Some(row) => self.summaries.insert(customer.as_str(), row.as_slice())?,
                None => self.summaries.remove(customer.as_str())?,
            };
        }
        Ok(())
    }
}

impl Rows for WrittenFacts<'_> {
    fn newest(&self, key: &[u8], at: Revision) -> Result<Option<(Revision, Vec<u8>)>, StoreError> {
        self.rows.newest(key, at)
    }

    fn walk(&self, prefix: &[u8], from: &[u8], at: Revision, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        self.rows.walk(prefix, from, at, visit)
    }
}

impl<'txn> FactTables for WrittenTables<'txn> {
    type Table = Table<'txn, Bytes, Bytes>;

    fn present(&self) -> &Self::Table {
        &self.present
    }

    fn history(&self) -> Result<&Self::Table, StoreError> {
        Ok(&self.history)
    }
}
