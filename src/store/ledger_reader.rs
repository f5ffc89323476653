//! Reading the ledger: records by their places, and the places of the records that have all of some terms.

use super::StoreError;
use super::journal_view::JournalView;
use super::ledger::{LedgerView, guarded};
use super::postings::{Index, Postings};
use super::redb_file::Store;
use crate::audit::{Indexed, Term};
use crate::clock::Timestamp;
use crate::id::Seq;

/// In which direction the ledger is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// From the first record on.
    #[default]
    Oldest,
    /// From the last record back.
    Newest,
}

/// The result of a scan of the ledger.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Looked {
    /// The next record is this one.
    Found(Seq),
    /// There is none up to this place, which may be one itself; enough was looked at.
    Paused(Seq),
    /// There is none.
    None,
}

/// The ledger as one read transaction sees it.
pub struct LedgerReader {
    /// How many records were ever written, those in archive files included.
    size: u64,
    index: Index,
}

impl Store {
    /// The ledger and its tree as they are now.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn ledger(&self) -> Result<LedgerView, StoreError> {
        LedgerView::of(&self.read()?)
    }

    /// The ledger, and the tables with their journal, as one read transaction sees them.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn ledger_and_journal(&self) -> Result<(LedgerView, JournalView), StoreError> {
        guarded(|| {
            let read = self.read()?;
            Ok((LedgerView::of(&read)?, JournalView::of(&read)?))
        })
    }

    /// How many records were ever written.
    ///
    /// # Errors
    /// [`StoreError`] when the ledger cannot be read.
    pub fn records(&self) -> Result<u64, StoreError> {
        self.ledger()?.size()
    }

    /// The last record that the index leads to. Those after it are looked at one by one, so that lists have them too.
    #[must_use]
    pub fn indexed_to(&self) -> Seq {
        Seq(self.shared().tail().read(|part| part.last))
    }

    /// The records of the ledger as they are now, with their index.
    ///
    /// # Errors
    /// [`StoreError`] when the ledger cannot be read.
    pub fn ledger_reader(&self) -> Result<LedgerReader, StoreError> {
        let size = self.records()?;
        Ok(LedgerReader { size, index: Index::of(self.shared(), size)? })
    }
}

impl LedgerReader {
    /// The newest record; 0 when there is none.
    ///
    /// # Errors
    /// [`StoreError`] when the ledger cannot be read, as for everything below.
    pub fn newest(&self) -> Result<Seq, StoreError> {
        Ok(Seq(self.size))
    }

    /// The bytes of a record as they are stored, unless it is archived.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn record(&self, seq: Seq) -> Result<Option<Vec<u8>>, StoreError> {
        self.index.ledger.record(seq.0)
    }

    /// The records from one place on, as far as they are not archived, up to another place, with their bytes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn records(&self, from: Seq, to: Seq, most: usize) -> Result<Vec<(Seq, Vec<u8>)>, StoreError> {
        let mut records = Vec::new();
        for seq in (from.0..=to.0.min(self.size)).take(most) {
            let Some(record) = self.record(Seq(seq))? else { break };
            records.push((Seq(seq), record));
        }
        Ok(records)
    }

    /// The places among which every record lies that was decided from `from` on and before `to`; others may lie
    /// among them too.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn window(&self, from: Option<Timestamp>, to: Option<Timestamp>) -> Result<Option<(Seq, Seq)>, StoreError> {
        Ok(self.index.window(from, to)?.map(|(first, last)| (Seq(first), Seq(last))))
    }

    /// A walk through the records that have all of some terms. Terms may share their places, so whoever finds a record
    /// has to look whether it has them ([`has_terms`]).
    #[must_use]
    pub fn walk<'a>(&'a self, terms: &'a [Term], order: Order) -> Walk<'a> {
        let postings = terms.iter().map(|term| Postings::of(&self.index, term)).collect();
        Walk { ledger: self, postings, order }
    }
}

/// A walk through the records that have all of some terms.
pub struct Walk<'a> {
    ledger: &'a LedgerReader,
    postings: Vec<Postings<'a>>,
    order: Order,
}

impl Walk<'_> {
    /// The next record from the place `from` on, that itself included. Each look into the index takes one from
    /// `looks`; when there are none left, it pauses.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn next(&mut self, from: Seq, looks: &mut usize) -> Result<Looked, StoreError> {
        if self.postings.is_empty() {
            *looks = looks.saturating_sub(1);
            return Ok(self.any(from.0));
        }
        let mut place = from.0;
        loop {
            // Where every list has the same place, it is found; where one has none before another, neither has any.
            let mut all_agree = true;
            for postings in &mut self.postings {
                *looks = looks.saturating_sub(1);
                let found = match self.order {
                    Order::Oldest => postings.at_or_after(place)?,
                    Order::Newest => postings.at_or_before(place)?,
                };
                match found {
                    None => return Ok(Looked::None),
                    Some(found) if found == place => {}
                    Some(found) => {
                        place = found;
                        all_agree = false;
                    }
                }
            }
            if all_agree {
                return Ok(Looked::Found(Seq(place)));
            }
            if *looks == 0 {
                return Ok(Looked::Paused(Seq(place)));
            }
        }
    }

    /// Places have no gaps, wherever their records are.
    fn any(&self, place: u64) -> Looked {
        let found = match self.order {
            Order::Oldest => place.max(1),
            Order::Newest => place.min(self.ledger.size),
        };
        if (1..=self.ledger.size).contains(&found) { Looked::Found(Seq(found)) } else { Looked::None }
    }
}

/// Has a record all of some terms? Of what cannot be read it is not known, and so not denied.
#[must_use]
pub fn has_terms(record: &[u8], terms: &[Term]) -> bool {
    let Indexed { at, terms: found } = Indexed::read(record);
    at.is_none() || terms.iter().all(|term| found.contains(term))
}
