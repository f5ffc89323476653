//! What was in force since when and by whom, what waits for a second person, and one set or proposal by itself.

use crate::cli::print;
use std::collections::BTreeMap;

use clap::Args;
use hyper::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::published::evidence;
use super::report::{Detail, review, short, who};
use crate::cli::data::Data;
use crate::cli::ended::{Ended, Failure};
use crate::cli::page::Page;
use crate::cli::reach::{Client, Wanted};
use crate::limits::DIGEST_PREFIX_MIN;
use crate::policy::RuleFiles;

/// The rules that were and are in force, newest first, and what is proposed.
#[derive(Debug, Args)]
pub(super) struct History {
    #[command(flatten)]
    data: Data,
}

/// One set of rules, or one proposal, with what is known of it.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// The digest of rules that are or were in force or proposed, or its beginning; or the number of a proposal.
    #[arg(value_name = "DIGEST|N")]
    what: String,
    /// Print the text of one of its files instead.
    #[arg(long, value_name = "PATH")]
    file: Option<String>,
    /// List each claim, also where it is proved.
    #[arg(long, short)]
    verbose: bool,
    #[command(flatten)]
    data: Data,
}

/// Every item of a list, over all of its pages.
async fn all(client: &Client, path: &str, noun: &str) -> Result<Vec<Value>, Failure> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let mut page = client.call(Method::GET, &format!("{path}?limit=1000{cursor}"), None).await?;
        if let Some(found) = page[noun].as_array_mut() {
            items.append(found);
        }
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={}", utf8_percent_encode(next, NON_ALPHANUMERIC)),
            None => return Ok(items),
        }
    }
}

fn text<'a>(of: &'a Value, member: &str) -> &'a str {
    of[member].as_str().unwrap_or_default()
}

/// How rules were activated, as it is shown.
fn how(entry: &Value) -> String {
    let by = who(entry, "by");
    match (text(entry, "why"), entry["proposal"].as_u64(), entry["emergency"] == true) {
        ("published", Some(proposal), _) => format!("published as proposal {proposal}, approved by {by}"),
        ("rolledBack", Some(proposal), false) => format!("called back as proposal {proposal}, approved by {by}"),
        ("rolledBack", _, true) => format!("EMERGENCY: called back by {by} alone"),
        ("rolledBack", ..) => format!("called back by {by}"),
        ("files", ..) => "the files were changed".to_owned(),
        ("start", ..) => "the service started with them".to_owned(),
        (other, ..) => format!("{other}, by {by}"),
    }
}

fn entry(page: &mut Page, entry: &Value, is_in_force: bool) {
    let word = if is_in_force { ", in force" } else { "" };
    page.line(format!("{}  since {}{word}", short(text(entry, "digest")), text(entry, "at")));
    page.below(how(entry));
    if let Some(comment) = entry["comment"].as_str() {
        page.below(format!("\"{comment}\""));
    }
}

/// A proposal that waits.
fn waiting(page: &mut Page, proposal: &Value) {
    let when = match proposal["activateAt"].as_str() {
        Some(at) if text(proposal, "state") == "scheduled" => format!("approved, in force at {at}"),
        Some(at) => format!("to be approved, in force at {at}"),
        None => "to be approved".to_owned(),
    };
    let (id, digest) = (&proposal["id"], short(text(proposal, "digest")));
    page.line(format!("{id}  {digest}  {when}"));
    proposer(page, proposal);
}

/// Who proposed it, and what was said with it.
fn proposer(page: &mut Page, proposal: &Value) {
    page.below(format!("proposed by {} at {}", who(proposal, "proposer"), text(proposal, "at")));
    for said in ["title", "why"] {
        if let Some(said) = proposal[said].as_str() {
            page.below(format!("\"{said}\""));
        }
    }
}

impl History {
    pub(super) async fn run(self) -> Result<Ended, Failure> {
        let client = Client::open(&self.data, Wanted::There).await?;
        let history = all(&client, "/v1/rules/history", "history").await?;
        let mut proposals = all(&client, "/v1/rules/proposals", "proposals").await?;
        if self.data.json {
            print::line(json!({ "history": history, "proposals": proposals }));
            return Ok(Ended::Good);
        }
        proposals.retain(|proposal| ["open", "scheduled"].contains(&text(proposal, "state")));
        let mut page = Page::new();
        if !proposals.is_empty() {
            page.heading("Proposed");
            proposals.iter().for_each(|proposal| waiting(&mut page, proposal));
            page.heading("In force");
        }
        for (place, one) in history.iter().rev().enumerate() {
            entry(&mut page, one, place == 0);
        }
        print::text(&page);
        Ok(Ended::Good)
    }
}

