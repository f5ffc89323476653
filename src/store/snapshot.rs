//! The facts as one read transaction sees them.

use std::sync::{Arc, OnceLock};

use redb::{ReadOnlyTable, ReadTransaction};

use super::StoreError;
use super::present::FactTables;
use super::tables::{CUSTOMER_SUMMARIES, HISTORY, PRESENT};
use super::view::View;
use crate::id::Revision;

type FactTable = ReadOnlyTable<&'static [u8], &'static [u8]>;

/// The store at one revision; holds one read transaction, which those that are cloned of it share.
#[derive(Clone)]
pub struct Snapshot {
    opened: Arc<Opened>,
    revision: Revision,
}

struct Opened {
    read: ReadTransaction,
    present: FactTable,
    summaries: ReadOnlyTable<&'static str, &'static [u8]>,
    /// Opened when something of the past is first asked for.
    history: OnceLock<FactTable>,
}

impl Snapshot {
    pub(super) fn of(read: ReadTransaction, revision: Revision) -> Result<Self, StoreError> {
        let (present, summaries) = (read.open_table(PRESENT)?, read.open_table(CUSTOMER_SUMMARIES)?);
        Ok(Self { opened: Arc::new(Opened { read, present, summaries, history: OnceLock::new() }), revision })
    }

    /// The facts at the snapshot's revision.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View::new(self, self.revision)
    }
}

impl FactTables for Snapshot {
    type Table = FactTable;

    fn present(&self) -> &FactTable {
        &self.opened.present
    }

    fn summaries(&self) -> Option<&ReadOnlyTable<&'static str, &'static [u8]>> {
        Some(&self.opened.summaries)
    }

    fn history(&self) -> Result<&FactTable, StoreError> {
        let Opened { read, history, .. } = &*self.opened;
        if let Some(opened) = history.get() {
            return Ok(opened);
        }
        let opened = read.open_table(HISTORY)?;
        Ok(history.get_or_init(|| opened))
    }
}
