//! Old records, moved from the ledger to archive files; the tree over them stays where it is.
//!
//! An archive is an export of a run of records, `archive/ledger-<first>-<last>.ndjson`, with a signed checkpoint at its
//! end. It is written under another name, synced, read back and verified, and moved into place; only then are its
//! records taken out of the ledger, in one transaction. If the process dies before that, both hold them, and the next
//! run goes on with the file that is there; if it dies while the file is written, the ledger alone holds them.

use std::fs::{self, DirBuilder, File};
use std::io::{self, BufRead as _, BufReader, BufWriter, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::audit::{ExportLine, Mask, Record, hash_text, leaf_hash, leaf_node, read_line, verify_lines};
use crate::clock::Timestamp;
use crate::domain::event::ChangeSet;
use crate::evidence::ledger::{LedgerError, LedgerExport};
use crate::files;
use crate::limits::ARCHIVE_RECORDS_MAX;
use crate::pdp::Pdp;
use crate::pdp::absent::{Absent, Why};
use crate::pdp::archived::{FOLDER_NAME, file_name, named_after};
use crate::pdp::call::{self, Call, CallError, CallTarget, Committed, Done};
use crate::pdp::refused;
use crate::store::{LedgerView, StoreError};

/// The end of the name of a file that is being written.
const PART: &str = "part";

/// A file of archived records.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, ToSchema)]
pub struct ArchivedFile {
    /// The first record in it.
    pub first: u64,
    /// The last record in it.
    pub last: u64,
    /// Its name, below the data directory.
    pub file: String,
}

/// What was archived.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Archived {
    /// How many records were moved.
    pub records: u64,
    /// The files they are in now.
    pub files: Vec<ArchivedFile>,
}

/// A file that is being read, and the record that is next in it.
struct Reading {
    file: ArchivedFile,
    lines: io::Lines<BufReader<File>>,
    next: u64,
}

/// The archive files of a data directory, read in the order of their records.
pub(crate) struct Archive {
    folder: Option<PathBuf>,
    /// The files the store moved records to, whether they are there or not.
    known: Vec<ArchivedFile>,
    /// The files that are there, once they were looked for, or why they cannot be listed.
    files: Option<Result<Vec<ArchivedFile>, String>>,
    reading: Option<Reading>,
}

/// The records that a file name says are in it.
fn of_name(name: &str) -> Option<ArchivedFile> {
    let (first, last) = named_after(name)?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    (1 <= first && first <= last).then(|| ArchivedFile { first, last, file: format!("{FOLDER_NAME}/{name}") })
}

impl Archive {
    /// The archive of a data directory, which may have none.
    pub(crate) fn of(data: Option<&Path>, view: &LedgerView) -> Result<Self, StoreError> {
        let known = view.archives()?.into_iter();
        let known = known.map(|(records, file)| ArchivedFile { first: *records.start(), last: *records.end(), file });
        Ok(Self { folder: data.map(Path::to_owned), known: known.collect(), files: None, reading: None })
    }

    /// The archive of records that are all in the ledger.
    fn none() -> Self {
        Self { folder: None, known: Vec::new(), files: None, reading: None }
    }