type Files = BTreeMap<String, String>;

fn files(of: &Value) -> Files {
    serde_json::from_value(of["files"].clone()).unwrap_or_default()
}

/// Which files a set has otherwise than the rules in force.
fn compared(page: &mut Page, own: &Files, in_force: &Files) {
    let only = |one: &Files, other: &Files| -> Vec<String> {
        one.keys().filter(|path| !other.contains_key(*path)).cloned().collect()
    };
    let changed = own.iter().filter(|(path, text)| in_force.get(*path).is_some_and(|other| other != *text));
    let changed: Vec<String> = changed.map(|(path, _)| path.clone()).collect();
    page.heading("Files");
    let changes = [("more", only(own, in_force)), ("changed", changed), ("less", only(in_force, own))];
    if changes.iter().all(|(_, paths)| paths.is_empty()) {
        page.line(format!("{} files, as in the rules in force", own.len()));
    }
    for (word, paths) in changes {
        for path in paths {
            page.line(format!("{word}: {path}"));
        }
    }
}

impl Show {
    pub(super) async fn run(self) -> Result<Ended, Failure> {
        let client = Client::open(&self.data, Wanted::There).await?;
        // No beginning of a digest is as short as the number of a proposal.
        let is_number = self.what.len() < DIGEST_PREFIX_MIN && self.what.bytes().all(|byte| byte.is_ascii_digit());
        let noun = if is_number { "proposals/" } else { "" };
        let path = format!("/v1/rules/{noun}{}", utf8_percent_encode(&self.what, NON_ALPHANUMERIC));
        let shown = client.call(Method::GET, &path, None).await?;
        let own = files(&shown);
        if let Some(path) = &self.file {
            let text = own.get(path).ok_or_else(|| {
                Failure::failed(format!(
                    "there is no file `{path}` in it; `standing rules show {}` says what is otherwise",
                    self.what
                ))
            })?;
            print::text(text);
            return Ok(Ended::Good);
        }
        if self.data.json {
            print::line(&shown);
            return Ok(Ended::Good);
        }
        let mut page = Page::new();
        let digest = short(text(&shown, "digest"));
        if is_number {
            page.line(format!("proposal {} of the rules {digest}: {}", shown["id"], text(&shown, "state")));
            story(&mut page, &shown);
        } else {
            page.line(format!("the rules {}", text(&shown, "digest")));
            let times = shown["inForce"].as_array().map(Vec::as_slice).unwrap_or_default();
            if times.is_empty() {
                page.below("were proposed, and never in force");
            }
            times.iter().for_each(|one| entry(&mut page, one, false));
        }
        let status = client.call(Method::GET, "/v1/rules", None).await?;
        let in_force = client.call(Method::GET, &format!("/v1/rules/{}", text(&status, "digest")), None).await?;
        if let Some(evidence) = evidence(&shown) {
            page.blank();
            let sources: RuleFiles = own.clone().into_iter().collect();
            let detail = if self.verbose { Detail::Everything } else { Detail::News };
            review(&mut page, &evidence, &sources, detail);
        }
        compared(&mut page, &own, &files(&in_force));
        if text(&shown, "state") == "open" {
            page.heading("What to do next");
            page.line("Read what is more or changed, and approve it as another person than who proposed it:");
            page.as_it_is(format!("  standing rules show {} --file PATH", self.what));
            page.as_it_is(format!("  standing rules approve {} --token-file FILE", self.what));
        }
        print::text(&page);
        Ok(Ended::Good)
    }
}

/// Who did what about a proposal.
fn story(page: &mut Page, proposal: &Value) {
    proposer(page, proposal);
    if let Some(at) = proposal["activateAt"].as_str() {
        page.below(format!("to come in force at {at}"));
    }
    if let Some(approval) = proposal.get("approval") {
        page.below(format!("approved by {} at {}", who(approval, "by"), text(approval, "at")));
        for said in ["comment", "unproved"] {
            if let Some(said) = approval[said].as_str() {
                page.below(format!("\"{said}\""));
            }
        }
    }
    if let Some(ended) = proposal.get("ended") {
        page.below(format!("ended by {} at {}", who(ended, "by"), text(ended, "at")));
        if let Some(message) = ended["message"].as_str() {
            page.below(message);
        }
    }
}
