//! `standing ledger`: verifies, exports, finds, shows, proves and archives what was decided.

mod named;
mod find;
mod ocsf;
mod prove;
mod verify;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use hyper::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::data::Data;
use super::ended::{Ended, Failure};
use super::print;
use super::reach::{Client, Wanted, whole};
use super::replay::Replay;
use super::transfer::saved;
use crate::audit::{ExportLine, MissingLine, read_line};
use find::Find;
use named::named;
use prove::Prove;
use verify::Verify;

/// Verify, export, find, show, prove, archive and replay the ledger of decisions.
#[derive(Debug, Args)]
#[command(after_help = "Example: standing ledger verify")]
pub(super) struct LedgerCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Hold every record against the ledger's tree and its signed checkpoints.
    Verify(Verify),
    /// Write the ledger to a file that an outsider can verify with `ledger.pub` alone.
    Export(Export),
    /// Print the record of a decision.
    Show(Show),
    /// Tell the records for which everything holds that is given.
    Find(Box<Find>),
    /// Write a record with the proof that it is in the ledger to a file.
    Prove(Prove),
    /// Move old records to archive files, which every command still reads.
    Archive(Archive),
    /// Decide again what was decided.
    Replay(Replay),
}

/// Write the ledger to a file that an outsider can verify with `ledger.pub` alone.
#[derive(Debug, Args)]
#[command(after_help = "Example: standing ledger export ledger.ndjson --mask caller,facts")]
struct Export {
    /// The file to write; it appears only once it is whole.
    file: PathBuf,
    /// What every record is to leave out wherever it is named: any of caller, person, proof, requestId, trace,
    /// question, subject, action, resource, context, about, claimed, facts, results.
    #[arg(long, value_name = "FIELD,..")]
    mask: Option<String>,
    /// The form of the file: lines that can be verified, or events of OCSF (API Activity), which cannot.
    #[arg(long, value_name = "FORM", default_value = "lines")]
    format: ExportForm,
    #[command(flatten)]
    data: Data,
}

/// In which form a ledger is exported.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
enum ExportForm {
    /// Our own, which an outsider verifies.
    #[default]
    Lines,
    /// Events of OCSF 1.3.0, class 6003.
    Ocsf,
}

/// Print the record of a decision.
#[derive(Debug, Args)]
#[command(after_help = "Example: standing ledger show 12")]
struct Show {
    /// Its place in the ledger, as `Standing-Decision` said.
    seq: u64,
    #[command(flatten)]
    data: Data,
}

/// Move old records to archive files, which every command still reads.
#[derive(Debug, Args)]
#[command(after_help = "Example: standing ledger archive --older-than 90d")]
struct Archive {
    /// How old a record must be, for example `90d`.
    #[arg(long, value_name = "AGE")]
    older_than: String,
    #[command(flatten)]
    data: Data,
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

impl LedgerCommand {
    pub(super) async fn run(self) -> Result<Ended, Failure> {
        match self.action {
            Action::Verify(verify) => verify.run().await,
            Action::Export(export) => export.run().await,
            Action::Show(show) => show.run().await,
            Action::Find(find) => find.run().await,
            Action::Prove(prove) => prove.run().await,
            Action::Archive(archive) => archive.run().await,
            Action::Replay(replay) => replay.run().await,
        }
    }
}

impl Export {
    async fn run(self) -> Result<Ended, Failure> {
        let client = Client::open(&self.data, Wanted::There).await?;
        let query = self.mask.as_deref().map(|mask| format!("?mask={}", encoded(mask))).unwrap_or_default();
        let path = format!("/v1/ledger/export{query}");
        let response = client.send(Method::GET, &path, "application/json", whole("")).await?;
        let own = match self.format {
            ExportForm::Lines => self.file.clone(),
            ExportForm::Ocsf => {
                let mut own = self.file.clone().into_os_string();
                own.push(".lines");
                PathBuf::from(own)
            }
        };
        let mut bytes = saved(response, &own).await?;
        let Written { records, guessable, missing } = Written::of(&own)?;
        if self.format == ExportForm::Ocsf {
            let made = ocsf::events(&own, &self.file);
            std::fs::remove_file(&own).map_err(named(&own))?;
            made?;
            bytes = std::fs::metadata(&self.file).map_err(named(&self.file))?.len();
        }
        if self.data.json {
            print::line(json!({
                "file": self.file, "records": records, "bytes": bytes, "guessable": guessable, "missing": missing,
            }));
        } else {
            if guessable > 0 {
                print::error(format_args!(
                    "what is masked of {guessable} records can be guessed, and the guess tried against their hashes: they were written before records had a salt"
                ));
            }
            match self.format {
                ExportForm::Ocsf => print::line(format_args!("exported {records} events to `{}`", self.file.display())),
                ExportForm::Lines => print::line(format_args!(
                    "exported {records} records to `{}`; verify them with `standing ledger verify --file {} --key {}`",
                    self.file.display(),
                    self.file.display(),
                    self.data.data.join("ledger.pub").display()
                )),
            }
            for (why, seqs) in &missing {
                print::line(format_args!("it is not complete: {} records are missing, {why}", seqs.len()));
            }
        }
        Ok(if missing.is_empty() { Ended::Good } else { Ended::Denied })
    }
}

/// What stands in an export.
#[derive(Default)]
struct Written {
    records: u64,
    /// Of how many records what is masked can be guessed.
    guessable: u64,
    /// The records that are missing, by the reason.
    missing: BTreeMap<String, Vec<u64>>,
}

impl Written {
    fn of(file: &Path) -> Result<Self, Failure> {
        let mut written = Self::default();
        for line in BufReader::new(File::open(file).map_err(named(file))?).lines() {
            let line = line.map_err(named(file))?;
            if !line.starts_with("{\"seq\":") {
                continue;
            }
            // What is not the record itself stands before it, and the line of one that is missing has none.
            match line.split_once(",\"record\":") {
                Some((head, _)) => written.guessable += u64::from(head.contains("\"guessable\":true")),
                None => {
                    if let Ok(ExportLine::Missing(MissingLine { seq, missing, .. })) = read_line(&line) {
                        written.missing.entry(missing).or_default().push(seq);
                        continue;
                    }
                }
            }
            written.records += 1;
        }
        Ok(written)
    }
}

impl Show {
    async fn run(self) -> Result<Ended, Failure> {
        let client = Client::open(&self.data, Wanted::There).await?;
        let record = client.call(Method::GET, &format!("/v1/decisions/{}", self.seq), None).await?;
        if self.data.json {
            print::line(&record);
        } else {
            print::line(serde_json::to_string_pretty(&record)?);
        }
        Ok(Ended::Good)
    }
}

impl Archive {
    async fn run(self) -> Result<Ended, Failure> {
        let client = Client::open(&self.data, Wanted::There).await?;
        let path = format!("/v1/ledger/archive?older_than={}", encoded(&self.older_than));
        let archived = client.call(Method::POST, &path, None).await?;
        if self.data.json {
            print::line(&archived);
            return Ok(Ended::Good);
        }
        print::line(format_args!("archived {} records", archived["records"]));
        for file in archived["files"].as_array().into_iter().flatten() {
            print::line(format_args!(
                "{}  records {} to {}",
                file["file"].as_str().unwrap_or_default(),
                file["first"],
                file["last"]
            ));
        }
        Ok(Ended::Good)
    }
}
