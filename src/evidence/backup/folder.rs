//! Writing a backup: under another name, synced, and under its own once it is whole.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde::Serialize;
use tempfile::TempDir;

use super::manifest::{BACKUP_FORMAT, FileSum, KeysKept, MANIFEST, Manifest, SEALED, STORE, copied, is_archive};
use super::seal::{SealError, Secrets, seal};
use super::{FileError, StoreHead, of_file};
use crate::files::{FilesError, SECRET, check_secret, create};
use crate::limits::PASSPHRASE_LENGTH_MIN;
use crate::pdp::archived::FOLDER_NAME;
use crate::pdp::ledger_key::{PRIVATE_NAME, PUBLIC_NAME};
use crate::pdp::links::FILE_NAME;
use crate::random::Random;
use crate::store::{CopyError, StoreWriter};

/// Why there is no passphrase.
#[derive(Debug, thiserror::Error)]
pub enum PassphraseError {
    /// Others can read it.
    #[error(transparent)]
    Unsafe(#[from] FilesError),
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is too short.
    #[error("the passphrase in `{}` has fewer than {PASSPHRASE_LENGTH_MIN} bytes; take a longer one", path.display())]
    TooShort {
        /// The file.
        path: PathBuf,
    },
}

/// Reads a passphrase: what a file holds that nobody else can read, without the line's end.
///
/// # Errors
/// A [`PassphraseError`].
pub fn passphrase(path: &Path) -> Result<Vec<u8>, PassphraseError> {
    check_secret(path)?;
    let text = fs::read(path).map_err(of_file(path))?;
    let text = text.trim_ascii_end();
    if text.len() < PASSPHRASE_LENGTH_MIN {
        return Err(PassphraseError::TooShort { path: path.to_owned() });
    }
    Ok(text.to_vec())
}

/// What becomes of the keys.
pub enum KeysWanted {
    /// They are sealed with this passphrase.
    Sealed(Vec<u8>),
    /// They are left out.
    LeftOut,
}

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Something stands where it is to be.
    #[error("`{}` is there already; name a folder that is not", path.display())]
    There {
        /// The folder.
        path: PathBuf,
    },
    /// The folder has no name.
    #[error("`{}` names no folder; name one that is not there yet", path.display())]
    NoName {
        /// The folder.
        path: PathBuf,
    },
    /// A file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// The store cannot be copied.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// The keys cannot be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A file that the store knows is no archive file.
    #[error("the store names the archive file `{0}`, which is none; run `standing ledger verify`")]
    NoArchive(String),
}

/// A backup that was made.
#[derive(Clone, Debug, Serialize)]
pub struct Backed {
    /// The folder.
    pub folder: PathBuf,
    /// What is in it.
    pub manifest: Manifest,
    /// How many bytes it has.
    pub bytes: u64,
}

/// A backup that is being written; what was written goes when it is dropped before its end.
pub struct BackupFolder {
    to: PathBuf,
    parent: PathBuf,
    part: TempDir,
}

impl BackupFolder {
    /// Begins a backup that is to be the folder `to`.
    ///
    /// # Errors
    /// `BackupError::There` when there is something of that name.
    pub fn begin(to: &Path) -> Result<Self, BackupError> {
        if to.symlink_metadata().is_ok() {
            return Err(BackupError::There { path: to.to_owned() });
        }
        let name = to.file_name().ok_or_else(|| BackupError::NoName { path: to.to_owned() })?;
        let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
        let prefix = format!(".{}.", name.to_string_lossy());
        let mut part = tempfile::Builder::new();
        let part = part.prefix(&prefix).suffix(".part").permissions(Permissions::from_mode(0o700)).tempdir_in(&parent);
        Ok(Self { to: to.to_owned(), part: part.map_err(of_file(&parent))?, parent })
    }

    /// The file of the store, to be written.
    ///
    /// # Errors
    /// [`CopyError`] when it cannot be.
    pub fn store(&self) -> Result<StoreWriter, CopyError> {
        StoreWriter::new(&self.part.path().join(STORE))
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<FileSum, FileError> {
        let path = self.part.path().join(name);
        let written = create(&path, SECRET).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        written.map_err(of_file(&path))?;
        copied(&path, io::sink()).map_err(of_file(&path))
    }

    /// Ends a backup of the data directory `data`, whose store was copied into it.
    ///
    /// # Errors
    /// A `BackupError`; then there is no backup.
    pub fn end(
        self,
        store: StoreWriter,
        data: &Path,
        keys: &KeysWanted,
        random: &dyn Random,
    ) -> Result<Backed, BackupError> {
        let head = store.end(StoreHead::read)?;
        let part = self.part.path().to_owned();
        let mut files = BTreeMap::new();
        let path = part.join(STORE);
        let sum = copied(&path, io::sink()).map_err(of_file(&path))?;
        let kept = match keys {
            KeysWanted::LeftOut => KeysKept::LeftOut,
            KeysWanted::Sealed(passphrase) => {
                // They are read after the store: of its keys none is missing then, and one that came since does no harm.
                let read = |name: &str| {
                    let path = data.join(name);
                    fs::read_to_string(&path).map_err(of_file(&path))
                };
                let secrets = Secrets { ledger_key: read(PRIVATE_NAME)?, link_keys: read(FILE_NAME)? };
                let sealed = seal(&secrets, &sum.sha256, passphrase, random)?;
                files.insert(SEALED.to_owned(), self.put(SEALED, &sealed)?);
                KeysKept::Sealed
            }
        };
        files.insert(STORE.to_owned(), sum);
        files.insert(PUBLIC_NAME.to_owned(), self.put(PUBLIC_NAME, format!("{}\n", head.key).as_bytes())?);
        if !head.archives.is_empty() {
            let folder = part.join(FOLDER_NAME);
            DirBuilder::new().mode(0o700).create(&folder).map_err(of_file(&folder))?;
            for name in &head.archives {
                if !is_archive(name) {
                    return Err(BackupError::NoArchive(name.clone()));
                }
                let (from, to) = (data.join(name), part.join(name));
                let file = create(&to, SECRET).map_err(of_file(&to))?;
                files.insert(name.clone(), copied(&from, &file).map_err(of_file(&from))?);
                file.sync_all().map_err(of_file(&to))?;
            }
            synced(&folder)?;
        }
        let manifest = Manifest { backup: BACKUP_FORMAT, keys: kept, store: head, files };
        let text = serde_json::to_vec_pretty(&manifest).map_err(|error| of_file(&part)(io::Error::other(error)))?;
        self.put(MANIFEST, &text)?;
        synced(&part)?;
        renameat_with(CWD, &part, CWD, &self.to, RenameFlags::NOREPLACE).map_err(|error| match error {
            rustix::io::Errno::EXIST => BackupError::There { path: self.to.clone() },
            error => of_file(&self.to)(error.into()).into(),
        })?;
        // It has its own name now.
        let _ = self.part.keep();
        synced(&self.parent)?;
        let bytes = manifest.files.values().map(|file| file.bytes).sum();
        Ok(Backed { folder: self.to, manifest, bytes })
    }
}

/// Has the names in a folder on the disk.
pub(super) fn synced(folder: &Path) -> Result<(), FileError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(of_file(folder))
}
