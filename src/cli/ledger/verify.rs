//! `standing ledger verify`: a data directory, or an exported file, checked against what was signed.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use futures_util::StreamExt as _;
use http_body_util::BodyExt as _;
use hyper::Method;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::named::{key, named};
use super::prove::check;
use crate::audit::{
    Checkpoint, Fault, Finding, Hash, Peaks, VerifierKey, Walked, parse_hash, verify_consistency, verify_lines,
};
use crate::cli::data::Data;
use crate::cli::ended::{Ended, Failure};
use crate::cli::lines::Lines;
use crate::cli::print;
use crate::cli::reach::{Client, Wanted, answered, whole};
use crate::cli::settings::in_force;
use crate::clock::{SharedClock, System};
use crate::evidence::ledger::LedgerWalk;
use crate::pdp::heads::Heads;
use crate::pdp::opening;
use crate::store::Store;

/// How a finding begins that says only that something could not be asked.
const NOT_HELD: &str = "a kept checkpoint could not be held against the ledger";

/// Hold every record against the ledger's tree and its signed checkpoints, and every table against its journal.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples: standing ledger verify --checkpoint kept-elsewhere\n          standing ledger verify --file ledger.ndjson --key ledger.pub\n\nThe exit code is 0 when everything is as it was written and 2 when something is not."
)]
pub(super) struct Verify {
    /// Verify an exported ledger, or an archive file, instead of a data directory.
    #[arg(long, value_name = "FILE", requires = "key")]
    file: Option<PathBuf>,
    /// The public key it must be signed with: a copy of `ledger.pub` [default: that of the data directory]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Check the proof of one record, as `standing ledger prove` writes it, instead.
    #[arg(long, value_name = "FILE", requires = "key", conflicts_with_all = ["file", "checkpoint"])]
    proof: Option<PathBuf>,
    /// A signed checkpoint that was kept elsewhere, or a folder of them as `ledger.checkpoints_to` fills it, to hold the
    /// ledger against besides those of that setting; may be given several times.
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    #[command(flatten)]
    data: Data,
}

impl Verify {
    pub(super) async fn run(self) -> Result<Ended, Failure> {
        if let (Some(proof), Some(key)) = (&self.proof, &self.key) {
            return check(proof, key, self.data.json);
        }
        let walked = match (&self.file, &self.key) {
            (Some(file), Some(key)) => self.outside(file, key)?,
            (None, Some(_)) if self.checkpoint.is_empty() => {
                return Err(Failure::usage(
                    "`--key` says what a `--file`, a `--proof` or a `--checkpoint` is signed with; give one",
                ));
            }
            _ => self.inside().await?,
        };
        if self.data.json {
            print::json(&walked);
        } else {
            print::text(spoken(&walked));
        }
        Ok(if walked.whole { Ended::Good } else { Ended::Denied })
    }

    /// The checkpoints that were kept elsewhere; of a folder those that belong to a ledger with these keys.
    fn kept(&self, keys: &[VerifierKey]) -> Result<Vec<Kept>, Failure> {
        let mut kept = Vec::new();
        for path in &self.checkpoint {
            if !path.is_dir() {
                kept.push(Kept::read(path, None)?);
                continue;
            }
            let heads = heads(path, keys)?;
            if heads.is_empty() {
                let message =
                    format!("`{}` holds no head of this ledger; name the file with `--checkpoint`", path.display());
                return Err(Failure::failed(message));
            }
            kept.extend(heads);
        }
        Ok(kept)
    }

    /// Has the process that holds a data directory verify its ledger, and checks stored checkpoints against its tree.
    async fn inside(&self) -> Result<Walked, Failure> {
        let configured = in_force()?.settings.ledger.checkpoints_to;
        let client = match Client::open(&self.data, Wanted::There).await {
            Ok(client) => client,
            Err(failure) => return self.unserved(failure),
        };
        let needs_key = configured.is_some() || !self.checkpoint.is_empty();
        let keys = if needs_key { self.keys(&client)? } else { Vec::new() };
        // A head that is signed while the ledger is walked may be of more than was walked, and is no fault.
        let mut kept = self.kept(&keys)?;
        if let Some(folder) = &configured {
            kept.extend(heads(folder, &keys)?);
        }
        let left_out = if client.here.is_none() { self.left_out(configured.as_deref(), &keys)? } else { 0 };
        let mut walked = walked(&client).await?;
        for kept in &kept {
            // What the walk found is told, whatever comes after it.
            if let Err(failure) = hold(&client, &mut walked, &keys, kept).await {
                let message = format!("{NOT_HELD}: {}", failure.message);
                walked.findings.push(Finding { fault: Fault::Checkpoint, seq: 1, last: None, message });
            }
        }
        if left_out > 0 {
            walked.remarks.push(format!("heads of no key that is known beside a running server: {left_out}; stop it to hold the ledger against those of its former keys"));
        }
        walked.whole = walked.findings.is_empty();
        Ok(walked)
    }

