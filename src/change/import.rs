//! Import and export: everything that is known, one noun a line.

mod import_error;
mod judge;

use std::cell::RefCell;
use std::io::{BufRead, Read as _, Seek};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::change::line::Line;
use crate::domain::event::{ChangeSet, Event};
use crate::domain::grant::Multichannel;
use crate::id::Revision;
use crate::json::{self, JsonError};
use crate::limits::IMPORT_LINE_MAX;
use crate::pdp::Pdp;
use crate::pdp::call::{Answered, Begun, Call, CallError, CallTarget, Committed, Done, Undone, begin, finish};
use crate::policy::Bundle;
use crate::store::{BulkImport, StoreError, Work};
use crate::work::{Owner, Task};
use judge::Judge;

pub use import_error::ImportError;

/// What some editors begin a file with.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
/// The deepest nesting of a line; what no noun has is refused by its name, not here.
const LINE_DEPTH_MAX: usize = 8;
/// How many lines pass between two reports of progress.
const PROGRESS_LINES: u64 = 1_000;

/// What an import brought.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Imported {
    /// The nouns that were read, one a line.
    pub lines: u64,
    /// The partners that are new or otherwise than before.
    pub partners: u64,
    /// The customers that are new or otherwise than before.
    pub customers: u64,
    /// The subscriptions that are new or otherwise than before.
    pub subscriptions: u64,
    /// The grants that are new or otherwise than before.
    pub grants: u64,
    /// The commercial relationships that are new or otherwise than before.
    pub commercial_relationships: u64,
    /// The revision at which it is so.
    #[schema(value_type = u64)]
    pub revision: Revision,
}

impl Imported {
    fn count(&mut self, line: &Line) {
        let counter = match line {
            Line::Partner(_) => &mut self.partners,
            Line::Customer(_) => &mut self.customers,
            Line::Subscription(_) => &mut self.subscriptions,
            Line::Grant(_) => &mut self.grants,
            Line::CommercialRelationship(_) => &mut self.commercial_relationships,
        };
        *counter += 1;
    }

    fn event(&self) -> Event {
        Event::Imported {
            partners: self.partners,
            customers: self.customers,
            subscriptions: self.subscriptions,
            grants: self.grants,
            commercial_relationships: self.commercial_relationships,
        }
    }
}

/// Imports nouns, one a line, as one change of one revision: all of them or none. A noun that is there already is
/// changed to what its line says; one that names another comes after it.
///
/// Into an empty store the lines of whoever may write all of it are history. Into one that holds facts each is judged
/// as what happens now, and what grants and commercial relationships change for whom becomes events. These two speak
/// for customers and partners, so importing them is a call of its own.
///
/// The lines are read in bounded memory, from where `reader` stands, its beginning; and once more from there where the
/// change is run again. `progress` gets now and then how many lines and bytes were read. Questions are answered meanwhile,
/// on the facts as they were; other changes wait until the end: `reader` must not wait for anybody, so what comes over a
/// network is buffered in a file first.
///
/// # Errors
/// [`ImportError`] with the number of the line; [`CallError::Denied`] when the caller may not import.
pub async fn import(
    pdp: &Pdp,
    call: &Call,
    reader: impl BufRead + Seek + Send + 'static,
    progress: impl FnMut(u64, u64) + Send + 'static,
) -> Result<Committed<Imported>, CallError<ImportError>> {
    let current = pdp.rules.current.clone();
    let call = call.clone();
    let multichannel = pdp.settings.terms.multichannel;
    let lines = RefCell::new(Lines::of(reader, progress));
    // Nothing is imported for whoever is gone.
    let owner = Owner::new(&call.caller.to_string(), None);
    let task = owner.task();
    let work = move |import: &mut BulkImport| {
        let rules = import.context(|context| current.over(context))?;
        import_lines(&rules, &call, multichannel, import, &mut lines.borrow_mut(), &task)
    };
    let written = pdp.store.bulk_import(work).await?;
    drop(owner);
    let (value, revision, is_repeat) = written.value?;
    Ok(Committed { value, revision, is_repeat, seqs: written.seqs })
}

fn import_lines<R: BufRead + Seek, P: FnMut(u64, u64)>(
    rules: &Bundle,
    call: &Call,
    multichannel: Multichannel,
    import: &mut BulkImport,
    lines: &mut Lines<R, P>,
    task: &Task,
) -> Result<Work<Answered<Imported, ImportError>>, StoreError> {
    let begun = import.context(|context| begin(rules, call, "import", &CallTarget::Installation, context))?;
    let admitted = match begun {
        Begun::Over(work) => return Ok(*work),
        Begun::Admitted(permit, record) => (permit, record),
    };
    let mut judge = Judge::new(rules, call, multichannel, import)?;
    let imported = put_all(import, &mut judge, lines, task);
    let has_put = import.has_put();
    let revision = if has_put { import.next() } else { import.revision() };
    let done = imported.map(|mut imported| {
        imported.revision = revision;
        let (relationships, records) = judge.noted();
        // If nothing changed, the record says so.
        let mut events: Vec<Event> = has_put.then(|| imported.event()).into_iter().collect();
        events.extend(relationships);
        Done { records, ..Done::of((ChangeSet { facts: Vec::new(), events }, imported)) }
    });
    finish(call, admitted, done, revision, import.at())
}

