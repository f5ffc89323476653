//! `standing ledger replay`: decides again what was decided.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use futures_util::StreamExt as _;
use http_body_util::BodyExt as _;
use hyper::Method;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::data::Data;
use super::ended::{Ended, Failure};
use super::lines::Lines;
use super::print;
use super::reach::{Client, Wanted, answered, whole};
use crate::policy::RuleFiles;

/// Decide again what was decided, from the record's own question and facts; the exit code is 0 when everything comes to
/// the same and 2 when something differs or is missing.
#[derive(Debug, Args)]
#[command(after_help = "Examples: standing ledger replay 17\n          standing ledger replay --all --rules my-rules")]
pub(super) struct Replay {
    /// The place of the record in the ledger.
    #[arg(value_name = "SEQ", required_unless_present = "all", conflicts_with = "all")]
    seq: Option<u64>,
    /// Decide the whole ledger again, and list what comes to something else.
    #[arg(long)]
    all: bool,
    /// Decide by the rules in this folder, which holds `policies/` and optionally `schemas/`, instead of those that
    /// decided.
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    #[command(flatten)]
    data: Data,
}

impl Replay {
    pub(super) async fn run(self) -> Result<Ended, Failure> {
        let mut body = json!({ "all": !self.all });
        if let Some(seq) = self.seq {
            body["from"] = seq.into();
            body["to"] = seq.into();
        }
        if let Some(dir) = &self.rules {
            let files: BTreeMap<String, String> = RuleFiles::read(dir, &RuleFiles::default())?
                .iter()
                .filter(|(path, _)| !path.ends_with(".md") || path.starts_with("policies/tables/"))
                .map(|(path, text)| (path.to_owned(), text.to_owned()))
                .collect();
            body["files"] = json!(files);
        }
        let client = Client::open(&self.data, Wanted::There).await?;
        let path = "/v1/decisions/replay";
        let response = client.send(Method::POST, path, "application/json", whole(body.to_string())).await?;
        if !response.status().is_success() {
            answered(response).await?;
            return Err(Failure::failed("the answer cannot be read; use the same version of `standing` on both sides"));
        }
        let bar = bar();
        let (mut findings, mut totals) = (0_u64, None);
        let mut lines = Lines::default();
        let mut pieces = response.into_body().into_data_stream();
        while let Some(piece) = pieces.next().await {
            for line in lines.add(&piece?)? {
                if let Some(of) = line["of"].as_u64() {
                    bar.set_length(of);
                    bar.set_position(line["replayed"].as_u64().unwrap_or_default());
                } else if line.get("totals").is_some() {
                    totals = Some(line);
                } else {
                    findings += u64::from(is_finding(&line));
                    bar.suspend(|| if self.data.json { print::line(&line) } else { print::text(spoken(&line)) });
                    if findings > 0 && print::is_unread() {
                        // The result is known, and nobody wants to know the rest.
                        return Ok(Ended::Denied);
                    }
                }
            }
        }
        bar.finish_and_clear();
        let totals = totals.ok_or_else(|| {
            Failure::failed("the answer ended before everything was decided again; try again, and see the server's log")
        })?;
        match self.seq {
            Some(seq) if totals["totals"]["records"] == 0 => {
                return Err(Failure::failed(format!("decision {seq} is not in the ledger; check the number")));
            }
            Some(_) => {}
            None if self.data.json => print::line(&totals),
            None => print::line(summed(&totals["totals"])),
        }
        Ok(if findings == 0 { Ended::Good } else { Ended::Denied })
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("deciding again {wide_bar} {pos} of {len}, {eta} left") {
        bar.set_style(style);
    }
    bar
}

fn is_finding(line: &Value) -> bool {
    line["same"] != true || line["factsAgree"] == false || line.get("missing").is_some()
}

fn spoken(line: &Value) -> String {
    let missing = line["missing"].as_array().into_iter().flatten();
    if line.get("then").is_none_or(Value::is_null) {
        let why: Vec<&str> = missing.filter_map(|missing| missing["message"].as_str()).collect();
        return format!("{}: not decided again: {}\n", line["seq"], why.join("; "));
    }
    let named = |place: &str| {
        let named = &line["question"][place];
        format!("{}::{}", named["type"].as_str().unwrap_or("?"), named["id"].as_str().unwrap_or("?"))
    };
    let action = line["question"]["action"]["name"].as_str().filter(|name| !name.is_empty()).unwrap_or("?");
    let said = if line["same"] == true { "the same" } else { "not the same" };
    let mut text = format!("{} {} {action} {}: {said}\n", line["seq"], named("subject"), named("resource"));
    for when in ["then", "now"] {
        if let Some(verdict) = line.get(when) {
            text.push_str(&format!("  {when}: {}\n", verdict_spoken(verdict)));
        }
    }
    if line["factsAgree"] == false {
        text.push_str("  the store says something else of that revision than the record\n");
    }
    for missing in missing {
        let word = |name: &str| missing[name].as_str().unwrap_or_default().to_owned();
        text.push_str(&format!("  missing {}: {}\n", word("ingredient"), word("message")));
    }
    text
}

fn verdict_spoken(verdict: &Value) -> String {
    let mut words = vec![if verdict["decision"] == true { "yes" } else { "no" }.to_owned()];
    words.extend(verdict["reason"].as_str().map(str::to_owned));
    words.extend(verdict["rules"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
    if let Some(count) = verdict["count"].as_u64() {
        words.push(format!("{count} found"));
    }
    words.join(" ")
}

fn summed(totals: &Value) -> String {
    let count = |name: &str| totals[name].as_u64().unwrap_or_default();
    format!(
        "decided {} records again: {} the same, {} different ({} with the opposite answer), {} not decidable, {} where the store says something else",
        count("records"),
        count("same"),
        count("different"),
        count("turned"),
        count("undecidable"),
        count("factsDisagree"),
    )
}
