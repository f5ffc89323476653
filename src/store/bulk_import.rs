//! Bulk imports: more facts than fit in memory, as one change, beside everybody who asks.
//!
//! An import is worked out on a thread of its own, over the facts as they are: it holds up all other changes until it is
//! over. Its rows wait in memory until there are many, and are then staged in pieces, each a transaction that the records
//! of others have to wait for; nobody sees them before the last transaction enters the import in the journal. An import
//! that is one piece is one transaction.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use redb::ReadableTable as _;

use super::StoreError;
use super::batch::{Batch, recorded};
use super::customer_summary::customer_of;
use super::file::Shared;
use super::index_rows::{Row, index_rows_of};
use super::log::{Commit as _, WriteContext, Written, panicked};
use super::metadata::RowsDigest;
use super::pace::Pace;
use super::present::{FactTables as _, WrittenFacts, digest_of, version};
use super::queue::{Hold, Kind, Queue};
use super::redb_file::Store;
use super::rows::{OverlayRows, row};
use super::sheet::{Sheet, Work};
use super::snapshot::Snapshot;
use super::staged::{ImportPieces, Rest, Staged};
use super::view::View;
use crate::audit::{Hash, Record};
use crate::clock::Timestamp;
use crate::domain::event::Fact;
use crate::id::{Revision, Seq};
use crate::work::{behind, is_ending};

/// How many rows the first piece has; of summaries, each of which is made of many rows, it has fewer.
const ROWS_FIRST: usize = 1_024;
const SUMMARIES_FIRST: usize = 128;

/// A change that is being put fact by fact; what is put is published only if the import ends with a permitted change.
pub struct BulkImport {
    shared: Arc<Shared>,
    queue: Queue,
    hold: Hold,
    /// What is staged, and over it what waits.
    facts: OverlayRows<Snapshot>,
    waiting_bytes: usize,
    limits: ImportPieces,
    /// How large pieces of facts are, and those of summaries.
    rows: Pace,
    summaries: Pace,
    /// How many pieces are staged, and whether more may be.
    pieces: u64,
    has_staged: bool,
    /// Did what was put wait in memory more than once?
    is_in_parts: bool,
    has_put: bool,
    fault: Option<StoreError>,
}

impl BulkImport {
    fn begin(shared: Arc<Shared>, queue: Queue, hold: Hold, limits: ImportPieces) -> Result<Self, StoreError> {
        let revision = hold.revision.next();
        let beneath = Snapshot::of(shared.read()?, revision)?;
        Ok(Self {
            shared,
            queue,
            hold,
            facts: OverlayRows { beneath, base: revision, over: Default::default(), revision },
            waiting_bytes: 0,
            limits,
            rows: Pace::of(ROWS_FIRST, limits.rows),
            summaries: Pace::of(SUMMARIES_FIRST, limits.rows),
            pieces: 0,
            has_staged: false,
            is_in_parts: false,
            has_put: false,
            fault: None,
        })
    }

    /// Looks at what a piece of work sees that begins before anything is put.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read, or what `look` returns.
    pub fn context<R>(&self, look: impl FnOnce(&WriteContext<'_>) -> Result<R, StoreError>) -> Result<R, StoreError> {
        let (view, at, next) = (View::new(&self.facts, self.revision()), self.at(), self.next());
        self.shared.metadata(|metadata| look(&WriteContext { view, at, next, metadata: *metadata }))
    }

    /// The facts as they are with everything put so far.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View::new(&self.facts, self.next())
    }

