//! Publishing from the command line: propose a folder, approve what another person proposed, withdraw a proposal, and
//! go back to rules of before.

use crate::cli::print;
use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::differences::differences;
use super::examined::going_on;
use super::report::{Detail, review, short, who};
use crate::cli::data::Data;
use crate::cli::ended::{DENIED, Ended, Failure};
use crate::cli::page::Page;
use crate::cli::reach::{Client, Said, Wanted};
use crate::policy::RuleFiles;
use crate::publish::review::Evidence;

/// Propose a set of rules to be put in force.
#[derive(Debug, Args)]
pub(super) struct Propose {
    /// The folder of the set: it holds `policies/`, and `schemas/` unless they stay as they are.
    #[arg(value_name = "DIR")]
    candidate: PathBuf,
    /// What it does, in a few words.
    #[arg(long)]
    title: Option<String>,
    /// Why it is wanted.
    #[arg(long)]
    why: Option<String>,
    /// When it is to come in force, for example `2027-01-01T06:00:00Z`; as soon as it is approved when nothing is said.
    #[arg(long, value_name = "TIME")]
    activate_at: Option<String>,
    /// List each claim, also where it is proved.
    #[arg(long, short)]
    verbose: bool,
    #[command(flatten)]
    data: Data,
}

/// Approve what another person proposed.
#[derive(Debug, Args)]
pub(super) struct Approve {
    /// The number of the proposal.
    #[arg(value_name = "N")]
    proposal: u64,
    /// What is to stand in the history with it.
    #[arg(long, visible_alias = "comment")]
    why: Option<String>,
    /// Why rules that are not proved are accepted without a proof.
    #[arg(long, value_name = "WHY")]
    unproved: Option<String>,
    /// When they are to come in force, instead of when the proposal says.
    #[arg(long, value_name = "TIME")]
    activate_at: Option<String>,
    /// The rules in force, when they are others than the proposal was made over: their digest or its beginning.
    #[arg(long, value_name = "DIGEST")]
    base: Option<String>,
    #[command(flatten)]
    data: Data,
}

/// Take a proposal back, also one that is to come in force later.
#[derive(Debug, Args)]
pub(super) struct Withdraw {
    /// The number of the proposal.
    #[arg(value_name = "N")]
    proposal: u64,
    #[command(flatten)]
    data: Data,
}

/// Go back to rules that were in force before.
#[derive(Debug, Args)]
pub(super) struct Rollback {
    /// Their digest, or its beginning, as the history shows it.
    #[arg(long, value_name = "DIGEST")]
    to: String,
    /// What is to stand in the history with it.
    #[arg(long, visible_alias = "comment")]
    why: Option<String>,
    #[command(flatten)]
    data: Data,
}

/// The evidence in an answer, in a proposal or in a problem.
pub(super) fn evidence(of: &Value) -> Option<Evidence> {
    of.get("evidence").and_then(|evidence| serde_json::from_value(evidence.clone()).ok())
}

/// The answer; where rules are refused, what is known of them is printed first, and the exit code says so.
fn answered(said: Said, sources: &RuleFiles, is_json: bool) -> Result<Value, Failure> {
    if said.status.is_success() {
        return Ok(said.body);
    }
    if is_json {
        print::line(&said.body);
    } else if let Some(evidence) = evidence(&said.body) {
        let mut page = Page::new();
        review(&mut page, &evidence, sources, Detail::News);
        print::text(&page);
    }
    let is_refused = [StatusCode::FORBIDDEN, StatusCode::CONFLICT, StatusCode::UNPROCESSABLE_ENTITY];
    let failure = said.failure();
    Err(if is_refused.contains(&said.status) { Failure { code: DENIED, ..failure } } else { failure })
}

fn text(of: &Value, member: &str) -> String {
    of[member].as_str().unwrap_or_default().to_owned()
}

/// What was proposed, and who has to do what next.
fn proposed(page: &mut Page, proposal: &Value, sources: &RuleFiles, detail: Detail) {
    let id = &proposal["id"];
    let digest = short(&text(proposal, "digest"));
    page.line(format!("proposal {id} of the rules {digest}, made by {}", who(proposal, "proposer")));
    if let Some(evidence) = evidence(proposal) {
        review(page, &evidence, sources, detail);
    }
    page.heading("What to do next");
    page.line("Have another person read it and approve it:");
    page.as_it_is(format!("  standing rules show {id}"));
    page.as_it_is(format!("  standing rules approve {id} --token-file FILE"));
}

