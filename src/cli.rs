//! The commands: one file each.
//!
//! Exit codes stand at the end of every `--help`. Errors go to the standard error in one sentence. Whoever reads the
//! output may close it before its end, which changes no exit code. A command whose store is held by a running server
//! asks that server through its socket, and prints the same as without one.

pub mod demo;
mod ended;
mod figures;
mod first_token;
mod traces;
mod help;
mod lines;
mod page;
mod print;
mod manual;
mod rules_watch;
mod notify;
mod settings;
mod data;
mod listening;
mod rules_dir;
mod config;
mod reach;
mod check;
mod examine;
mod link_key;
mod rules;
mod replay;
mod site;
mod reload;
mod serve;
mod tables;
mod transfer;
mod ledger;
mod token;
mod session;
mod backup;
mod shipped;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::limits::THREAD_STACK_BYTES;
use ended::{DENIED, Ended, FAILED, Failure, WRONG_USAGE};

/// How long the end of the process waits for what still goes on.
const END_WITHIN: Duration = Duration::from_secs(1);

/// Decides what a reseller may do to a customer's subscriptions, and remembers every answer.
#[derive(Debug, Parser)]
#[command(name = "standing", version, after_help = "Example: standing serve --demo")]
struct Arguments {
    /// A file of settings (TOML); each setting is also `STANDING_` and its name in capitals.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer over HTTP.
    Serve(serve::Serve),
    /// Ask one question.
    Check(check::Check),
    /// Print every answer there is, as a table.
    Tables(tables::Tables),
    /// Show the settings in force, each with where it comes from, or check a file of settings.
    Config(config::ConfigCommand),
    /// Bring in partners, customers, subscriptions, grants and commercial relationships from a file.
    Import(transfer::Import),
    /// Write everything that is known to a file.
    Export(transfer::Export),
    /// Write everything a data directory holds at one revision to a folder, beside a running server or without one.
    Backup(backup::Backup),
    /// Bring a backup back into an empty data directory, once everything in it is verified.
    Restore(backup::Restore),
    /// Verify, export, find, show, prove, archive and replay the ledger of decisions.
    Ledger(ledger::LedgerCommand),
    /// List, rotate and retire the keys that links are signed with.
    LinkKey(link_key::LinkKeyCommand),
    /// Judge a set of rules before it is in force, and put it in force.
    Rules(rules::RulesCommand),
    /// Create, list and revoke access tokens.
    Token(token::TokenCommand),
    /// List and end the sessions of people on the pages.
    Session(session::SessionCommand),
    /// Examine a candidate for a server.
    #[command(hide = true)]
    Examine(examine::Examine),
    /// Print what a shell needs to complete the arguments of this program.
    Completions(shipped::Completions),
    /// Write a page of `man` for every command into a folder.
    #[command(hide = true)]
    Man(shipped::ManPages),
    /// Print a page of the manual, or which pages there are.
    Manual(manual::Manual),
}

/// Prints a failure, and returns the exit code of the process.
fn report(failure: &Failure) -> ExitCode {
    print::error(format_args!("standing: {}", failure.message));
    ExitCode::from(failure.code)
}

/// Every command, as it is told of.
fn whole() -> clap::Command {
    help::with_exit_codes(Arguments::command())
}

/// The arguments of the process.
fn arguments() -> Result<Arguments, clap::Error> {
    let mut command = whole();
    let matches = command.try_get_matches_from_mut(std::env::args_os())?;
    Arguments::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// Runs the command that the arguments of the process name.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are printed to the standard output and are no mistake.
            let wrong = error.use_stderr();
            let _ = error.print();
            return if wrong { ExitCode::from(WRONG_USAGE) } else { ExitCode::SUCCESS };
        }
    };
    // Before anything else takes memory or a thread: what cannot be had is missed at once.
    if let Command::Examine(examine) = &arguments.command {
        return match examine.limit_itself().and_then(|()| examine.run()) {
            Ok(_) => print::failed().map_or(ExitCode::SUCCESS, |failure| report(&failure)),
            Err(failure) => report(&failure),
        };
    }
    if !matches!(arguments.command, Command::Config(_) | Command::Manual(_) | Command::Completions(_) | Command::Man(_))
        && let Err(failure) = settings::in_force()
    {
        return report(&failure);
    }
    let is_server = matches!(arguments.command, Command::Serve(_));
    settings::log_to_stderr(if is_server { settings::log_level() } else { tracing::Level::WARN });
    let runtime =
        match tokio::runtime::Builder::new_multi_thread().thread_stack_size(THREAD_STACK_BYTES).enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                print::error(format_args!("standing: the runtime cannot be started: {error}"));
                return ExitCode::from(FAILED);
            }
        };
    let ended = runtime.block_on(async {
        match arguments.command {
            Command::Serve(serve) => serve.run().await,
            Command::Check(check) => check.run().await,
            Command::Config(config) => config.run(),
            Command::Tables(tables) => tables.run(),
            Command::Import(import) => import.run().await,
            Command::Export(export) => export.run().await,
            Command::Backup(backup) => backup.run().await,
            Command::Restore(restore) => restore.run().await,
            Command::Ledger(ledger) => ledger.run().await,
            Command::LinkKey(link_key) => link_key.run().await,
            Command::Rules(rules) => rules.run().await,
            Command::Token(token) => token.run().await,
            Command::Session(session) => session.run().await,
            Command::Examine(examine) => examine.run(),
            Command::Manual(manual) => manual.run(),
            Command::Completions(completions) => Ok(completions.run(whole())),
            Command::Man(pages) => pages.run(whole()),
        }
    });
    // Whatever goes on is for nobody: it reads, or is a write that is whole or not there.
    runtime.shutdown_timeout(END_WITHIN);
    match print::failed().map_or(ended, Err) {
        Ok(Ended::Good) => ExitCode::SUCCESS,
        Ok(Ended::Denied) => ExitCode::from(DENIED),
        Err(failure) => report(&failure),
    }
}
