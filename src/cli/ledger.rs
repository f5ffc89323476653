//! `standing ledger`: verifies, exports, shows and archives what was decided.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use futures_util::StreamExt as _;
use http_body_util::BodyExt as _;
use hyper::Method;
use indicatif::{ProgressBar, ProgressStyle};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::lines::Lines;
use super::reach::{Reached, Wanted, answered, whole};
use super::replay::Replay;
use super::transfer::saved;
use super::{Data, Ended, Failure};
use crate::audit::{VerifierKey, Walked, verify_lines};

/// Verify, export, show, archive and replay the ledger of decisions.
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
    /// Move old records to archive files, which every command still reads.
    Archive(Archive),
    /// Decide again what was decided.
    Replay(Replay),
}

/// Hold every record against the ledger's tree and its signed checkpoints.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: standing ledger verify --file ledger.ndjson --key ledger.pub\n\nThe exit code is 0 when everything is as it was written and 2 when something is not."
)]
struct Verify {
    /// Verify an exported ledger, or an archive file, instead of a data directory.
    #[arg(long, value_name = "FILE", requires = "key")]
    file: Option<PathBuf>,
    /// The public key it must be signed with: a copy of `ledger.pub`.
    #[arg(long, value_name = "FILE", requires = "file")]
    key: Option<PathBuf>,
    /// A signed checkpoint that was kept elsewhere, to hold the file against.
    #[arg(long, value_name = "FILE", requires = "file")]
    checkpoint: Vec<PathBuf>,
    #[command(flatten)]
    data: Data,
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
    #[command(flatten)]
    data: Data,
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

fn named(path: &Path) -> impl Fn(std::io::Error) -> Failure + '_ {
    move |error| Failure::failed(format!("cannot use `{}`: {error}", path.display()))
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
            Action::Archive(archive) => archive.run().await,
            Action::Replay(replay) => replay.run().await,
        }
    }
}

impl Verify {
    async fn run(self) -> Result<Ended, Failure> {
        let walked = match (&self.file, &self.key) {
            (Some(file), Some(key)) => self.outside(file, key)?,
            _ => self.inside().await?,
        };
        if self.data.json {
            println!("{}", serde_json::to_string(&walked)?);
        } else {
            print!("{}", spoken(&walked));
        }
        Ok(if walked.whole { Ended::Good } else { Ended::Denied })
    }

    /// Has the ledger of a data directory walked by whoever holds it.
    async fn inside(&self) -> Result<Walked, Failure> {
        let reached = Reached::open(&self.data, Wanted::There).await?;
        let response = reached.send(Method::GET, "/v1/ledger/verification", "application/json", whole("")).await?;
        if !response.status().is_success() {
            answered(response).await?;
            return Err(Failure::failed("nothing was verified; try again"));
        }
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("verifying {wide_bar} {pos} of {len} records, {eta} left") {
            bar.set_style(style);
        }
        let mut pieces = response.into_body().into_data_stream();
        let mut lines = Lines::default();
        while let Some(piece) = pieces.next().await {
            for line in lines.add(&piece?)? {
                if let Some(result) = line.get("result") {
                    bar.finish_and_clear();
                    return Ok(serde_json::from_value(result.clone())?);
                }
                bar.set_length(line["of"].as_u64().unwrap_or_default());
                bar.set_position(line["walked"].as_u64().unwrap_or_default());
            }
        }
        Err(Failure::failed("the verification was cut off before its end; try again"))
    }

    /// Walks the ledger of a file with nothing but a public key.
    fn outside(&self, file: &Path, key_file: &Path) -> Result<Walked, Failure> {
        let key = std::fs::read_to_string(key_file).map_err(named(key_file))?;
        let key =
            VerifierKey::parse(&key).map_err(|error| Failure::failed(format!("`{}`: {error}", key_file.display())))?;
        let kept: Result<Vec<String>, Failure> =
            self.checkpoint.iter().map(|path| std::fs::read_to_string(path).map_err(named(path))).collect();
        let opened = File::open(file).map_err(named(file))?;
        let bar = ProgressBar::new_spinner();
        bar.set_message("verifying");
        let walked = verify_lines(BufReader::new(opened), &key, &kept?, |record| bar.set_position(record));
        bar.finish_and_clear();
        walked.map_err(|error| Failure::failed(format!("`{}`: {error}", file.display())))
    }
}

