//! The disk beneath redb: the file is there whole or not at all, and a failed sync is repeated.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redb::backends::FileBackend;
use redb::{BackendError, Builder, Database, DatabaseError, StorageBackend, StorageError};

use super::StoreError;
use super::prepare::prepare;
use crate::work::start_goes_on;

/// The memory redb may use for pages, in bytes.
const CACHE_BYTES: usize = 256 * 1024 * 1024;
/// How long a step may take of reading a file that was not closed, at a start.
const REPAIR_STEP_WITHIN: Duration = Duration::from_secs(900);
/// How much is written again at a time.
const AGAIN_BYTES: usize = 1024 * 1024;

/// Where the bytes of a store come from: its file, reopened when the disk has failed.
pub(super) type Opener = dyn Fn() -> Result<Database, StoreError> + Send + Sync;

type Locked<T> = Result<T, BackendError>;

/// Storage that remembers whether a sync has failed.
///
/// After a failed sync the system may take what it could not write for written. It then reads as if it were there and
/// is gone with the power, with all that was built on it. So it is written again before anything else is.
#[derive(Debug)]
struct Watched<B> {
    bytes: B,
    has_failed: Arc<AtomicBool>,
}

impl<B: StorageBackend> StorageBackend for Watched<B> {
    fn len(&self) -> io::Result<u64> {
        self.bytes.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.bytes.read(offset, out)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.bytes.set_len(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.bytes.sync_data().inspect_err(|_| self.has_failed.store(true, Ordering::Release))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.bytes.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.bytes.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Locked<bool> {
        self.bytes.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Locked<bool> {
        self.bytes.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Locked<()> {
        self.bytes.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Locked<()> {
        self.bytes.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Locked<()> {
        self.bytes.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Locked<bool> {
        self.bytes.query_lock_range(start, end)
    }
}

/// Writes everything again as it reads, and syncs it.
fn write_again(bytes: &impl StorageBackend) -> io::Result<()> {
    let length = bytes.len()?;
    let mut part = vec![0; AGAIN_BYTES];
    for offset in (0..length).step_by(AGAIN_BYTES) {
        let much = usize::try_from(length - offset).map_or(AGAIN_BYTES, |left| left.min(AGAIN_BYTES));
        let Some(part) = part.get_mut(..much) else { continue };
        bytes.read(offset, part)?;
        bytes.write(offset, part)?;
    }
    bytes.sync_data()
}

fn open<B: StorageBackend>(bytes: B, path: &Path, has_failed: &Arc<AtomicBool>) -> Result<Database, StoreError> {
    let watched = Watched { bytes, has_failed: Arc::clone(has_failed) };
    // redb trusts a file it closed itself; one that was overwritten since can make it panic.
    let opened = catch_unwind(AssertUnwindSafe(|| {
        let mut builder = Builder::new();
        // A file that was not closed is read whole.
        builder.set_cache_size(CACHE_BYTES).set_repair_callback(|_| start_goes_on(REPAIR_STEP_WITHIN));
        builder.create_with_backend(watched)
    }));
    opened.map_or_else(|_| Err(damaged(path)), |opened| opened.map_err(|error| refused(path, error)))
}

/// Opens any bytes that can be opened again.
pub(super) fn over<B: StorageBackend>(bytes: impl Fn() -> B + Send + Sync + 'static, path: PathBuf) -> Box<Opener> {
    let has_failed = Arc::default();
    Box::new(move || {
        let bytes = bytes();
        if AtomicBool::load(&has_failed, Ordering::Acquire) {
            write_again(&bytes).map_err(|cause| unopenable(&path, &cause))?;
            has_failed.store(false, Ordering::Release);
        }
        open(bytes, &path, &has_failed)
    })
}

/// Opens a file.
pub(super) fn file(path: PathBuf) -> Box<Opener> {
    let has_failed = Arc::default();
    Box::new(move || {
        if AtomicBool::load(&has_failed, Ordering::Acquire) {
            write_file_again(&path)?;
            has_failed.store(false, Ordering::Release);
        }
        let bytes = FileBackend::new(handle(&path)?).map_err(|error| refused(&path, error))?;
        open(bytes, &path, &has_failed)
    })
}

fn handle(path: &Path) -> Result<File, StoreError> {
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    opened.map_err(|cause| unopenable(path, &cause))
}

/// Writes a file again that nobody has open.
fn write_file_again(path: &Path) -> Result<(), StoreError> {
    let file = handle(path)?;
    // redb takes this lock too, so nobody opens it meanwhile.
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => StoreError::Held { path: path.to_owned() },
        TryLockError::Error(cause) => unopenable(path, &cause),
    })?;
    let file = FileBackend::new(file).map_err(|error| refused(path, error))?;
    write_again(&file).map_err(|cause| unopenable(path, &cause))
}

/// Makes an empty store. redb writes a new file in more than one step, and one that was begun and not ended opens
/// never again; so it is made under another name, and has its own once it is whole.
pub(super) fn make(data: &Path, path: &Path) -> Result<(), StoreError> {
    let unopenable = |cause: io::Error| unopenable(path, &cause);
    let begun = tempfile::Builder::new().prefix(".standing-").suffix(".redb").tempfile_in(data).map_err(unopenable)?;
    let database = Builder::new().create(begun.path()).map_err(|error| refused(path, error))?;
    prepare(&database, path)?;
    database.close().map_err(|error| refused(path, error))?;
    match begun.persist_noclobber(path) {
        Ok(_) => {}
        // Another process was as quick, and its store is as good.
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(unopenable(error.error)),
    }
    // The name is on the disk only when the folder is.
    File::open(data).and_then(|folder| folder.sync_all()).map_err(unopenable)
}

pub(super) fn unopenable(path: &Path, cause: &io::Error) -> StoreError {
    StoreError::Unopenable { path: path.to_owned(), cause: cause.to_string() }
}

pub(super) fn damaged(path: &Path) -> StoreError {
    StoreError::NotAStore { path: path.to_owned(), cause: "its pages are damaged".to_owned() }
}

fn refused(path: &Path, error: DatabaseError) -> StoreError {
    let path = path.to_owned();
    match error {
        DatabaseError::DatabaseAlreadyOpen => StoreError::Held { path },
        DatabaseError::Storage(StorageError::Io(cause)) if cause.kind() == io::ErrorKind::InvalidData => {
            StoreError::NotAStore { path, cause: "it was written by something else".to_owned() }
        }
        DatabaseError::Storage(StorageError::Io(cause)) => StoreError::Unopenable { path, cause: cause.to_string() },
        other => StoreError::NotAStore { path, cause: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_file_is_written_again_as_it_was_and_never_while_somebody_has_it_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("standing.redb");
        make(folder.path(), &path).unwrap();
        let before = std::fs::read(&path).unwrap();
        write_file_again(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), before);
        let opened = file(path.clone())().unwrap();
        assert!(matches!(write_file_again(&path), Err(StoreError::Held { .. })));
        drop(opened);
        write_file_again(&path).unwrap();
        file(path)().unwrap();
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["standing.redb"], "nothing else is left");
    }
}
