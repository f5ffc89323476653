//! `standing rules`: what is wrong with a set, whether its promises hold, and what it would change.

mod candidate;
mod differences;
mod examined;
mod report;

use std::path::PathBuf;

use cedar_policy_formatter::{Config, policies_str_to_pretty};
use clap::{Args, Subcommand};

use super::rules_dir::RulesFlag;
use super::{Ended, Failure};
use crate::policy::{Finding, RuleFiles};
use candidate::Compare;
use examined::{Check, Coverage, Prove};

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
    /// Say everything that is wrong with a set.
    #[command(after_help = "Example: standing rules check --rules my-rules")]
    Check(Check),
    /// Prove every claim of a set for every possible input.
    #[command(
        after_help = "Example: standing rules prove\n\nThe solver is cvc5: on the PATH, or named by CVC5. With STANDING_REQUIRE_SOLVER=1 its absence is a failure."
    )]
    Prove(Prove),
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
    Coverage(Coverage),
}

/// Lay the rules out in one way.
#[derive(Debug, Args)]
struct Format {
    #[command(flatten)]
    rules: RulesFlag,
    /// Change nothing, and say which files would change: the exit code is 2 when any would.
    #[arg(long)]
    check: bool,
}

impl RulesCommand {
    pub(super) async fn run(self) -> Result<Ended, Failure> {
        match self.what {
            What::Check(check) => check.run().await,
            What::Prove(prove) => prove.run(),
            What::Diff(compare) => compare.run(false).await,
            What::Review(compare) => compare.run(true).await,
            What::Format(format) => format.run(),
            What::Coverage(coverage) => coverage.run(),
        }
    }
}

/// Good when nothing was found that refuses a set: advice is for the reviewer to judge, unless whoever asks is strict.
fn ended(findings: &[Finding], is_strict: bool) -> Ended {
    let is_refused = findings.iter().any(|finding| is_strict || !finding.advisory);
    if is_refused { Ended::Denied } else { Ended::Good }
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
        Ok(if self.check && !changed.is_empty() { Ended::Denied } else { Ended::Good })
    }
}

/// Writes a file whole: it is never seen half written.
fn write(path: &std::path::Path, text: &str) -> Result<(), Failure> {
    let named = |error: std::io::Error| Failure::failed(format!("cannot write `{}`: {error}", path.display()));
    let beside: PathBuf = path.with_extension("cedar.part");
    std::fs::write(&beside, text).map_err(named)?;
    std::fs::rename(&beside, path).map_err(named)
}
