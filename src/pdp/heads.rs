//! The signed heads of the ledger that are kept elsewhere, and what a store is held against when it is opened.
//!
//! A store that was put back from an older copy is whole, and says nothing of what came after it. What was signed over
//! more records, or archived out of it, does; so do its own records, each of which names the entry of the journal that
//! was made with it.

use std::path::{Path, PathBuf};
use std::{fs, io};

use data_encoding::HEXLOWER;

use crate::audit::{Hash, Record, VerifierKey};
use crate::files::{PUBLIC, place, replace};
use crate::pdp::archived::{FOLDER_NAME, named_after};
use crate::store::{Store, StoreError};

/// The end of the name of a head.
const END: &str = ".checkpoint";
/// The end of the name of what was given up by hand.
const GIVEN_UP: &str = ".given-up";
/// How many of the newest records are looked at for those that name an entry of the journal.
const RECORDS_MAX: u64 = 1_000;
/// How many of those that name one are held against the journal; `standing ledger verify` holds all of them.
const NAMED_MAX: usize = 16;
/// How many of the newest entries of the journal are looked at for the one that a record names, besides those that
/// newer records named.
const ENTRIES_MAX: usize = 16;

/// The archive files of a data directory that hold records beyond so many, each with its last one.
fn archived_beyond(data: &Path, size: u64) -> Vec<(PathBuf, u64)> {
    let Ok(entries) = fs::read_dir(data.join(FOLDER_NAME)) else { return Vec::new() };
    let files = entries.filter_map(|entry| {
        let path = entry.ok()?.path();
        let last = named_after(path.file_name()?.to_str()?)?.1.parse().ok()?;
        Some((path, last))
    });
    files.filter(|(_, last)| *last > size).collect()
}

/// Why a store is not opened as it is.
#[derive(Debug, thiserror::Error)]
pub enum BehindError {
    /// Its journal lacks what its newest record names.
    #[error(
        "record {0} names an entry of the journal that is not there, so the store is not as it was written; run `standing ledger verify`, and bring back a backup"
    )]
    Journal(u64),
    /// More was signed or archived than there is.
    #[error("the store has {size} records and `{}` is of {signed}: the store is older than what was kept of it; bring back the newest one, or start once with `--accept-older` to give up what came after", path.display())]
    Older {
        /// What was kept.
        path: PathBuf,
        /// How many records there are.
        size: u64,
        /// How many there were.
        signed: u64,
    },
    /// Something else was signed.
    #[error("the first {size} records of the store are not those that `{}` was signed over: they were rewritten, or went another way from an older store; bring back the store it belongs to, or start once with `--accept-older` to give it up", path.display())]
    Forked {
        /// What was kept.
        path: PathBuf,
        /// How many records were signed.
        size: u64,
    },
    /// What was kept cannot be read.
    #[error("cannot use `{}`: {cause}; a store is not opened without what it has to be held against: mend it, or move it away", path.display())]
    Unusable {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        cause: String,
    },
}

/// A folder that signed heads are kept in, away from the store.
#[derive(Clone, Debug)]
pub(crate) struct Heads {
    folder: PathBuf,
}

fn name(origin: &str, size: u64) -> String {
    format!("{}-{size:020}{END}", origin.replace('/', "-"))
}

impl Heads {
    /// The heads of a folder, which is there: one that is not may be a disk that is not.
    pub(crate) fn in_folder(folder: &Path) -> Result<Self, BehindError> {
        let unusable = |cause: &str| BehindError::Unusable { path: folder.to_owned(), cause: cause.to_owned() };
        match fs::metadata(folder) {
            Ok(found) if found.is_dir() => Ok(Self { folder: folder.to_owned() }),
            Ok(_) => Err(unusable("it is no folder")),
            Err(error) => Err(unusable(&error.to_string())),
        }
    }

    /// Stores a signed head.
    pub(crate) fn keep(&self, origin: &str, size: u64, note: &str) -> io::Result<()> {
        replace(&self.folder.join(name(origin, size)), PUBLIC, note.as_bytes())
    }

    /// The heads of a ledger with these keys, the largest first.
    pub(crate) fn of(&self, keys: &[VerifierKey]) -> Result<Vec<(u64, PathBuf)>, BehindError> {
        let heads = self.all()?.into_iter().filter(|(size, entry)| is_of(keys, *size, entry));
        let mut heads: Vec<_> = heads.map(|(size, entry)| (size, self.folder.join(entry))).collect();
        heads.sort_unstable_by(|a, b| b.cmp(a));
        Ok(heads)
    }

