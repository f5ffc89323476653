//! A candidate held against the rules in force, and against the live world.

use crate::cli::print;
use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use futures_util::StreamExt as _;
use http_body_util::BodyExt as _;
use hyper::Method;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::differences::differences;
use super::examined::going_on;
use super::report::{Detail, next_after_review, review, turned};
use crate::cli::data::Data;
use crate::cli::demo::demo;
use crate::cli::ended::{Ended, Failure};
use crate::cli::lines::Lines;
use crate::cli::page::Page;
use crate::cli::reach::{Client, Wanted, answered, whole};
use crate::config::RulesFrom;
use crate::policy::RuleFiles;
use crate::publish::review::{Evidence, Outcome};
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
    /// List each claim, also where it is proved.
    #[arg(long, short)]
    verbose: bool,
    /// Have advice end with exit code 2 too.
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    data: Data,
}

impl Compare {
    /// Compares; with `is_review` everything is said.
    pub(super) async fn run(self, is_review: bool) -> Result<Ended, Failure> {
        let folder;
        let is_there = Store::is_in(&self.data.data);
        let client = if is_there {
            Client::open(&self.data, Wanted::There).await?
        } else {
            if !self.data.json {
                let mut note = Page::new();
                note.line(format!(
                    "there is no store in `{}`: the live world is that of the demonstration, and the rules in force are those here",
                    self.data.data.display()
                ));
                print::line(&note);
            }
            folder = tempfile::tempdir()?;
            let client = Client::at(folder.path(), Wanted::ThereOrNew).await?;
            if let Some(pdp) = &client.here {
                demo(pdp).await?;
            }
            client
        };
        let files = RuleFiles::read(&self.candidate, &RuleFiles::default())?;
        let evidence = self.asked(&client, &files).await?;
        let ended = match evidence.outcome {
            Outcome::Refused => Ended::Denied,
            _ => super::ended::ended(&evidence.findings, self.strict),
        };
        if self.data.json {
            print::line(serde_json::to_string(&evidence)?);
            return Ok(ended);
        }
        let mut page = Page::new();
        if is_review {
            let from = if is_there { Some(rules_from(&client).await?) } else { None };
            let detail = if self.verbose { Detail::Everything } else { Detail::News };
            review(&mut page, &evidence, &files, detail);
            next_after_review(&mut page, evidence.outcome, &self.candidate, from);
        } else {
            differences(&mut page, &evidence);
            page.heading("What to do next");
            page.line("Have it reviewed, promises and all:");
            page.as_it_is(format!("  standing rules review {}", self.candidate.display()));
        }
        print::text(&page);
        Ok(ended)
    }

    /// Has the candidate reviewed by whoever holds the store, with a bar that shows how far it is.
    async fn asked(&self, client: &Client, files: &RuleFiles) -> Result<Evidence, Failure> {
        let files: BTreeMap<&str, &str> = files.iter().collect();
        let body = whole(json!({ "files": files }).to_string());
        let response =
            client.send_accepting(Method::POST, "/v1/rules/review", "application/json", NDJSON, body).await?;
        if !response.status().is_success() {
            answered(response).await?;
            return Err(Failure::failed("nothing was reviewed; try again"));
        }
        let bar = going_on("proving the claims and comparing the live world");
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
            let (done, of) =
                (progress["done"].as_u64().unwrap_or_default(), progress["of"].as_u64().unwrap_or_default());
            let what = match progress["what"].as_str() {
                Some("rows") => "deciding the rows of the tables",
                Some("proofs") => "proving that the rules never err and the claims hold",
                _ => "comparing the live world",
            };
            if done < of {
                bar.set_style(how_far());
                bar.set_message(what);
                bar.set_length(of);
                bar.set_position(done);
            } else {
                bar.set_style(ProgressStyle::default_spinner());
                bar.set_message(what);
            }
        } else if let Some(waiting) = line.get("waiting") {
            bar.set_message(format!("{waiting} examinations wait, this one among them"));
        } else if self.all && !self.data.json {
            bar.suspend(|| print::text(turned(line)));
        }
    }
}

/// How far a review has come, on a terminal.
fn how_far() -> ProgressStyle {
    let template = "{msg} {wide_bar} {human_pos} of {human_len}, {eta} left";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Where the rules in force over a store come from.
async fn rules_from(client: &Client) -> Result<RulesFrom, Failure> {
    let status = client.call(Method::GET, "/v1/rules", None).await?;
    Ok(serde_json::from_value(status["from"].clone())?)
}
