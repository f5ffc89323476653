//! A candidate held against the rules in force, and against the live world.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use futures_util::StreamExt as _;
use http_body_util::BodyExt as _;
use hyper::Method;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::report::{differences, review, turned};
use crate::cli::lines::Lines;
use crate::cli::reach::{Reached, Wanted, answered, whole};
use crate::cli::{Data, Ended, Failure};
use crate::pdp::{Evidence, Outcome, demo};
use crate::policy::RuleFiles;
use crate::store::Store;

const NDJSON: &str = "application/x-ndjson";

/// Two sets of rules, and the world they decide about.
#[derive(Debug, Args)]
pub(super) struct Compare {
    /// The folder of the other set: it holds `policies/`, and `schemas/` unless they stay as they are.
    #[arg(value_name = "DIR")]
    candidate: PathBuf,
    /// Print each answer that turns in the live world, one a line, and not the first thousand of each action.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    data: Data,
}

impl Compare {
    /// Compares; with `is_review` everything is said and findings end with another exit code.
    pub(super) async fn run(self, is_review: bool) -> Result<Ended, Failure> {
        let folder;
        let reached = if Store::is_in(&self.data.data) {
            Reached::open(&self.data.data, Wanted::There).await?
        } else {
            if !self.data.json {
                println!(
                    "there is no store in `{}`: the live world is that of the demonstration, and the rules in force are those here\n",
                    self.data.data.display()
                );
            }
            folder = tempfile::tempdir()?;
            let reached = Reached::open(folder.path(), Wanted::ThereOrNew).await?;
            if let Some(pdp) = &reached.here {
                demo(pdp).await?;
            }
            reached
        };
        let evidence = self.asked(&reached).await?;
        if self.data.json {
            println!("{}", serde_json::to_string(&evidence)?);
        } else {
            print!("{}", if is_review { review(&evidence) } else { differences(&evidence) });
        }
        let is_good = if is_review { evidence.findings.is_empty() } else { evidence.outcome != Outcome::Refused };
        Ok(super::ended(is_good))
    }

    /// Has the candidate reviewed by whoever holds the store, with a bar that shows how far it is.
    async fn asked(&self, reached: &Reached) -> Result<Evidence, Failure> {
        let files = RuleFiles::read(&self.candidate, &RuleFiles::default())?;
        let files: BTreeMap<&str, &str> = files.iter().collect();
        let body = whole(json!({ "files": files }).to_string());
        let response =
            reached.send_accepting(Method::POST, "/v1/rules/review", "application/json", NDJSON, body).await?;
        if !response.status().is_success() {
            answered(response).await?;
            return Err(Failure::failed("nothing was reviewed; try again"));
        }
        let bar = bar();
        let mut pieces = response.into_body().into_data_stream();
        let mut lines = Lines::default();
        while let Some(piece) = pieces.next().await {
            for line in lines.add(&piece?)? {
                if let Some(evidence) = line.get("evidence") {
                    bar.finish_and_clear();
                    return Ok(serde_json::from_value(evidence.clone())?);
                }
                if let Some(error) = line["error"].as_str() {
                    return Err(Failure::failed(error));
                }
                self.shown(&line, &bar);
            }
        }
        Err(Failure::failed("the review was cut off before its end; try again"))
    }

    fn shown(&self, line: &Value, bar: &ProgressBar) {
        if let Some(progress) = line.get("progress") {
            bar.set_length(progress["of"].as_u64().unwrap_or_default());
            bar.set_position(progress["done"].as_u64().unwrap_or_default());
        } else if self.all && !self.data.json {
            bar.suspend(|| print!("{}", turned(line)));
        }
    }
}

/// How far the comparison has come, on a terminal.
fn bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) =
        ProgressStyle::with_template("comparing the live world {wide_bar} {human_pos} of {human_len}, {eta} left")
    {
        bar.set_style(style);
    }
    bar
}
