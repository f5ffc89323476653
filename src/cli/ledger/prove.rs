//! `standing ledger prove`, and the checking of what it wrote: one record, proved to be in the ledger.

use std::path::{Path, PathBuf};

use clap::Args;
use hyper::Method;
use serde_json::{Value, json};

use super::named::{key, named};
use crate::audit::{Checkpoint, ProofFile, Record, hash_text};
use crate::cli::data::Data;
use crate::cli::ended::{Ended, Failure};
use crate::cli::print;
use crate::cli::reach::{Client, Wanted, whole};
use crate::cli::transfer::saved;

/// Write a record with the proof that it is in the ledger to a file that an outsider can check with `ledger.pub` alone.
#[derive(Debug, Args)]
#[command(after_help = "Example: standing ledger prove 12 decision-12.proof")]
pub(super) struct Prove {
    /// The record's place in the ledger, as `Standing-Decision` said.
    seq: u64,
    /// The file to write; it appears only once it is whole.
    file: PathBuf,
    #[command(flatten)]
    data: Data,
}

impl Prove {
    pub(super) async fn run(self) -> Result<Ended, Failure> {
        let client = Client::open(&self.data, Wanted::There).await?;
        let path = format!("/v1/decisions/{}/proof", self.seq);
        let response = client.send(Method::GET, &path, "application/json", whole("")).await?;
        let bytes = saved(response, &self.file).await?;
        if self.data.json {
            print::line(json!({ "file": self.file, "seq": self.seq, "bytes": bytes }));
        } else {
            let file = self.file.display();
            print::line(format_args!(
                "proved record {} in `{file}`; check it with `standing ledger verify --proof {file} --key {}`",
                self.seq,
                self.data.data.join("ledger.pub").display()
            ));
        }
        Ok(Ended::Good)
    }
}

/// Checks the proof in a file with nothing but a public key.
pub(super) fn check(file: &Path, key_file: &Path, json: bool) -> Result<Ended, Failure> {
    let key = key(key_file)?;
    let text = std::fs::read(file).map_err(named(file))?;
    let text = String::from_utf8_lossy(&text);
    let proved = ProofFile::parse(&text).and_then(|proof| Ok((proof.verify(&key)?, proof)));
    match (&proved, json) {
        (Ok((head, proof)), true) => print::line(shown(head, proof)),
        (Ok((head, proof)), false) => print::text(described(head, proof)),
        (Err(error), true) => print::line(json!({ "proved": false, "why": error.to_string() })),
        (Err(error), false) => print::line(format_args!("`{}` proves nothing: {error}", file.display())),
    }
    Ok(if proved.is_ok() { Ended::Good } else { Ended::Denied })
}

fn shown(head: &Checkpoint, proof: &ProofFile) -> Value {
    json!({
        "proved": true,
        "ledger": head.origin,
        "seq": proof.seq,
        "size": head.size,
        "rootHash": hash_text(&head.root),
        "record": serde_json::from_slice::<Value>(&proof.record).unwrap_or(Value::Null),
    })
}

fn described(head: &Checkpoint, proof: &ProofFile) -> String {
    let Checkpoint { origin, size, root } = head;
    let mut said = format!(
        "record {} is in the ledger `{origin}`, which was signed over {size} records; root {}\n",
        proof.seq,
        hash_text(root)
    );
    said.push_str(&match Record::from_bytes(&proof.record) {
        Ok(record) => {
            let (asked, answer) = (&record.question, if record.decision { "yes" } else { "no" });
            format!(
                "it says: at {} {} asked for {} by {}::{} on {}::{}, and the answer was {answer}\n",
                record.at,
                record.caller,
                asked.action.name,
                asked.subject.kind,
                asked.subject.id,
                asked.resource.kind,
                asked.resource.id
            )
        }
        Err(error) => format!("what it says cannot be read: {error}\n"),
    });
    said
}