fn put_all<R: BufRead + Seek, P: FnMut(u64, u64)>(
    import: &mut BulkImport,
    judge: &mut Judge<'_>,
    lines: &mut Lines<R, P>,
    task: &Task,
) -> Result<Imported, Undone<ImportError>> {
    lines.begin()?;
    let mut imported = Imported::default();
    while let Some(line) = lines.next()? {
        imported.lines += 1;
        task.stopped().map_or(Ok(()), |stopped| Err(StoreError::from(stopped)))?;
        let effect = judge.line(import, &line, |message| lines.wrong(message))?;
        if !effect.change_set.is_empty() {
            imported.count(&line);
        }
        for fact in &effect.change_set.facts {
            import.put(fact)?;
        }
    }
    Ok(imported)
}

/// Lines as they are read, one at a time.
struct Lines<R, P> {
    reader: R,
    progress: P,
    line: u64,
    bytes: u64,
    buffer: Vec<u8>,
}

impl<R: BufRead + Seek, P: FnMut(u64, u64)> Lines<R, P> {
    fn of(reader: R, progress: P) -> Self {
        Self { reader, progress, line: 0, bytes: 0, buffer: Vec::new() }
    }

    /// Goes back to the first line, where some were read before.
    fn begin(&mut self) -> Result<(), ImportError> {
        // Not whatever can be read once can be read again: nothing is asked of it before that is needed.
        if self.line > 0 {
            let back = self.reader.rewind();
            back.map_err(|cause| ImportError::Unreadable { line: 1, cause: cause.to_string() })?;
            (self.line, self.bytes) = (0, 0);
        }
        Ok(())
    }

    fn wrong(&self, message: String) -> ImportError {
        ImportError::Line { line: self.line, message }
    }

    /// The next noun; blank lines are passed over.
    fn next(&mut self) -> Result<Option<Line>, ImportError> {
        loop {
            self.buffer.clear();
            self.line += 1;
            let most = IMPORT_LINE_MAX as u64 + 1;
            let read = self.reader.by_ref().take(most).read_until(b'\n', &mut self.buffer);
            let read = read.map_err(|cause| ImportError::Unreadable { line: self.line, cause: cause.to_string() })?;
            self.bytes += read as u64;
            if read == 0 {
                (self.progress)(self.line - 1, self.bytes);
                return Ok(None);
            }
            // Some editors and spreadsheets begin every file with it.
            if self.line == 1 && self.buffer.starts_with(BYTE_ORDER_MARK) {
                self.buffer.drain(..BYTE_ORDER_MARK.len());
            }
            if self.buffer.last() == Some(&b'\n') {
                self.buffer.pop();
            }
            if self.buffer.len() > IMPORT_LINE_MAX {
                return Err(self.wrong(format!("it is longer than {IMPORT_LINE_MAX} bytes; put one noun on a line")));
            }
            if self.line.is_multiple_of(PROGRESS_LINES) {
                (self.progress)(self.line, self.bytes);
            }
            if !self.buffer.iter().all(u8::is_ascii_whitespace) {
                return self.parse().map(Some).map_err(|message| self.wrong(message));
            }
        }
    }

    fn parse(&self) -> Result<Line, String> {
        match json::read(&self.buffer, LINE_DEPTH_MAX).map_err(said)? {
            Value::Object(members) => Line::of(members),
            _ => Err("it is no JSON object; put one noun on a line".to_owned()),
        }
    }
}

/// What is wrong with the JSON of a line; the line it stands on is known.
fn said(error: JsonError) -> String {
    match error {
        JsonError::Malformed { column, message, .. } => {
            format!("column {column}: {message}; write one JSON object on a line")
        }
        JsonError::Duplicate { name, column, .. } => {
            format!("column {column}: member `{name}` is named twice; leave one of them out")
        }
        JsonError::Reserved { name, column, .. } => {
            format!("column {column}: member `{name}` has a reserved name; choose another")
        }
        JsonError::NotUtf8 => "it is not UTF-8; encode it as UTF-8".to_owned(),
        JsonError::Empty => "it is empty; write one JSON object on a line".to_owned(),
        error @ JsonError::TooDeep { .. } => error.to_string(),
    }
}

/// A file for what comes in before it is read, gone when it is dropped.
///
/// # Errors
/// What the system says.
pub fn spool(pdp: &Pdp) -> std::io::Result<std::fs::File> {
    match &pdp.settings.folder {
        Some(folder) => tempfile::tempfile_in(folder),
        None => tempfile::tempfile(),
    }
}
