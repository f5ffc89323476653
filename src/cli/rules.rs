//! `standing rules`: what is wrong with a set, whether its promises hold, and what it would change.

mod candidate;
mod report;

use std::collections::BTreeMap;
use std::path::PathBuf;

use cedar_policy_formatter::{Config, policies_str_to_pretty};
use clap::{Args, Subcommand};
use hyper::Method;
use serde_json::{Value, json};

use super::reach::{Reached, Wanted};
use super::rules_dir::RulesFlag;
use super::{Data, Ended, Failure};
use crate::assure::prove::Proof;
use crate::assure::release::{Examined, Outcome, Tables, examine};
use crate::config::SolverSetting;
use crate::policy::{Finding, RuleFiles};
use crate::store::Store;
use candidate::Compare;
use report::{claims, finding};

/// The widest line of a formatted rule.
const LINE_WIDTH: usize = 100;
const INDENT_WIDTH: isize = 2;

/// Judge a set of rules before it is in force.
#[derive(Debug, Args)]
#[command(after_help = "Example: standing rules review my-rules")]
pub(super) struct RulesCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Say everything that is wrong with a set: exit code 2 when anything is.
    #[command(after_help = "Example: standing rules check --rules my-rules")]
    Check(Check),
    /// Prove every claim of a set for every possible input: exit code 2 when one is not proved.
    #[command(
        after_help = "Example: standing rules prove\n\nThe solver is cvc5: on the PATH, or named by CVC5. With STANDING_REQUIRE_SOLVER=1 its absence is a failure."
    )]
    Prove(One),
    /// Say what another set answers differently: rows of the table, and everybody in the live world.
    #[command(after_help = "Example: standing rules diff my-rules")]
    Diff(Compare),
    /// Say everything about a candidate: findings, claims, rows that turn, and who gains or loses what.
    #[command(after_help = "Example: standing rules review my-rules")]
    Review(Compare),
    /// Lay the rules out in one way.
    #[command(after_help = "Example: standing rules format --check")]
    Format(Format),
    /// Say how many rows each rule decides, and what no row shows.
    #[command(after_help = "Example: standing rules coverage")]
    Coverage(One),
}

/// One set of rules.
#[derive(Debug, Args)]
struct One {
    #[command(flatten)]
    rules: RulesFlag,
    /// Print JSON, for machines.
    #[arg(long)]
    json: bool,
}

/// Say everything that is wrong with a set, and what a server here refuses.
#[derive(Debug, Args)]
struct Check {
    #[command(flatten)]
    rules: RulesFlag,
    #[command(flatten)]
    data: Data,
}

/// Lay the rules out in one way.
#[derive(Debug, Args)]
struct Format {
    #[command(flatten)]
    rules: RulesFlag,
    /// Change nothing, and say which files would change: exit code 2 when any would.
    #[arg(long)]
    check: bool,
}

impl RulesCommand {
    pub(super) async fn run(self) -> Result<Ended, Failure> {
        match self.what {
            What::Check(check) => check.run().await,
            What::Prove(one) => one.prove(),
            What::Diff(compare) => compare.run(false).await,
            What::Review(compare) => compare.run(true).await,
            What::Format(format) => format.run(),
            What::Coverage(one) => one.coverage(),
        }
    }
}

/// Good when nothing was found.
fn ended(is_good: bool) -> Ended {
    if is_good { Ended::Good } else { Ended::Denied }
}

impl RulesFlag {
    /// What is known of the set, or what is wrong with its files.
    fn examined(&self, solver: &SolverSetting) -> Result<Result<Examined, Vec<Finding>>, Failure> {
        Ok(match self.loaded()? {
            Ok(bundle) => Ok(examine(&bundle, None, solver.program.as_deref())),
            Err(error) => Err(error.findings),
        })
    }
}

impl Check {
    async fn run(&self) -> Result<Ended, Failure> {
        let (findings, outcome) = match self.rules.examined(&SolverSetting::read())? {
            Ok(examined) => (examined.findings.clone(), examined.outcome()),
            Err(findings) => (findings, Outcome::Refused),
        };
        let refused = self.refused().await?;
        if self.data.json {
            println!("{}", json!({ "findings": findings, "outcome": outcome, "refused": refused }));
            return Ok(ended(findings.is_empty() && refused.is_none()));
        }
        if findings.is_empty() {
            println!(
                "good: nothing was found{}",
                if outcome == Outcome::Proved { "" } else { ", and not every claim is proved" }
            );
        } else {
            print!("{}", findings.iter().map(finding).collect::<String>());
        }
        if let Some(refused) = &refused {
            println!("a server here refuses other rules since {}:", refused["at"].as_str().unwrap_or_default());
            let said = refused["findings"].as_array().into_iter().flatten();
            let said = said.filter_map(|said| serde_json::from_value::<Finding>(said.clone()).ok());
            print!("{}", said.map(|said| finding(&said)).collect::<String>());
        }
        Ok(ended(findings.is_empty() && refused.is_none()))
    }