    /// How many heads of the folders that the ledger is held against are of no known key.
    fn left_out(&self, configured: Option<&Path>, keys: &[VerifierKey]) -> Result<usize, Failure> {
        let named = self.checkpoint.iter().map(PathBuf::as_path).filter(|path| path.is_dir());
        let folders: BTreeSet<&Path> = named.chain(configured).collect();
        let mut count = 0;
        for folder in folders {
            count += Heads::in_folder(folder)?.of_others(keys)?;
        }
        Ok(count)
    }

    /// The keys that the checkpoints of a store may be signed with: the one that was named, else its own, and those it had
    /// before as far as this process can see them.
    fn keys(&self, client: &Client) -> Result<Vec<VerifierKey>, Failure> {
        let file = self.key.clone().unwrap_or_else(|| self.data.data.join("ledger.pub"));
        let mut keys = vec![key(&file)?];
        if self.key.is_none() {
            let known = client.here.as_ref().map(|pdp| opening::ledger_keys(pdp)).unwrap_or_default();
            keys.extend(known.iter().filter_map(|key| VerifierKey::parse(key).ok()));
        }
        Ok(keys)
    }

    /// Verifies the ledger of a store that cannot be served, for the reason in `failure`; that is all there is to report
    /// where everything is as it was written.
    fn unserved(&self, failure: Failure) -> Result<Walked, Failure> {
        if !Store::is_in(&self.data.data) {
            return Err(failure);
        }
        let clock: SharedClock = Arc::new(System);
        match LedgerWalk::unserved(&self.data.data, &clock) {
            Ok(walked) if !walked.whole => Ok(walked),
            _ => Err(failure),
        }
    }

    /// Verifies the ledger in a file with nothing but a public key.
    fn outside(&self, file: &Path, key_file: &Path) -> Result<Walked, Failure> {
        let key = key(key_file)?;
        let kept: Vec<String> = self.kept(std::slice::from_ref(&key))?.into_iter().map(|kept| kept.note).collect();
        let opened = File::open(file).map_err(named(file))?;
        let bar = ProgressBar::new_spinner();
        bar.set_message("verifying");
        let walked = verify_lines(BufReader::new(opened), &key, &kept, |record| bar.set_position(record));
        bar.finish_and_clear();
        walked.map_err(|error| Failure::failed(format!("`{}`: {error}", file.display())))
    }
}

/// A checkpoint that was kept elsewhere, as it is written.
struct Kept {
    note: String,
    /// How many records it is of by the name of its file, where that says it.
    named: Option<u64>,
}

impl Kept {
    fn read(path: &Path, named_size: Option<u64>) -> Result<Self, Failure> {
        let note = std::fs::read_to_string(path).map_err(named(path))?;
        Ok(Self { note, named: named_size })
    }
}

/// The heads in a folder that belong to a ledger with these keys.
fn heads(folder: &Path, keys: &[VerifierKey]) -> Result<Vec<Kept>, Failure> {
    let heads = Heads::in_folder(folder)?.of(keys)?;
    heads.iter().map(|(size, path)| Kept::read(path, Some(*size))).collect()
}