    /// The moment of the change; never before that of an earlier one.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.hold.at
    }

    /// The newest revision before it.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.hold.revision
    }

    /// The revision the change would make.
    #[must_use]
    pub fn next(&self) -> Revision {
        self.facts.revision
    }

    /// Was anything put?
    #[must_use]
    pub fn has_put(&self) -> bool {
        self.has_put
    }

    /// Puts a fact.
    ///
    /// # Errors
    /// [`StoreError`] when the file fails; then nothing of the import is written, whatever it ends with.
    pub fn put(&mut self, fact: &Fact) -> Result<(), StoreError> {
        self.has_put = true;
        self.put_rows(fact).inspect_err(|error| self.fault = Some(error.clone()))
    }

    fn put_rows(&mut self, fact: &Fact) -> Result<(), StoreError> {
        if self.queue.is_closed() {
            return Err(StoreError::Closing);
        }
        for (key, value) in index_rows_of(&self.view(), fact)? {
            self.waiting_bytes += key.len() + value.len();
            self.facts.over.insert(key, value);
        }
        if self.waiting_bytes > self.limits.waiting_bytes {
            self.stage()?;
            self.is_in_parts = true;
        }
        Ok(())
    }

    /// Stages what waits.
    fn stage(&mut self) -> Result<(), StoreError> {
        let rows = std::mem::take(&mut self.facts.over);
        self.waiting_bytes = 0;
        let customers: BTreeSet<String> = rows.keys().filter_map(|key| customer_of(key).map(str::to_owned)).collect();
        let write_rows = |facts: &mut WrittenFacts<'_>, rows: Vec<Row>, revision| facts.write_rows(rows, revision);
        self.stage_each(|import| &mut import.rows, rows.into_iter(), write_rows)?;
        let write_summaries = |facts: &mut WrittenFacts<'_>, customers, at| facts.write_summaries(customers, at);
        self.stage_each(|import| &mut import.summaries, customers.into_iter(), write_summaries)
    }

    fn stage_each<T: Send + 'static>(
        &mut self,
        pace: fn(&mut Self) -> &mut Pace,
        mut rest: impl Iterator<Item = T>,
        write: fn(&mut WrittenFacts<'_>, Vec<T>, Revision) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        loop {
            let (part, revision): (Vec<T>, _) = (rest.by_ref().take(pace(self).rows).collect(), self.next());
            if part.is_empty() {
                return Ok(());
            }
            self.has_staged = true;
            let before = self.staged();
            let after = Staged { revision, pieces: self.pieces + 1 };
            let began = self.piece(Some(before), move |batch| {
                let began = Instant::now();
                write(&mut batch.facts, part, revision)?;
                after.enter(batch.write)?;
                Ok(began)
            })?;
            self.pieces = after.pieces;
            // No read transaction is held longer than a piece: what it sees keeps its place in the file.
            self.facts.beneath = Snapshot::of(self.shared.read()?, revision)?;
            pace(self).took(began.elapsed());
        }
    }

    fn staged(&self) -> Expected {
        Expected((self.pieces > 0).then_some(Staged { revision: self.next(), pieces: self.pieces }))
    }

    /// Writes a transaction of the import, over what has to be staged.
    fn piece<T: Send + 'static>(
        &self,
        expected: Option<Expected>,
        write: impl FnOnce(&mut Batch<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let written = self.queue.wait_here(Kind::Piece, move |batch| {
            if let Some(Err(gone)) = expected.map(|expected| expected.check(batch)) {
                return Ok(Err(gone));
            }
            let value = write(batch)?;
            Ok(Ok(Written { value, revision: batch.revision, seqs: Vec::new() }))
        });
        Ok(written?.value)
    }

    /// The digest of everything that was put.
    fn digest(&self) -> Result<Hash, StoreError> {
        if !self.is_in_parts {
            return Ok(digest_of(&self.facts.over, self.next()));
        }
        let mut digest = RowsDigest::default();
        for found in self.facts.beneath.present().iter()? {
            let (key, bytes) = found?;
            let (revision, value) = version(bytes.value())?;
            if revision == self.next() {
                digest.add(&row(key.value(), revision), value);
            }
        }
        Ok(digest.end())
    }

    /// Has the import put its facts; what it ends with.
    fn run<T>(&mut self, work: &impl Fn(&mut Self) -> Result<Work<T>, StoreError>) -> Result<Work<T>, StoreError> {
        let done = catch_unwind(AssertUnwindSafe(|| work(self))).unwrap_or_else(|panic| Err(panicked(&*panic)));
        self.fault.take().map_or(done, Err)
    }

    /// What the import comes to before it is run again, for tests.
    fn first<T>(
        &mut self,
        work: &impl Fn(&mut Self) -> Result<Work<T>, StoreError>,
    ) -> Result<Option<(Sheet, Hash)>, StoreError> {
        let first = match self.run(work) {
            Ok(done) => {
                let sheet = done.sheet(self.at(), self.next(), self.has_put).0;
                if self.is_in_parts {
                    self.stage()?;
                }
                Some((sheet, self.digest()?))
            }
            Err(_) => None,
        };
        self.take_back()?;
        self.has_put = false;
        Ok(first)
    }

    /// Has the import put its facts, and publishes them or takes them back.
    fn done<T: Send + 'static>(
        mut self,
        work: &impl Fn(&mut Self) -> Result<Work<T>, StoreError>,
        is_twice: bool,
    ) -> Result<Written<T>, StoreError> {
        let first = if is_twice { self.first(work)? } else { None };
        let done = self.run(work).and_then(|done| {
            let is_kept = done.change.is_some() || !self.has_put;
            let (sheet, value) = done.sheet(self.at(), self.next(), self.has_put);
            if let Some((first, put)) = first {
                first.check_again(&sheet)?;
                if self.is_in_parts {
                    self.stage()?;
                }
                if self.digest()? != put {
                    return Err(StoreError::Unusable("the import put other facts when it was run again".to_owned()));
                }
            }
            Ok((is_kept, sheet, value))
        });
        match done {
            Ok((true, sheet, value)) => {
                let published = self.publish(sheet, value);
                if published.is_err() {
                    self.give_up();
                }
                published
            }
            Ok((false, sheet, value)) => {
                self.give_up();
                let Self { shared, queue, .. } = self;
                let (revision, seqs) = append(&shared, &queue, sheet.records)?;
                Ok(Written { value, revision, seqs })
            }
            Err(error) => {
                self.give_up();
                Err(error)
            }
        }
    }

    /// Enters the import in the journal: from then on everybody sees it.
    fn publish<T: Send + 'static>(&mut self, mut sheet: Sheet, value: T) -> Result<Written<T>, StoreError> {
        let revision = self.next();
        let is_one = self.pieces == 0 && self.facts.over.len() <= self.rows.rows;
        let digest = match (is_one, self.is_in_parts) {
            (true, _) => None,
            (false, false) => {
                let digest = self.digest()?;
                self.stage()?;
                Some(digest)
            }
            (false, true) => {
                self.stage()?;
                Some(self.digest()?)
            }
        };
        let (staged, rows) = (self.staged(), std::mem::take(&mut self.facts.over));
        self.queue.wait_here(Kind::Piece, move |batch| {
            if let Err(gone) = staged.check(batch) {
                return Ok(Err(gone));
            }
            if digest.is_some() {
                Staged::leave(batch.write)?;
            }
            // What was decided meanwhile was so before it.
            sheet.at = batch.at;
            batch.staged = digest;
            rows.into_iter().try_for_each(|(key, row)| batch.facts.put(key, revision, row))?;
            batch.keep(sheet, value).map(Ok)
        })
    }

    /// Takes back what was staged, if that can be done now; else it is done before the next change.
    fn give_up(&mut self) {
        if let Err(error) = self.take_back() {
            tracing::warn!(%error, "an import that was not done is taken back later");
        }
    }

    fn take_back(&mut self) -> Result<(), StoreError> {
        self.facts.over.clear();
        (self.waiting_bytes, self.is_in_parts) = (0, false);
        let mut rest = self.has_staged.then(Rest::all);
        while let Some(some) = rest.take() {
            if is_ending() {
                return Err(StoreError::Closing);
            }
            let revision = self.next();
            rest = self.piece(None, move |batch| {
                if Staged::within(batch.write)?.is_none() {
                    return Ok(None);
                }
                let rest = some.take_back(&mut batch.facts, revision)?;
                if rest.is_none() {
                    Staged::leave(batch.write)?;
                }
                Ok(rest)
            })?;
        }
        (self.has_staged, self.pieces) = (false, 0);
        self.facts.beneath = Snapshot::of(self.shared.read()?, self.next())?;
        Ok(())
    }
}