impl Propose {
    pub(super) async fn run(self) -> Result<Ended, Failure> {
        let files = RuleFiles::read(&self.candidate, &RuleFiles::default())?;
        let client = Client::open(&self.data, Wanted::There).await?;
        let sent: BTreeMap<&str, &str> = files.iter().collect();
        let mut body = json!({ "files": sent });
        for (member, said) in [("title", &self.title), ("why", &self.why), ("activateAt", &self.activate_at)] {
            if let Some(said) = said {
                body[member] = said.as_str().into();
            }
        }
        let bar = going_on("proving the claims and comparing the live world");
        let said = client.ask(Method::POST, "/v1/rules/proposals", Some(&body)).await;
        bar.finish_and_clear();
        let proposal = answered(said?, &files, self.data.json)?;
        if self.data.json {
            print::line(&proposal);
            return Ok(Ended::Good);
        }
        let mut page = Page::new();
        let detail = if self.verbose { Detail::Everything } else { Detail::News };
        proposed(&mut page, &proposal, &files, detail);
        print::text(&page);
        Ok(Ended::Good)
    }
}

impl Approve {
    pub(super) async fn run(self) -> Result<Ended, Failure> {
        let client = Client::open(&self.data, Wanted::There).await?;
        let mut body = json!({});
        let said = [
            ("comment", &self.why),
            ("unproved", &self.unproved),
            ("activateAt", &self.activate_at),
            ("base", &self.base),
        ];
        for (member, said) in said {
            if let Some(said) = said {
                body[member] = said.as_str().into();
            }
        }
        let path = format!("/v1/rules/proposals/{}/approval", self.proposal);
        let bar = going_on("proving the claims and comparing the live world");
        let said = client.ask(Method::POST, &path, Some(&body)).await;
        bar.finish_and_clear();
        let proposal = answered(said?, &RuleFiles::default(), self.data.json)?;
        if self.data.json {
            print::line(&proposal);
            return Ok(Ended::Good);
        }
        let mut page = Page::new();
        let digest = short(&text(&proposal, "digest"));
        let by = who(&proposal["approval"], "by");
        let since = match proposal["state"].as_str() {
            Some("scheduled") => format!("come in force at {}", text(&proposal, "activateAt")),
            _ => "are in force".to_owned(),
        };
        page.line(format!("proposal {} is approved by {by}: the rules {digest} {since}", proposal["id"]));
        print::text(&page);
        Ok(Ended::Good)
    }
}

impl Withdraw {
    pub(super) async fn run(self) -> Result<Ended, Failure> {
        let client = Client::open(&self.data, Wanted::There).await?;
        let path = format!("/v1/rules/proposals/{}", self.proposal);
        let said = client.ask(Method::DELETE, &path, None).await?;
        let proposal = answered(said, &RuleFiles::default(), self.data.json)?;
        if self.data.json {
            print::line(&proposal);
        } else {
            let mut page = Page::new();
            page.line(format!("proposal {} is withdrawn by {}", proposal["id"], who(&proposal["ended"], "by")));
            print::text(&page);
        }
        Ok(Ended::Good)
    }
}

impl Rollback {
    pub(super) async fn run(self) -> Result<Ended, Failure> {
        let client = Client::open(&self.data, Wanted::There).await?;
        let mut body = json!({ "to": self.to });
        if let Some(why) = &self.why {
            body["comment"] = why.as_str().into();
        }
        let bar = going_on("finding what it turns");
        let said = client.ask(Method::POST, "/v1/rules/rollback", Some(&body)).await;
        bar.finish_and_clear();
        let sources = RuleFiles::default();
        let went = answered(said?, &sources, self.data.json)?;
        if self.data.json {
            print::line(&went);
            return Ok(Ended::Good);
        }
        let mut page = Page::new();
        if went.get("id").is_some() {
            page.line("this is no emergency, so it is proposed:");
            proposed(&mut page, &went, &sources, Detail::News);
        } else {
            let (digest, by) = (short(&text(&went, "digest")), who(&went, "by"));
            page.line(format!("the rules {digest} are in force again, called back by {by} alone, as an emergency"));
            if let Some(evidence) = evidence(&went) {
                differences(&mut page, &evidence);
            }
        }
        print::text(&page);
        Ok(Ended::Good)
    }
}
