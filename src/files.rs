//! Files that belong to the user who runs this: newly created, readable by nobody else, and refused where others may
//! write.
//!
//! A data directory that others may write, or a key that others may read, is as good as published; so it is refused, as
//! ssh does, with what is to be run.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::statvfs;
use rustix::process::geteuid;

/// The mode of a file that holds a secret.
pub const SECRET: u32 = 0o600;
/// The mode of a file that anybody may read.
pub const PUBLIC: u32 = 0o644;

const OTHERS_WRITE: u32 = 0o022;
const OTHERS: u32 = 0o077;
const PERMISSIONS: u32 = 0o7777;
const ROOT: u32 = 0;

/// Why a file or folder is not used as it is.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// Others may change what is in it.
    #[error("`{}` may be written by others (mode {mode:04o}), so nothing in it can be trusted; look at what is in it, then run `chmod go-w {}`", path.display(), path.display())]
    OthersMayWrite {
        /// The file or folder.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Others may read the secret in it.
    #[error("`{}` holds a secret and may be read or written by others (mode {mode:04o}); run `chmod 600 {}`, and replace the secret if somebody else may have it", path.display(), path.display())]
    OthersMayRead {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It belongs to another user, who may change it.
    #[error("`{}` belongs to user {owner}, and this runs as user {user}; run `chown {user} {}`, or run as its owner", path.display(), path.display())]
    OfAnother {
        /// The file or folder.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// Who runs this.
        user: u32,
    },
    /// It cannot be looked at.
    #[error("cannot look at `{}`: {cause}", path.display())]
    Unusable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
}

fn looked_at(path: &Path) -> Result<Option<Metadata>, FilesError> {
    match fs::metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(FilesError::Unusable { path: path.to_owned(), cause }),
    }
}

/// Refuses a file or folder that somebody else may write; one that is not there is nobody's.
///
/// # Errors
/// A [`FilesError`] that says what is to be run.
pub fn check_writers(path: &Path) -> Result<(), FilesError> {
    let Some(found) = looked_at(path)? else { return Ok(()) };
    let (mode, owner, user) = (found.mode() & PERMISSIONS, found.uid(), geteuid().as_raw());
    let path = || path.to_owned();
    if owner != user && owner != ROOT {
        return Err(FilesError::OfAnother { path: path(), owner, user });
    }
    if mode & OTHERS_WRITE != 0 {
        return Err(FilesError::OthersMayWrite { path: path(), mode });
    }
    Ok(())
}

/// Refuses a file with a secret that somebody else may read or write; one that is not there holds none.
///
/// # Errors
/// A [`FilesError`] that says what is to be run.
pub fn check_secret(path: &Path) -> Result<(), FilesError> {
    let Some(found) = looked_at(path)? else { return Ok(()) };
    let mode = found.mode() & PERMISSIONS;
    if mode & OTHERS != 0 {
        return Err(FilesError::OthersMayRead { path: path.to_owned(), mode });
    }
    check_writers(path)
}

/// The disk that a folder is on.
#[derive(Clone, Copy, Debug)]
pub struct Disk {
    /// How many bytes it has left for whoever runs this.
    pub free: u64,
    /// How many bytes it holds.
    pub size: u64,
}

/// The disk of a folder; nothing where the system does not say.
#[must_use]
pub fn disk_of(folder: &Path) -> Option<Disk> {
    let disk = statvfs(folder).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
    Some(Disk { free: bytes(disk.f_bavail), size: bytes(disk.f_blocks) })
}

/// Makes a file that is not there yet: what an earlier run left under the name is removed, and no link is followed.
///
/// # Errors
/// What the system says.
pub fn create(path: &Path, mode: u32) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
}

/// Writes a temporary file and renames it, so that a crash leaves the old file or the whole new one.
///
/// # Errors
/// What the system says; then what was there still is.
pub fn replace(path: &Path, mode: u32, text: &[u8]) -> io::Result<()> {
    let mut temporary = path.to_owned().into_os_string();
    temporary.push(".new");
    let temporary = PathBuf::from(temporary);
    let mut file = create(&temporary, mode)?;
    file.write_all(text)?;
    file.sync_all()?;
    place(&temporary, path)
}

/// Moves a file that is whole to its place, where it is on the disk once this returns.
///
/// # Errors
/// What the system says.
pub fn place(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
