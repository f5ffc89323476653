//! The file under the contract, on a disk that fails when it is told to.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::super::StoreError;
use super::super::file::Shared;
use super::super::log::Log as _;
use super::super::redb_file::Store;
use super::opened::{Case, Fault, Opened, enter, named, time};
use crate::clock::Stopped;
use crate::id::Revision;
use crate::random::Same;

/// The file.
pub(super) struct FileLog {
    store: Store,
    disk: Disk,
}

/// A disk in memory; a clone is the same one.
#[derive(Clone, Default, Debug)]
struct Disk {
    bytes: Arc<Mutex<Vec<u8>>>,
    fault: Arc<Mutex<Option<Fault>>>,
}

impl Disk {
    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn trips(&self, over: Fault) -> io::Result<()> {
        let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        if *fault == Some(over) {
            *fault = None;
            return Err(io::Error::other("it fails"));
        }
        Ok(())
    }
}

impl redb::StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let (bytes, from) = (self.bytes(), usize::try_from(offset).map_err(io::Error::other)?);
        let found = bytes.get(from..from + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(found);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.trips(Fault::Write)?;
        self.bytes().resize(usize::try_from(length).map_err(io::Error::other)?, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.trips(Fault::Sync)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.trips(Fault::Write)?;
        let (mut bytes, from) = (self.bytes(), usize::try_from(offset).map_err(io::Error::other)?);
        let place = bytes.get_mut(from..from + data.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        place.copy_from_slice(data);
        Ok(())
    }
}

impl FileLog {
    fn over(disk: Disk) -> Result<Self, StoreError> {
        let bytes = disk.clone();
        let store = Store::over_with(move || bytes.clone(), Arc::new(Stopped::at(time(0)?)), Arc::new(Same))?;
        Ok(Self { store, disk })
    }
}

impl Opened for FileLog {
    type Log = Shared;

    fn new() -> Result<Self, StoreError> {
        Self::over(Disk::default())
    }

    fn log(&self) -> &Shared {
        self.store.shared()
    }

    fn fail_once(&self, fault: Fault) {
        *self.disk.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
    }

    fn again(self) -> Result<Self, StoreError> {
        let Self { store, disk } = self;
        drop(store);
        Self::over(disk)
    }
}

#[test]
fn a_revision_is_seen_when_nobody_is_given_the_present_of_before_any_more() -> Case {
    let opened = FileLog::new()?;
    let shared = opened.log();
    let newest = || Revision(shared.revision.load(Ordering::Acquire));
    enter(shared, named(1, "First")?)?;
    assert_eq!(shared.present()?.view().revision(), Revision(1));
    let present = shared.present.lock().unwrap_or_else(PoisonError::into_inner);
    thread::scope(|scope| {
        let second = scope.spawn(|| enter(shared, named(2, "Second")?));
        // On the disk, and held up where it is made known.
        while shared.head()?.revision != Revision(2) {
            thread::yield_now();
        }
        (0..1_000).for_each(|_| thread::yield_now());
        assert_eq!(newest(), Revision(1), "the present of before is there still");
        drop(present);
        second.join().unwrap_or(Err(StoreError::Closing))
    })?;
    assert_eq!((newest(), shared.present()?.view().revision()), (Revision(2), Revision(2)));
    Ok(())
}
