//! What a backup says is in it: every file with its length and its SHA-256, and the state of the store.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Write};
use std::path::Path;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::StoreHead;
use crate::pdp::archived::{FOLDER_NAME, named_after};
use crate::pdp::ledger_key::PUBLIC_NAME;
use crate::store::Store;

/// The file that says what is in a backup; it is written last.
pub(super) const MANIFEST: &str = "manifest.json";
/// The file with the sealed keys.
pub(super) const SEALED: &str = "keys.sealed";
/// The file of the store.
pub(super) const STORE: &str = Store::FILE_NAME;
/// The form of a backup that this program writes, and the newest it reads.
pub(super) const BACKUP_FORMAT: u32 = 1;
/// How much of a file is read at a time.
const PIECE_BYTES: usize = 256 * 1024;

/// Whether the keys are in a backup.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum KeysKept {
    /// They are, sealed with a passphrase.
    Sealed,
    /// They are not.
    LeftOut,
}

/// A file of a backup, as it has to be.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSum {
    /// How many bytes it has.
    pub bytes: u64,
    /// The SHA-256 of them, in hexadecimal.
    pub sha256: String,
}

/// What a backup says is in it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// The form of the backup.
    pub backup: u32,
    /// Whether the keys are in it.
    pub keys: KeysKept,
    /// The state of the store.
    pub store: StoreHead,
    /// Every file but this one, by its name in the backup.
    pub files: BTreeMap<String, FileSum>,
}

/// Is it the name of an archive file, below its folder?
pub(super) fn is_archive(name: &str) -> bool {
    let place = |text: &str| text.parse::<u64>().is_ok();
    let name = name.strip_prefix(FOLDER_NAME).and_then(|name| name.strip_prefix('/'));
    name.and_then(named_after).is_some_and(|(first, last)| place(first) && place(last))
}

impl Manifest {
    /// Why it cannot be that of a backup; nothing where it can.
    pub(super) fn fault(&self) -> Option<String> {
        let wanted = [Some(STORE), Some(PUBLIC_NAME), (self.keys == KeysKept::Sealed).then_some(SEALED)];
        let wanted: Vec<&str> = wanted.into_iter().flatten().collect();
        let archives = self.store.archives.iter().map(String::as_str);
        if let Some(missing) = wanted.iter().copied().chain(archives).find(|name| !self.files.contains_key(*name)) {
            return Some(format!("it does not name `{missing}`"));
        }
        // A name leads nowhere but to these: nothing is read or written outside the folder.
        let other = self
            .files
            .keys()
            .find(|name| !(wanted.contains(&name.as_str()) || is_archive(name) && self.store.archives.contains(name)));
        other.map(|name| format!("it names `{name}`, which belongs to no backup"))
    }
}

/// Copies a file and says what was copied.
pub(super) fn copied(from: &Path, mut to: impl Write) -> std::io::Result<FileSum> {
    let (mut file, mut digest, mut bytes) = (File::open(from)?, Sha256::new(), 0);
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = file.read(&mut piece)?;
        let Some(piece) = piece.get(..read).filter(|piece| !piece.is_empty()) else { break };
        digest.update(piece);
        bytes += piece.len() as u64;
        to.write_all(piece)?;
    }
    Ok(FileSum { bytes, sha256: HEXLOWER.encode(&digest.finalize()) })
}
