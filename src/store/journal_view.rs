//! The tables checked against the journal, and the journal against what the records say of it.

use std::collections::{BTreeMap, BTreeSet};

use redb::{ReadOnlyTable, ReadTransaction, ReadableTable as _};

use super::customer_summary::{is_wrong, revision_of};
use super::ledger::guarded;
use super::metadata::{Adopted, JOURNALED, Known, MetadataEntry, RowsDigest, described, sha256};
use super::present::FactTables;
use super::rows::{OverlayRows, Rows, names, parse};
use super::staged::Staged;
use super::tables::{CUSTOMER_SUMMARIES, ENTRIES, HISTORY, JOURNAL, META, METADATA, MetadataTable, PRESENT};
use super::view::decode;
use super::{Entry, StoreError};
use crate::audit::Hash;
use crate::id::Revision;

/// How many revisions have their rows digested at a time.
const REVISIONS_AT_ONCE: u64 = 100_000;
/// How many rows are named of a revision whose rows are not as they were written.
const NAMED_MAX: usize = 5;
/// The most revisions with altered rows that are reported one by one.
const REPORTED_MAX: usize = 100;

/// What the records say of the journal.
#[derive(Default)]
pub struct Named {
    /// The entries that records name by their SHA-256, each with the first record that does.
    pub entries: BTreeMap<Hash, u64>,
    /// Was every record read?
    pub all: bool,
}

/// Something in the tables or the journal that is not as it was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Breach {
    /// Is it the journal itself?
    pub journal: bool,
    /// The record that says otherwise.
    pub seq: Option<u64>,
    /// What is wrong.
    pub message: String,
}

impl Breach {
    fn journal(message: String) -> Self {
        Self { journal: true, seq: None, message }
    }

    fn table(message: String) -> Self {
        Self { journal: false, seq: None, message }
    }
}

type FactTable = ReadOnlyTable<&'static [u8], &'static [u8]>;

/// The tables and the journal, as one read transaction sees them.
pub struct JournalView {
    present: FactTable,
    history: FactTable,
    summaries: ReadOnlyTable<&'static str, &'static [u8]>,
    journal: ReadOnlyTable<u64, &'static [u8]>,
    entries: ReadOnlyTable<u64, &'static [u8]>,
    metadata_table: MetadataTable,
    /// The revision of rows that nobody looks at, as their import is not published.
    staged: Option<Revision>,
}

/// What the journal says, once it was read.
#[derive(Default)]
struct Journal {
    /// The SHA-256 of every entry.
    hashes: BTreeSet<Hash>,
    known: Known,
    adopted: Option<Adopted>,
    /// The newest revision.
    newest: u64,
    breaches: Vec<Breach>,
}

fn about(entry: &MetadataEntry) -> String {
    let rows: Vec<String> = entry.rows.iter().take(NAMED_MAX).map(|(key, _)| described(key)).collect();
    rows.join(", ")
}

impl JournalView {
    pub(super) fn of(read: &ReadTransaction) -> Result<Self, StoreError> {
        let journal = read.open_table(JOURNAL)?;
        Ok(Self {
            present: read.open_table(PRESENT)?,
            history: read.open_table(HISTORY)?,
            summaries: read.open_table(CUSTOMER_SUMMARIES)?,
            staged: Staged::of(&read.open_table(META)?, &journal)?.map(|staged| staged.revision),
            journal,
            entries: read.open_table(ENTRIES)?,
            metadata_table: read.open_table(METADATA)?,
        })
    }

    /// Everything that is not as it was written.
    ///
    /// # Errors
    /// [`StoreError`] when the tables cannot be read.
    pub fn breaches(&self, named: &Named) -> Result<Vec<Breach>, StoreError> {
        guarded(|| self.read_all(named))
    }

    fn read_all(&self, named: &Named) -> Result<Vec<Breach>, StoreError> {
        let mut journal = Journal::default();
        self.read_entries(named, &mut journal)?;
        self.read_journal(named, &mut journal)?;
        for (hash, seq) in &named.entries {
            if !journal.hashes.contains(hash) {
                let message =
                    format!("record {seq} names an entry of the journal that is not there: it was changed or removed");
                journal.breaches.push(Breach { seq: Some(*seq), ..Breach::journal(message) });
            }
        }
        self.check_metadata(&mut journal)?;
        self.check_facts(&mut journal)?;
        self.check_places(&mut journal)?;
        self.check_summaries(&mut journal)?;
        Ok(journal.breaches)
    }

