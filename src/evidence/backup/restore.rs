//! Bringing a backup back: everything is verified before anything is taken, into a data directory that is empty.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder};
use std::io::{self, Read as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::folder::synced;
use super::manifest::{BACKUP_FORMAT, KeysKept, MANIFEST, Manifest, SEALED, STORE, copied};
use super::seal::{SealError, Secrets, open};
use super::{FileError, of_file};
use crate::audit::{LedgerKey, VerifierKey, Walked};
use crate::clock::SharedClock;
use crate::evidence::ledger::{Archive, LedgerWalk};
use crate::files::{PUBLIC, SECRET, create, replace};
use crate::limits::BACKUP_MANIFEST_BYTES_MAX;
use crate::pdp::PdpError;
use crate::pdp::archived::FOLDER_NAME;
use crate::pdp::ledger_key::{PRIVATE_NAME, PUBLIC_NAME};
use crate::pdp::links::FILE_NAME;
use crate::pdp::opening::{self, Opening, RESTORING};
use crate::store::StoreError;

/// Why a backup is not brought back. Nothing was written, but for [`RestoreError::CutOff`].
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// It is no backup.
    #[error("`{}` is no backup: {cause}; nothing was restored", path.display())]
    NotABackup {
        /// The folder.
        path: PathBuf,
        /// Why not.
        cause: String,
    },
    /// A newer program wrote it.
    #[error("the backup has form {found}, and this program reads up to {BACKUP_FORMAT}; use a newer standing")]
    Newer {
        /// The form it has.
        found: u32,
    },
    /// Something is there.
    #[error("`{}` is not empty; restore into a data directory that is, and move this one away first", path.display())]
    NotEmpty {
        /// The data directory.
        path: PathBuf,
    },
    /// A file is not what the manifest says.
    #[error("`{file}` is not the file that was backed up: {cause}; nothing was restored, take another backup")]
    Altered {
        /// The file.
        file: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The keys are sealed.
    #[error("the keys in this backup are sealed; name the file with their passphrase with `--passphrase-file`")]
    NoPassphrase,
    /// There are no keys, and a passphrase for them.
    #[error(
        "this backup says that its keys were left out, and a passphrase was given for them; if that is right, leave `--passphrase-file` out and put the keys there by hand"
    )]
    NoKeys,
    /// The keys cannot be opened.
    #[error("`{SEALED}`: {0}; nothing was restored")]
    Sealed(#[from] SealError),
    /// The store in it is not as it was written.
    #[error("the store in this backup is not as it was written: {0}; nothing was restored, take another backup")]
    NotWhole(String),
    /// The store in it cannot be opened.
    #[error("the store in this backup cannot be opened: {0}; nothing was restored")]
    Store(#[from] PdpError),
    /// A file cannot be used.
    #[error("{0}; nothing was restored")]
    File(#[from] FileError),
    /// It was verified and could not be put in its place.
    #[error("{0}; the restore was cut off: remove everything in the data directory and restore again")]
    CutOff(FileError),
}

impl From<StoreError> for RestoreError {
    fn from(error: StoreError) -> Self {
        Self::NotWhole(error.to_string())
    }
}

/// A backup that was brought back.
#[derive(Debug, Serialize)]
pub struct Restored {
    /// What it says is in it.
    pub manifest: Manifest,
    /// What the verification of the ledger came to.
    pub ledger: Walked,
}

/// The folder inside the data directory in which everything is verified; gone when it is dropped.
struct Staging {
    folder: PathBuf,
    /// The data directory, where it was made for this.
    made: Option<PathBuf>,
}

impl Drop for Staging {
    fn drop(&mut self) {
        // What is left makes the data directory one that is not empty, which the next attempt says.
        let _ = fs::remove_dir_all(&self.folder);
        if let Some(made) = &self.made {
            let _ = fs::remove_dir(made);
        }
    }
}

impl Staging {
    fn in_empty(data: &Path) -> Result<Self, RestoreError> {
        let made = match fs::read_dir(data) {
            Ok(mut entries) => match entries.next() {
                None => None,
                Some(_) => return Err(RestoreError::NotEmpty { path: data.to_owned() }),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some(data.to_owned()),
            Err(error) => return Err(of_file(data)(error).into()),
        };
        DirBuilder::new().recursive(true).mode(0o700).create(data).map_err(of_file(data))?;
        let staging = Self { folder: data.join(RESTORING), made };
        DirBuilder::new().mode(0o700).create(&staging.folder).map_err(of_file(&staging.folder))?;
        Ok(staging)
    }
}

fn manifest(from: &Path) -> Result<Manifest, RestoreError> {
    let not_a_backup = |cause: String| RestoreError::NotABackup { path: from.to_owned(), cause };
    let mut text = Vec::new();
    let path = from.join(MANIFEST);
    // One that is a pipe would be waited for.
    let is_file = fs::symlink_metadata(&path).map(|found| found.is_file());
    let file = is_file
        .and_then(|is_file| if is_file { fs::File::open(path) } else { Err(io::ErrorKind::InvalidInput.into()) });
    let read = file.and_then(|file| file.take(BACKUP_MANIFEST_BYTES_MAX + 1).read_to_end(&mut text));
    let read = read.map_err(|error| not_a_backup(format!("its `{MANIFEST}` cannot be read: {error}")))?;
    if read as u64 > BACKUP_MANIFEST_BYTES_MAX {
        return Err(not_a_backup(format!("its `{MANIFEST}` is too long")));
    }
    let form = |value: serde_json::Value| value.get("backup").and_then(serde_json::Value::as_u64);
    let found = serde_json::from_slice(&text).ok().and_then(form).and_then(|found| u32::try_from(found).ok());
    if let Some(found) = found.filter(|found| *found > BACKUP_FORMAT) {
        return Err(RestoreError::Newer { found });
    }
    let manifest: Manifest =
        serde_json::from_slice(&text).map_err(|error| not_a_backup(format!("its `{MANIFEST}`: {error}")))?;
    match manifest.fault() {
        Some(fault) => Err(not_a_backup(format!("its `{MANIFEST}`: {fault}"))),
        None => Ok(manifest),
    }
}

/// Every name in a backup, those below its folder too.
fn names(from: &Path) -> io::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for (folder, before) in [(from.to_owned(), String::new()), (from.join(FOLDER_NAME), format!("{FOLDER_NAME}/"))] {
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !before.is_empty() => continue,
            entries => entries?,
        };
        for entry in entries {
            names.insert(format!("{before}{}", entry?.file_name().to_string_lossy()));
        }
    }
    names.remove(FOLDER_NAME);
    names.remove(MANIFEST);
    Ok(names)
}

/// Copies every file, each held against what the manifest says of it.
fn take(from: &Path, manifest: &Manifest, to: &Path) -> Result<(), RestoreError> {
    let altered = |file: &str, cause: &str| RestoreError::Altered { file: file.to_owned(), cause: cause.to_owned() };
    if let Some(stray) = names(from).map_err(of_file(from))?.into_iter().find(|name| !manifest.files.contains_key(name))
    {
        return Err(altered(&stray, "the manifest does not name it"));
    }
    if !manifest.store.archives.is_empty() {
        DirBuilder::new().mode(0o700).create(to.join(FOLDER_NAME)).map_err(of_file(to))?;
    }
    for (name, sum) in &manifest.files {
        let (source, target) = (from.join(name), to.join(name));
        let is_file = source.symlink_metadata().is_ok_and(|found| found.is_file());
        if !is_file {
            return Err(altered(name, "it is missing"));
        }
        let file = create(&target, SECRET).map_err(of_file(&target))?;
        let found = copied(&source, &file).map_err(of_file(&source))?;
        if found != *sum {
            return Err(altered(name, "its SHA-256 is another"));
        }
        file.sync_all().map_err(of_file(&target))?;
    }
    Ok(())
}

/// Opens the keys and puts them beside the store; the public key the ledger has to be signed with.
fn keys(manifest: &Manifest, passphrase: Option<&[u8]>, to: &Path) -> Result<VerifierKey, RestoreError> {
    let not_whole = |cause: &dyn std::fmt::Display| RestoreError::NotWhole(cause.to_string());
    let public_path = to.join(PUBLIC_NAME);
    let public = fs::read_to_string(&public_path).map_err(of_file(&public_path))?;
    let public = VerifierKey::parse(&public).map_err(|error| not_whole(&format!("`{PUBLIC_NAME}`: {error}")))?;
    if public.text() != manifest.store.key {
        return Err(not_whole(&format!("`{PUBLIC_NAME}` holds another key than its manifest names")));
    }
    replace(&public_path, PUBLIC, format!("{}\n", public.text()).as_bytes()).map_err(of_file(&public_path))?;
    let passphrase = match (manifest.keys, passphrase) {
        (KeysKept::LeftOut, None) => return Ok(public),
        // Whoever has a passphrase expects what was sealed with it, and the manifest is nobody's word.
        (KeysKept::LeftOut, Some(_)) => return Err(RestoreError::NoKeys),
        (_, None) => return Err(RestoreError::NoPassphrase),
        (_, Some(passphrase)) => passphrase,
    };
    let sealed_path = to.join(SEALED);
    let sealed = fs::read(&sealed_path).map_err(of_file(&sealed_path))?;
    let store = manifest.files.get(STORE).map_or("", |sum| sum.sha256.as_str());
    let Secrets { ledger_key, link_keys } = open(&sealed, store, passphrase)?;
    let private = LedgerKey::parse(&ledger_key).map_err(|error| not_whole(&format!("`{PRIVATE_NAME}`: {error}")))?;
    // Who knows the passphrase made the backup: what it is signed with is therefore the sealed key, whatever else says.
    if private.public().text() != public.text() {
        return Err(not_whole(&"its sealed key is not the one its ledger is signed with"));
    }
    for (name, text) in [(PRIVATE_NAME, ledger_key), (FILE_NAME, link_keys)] {
        replace(&to.join(name), SECRET, text.as_bytes()).map_err(of_file(&to.join(name)))?;
    }
    fs::remove_file(&sealed_path).map_err(of_file(&sealed_path))?;
    Ok(public)
}

/// Holds the store against everything the manifest says, and walks its whole ledger.
fn verify(manifest: &Manifest, folder: &Path, key: VerifierKey, clock: &SharedClock) -> Result<Walked, RestoreError> {
    let not_whole = |cause: String| RestoreError::NotWhole(cause);
    let store = opening::store(folder, clock, &Opening { accept_clock: true, ..Opening::default() })?;
    let known = store.known_keys()?.map(|known| known.ledger).unwrap_or_default();
    let copy = store.to_copy()?;
    let (view, journal) = store.ledger_and_journal()?;
    let (size, head) = (view.size()?, &manifest.store);
    let root = view.peaks(size)?.root();
    let signed = key.open(&head.checkpoint).map_err(|error| not_whole(format!("its checkpoint: {error}")))?;
    let is_signed = signed.size == size && signed.root == root;
    if !is_signed || (size, Some(root)) != (head.records, head.root()) {
        return Err(not_whole(format!(
            "its ledger is not that of {} records with the root signed for it",
            head.records
        )));
    }
    if (copy.revision, &copy.rules) != (head.revision, &head.rules) {
        return Err(not_whole("its revision or the rules in force are not those of its manifest".to_owned()));
    }
    let archives: Vec<String> = view.archives()?.into_iter().map(|(_, file)| file).collect();
    if archives != head.archives {
        return Err(not_whole("its archives are not those that its ledger names".to_owned()));
    }
    let keys = [key].into_iter().chain(known.iter().rev().filter_map(|key| VerifierKey::parse(key).ok())).collect();
    let archive = Archive::of(Some(folder), &view)?;
    // The store is open until the end of the walk.
    let walked = LedgerWalk::of(view, journal, archive, keys)?.end();
    match walked.findings.first() {
        Some(finding) => Err(not_whole(finding.message.clone())),
        None => Ok(walked),
    }
}

/// Brings a backup back into the data directory `data`, which is empty or not there.
///
/// # Errors
/// A [`RestoreError`]; then nothing was written, unless it says that the restore was cut off.
pub fn restore(
    from: &Path,
    data: &Path,
    passphrase: Option<&[u8]>,
    clock: &SharedClock,
) -> Result<Restored, RestoreError> {
    let manifest = manifest(from)?;
    let staging = Staging::in_empty(data)?;
    let folder = staging.folder.clone();
    take(from, &manifest, &folder)?;
    let key = keys(&manifest, passphrase, &folder)?;
    let ledger = verify(&manifest, &folder, key, clock)?;
    synced(&folder)?;
    let cut_off = |path: &Path| {
        let path = path.to_owned();
        move |cause| RestoreError::CutOff(of_file(&path)(cause))
    };
    // From here on what is written stays; the store comes last, and no server begins another one before it.
    std::mem::forget(staging);
    for name in [FOLDER_NAME, PUBLIC_NAME, PRIVATE_NAME, FILE_NAME, STORE] {
        let (from, to) = (folder.join(name), data.join(name));
        if from.exists() {
            fs::rename(&from, &to).map_err(cut_off(&to))?;
        }
    }
    synced(data).map_err(RestoreError::CutOff)?;
    fs::remove_dir_all(&folder).map_err(cut_off(&folder))?;
    synced(data).map_err(RestoreError::CutOff)?;
    Ok(Restored { manifest, ledger })
}