/// Has a ledger walked by whoever holds it.
async fn walked(client: &Client) -> Result<Walked, Failure> {
    let response = client.send(Method::GET, "/v1/ledger/verification", "application/json", whole("")).await?;
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

/// Checks a checkpoint that was stored elsewhere against the verified tree.
async fn hold(client: &Client, walked: &mut Walked, keys: &[VerifierKey], held: &Kept) -> Result<(), Failure> {
    let mut found = |fault, seq, last, message| walked.findings.push(Finding { fault, seq, last, message });
    let opened = keys
        .iter()
        .map(|key| key.open(&held.note))
        .reduce(|first, next| first.or_else(|error| next.map_err(|_| error)));
    let kept = match opened {
        Some(Ok(kept)) => kept,
        Some(Err(error)) => {
            found(Fault::Checkpoint, 1, None, format!("a kept checkpoint: {error}"));
            return Ok(());
        }
        None => return Err(Failure::failed("no key of the ledger is known; name its file with `--key`")),
    };
    if let Some(named) = held.named.filter(|named| *named != kept.size) {
        let size = kept.size;
        let message = format!(
            "a kept checkpoint is of {size} records and its file is named as one of {named}: it was put in the place of another"
        );
        found(Fault::Checkpoint, 1, Some(named), message);
        return Ok(());
    }
    let (size, records) = (kept.size, walked.records);
    if size > records {
        let (first, message) = (
            records + 1,
            format!("records {} to {size} were cut off the end: a kept checkpoint was signed over {size}", records + 1),
        );
        found(Fault::Dropped, first, Some(size), message);
    } else if is_beginning(client, &kept, records, &walked.root_hash).await? {
        walked.checkpoints += 1;
        if size == 0 {
            let remark = "a kept checkpoint is that of the empty ledger, and says nothing of any record";
            walked.remarks.push(remark.to_owned());
        }
    } else {
        let message = format!(
            "records 1 to {size} are not what a kept checkpoint was signed over: what is there was rewritten, or the checkpoint belongs to another ledger"
        );
        found(Fault::Checkpoint, 1, Some(size), message);
    }
    Ok(())
}

/// Is the tree of a checkpoint the beginning of the one that was walked? The proof is whoever's holds the ledger; that
/// it holds is found out here.
async fn is_beginning(client: &Client, kept: &Checkpoint, records: u64, root: &str) -> Result<bool, Failure> {
    let Checkpoint { size, root: signed, .. } = kept;
    if *size == 0 {
        return Ok(*signed == Peaks::default().root());
    }
    let path = format!("/v1/ledger/consistency?from={size}&to={records}");
    let answer = client.call(Method::GET, &path, None).await?;
    let hash = |text: &Value| text.as_str().and_then(parse_hash);
    let proof: Option<Vec<Hash>> = answer["proof"].as_array().and_then(|proof| proof.iter().map(hash).collect());
    let (Some(proof), Some(root)) = (proof, parse_hash(root)) else {
        return Err(Failure::failed("the proof cannot be read; use the same version of `standing` on both sides"));
    };
    Ok(verify_consistency(*size, signed, records, &root, &proof))
}

fn spoken(walked: &Walked) -> String {
    let mut said = String::new();
    for message in walked.findings.iter().map(|finding| &finding.message).chain(&walked.remarks) {
        said.push_str(message);
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
    let fault = walked.findings.iter().find(|finding| !finding.message.starts_with(NOT_HELD));
    said.push_str(&match fault {
        None if !walked.findings.is_empty() => {
            format!("every record is as it was written, and not every kept checkpoint was held against them: {counted}; {signed}\n")
        }
        None => {
            format!("the ledger is whole: {counted}; {signed}; root {} at size {}\n", walked.root_hash, walked.records)
        }
        Some(first) if matches!(first.fault, Fault::Journal | Fault::Table) => {
            format!("the ledger is whole, and the store beside it is not as it was written: {counted}; {signed}\n")
        }
        Some(first) => {
            format!("the ledger is not as it was written, from record {} on: {counted}; {signed}\n", first.seq)
        }
    });
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_held_is_no_word_against_the_records_and_hides_none() {
        let finding = |message: &str| {
            let message = message.to_owned();
            Finding { fault: Fault::Checkpoint, seq: 7, last: None, message }
        };
        let walked = |findings: Vec<Finding>| Walked {
            whole: findings.is_empty(),
            first: 1,
            records: 9,
            archived: 0,
            masked: 0,
            checkpoints: 1,
            root_hash: "root".to_owned(),
            findings,
            remarks: Vec::new(),
        };
        let unheld = finding(&format!("{NOT_HELD}: it cannot be reached"));
        let said = spoken(&walked(vec![unheld.clone()]));
        assert!(said.contains("it cannot be reached") && said.contains("not every kept checkpoint"), "{said}");
        let said = spoken(&walked(vec![unheld, finding("another root")]));
        assert!(said.contains("from record 7 on") && !said.contains("not every kept checkpoint"), "{said}");
        assert!(spoken(&walked(Vec::new())).contains("the ledger is whole"));
    }
}