    /// Reads the metadata journal, each entry checked against the one before it and against the records.
    fn read_entries(&self, named: &Named, journal: &mut Journal) -> Result<(), StoreError> {
        let is_named = |hash: &Hash| named.entries.contains_key(hash);
        let mut has_named = false;
        for found in self.entries.iter()? {
            let (number, bytes) = found?;
            let (number, bytes) = (number.value(), bytes.value());
            let (hash, before, expected) = (sha256(bytes), journal.known.head, journal.known.number + 1);
            let mut say = |message: String| journal.breaches.push(Breach::journal(message));
            let entry = match decode::<MetadataEntry>(bytes) {
                Ok(entry) => entry,
                Err(_) => {
                    say(format!("entry {number} of the journal beside the facts was changed: it cannot be read"));
                    (journal.known.number, journal.known.head) = (number, hash);
                    continue;
                }
            };
            if number != expected {
                say(match number.saturating_sub(expected) {
                    1 => format!("entry {expected} of the journal beside the facts was removed"),
                    _ => format!("entries {expected} to {} of the journal beside the facts were removed", number - 1),
                });
            } else if entry.before != before {
                let changed = match (is_named(&hash), is_named(&before)) {
                    (true, _) => {
                        format!("entry {} of the journal beside the facts was changed", number.saturating_sub(1))
                    }
                    (false, true) => {
                        format!("entry {number} of the journal beside the facts ({}) was changed", about(&entry))
                    }
                    (false, false) => {
                        format!("entry {number} of the journal beside the facts, or the one before it, was changed")
                    }
                };
                say(changed);
            }
            // What nobody called for has no record before there is a ledger.
            has_named |= is_named(&hash);
            let is_first = number == 1 && entry.adopted.is_some();
            if named.all && !is_named(&hash) && !is_first && (has_named || entry.records > 0) {
                say(format!(
                    "no record names entry {number} of the journal beside the facts ({}): it was changed or inserted",
                    about(&entry)
                ));
            }
            journal.hashes.insert(hash);
            if is_first {
                journal.adopted = entry.adopted;
            }
            journal.known.enter(entry.rows);
            (journal.known.number, journal.known.head) = (number, hash);
        }
        Ok(())
    }

    /// Reads the entries of the facts, each held against the records; those of an earlier format against their digest.
    fn read_journal(&self, named: &Named, journal: &mut Journal) -> Result<(), StoreError> {
        let adopted = journal.adopted.as_ref().map_or(0, |adopted| adopted.revision);
        let (mut before, mut expected) = (RowsDigest::default(), 1);
        for found in self.journal.iter()? {
            let (revision, bytes) = found?;
            let (revision, bytes) = (revision.value(), bytes.value());
            let hash = sha256(bytes);
            let mut say = |message: String| journal.breaches.push(Breach::journal(message));
            if revision != expected {
                let last = revision - 1;
                say(if expected == last {
                    format!("the journal's entry of revision {last} was removed")
                } else {
                    format!("the journal's entries of revisions {expected} to {last} were removed")
                });
            }
            if revision <= adopted {
                before.add(&revision.to_be_bytes(), bytes);
            } else if named.all && !named.entries.contains_key(&hash) {
                say(format!("no record names the journal's entry of revision {revision}: it was changed or inserted"));
            }
            journal.hashes.insert(hash);
            journal.newest = revision;
            expected = revision + 1;
        }
        if journal.adopted.as_ref().is_some_and(|adopted| adopted.journal != before.end()) {
            let message = format!("an entry of the journal up to revision {adopted} is not what was taken over");
            journal.breaches.push(Breach::journal(message));
        }
        Ok(())
    }

    /// Checks every metadata row against the newest journal entry about it.
    fn check_metadata(&self, journal: &mut Journal) -> Result<(), StoreError> {
        let mut expected = std::mem::take(&mut journal.known.rows);
        let mut say = |key: &[u8], done: &str| {
            journal.breaches.push(Breach::table(format!("{} {done}", described(key))));
        };
        for found in self.metadata_table.iter()? {
            let (key, row) = found?;
            let key = key.value();
            if !key.first().is_some_and(|kind| JOURNALED.contains(kind)) {
                continue;
            }
            match expected.remove(key) {
                Some(hash) if hash == sha256(row.value()) => {}
                Some(_) => say(key, "was changed: it is not what was entered in the journal"),
                None => say(key, "was inserted: no entry of the journal knows it"),
            }
        }
        for key in expected.keys() {
            say(key, "was removed");
        }
        Ok(())
    }

