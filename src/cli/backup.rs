//! `standing backup` and `standing restore`: everything in a data directory, taken away whole and brought back.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use futures_util::StreamExt as _;
use http_body_util::BodyExt as _;
use hyper::Method;
use indicatif::ProgressBar;
use serde_json::json;

use super::data::Data;
use super::ended::{Ended, Failure};
use super::reach::{Client, Wanted, answered, terms, whole};
use super::rules_dir::RulesFlag;
use super::{print, settings};
use crate::clock::{SharedClock, System};
use crate::evidence::backup::{BackupFolder, KeysKept, KeysWanted, passphrase, restore};
use crate::publish;
use crate::random;

/// Write everything a data directory holds at one revision to a folder, beside a running server or without one.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: standing backup /backup/standing-monday --passphrase-file /root/standing-passphrase\n\nThe folder appears only once it is whole. It holds the store, its archive files, the\nkeys sealed with the passphrase, and `manifest.json` with the SHA-256 of each."
)]
pub(super) struct Backup {
    /// The folder to write; there is none of that name yet.
    folder: PathBuf,
    /// A file, readable by its owner alone, with the passphrase that the keys are sealed with.
    #[arg(long, value_name = "FILE", required_unless_present = "without_keys", conflicts_with = "without_keys")]
    passphrase_file: Option<PathBuf>,
    /// Leave the keys out: links already sent and the ledger's signature are lost unless the keys are kept elsewhere.
    #[arg(long)]
    without_keys: bool,
    #[command(flatten)]
    data: Data,
}

/// Bring a backup back into an empty data directory, once everything in it is verified.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: standing restore /backup/standing-monday --passphrase-file /root/standing-passphrase --data /var/lib/standing\n\nEvery file is held against its SHA-256, the ledger against its root and its signed\ncheckpoint, and every table against its journal, before anything is taken. A clock that is\nahead of everything in the store is taken for right."
)]
pub(super) struct Restore {
    /// The folder of the backup.
    folder: PathBuf,
    /// The data directory, which is empty or not there.
    #[arg(long, value_name = "DIR", default_value_os_t = settings::data())]
    data: PathBuf,
    /// A file, readable by its owner alone, with the passphrase that the keys are sealed with.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Print JSON, for machines.
    #[arg(long)]
    json: bool,
}

impl Backup {
    pub(super) async fn run(self) -> Result<Ended, Failure> {
        let keys = match &self.passphrase_file {
            Some(file) => KeysWanted::Sealed(passphrase(file)?),
            None => KeysWanted::LeftOut,
        };
        // What cannot be written is refused before anything is read.
        let folder = BackupFolder::begin(&self.folder)?;
        let mut store = folder.store()?;
        let client = Client::open(&self.data, Wanted::There).await?;
        let response = client.send(Method::GET, "/v1/backup", "application/json", whole("")).await?;
        if !response.status().is_success() {
            answered(response).await?;
            return Err(Failure::failed("nothing was backed up; try again"));
        }
        let bar = ProgressBar::new_spinner();
        bar.set_message("copying");
        let mut pieces = response.into_body().into_data_stream();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|error| {
                Failure::failed(format!("the copy was cut off: {error}; nothing was backed up, try again"))
            })?;
            bar.inc(piece.len() as u64);
            tokio::task::block_in_place(|| store.add(&piece))?;
        }
        let ended = || folder.end(store, &self.data.data, &keys, &random::System);
        let backed = tokio::task::block_in_place(ended)?;
        bar.finish_and_clear();
        let manifest = &backed.manifest;
        if self.data.json {
            print::json(&backed);
            return Ok(Ended::Good);
        }
        print::line(format_args!(
            "backed up revision {} and {} records, {} bytes, to `{}`; {}",
            manifest.store.revision,
            manifest.store.records,
            backed.bytes,
            backed.folder.display(),
            match manifest.keys {
                KeysKept::Sealed => "the keys are sealed: without the passphrase nothing in it can be restored",
                KeysKept::LeftOut => "the keys are not in it: keep `ledger.key` and `link-keys.json` elsewhere",
            }
        ));
        print::line(format_args!("root {} at size {}", manifest.store.root_hash, manifest.store.records));
        Ok(Ended::Good)
    }
}

impl Restore {
    pub(super) async fn run(self) -> Result<Ended, Failure> {
        let passphrase = self.passphrase_file.as_deref().map(passphrase).transpose()?;
        let clock: SharedClock = Arc::new(System);
        let terms = terms()?;
        let restored =
            tokio::task::block_in_place(|| restore(&self.folder, &self.data, passphrase.as_deref(), &clock))?;
        let (manifest, has_keys) = (&restored.manifest, restored.manifest.keys == KeysKept::Sealed);
        let files = || RulesFlag { rules: None }.files();
        if has_keys {
            publish::begin::accept_clock(&self.data, clock, files, terms).await.map_err(|error| {
                Failure::failed(format!("the backup is restored, and the clock was not accepted: {error}"))
            })?;
        }
        if self.json {
            print::line(json!({ "data": self.data, "manifest": manifest, "ledger": restored.ledger }));
            return Ok(Ended::Good);
        }
        print::line(format_args!(
            "restored revision {} and {} records to `{}`; the ledger is whole, root {}",
            manifest.store.revision,
            manifest.store.records,
            self.data.display(),
            manifest.store.root_hash
        ));
        if !has_keys {
            print::line(
                "the keys are not in it: bring `ledger.key` and `link-keys.json` back, or start once with `--new-keys` to give them up, and with `--accept-clock` where a start asks for it",
            );
        }
        Ok(Ended::Good)
    }
}