    fn files(&mut self) -> &Result<Vec<ArchivedFile>, String> {
        let folder = &self.folder;
        self.files.get_or_insert_with(|| {
            let Some(folder) = folder else { return Ok(Vec::new()) };
            let entries = match fs::read_dir(folder.join(FOLDER_NAME)) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
                Err(error) => return Err(format!("`{FOLDER_NAME}` cannot be listed: {error}")),
            };
            let names: io::Result<Vec<_>> = entries.map(|entry| Ok(entry?.file_name())).collect();
            let names = names.map_err(|error| format!("`{FOLDER_NAME}` cannot be listed: {error}"))?;
            let mut files: Vec<_> = names.iter().filter_map(|name| of_name(name.to_str()?)).collect();
            files.sort();
            Ok(files)
        })
    }

    fn file_of(&mut self, seq: u64) -> Option<ArchivedFile> {
        self.files().as_ref().ok()?.iter().find(|file| (file.first..=file.last).contains(&seq)).cloned()
    }

    /// The name of the file that holds a record.
    pub(crate) fn name_of(&mut self, seq: u64) -> Option<String> {
        self.file_of(seq).map(|file| file.file)
    }

    /// Why no file that is there holds a record.
    fn absent(&mut self, seq: u64) -> Absent {
        let why = self.files().as_ref().err().map_or(Why::Gone, |cause| Why::Unreadable(cause.clone()));
        let known = self.known.iter().find(|file| (file.first..=file.last).contains(&seq));
        Absent { seq, archive: known.map(|file| file.file.clone()), why }
    }

    /// The bytes of a record, or why it cannot be read.
    pub(crate) fn record(&mut self, seq: u64) -> Result<Vec<u8>, Absent> {
        let is_on_the_way =
            self.reading.as_ref().is_some_and(|reading| (reading.next..=reading.file.last).contains(&seq));
        if !is_on_the_way {
            let Some((file, folder)) = self.file_of(seq).zip(self.folder.clone()) else {
                return Err(self.absent(seq));
            };
            let opened = File::open(folder.join(&file.file));
            let opened = opened.map_err(|cause| Absent::unreadable(seq, &file.file, cause))?;
            self.reading = Some(Reading { next: file.first, lines: BufReader::new(opened).lines(), file });
        }
        let Some(reading) = &mut self.reading else { return Err(self.absent(seq)) };
        let name = reading.file.file.clone();
        for line in reading.lines.by_ref() {
            let line = line.map_err(|cause| Absent::unreadable(seq, &name, cause))?;
            match read_line(&line) {
                Ok(ExportLine::Record(record)) if record.seq == seq => {
                    reading.next = seq + 1;
                    return Ok(record.record);
                }
                Ok(ExportLine::Record(record)) if record.seq > seq => break,
                Ok(_) => {}
                Err(error) => {
                    // Whichever record the line was of, the ones after it can still be read.
                    reading.next = seq + 1;
                    return Err(Absent::unreadable(seq, &name, error));
                }
            }
        }
        self.reading = None;
        Err(Absent { seq, archive: Some(name), why: Why::NotInIt })
    }

    /// The checkpoint at the end of the file whose last record was just read.
    pub(crate) fn checkpoint(&mut self, seq: u64) -> Option<Result<String, String>> {
        let mut reading = self.reading.take_if(|reading| reading.file.last == seq)?;
        let line = reading.lines.next().and_then(Result::ok);
        Some(match line.as_deref().map(read_line) {
            Some(Ok(ExportLine::Checkpoint(note))) => Ok(note),
            _ => Err(format!("`{}` does not end with one", reading.file.file)),
        })
    }
}

/// Moves every record that was made before a moment to archive files, oldest first, and says what was moved.
///
/// # Errors
/// A [`LedgerError`]; what was not moved is where it was. [`CallError::Denied`] when the caller may not archive.
pub async fn archive_ledger(
    pdp: &Pdp,
    call: &Call,
    before: Timestamp,
) -> Result<Committed<Archived>, CallError<LedgerError>> {
    call::may(pdp, call, "archiveLedger").await?;
    // So much is moved that it cannot be done in the one commit of the record, which has its outcome.
    let archived = match archive(pdp, before).await {
        Ok(archived) => archived,
        Err(error) => return refused::refuse(pdp, call, "archiveLedger", CallTarget::Installation, error).await,
    };
    call::change(pdp, call, "archiveLedger", CallTarget::Installation, move |_, _| {
        let (has_acted, files) = (archived.records > 0, archived.files.iter().map(|file| file.file.clone()));
        let mut done = Done { has_acted, ..Done::of((ChangeSet::default(), archived.clone())) };
        done.said.insert("records".to_owned(), archived.records.into());
        done.said.insert("files".to_owned(), files.collect::<Vec<_>>().into());
        Ok(done)
    })
    .await
}