    /// How many heads are of none of these keys.
    pub(crate) fn of_others(&self, keys: &[VerifierKey]) -> Result<usize, BehindError> {
        Ok(self.all()?.iter().filter(|(size, entry)| !is_of(keys, *size, entry)).count())
    }

    /// Every head, whoever's it is: how many records it is of, and the name of its file.
    fn all(&self) -> Result<Vec<(u64, String)>, BehindError> {
        let unusable = |cause: io::Error| BehindError::Unusable { path: self.folder.clone(), cause: cause.to_string() };
        let mut heads = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(unusable)? {
            let entry = entry.map_err(unusable)?.file_name();
            let Some(entry) = entry.to_str() else { continue };
            let size = entry.strip_suffix(END).and_then(|rest| rest.rsplit_once('-')?.1.parse::<u64>().ok());
            heads.extend(size.map(|size| (size, entry.to_owned())));
        }
        Ok(heads)
    }
}

/// Is the head with that name of a ledger with one of these keys?
fn is_of(keys: &[VerifierKey], size: u64, entry: &str) -> bool {
    keys.iter().any(|key| name(key.origin(), size) == entry)
}

/// What a store is held against when it is opened, besides itself.
pub(crate) struct Against<'a> {
    pub(crate) data: &'a Path,
    pub(crate) heads: Option<&'a Heads>,
    pub(crate) keys: &'a [VerifierKey],
}

impl Against<'_> {
    /// Holds a store against it: the files that are of more than the store has, or of something else, where that is
    /// accepted.
    ///
    /// # Errors
    /// A [`BehindError`] when the store is behind and that is not accepted, or is not whole.
    pub(crate) fn hold(&self, store: &Store, accepts: bool) -> Result<Vec<PathBuf>, HoldError> {
        let (ledger, journal) = store.ledger_and_journal()?;
        // Nothing can be answered where no record can be added to the tree, and that is said before anybody asks.
        let size = ledger.newest_peaks()?.size();
        let newest = (size.saturating_sub(RECORDS_MAX) + 1..=size).rev();
        let mut named = 0;
        for seq in newest {
            let Some(record) = ledger.record(seq)? else { break };
            if let Some(entry) = entry_of(&record) {
                if !journal.has_newest(&entry, named + ENTRIES_MAX)? {
                    return Err(BehindError::Journal(seq).into());
                }
                named += 1;
                // Either journal may have been cut off alone: that of the facts or that of the metadata.
                if named == NAMED_MAX {
                    break;
                }
            }
        }
        let mut given_up = Vec::new();
        let mut refuse = |path: &Path, error: BehindError| {
            given_up.push(path.to_owned());
            if accepts { Ok(()) } else { Err(error) }
        };
        for (path, signed) in archived_beyond(self.data, size) {
            refuse(&path, BehindError::Older { path: path.clone(), size, signed })?;
        }
        for (signed, path) in self.heads.map_or(Ok(Vec::new()), |heads| heads.of(self.keys))? {
            if signed > size {
                refuse(&path, BehindError::Older { path: path.clone(), size, signed })?;
                continue;
            }
            let unusable = |cause: String| BehindError::Unusable { path: path.clone(), cause };
            let note = fs::read_to_string(&path).map_err(|error| unusable(error.to_string()))?;
            let opened = self.keys.iter().find_map(|key| key.open(&note).ok());
            let opened = opened.filter(|opened| opened.size == signed);
            let opened =
                opened.ok_or_else(|| unusable("it is no checkpoint that the ledger's key signed".to_owned()))?;
            if ledger.peaks(signed)?.root() == opened.root {
                break;
            }
            refuse(&path, BehindError::Forked { path: path.clone(), size: signed })?;
        }
        Ok(given_up)
    }
}

/// Why a store cannot be held against what was kept of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HoldError {
    #[error(transparent)]
    Behind(#[from] BehindError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Gives files another name under which they say nothing any more.
pub(crate) fn give_up(paths: &[PathBuf]) -> io::Result<()> {
    for path in paths {
        let mut to = path.clone().into_os_string();
        to.push(GIVEN_UP);
        place(path, Path::new(&to))?;
    }
    Ok(())
}

/// The entry of the journal that a record names.
pub(crate) fn entry_of(record: &[u8]) -> Option<Hash> {
    const MEMBER: &[u8] = b"\"entry\":\"";
    // Hardly any record has one, and to read them all takes long.
    record.windows(MEMBER.len()).any(|window| window == MEMBER).then_some(())?;
    HEXLOWER.decode(Record::from_bytes(record).ok()?.entry()?.as_bytes()).ok()?.try_into().ok()
}
