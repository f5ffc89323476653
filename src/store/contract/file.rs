//! The file under the contract, on a disk that fails when it is told to.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::StoreError;
use super::super::file::Shared;
use super::super::redb_file::Store;
use super::opened::{Fault, Opened, time};
use crate::clock::Stopped;
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
