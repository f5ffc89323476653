//! `standing rules`: what is wrong with a set, whether its claims hold, what it would change, and how it is
//! activated.

mod ended;
mod candidate;
mod differences;
mod forms;
mod examined;
mod history;
mod published;
mod report;
mod retire;

use cedar_policy_formatter::{Config, policies_str_to_pretty};
use clap::{Args, Subcommand};

use super::ended::{Ended, Failure};
use super::print;
use super::rules_dir::RulesFlag;
use crate::policy::RuleFiles;
use candidate::Compare;
use ended::write;
use examined::{Check, Coverage, Prove};
use history::{History, Show};
use published::{Approve, Propose, Rollback, Withdraw};
use retire::Retire;

/// The widest line of a formatted rule.
const LINE_WIDTH: usize = 100;
const INDENT_WIDTH: isize = 2;

/// Judge a set of rules before it is in force, and put it in force.
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
    /// Propose a set of rules, with what is known of it.
    #[command(
        after_help = "Example: standing rules propose my-rules --title \"Transitions need administration\" --token-file ada.token\n\nRules come in force by two persons where a server publishes them (`rules_from = \"publishing\"`)."
    )]
    Propose(Propose),
    /// Approve what another person proposed: it comes in force at once, or when it is to.
    #[command(
        after_help = "Example: standing rules approve 1 --why \"read with legal\" --token-file bob.token\n\nNobody approves what the same person proposed, nor with a token that was made with the proposer's, or it with this one."
    )]
    Approve(Approve),
    /// Take a proposal back, also one that is to come in force later.
    #[command(after_help = "Example: standing rules withdraw 1")]
    Withdraw(Withdraw),
    /// Say which rules were in force since when and by whom, and what is proposed.
    #[command(after_help = "Example: standing rules history")]
    History(History),
    /// Show rules that are or were in force, or a proposal, with what is known of them.
    #[command(
        after_help = "Examples: standing rules show 7bf31cfa9bba\n          standing rules show 1 --file policies/may/migrate.cedar"
    )]
    Show(Show),
    /// Go back to rules that were in force before.
    #[command(
        after_help = "Example: standing rules rollback --to 7bf31cfa9bba --why \"refuses what it should allow\"\n\nWithin an hour after rules came in force one person alone may go back to those of before: an emergency, which the log, the history and `GET /v1/rules` tell. Anything else becomes a proposal that a second person approves."
    )]
    Rollback(Rollback),
    /// Take a promise away on purpose: a line in the set says which, who and why.
    #[command(
        after_help = "Example: standing rules retire always/the-seller-is-billed --why \"the agreement of 2027 bills otherwise\"\n\nRules that leave out or weaken a promise of the rules in force are refused without such a line. A line counts once."
    )]
    Retire(Retire),
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
            What::Propose(propose) => propose.run().await,
            What::Approve(approve) => approve.run().await,
            What::Withdraw(withdraw) => withdraw.run().await,
            What::History(history) => history.run().await,
            What::Show(show) => show.run().await,
            What::Rollback(rollback) => rollback.run().await,
            What::Retire(retire) => retire.run().await,
        }
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
            print::line(format_args!("{} {path}", if self.check { "would change" } else { "changed" }));
        }
        Ok(if self.check && !changed.is_empty() { Ended::Denied } else { Ended::Good })
    }
}