async fn archive(pdp: &Pdp, before: Timestamp) -> Result<Archived, CallError<LedgerError>> {
    let _one_at_a_time = pdp.settings.archiving.lock().await;
    let data = pdp.settings.folder.clone().ok_or(LedgerError::NoFolder)?;
    let mut archived = Archived { records: 0, files: Vec::new() };
    loop {
        let next = || next_file(pdp, &data, before);
        // Reading and writing so much holds up whatever else the thread has to do.
        let next = match tokio::runtime::Handle::current().runtime_flavor() {
            tokio::runtime::RuntimeFlavor::MultiThread => tokio::task::block_in_place(next)?,
            _ => next()?,
        };
        let Some(file) = next else { return Ok(archived) };
        pdp.store.drop_archived(file.first..=file.last, file.file.clone()).await?;
        archived.records += file.last - file.first + 1;
        archived.files.push(file);
    }
}

/// The next archive file, complete and verified: one that a run before this one left, or a new one.
fn next_file(pdp: &Pdp, data: &Path, before: Timestamp) -> Result<Option<ArchivedFile>, CallError<LedgerError>> {
    let view = pdp.store.ledger()?;
    let Some(first) = view.first()? else { return Ok(None) };
    if let Some(file) = Archive::of(Some(data), &view)?.file_of(first) {
        verified(pdp, &view, &data.join(&file.file), &file)?;
        return Ok(Some(ArchivedFile { first, ..file }));
    }
    let (mut last, size) = (first - 1, view.size()?);
    while last < size && last + 1 - first < ARCHIVE_RECORDS_MAX {
        let Some(bytes) = view.record(last + 1)? else { break };
        if leaf_hash(&bytes) != view.full_node(leaf_node(last))? {
            return Err(LedgerError::Damaged(last + 1).into());
        }
        let record = Record::from_bytes(&bytes).map_err(|_| LedgerError::Damaged(last + 1))?;
        if record.at >= before {
            break;
        }
        last += 1;
    }
    if last < first {
        return Ok(None);
    }
    let folder = data.join(FOLDER_NAME);
    let name = file_name(first, last);
    let (path, part) = (folder.join(&name), folder.join(format!("{name}.{PART}")));
    let unusable = |cause: io::Error| LedgerError::Archive { path: path.clone(), cause };
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(unusable)?;
    let lines = LedgerExport::of(pdp.store.ledger()?, Archive::none(), &pdp.keys.ledger, Mask::default(), first, last)?;
    let mut written = BufWriter::new(files::create(&part, files::SECRET).map_err(unusable)?);
    for piece in lines {
        written.write_all(&piece?).map_err(unusable)?;
    }
    let file = written.into_inner().map_err(|error| unusable(error.into_error()))?;
    file.sync_all().map_err(unusable)?;
    drop(file);
    let archived = ArchivedFile { first, last, file: format!("{FOLDER_NAME}/{name}") };
    verified(pdp, &view, &part, &archived)?;
    files::place(&part, &path).map_err(unusable)?;
    // The folder itself may be new.
    File::open(data).and_then(|data| data.sync_all()).map_err(unusable)?;
    Ok(Some(archived))
}

/// Reads a file back: every record in it is the one of its leaf, the end is signed, and it is the end of this tree.
fn verified(pdp: &Pdp, view: &LedgerView, path: &Path, file: &ArchivedFile) -> Result<(), CallError<LedgerError>> {
    let unusable = |cause: io::Error| LedgerError::Archive { path: path.to_owned(), cause };
    let unverified = |cause: String| LedgerError::Unverified { path: path.to_owned(), cause };
    let reader = BufReader::new(File::open(path).map_err(unusable)?);
    let walked = verify_lines(reader, pdp.keys.ledger.public(), &[], |_| {});
    let walked = walked.map_err(|error| unverified(error.to_string()))?;
    if let Some(finding) = walked.findings.first() {
        return Err(unverified(finding.message.clone()).into());
    }
    if (walked.first, walked.records) != (file.first, file.last) || walked.masked > 0 {
        return Err(unverified(format!("it does not hold records {} to {}", file.first, file.last)).into());
    }
    if walked.root_hash != hash_text(&view.peaks(file.last)?.root()) {
        return Err(unverified("its records are not those of this ledger".to_owned()).into());
    }
    Ok(())
}