fn spoken(walked: &Walked) -> String {
    let mut said = String::new();
    for finding in &walked.findings {
        said.push_str(&finding.message);
        said.push('\n');
    }
    let mut counted = format!("{} records", walked.records + 1 - walked.first);
    if walked.archived > 0 {
        counted.push_str(&format!(", {} of them archived", walked.archived));
    }
    if walked.masked > 0 {
        counted.push_str(&format!(", {} lines masked (what is left of them cannot be checked)", walked.masked));
    }
    let signed = match walked.checkpoints {
        1 => "1 signed checkpoint agrees".to_owned(),
        many => format!("{many} signed checkpoints agree"),
    };
    said.push_str(&match walked.findings.first() {
        None => {
            format!("the ledger is whole: {counted}; {signed}; root {} at size {}\n", walked.root_hash, walked.records)
        }
        Some(first) => {
            format!("the ledger is not as it was written, from record {} on: {counted}; {signed}\n", first.seq)
        }
    });
    said
}

impl Export {
    async fn run(self) -> Result<Ended, Failure> {
        let reached = Reached::open(&self.data, Wanted::There).await?;
        let query = self.mask.as_deref().map(|mask| format!("?mask={}", encoded(mask))).unwrap_or_default();
        let path = format!("/v1/ledger/export{query}");
        let response = reached.send(Method::GET, &path, "application/json", whole("")).await?;
        let bytes = saved(response, &self.file).await?;
        let lines = BufReader::new(File::open(&self.file).map_err(named(&self.file))?).lines();
        let (mut records, mut guessable) = (0_u64, 0_u64);
        for line in lines.map_while(Result::ok).filter(|line| line.starts_with("{\"seq\":")) {
            records += 1;
            let head = line.split_once(",\"record\":").map_or("", |(head, _)| head);
            guessable += u64::from(head.contains("\"guessable\":true"));
        }
        if self.data.json {
            let told = json!({ "file": self.file, "records": records, "bytes": bytes, "guessable": guessable });
            println!("{told}");
        } else {
            if guessable > 0 {
                eprintln!(
                    "what is masked of {guessable} records can be guessed, and the guess tried against their hashes: they were written before records had a salt"
                );
            }
            println!(
                "exported {records} records to `{}`; verify them with `standing ledger verify --file {} --key {}`",
                self.file.display(),
                self.file.display(),
                self.data.data.join("ledger.pub").display()
            );
        }
        Ok(Ended::Good)
    }
}

impl Show {
    async fn run(self) -> Result<Ended, Failure> {
        let reached = Reached::open(&self.data, Wanted::There).await?;
        let record = reached.call(Method::GET, &format!("/v1/decisions/{}", self.seq), None).await?;
        if self.data.json {
            println!("{record}");
        } else {
            println!("{}", serde_json::to_string_pretty(&record)?);
        }
        Ok(Ended::Good)
    }
}

impl Archive {
    async fn run(self) -> Result<Ended, Failure> {
        let reached = Reached::open(&self.data, Wanted::There).await?;
        let path = format!("/v1/ledger/archive?older_than={}", encoded(&self.older_than));
        let archived = reached.call(Method::POST, &path, None).await?;
        if self.data.json {
            println!("{archived}");
            return Ok(Ended::Good);
        }
        println!("archived {} records", archived["records"]);
        for file in archived["files"].as_array().into_iter().flatten() {
            println!("{}  records {} to {}", file["file"].as_str().unwrap_or_default(), file["first"], file["last"]);
        }
        Ok(Ended::Good)
    }
}