    /// What the rules in force over the store here were not replaced by, if anything was refused.
    async fn refused(&self) -> Result<Option<Value>, Failure> {
        if !Store::is_in(&self.data.data) {
            return Ok(None);
        }
        let reached = Reached::open(&self.data.data, Wanted::There).await?;
        let status = reached.call(Method::GET, "/v1/rules", None).await?;
        Ok(status.get("refused").cloned())
    }
}

impl One {
    fn prove(&self) -> Result<Ended, Failure> {
        let solver = SolverSetting::read();
        if solver.is_required && solver.program.is_none() {
            return Err(Failure::failed(
                "there is no solver, and STANDING_REQUIRE_SOLVER asks for one; install cvc5, or name it with CVC5",
            ));
        }
        match self.rules.examined(&solver)? {
            Err(findings) => {
                if self.json {
                    println!("{}", json!({ "findings": findings, "outcome": Outcome::Refused }));
                } else {
                    print!("{}", findings.iter().map(finding).collect::<String>());
                }
                Ok(Ended::Denied)
            }
            Ok(examined) => {
                let outcome = examined.outcome();
                if self.json {
                    println!(
                        "{}",
                        json!({ "findings": examined.findings, "outcome": outcome, "proofs": examined.proofs })
                    );
                } else {
                    print!("{}", claims(&examined.proofs));
                    print!("{}", examined.findings.iter().map(finding).collect::<String>());
                }
                let is_proved = examined.proofs.claims.iter().all(|claim| claim.proof == Proof::Proved);
                Ok(ended(outcome == Outcome::Proved && is_proved))
            }
        }
    }

    fn coverage(&self) -> Result<Ended, Failure> {
        let bundle = self.rules.bundle()?;
        let tables = Tables::of(&bundle);
        let cells = tables.asked.cells().map(|(_, _, cell)| cell).chain(tables.calls.cells().map(|(_, _, cell)| cell));
        let mut decided: BTreeMap<&str, usize> = bundle.deciders().map(|rule| (rule.id.as_str(), 0)).collect();
        for rule in cells.flat_map(|cell| &cell.rules) {
            if let Some(rows) = decided.get_mut(rule.as_str()) {
                *rows += 1;
            }
        }
        let signed = crate::assure::worked::check(&bundle, &tables.asked);
        let idle = decided.values().filter(|rows| **rows == 0).count();
        if self.json {
            println!("{}", json!({ "rows": decided, "findings": signed }));
        } else {
            for (rule, rows) in &decided {
                println!("{rows:>6} rows  {rule}");
            }
            print!("{}", signed.iter().map(finding).collect::<String>());
        }
        Ok(ended(idle == 0 && signed.is_empty()))
    }
}

impl Format {
    fn run(&self) -> Result<Ended, Failure> {
        let Some(dir) = self.rules.folder() else {
            return Err(Failure::usage("there is no folder `policies` here; name one that holds it with `--rules`"));
        };
        let files = RuleFiles::read(&dir, &RuleFiles::default())?;
        let config = Config { line_width: LINE_WIDTH, indent_width: INDENT_WIDTH };
        let mut changed = Vec::new();
        for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".cedar")) {
            let pretty = policies_str_to_pretty(text, &config)
                .map_err(|error| Failure::failed(format!("`{path}` cannot be laid out: {error:#}; mend it first")))?;
            if pretty != text {
                changed.push((path.to_owned(), pretty));
            }
        }
        for (path, pretty) in &changed {
            if !self.check {
                write(&dir.join(path), pretty)?;
            }
            println!("{} {path}", if self.check { "would change" } else { "changed" });
        }
        Ok(ended(!self.check || changed.is_empty()))
    }
}

/// Writes a file whole: it is never seen half written.
fn write(path: &std::path::Path, text: &str) -> Result<(), Failure> {
    let named = |error: std::io::Error| Failure::failed(format!("cannot write `{}`: {error}", path.display()));
    let beside: PathBuf = path.with_extension("cedar.part");
    std::fs::write(&beside, text).map_err(named)?;
    std::fs::rename(&beside, path).map_err(named)
}