/// What has to be staged for an import to go on: after a failure the file is opened again, and all of it may be gone.
struct Expected(Option<Staged>);

impl Expected {
    fn check(&self, batch: &Batch<'_>) -> Result<(), StoreError> {
        if Staged::within(batch.write)? == self.0 {
            return Ok(());
        }
        Err(StoreError::Unusable("what the import had staged is gone".to_owned()))
    }
}

fn append(shared: &Shared, queue: &Queue, records: Vec<Record>) -> Result<(Revision, Vec<Seq>), StoreError> {
    let records: Result<Vec<_>, _> = records.into_iter().map(|record| recorded(record, &*shared.random)).collect();
    let records = records?;
    let Written { revision, seqs, .. } = queue.wait_here(Kind::Record, move |batch| {
        let seqs = batch.append(records.into());
        Ok(Ok(Written { value: (), revision: batch.revision, seqs }))
    })?;
    Ok((revision, seqs))
}

impl Store {
    /// Does a piece of work that puts its facts one by one, as one change of one revision: for more than fits in
    /// memory. All of it is written or, when the work leaves no change, none of it but its records. It may be done more
    /// than once, and must come to the same on the same facts.
    ///
    /// Other changes wait until it is done, so it must not wait for anybody: slow input is to be buffered first. What
    /// changes nothing, as decisions, waits for one piece of it at most.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing is written.
    pub async fn bulk_import<T: Send + 'static>(
        &self,
        work: impl Fn(&mut BulkImport) -> Result<Work<T>, StoreError> + Send + 'static,
    ) -> Result<Written<T>, StoreError> {
        let (shared, queue) = (Arc::clone(self.shared()), self.queue().clone());
        let (limits, is_twice) = (self.import_pieces(), self.is_each_change_twice());
        let hold = queue.hold().await?;
        let imported = behind("store-import", move || {
            BulkImport::begin(shared, queue, hold, limits).and_then(|import| import.done(&work, is_twice))
        });
        imported.await.map_err(|error| StoreError::Unusable(error.to_string()))?
    }
}