    /// Holds the rows of the facts against the entries of their revisions.
    fn check_facts(&self, journal: &mut Journal) -> Result<(), StoreError> {
        let adopted = journal.adopted.as_ref().map_or(0, |adopted| adopted.revision);
        if let Some(Adopted { facts, .. }) = &journal.adopted {
            let mut digest = RowsDigest::default();
            self.each_version(&mut |row, value| {
                if parse(row).is_some_and(|(_, at)| at.0 <= adopted) {
                    digest.add(row, value);
                }
            })?;
            if digest.end() != *facts {
                let message = format!("a fact of a revision up to {adopted} is not what was taken over");
                journal.breaches.push(Breach::table(message));
            }
        }
        let mut wrong = BTreeSet::new();
        let mut from = adopted + 1;
        while from <= journal.newest {
            let to = journal.newest.min(from + REVISIONS_AT_ONCE - 1);
            wrong.extend(self.wrong_revisions(from, to)?);
            from = to + 1;
        }
        let mut rows: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        self.each_version(&mut |row, _| {
            let Some((key, Revision(at))) = parse(row) else { return };
            if self.staged == Some(Revision(at)) {
                return;
            }
            if at > journal.newest || at == 0 {
                wrong.insert(at);
            }
            if wrong.contains(&at) {
                let rows = rows.entry(at).or_default();
                if rows.len() < NAMED_MAX {
                    rows.push(named(key));
                }
            }
        })?;
        for at in wrong.iter().take(REPORTED_MAX) {
            let rows = rows.get(at).map(|rows| rows.join(", ")).filter(|rows| !rows.is_empty());
            let rows = rows.unwrap_or_else(|| "none are left".to_owned());
            let message = format!(
                "the facts of revision {at} are not what its entry in the journal was made for: one was changed, removed or inserted ({rows})"
            );
            journal.breaches.push(Breach::table(message));
        }
        if wrong.len() > REPORTED_MAX {
            let more =
                format!("and the facts of {} more revisions are not as they were written", wrong.len() - REPORTED_MAX);
            journal.breaches.push(Breach::table(more));
        }
        Ok(())
    }

    /// Checks that every fact is found where it lies, and that none is older than a version in the history.
    fn check_places(&self, journal: &mut Journal) -> Result<(), StoreError> {
        let (mut misplaced, mut more) = (BTreeSet::new(), 0);
        self.misplaced(&mut |key| {
            if misplaced.len() < REPORTED_MAX {
                misplaced.insert(named(key));
            } else {
                more += 1;
            }
        })?;
        for fact in misplaced {
            let message =
                format!("{fact} is not found where it lies, or an older version took its place: its rows were moved");
            journal.breaches.push(Breach::table(message));
        }
        if more > 0 {
            journal.breaches.push(Breach::table(format!("and the rows of {more} more facts were moved")));
        }
        Ok(())
    }

    /// Holds every summary of a customer against the facts.
    fn check_summaries(&self, journal: &mut Journal) -> Result<(), StoreError> {
        let (base, over) = (Revision(journal.newest), BTreeMap::new());
        let published = OverlayRows { beneath: self as &dyn Rows, base, over, revision: base.next() };
        for found in self.summaries.iter()? {
            let (customer, row) = found?;
            if self.staged.is_some() && revision_of(row.value()) == self.staged {
                continue;
            }
            if is_wrong(&published, customer.value(), row.value())? {
                let customer = customer.value();
                let message = format!(
                    "the summary of customer `{customer}` is not what its facts are: it was changed or inserted"
                );
                journal.breaches.push(Breach::table(message));
            }
        }
        Ok(())
    }

    /// The revisions whose rows are not those of their entries.
    fn wrong_revisions(&self, from: u64, to: u64) -> Result<BTreeSet<u64>, StoreError> {
        let mut digests: BTreeMap<u64, RowsDigest> = BTreeMap::new();
        self.each_version(&mut |row, value| {
            if let Some((_, Revision(at))) = parse(row)
                && (from..=to).contains(&at)
            {
                digests.entry(at).or_default().add(row, value);
            }
        })?;
        let mut wrong = BTreeSet::new();
        for found in self.journal.range(from..=to)? {
            let (revision, bytes) = found?;
            let revision = revision.value();
            let digest = digests.remove(&revision).unwrap_or_default().end();
            let entry: Option<Entry> = decode(bytes.value()).ok();
            if entry.and_then(|entry| entry.facts) != Some(digest) {
                wrong.insert(revision);
            }
        }
        wrong.extend(digests.into_keys());
        Ok(wrong)
    }

    /// Is an entry that a record names among the newest of the journal? Looks back over so many entries.
    ///
    /// # Errors
    /// [`StoreError`] when the journal cannot be read.
    pub fn has_newest(&self, entry: &Hash, most: usize) -> Result<bool, StoreError> {
        guarded(|| {
            for table in [&self.journal, &self.entries] {
                for found in table.iter()?.rev().take(most) {
                    if sha256(found?.1.value()) == *entry {
                        return Ok(true);
                    }
                }
            }
            Ok(false)
        })
    }
}

impl FactTables for JournalView {
    type Table = FactTable;

    fn present(&self) -> &FactTable {
        &self.present
    }

    fn history(&self) -> Result<&FactTable, StoreError> {
        Ok(&self.history)
    }
}

/// A fact, for people: what it is and its names.
fn named(key: &[u8]) -> String {
    let kind = match key.first() {
        Some(b'p') => "partner",
        Some(b'c') => "customer",
        Some(b's') => "subscription",
        Some(b'v') => "service",
        Some(b'g') => "grant",
        Some(b'r') => "relationship",
        _ => "index entry",
    };
    format!("{kind} `{}`", names(key).join("/"))
}
