//! A disk in memory that is told how to fail, and what is left of it when the power is cut.
//!
//! What redb asks of a disk: a byte is written or not; what was synced stays; a write changes nothing beside it. It
//! asks nothing of writes that were not synced: any of them, and any part of one, may be there after a cut, in
//! whatever order. So that is what is left here.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use standing::clock::SharedClock;
use standing::random::Same;
use standing::store::{Store, StoreError};

/// Something that was done to a disk.
#[derive(Clone)]
pub enum Op {
    Write(usize, Vec<u8>),
    Length(usize),
    Sync,
    /// A sync failed, and whatever waited for it is never written any more, though it reads as if it were.
    Forgotten,
}

/// What goes wrong, once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// A write or a change of length fails, and nothing of it is done.
    Write,
    /// Half of a write is done, and it fails.
    HalfWrite,
    /// A sync fails; what waits for it is done by the next.
    Sync,
    /// A sync fails, and what waits for it is forgotten, as the page cache of Linux does.
    ForgetfulSync,
}

#[derive(Default)]
struct Platter {
    bytes: Vec<u8>,
    log: Vec<Op>,
    /// What goes wrong, after how many more that go well.
    fault: Option<(Fault, usize)>,
    /// How many bytes there is room for.
    room: Option<usize>,
    is_broken: bool,
}

/// A disk; a clone is the same one.
#[derive(Clone, Default)]
pub struct Disk(Arc<Mutex<Platter>>);

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Disk")
    }
}

impl Disk {
    pub fn of(bytes: Vec<u8>) -> Self {
        let disk = Self::default();
        disk.platter().bytes = bytes;
        disk
    }

    fn platter(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap()
    }

    pub fn store(&self, clock: &SharedClock) -> Result<Store, StoreError> {
        let disk = self.clone();
        Store::over_with(move || disk.clone(), Arc::clone(clock), Arc::new(Same))
    }

    /// What it reads as, which is what is left when only the process dies.
    pub fn bytes(&self) -> Vec<u8> {
        self.platter().bytes.clone()
    }

    /// How many things were done to it.
    pub fn done(&self) -> usize {
        self.platter().log.len()
    }

    pub fn log(&self) -> Vec<Op> {
        self.platter().log.clone()
    }

    /// After `well` more that go well, something goes wrong once.
    pub fn fails_once(&self, fault: Fault, well: usize) {
        self.platter().fault = Some((fault, well));
    }

    /// Nothing goes wrong any more; did it?
    pub fn mend(&self) -> bool {
        self.platter().fault.take().is_none()
    }

    /// Has room for so many bytes, or for any number.
    pub fn has_room(&self, room: Option<usize>) {
        self.platter().room = room;
    }

    /// Fails everything, or nothing any more.
    pub fn is_broken(&self, is_broken: bool) {
        self.platter().is_broken = is_broken;
    }
}

impl Platter {
    /// Does what is about to be done go wrong?
    fn trips(&mut self, over: &[Fault]) -> Option<Fault> {
        let (fault, well) = self.fault.as_mut().filter(|(fault, _)| over.contains(fault))?;
        if *well == 0 {
            let fault = *fault;
            self.fault = None;
            return Some(fault);
        }
        *well -= 1;
        None
    }

    fn is_usable(&self) -> io::Result<()> {
        if self.is_broken { Err(broken()) } else { Ok(()) }
    }

    fn fits(&self, length: usize) -> io::Result<()> {
        match self.room {
            Some(room) if length > room => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(()),
        }
    }

    fn put(&mut self, op: Op) {
        apply(&mut self.bytes, &op);
        self.log.push(op);
    }
}

fn broken() -> io::Error {
    io::Error::other("the disk is broken")
}

pub fn apply(bytes: &mut Vec<u8>, op: &Op) {
    match op {
        Op::Write(offset, data) => {
            let end = offset + data.len();
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            bytes[*offset..end].copy_from_slice(data);
        }
        Op::Length(length) => bytes.resize(*length, 0),
        Op::Sync | Op::Forgotten => {}
    }
}

/// What is on the disk for certain after all this.
pub fn durable(mut bytes: Vec<u8>, log: &[Op]) -> Vec<u8> {
    let mut waiting = Vec::new();
    for op in log {
        match op {
            Op::Sync => waiting.drain(..).for_each(|op| apply(&mut bytes, op)),
            Op::Forgotten => waiting.clear(),
            op => waiting.push(op),
        }
    }
    bytes
}

impl redb::StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        let platter = self.platter();
        platter.is_usable()?;
        Ok(platter.bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).unwrap();
        let platter = self.platter();
        platter.is_usable()?;
        let read = platter.bytes.get(offset..offset + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(read);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).unwrap();
        let mut platter = self.platter();
        platter.is_usable()?;
        platter.fits(length)?;
        if platter.trips(&[Fault::Write, Fault::HalfWrite]).is_some() {
            return Err(broken());
        }
        platter.put(Op::Length(length));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut platter = self.platter();
        platter.is_usable()?;
        match platter.trips(&[Fault::Sync, Fault::ForgetfulSync]) {
            None => platter.put(Op::Sync),
            Some(fault) => {
                if fault == Fault::ForgetfulSync {
                    platter.put(Op::Forgotten);
                }
                return Err(broken());
            }
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).unwrap();
        let mut platter = self.platter();
        platter.is_usable()?;
        platter.fits(offset + data.len())?;
        match platter.trips(&[Fault::Write, Fault::HalfWrite]) {
            None => platter.put(Op::Write(offset, data.to_vec())),
            Some(fault) => {
                if fault == Fault::HalfWrite {
                    platter.put(Op::Write(offset, data[..data.len() / 2].to_vec()));
                }
                return Err(broken());
            }
        }
        Ok(())
    }
}
