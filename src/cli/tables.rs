//! `standing tables`: prints every answer there is, and drafts and signs tables.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::tz::TimeZone;

use super::ended::{Ended, Failure};
use super::print;
use super::rules_dir::RulesFlag;
use crate::assure::calls::CallTable;
use crate::assure::signed_tables::{FOLDER, drafted, signed};
use crate::assure::spoken::Spoken;
use crate::assure::table::Table;
use crate::clock::{Clock as _, System};
use crate::config::SolverSetting;
use crate::files;

/// Print every answer there is, as the snapshots show it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  standing tables removeSeats\n  standing tables --rules my-rules --write\n  standing tables --rules my-rules --sign 'Ada Lovelace' removeSeats"
)]
pub(super) struct Tables {
    /// Print, draft or sign this action alone.
    action: Option<String>,
    #[command(flatten)]
    rules: RulesFlag,
    /// Print whether every call of this service may be made, instead.
    #[arg(long, conflicts_with_all = ["write", "sign", "action"])]
    calls: bool,
    /// Draft `policies/tables/`, one file an action, for a reviewer to sign; a file that is there is left as it is.
    #[arg(long, conflicts_with = "sign")]
    write: bool,
    /// Sign the worked answers in `policies/tables/` as they are, with this name, the date of today and a digest of the
    /// rows.
    #[arg(long, value_name = "NAME")]
    sign: Option<String>,
    /// Print JSON, for machines.
    #[arg(long, conflicts_with_all = ["calls", "write", "sign"])]
    json: bool,
}

impl Tables {
    pub(super) fn run(self) -> Result<Ended, Failure> {
        let bundle = self.rules.bundle()?;
        if self.calls {
            print::text(CallTable::of(&bundle));
            return Ok(Ended::Good);
        }
        let mut table = Table::spoken(&bundle, &Spoken::of(&bundle, SolverSetting::read().program.as_deref()));
        if let Some(action) = &self.action {
            table = table.of_action(action).ok_or_else(|| unknown(action, &table))?;
        }
        if self.write {
            return self.draft(&table);
        }
        if let Some(name) = &self.sign {
            return self.sign(&table, name);
        }
        if self.json {
            print::json(&table);
        } else {
            print::line(&table);
        }
        Ok(Ended::Good)
    }

    fn folder(&self) -> PathBuf {
        self.rules.folder().unwrap_or_else(|| PathBuf::from("."))
    }

    /// Writes a draft for every action that has no signed table yet.
    fn draft(&self, table: &Table) -> Result<Ended, Failure> {
        let dir = self.folder();
        for (action, _) in table.actions().filter(|(_, answers)| answers.said().is_some()) {
            print::line(format_args!(
                "left out {action}: what the caller says can turn its answers; a claim bounds them"
            ));
        }
        for (path, text) in drafted(table).iter() {
            let file = dir.join(path);
            let named = |error: std::io::Error| Failure::failed(format!("cannot write `{}`: {error}", file.display()));
            if let Some(folder) = file.parent() {
                std::fs::create_dir_all(folder).map_err(named)?;
            }
            match std::fs::OpenOptions::new().write(true).create_new(true).open(&file) {
                Ok(mut opened) => {
                    opened.write_all(text.as_bytes()).map_err(named)?;
                    print::line(format_args!(
                        "drafted {}; read each row, then sign it with `--sign NAME`",
                        file.display()
                    ));
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                    print::line(format_args!("left {} as it is", file.display()));
                }
                Err(error) => return Err(named(error)),
            }
        }
        Ok(Ended::Good)
    }

    /// Signs the tables that are there, all or none.
    fn sign(&self, table: &Table, name: &str) -> Result<Ended, Failure> {
        let today = System.now().to_zoned(TimeZone::UTC).date();
        let dir = self.folder();
        let mut written = Vec::new();
        for (action, _) in table.actions() {
            let path = format!("{FOLDER}{action}.md");
            let file = dir.join(&path);
            let text = match std::fs::read_to_string(&file) {
                Ok(text) => text,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && self.action.is_none() => continue,
                Err(error) => {
                    let message = format!("cannot read `{}`: {error}; draft it with `--write`", file.display());
                    return Err(Failure::failed(message));
                }
            };
            written.push((signed(&path, &text, action, name, today)?, file));
        }
        if written.is_empty() {
            let folder = dir.join(FOLDER);
            let message = format!("there are no worked answers in `{}`; draft them with `--write`", folder.display());
            return Err(Failure::failed(message));
        }
        for (text, file) in written {
            replace(&dir, &file, &text)?;
            print::line(format_args!("signed {}", file.display()));
        }
        Ok(Ended::Good)
    }
}

/// Writes a file whole: it is never seen half written, and nothing else is ever seen among the rules.
fn replace(dir: &Path, file: &Path, text: &str) -> Result<(), Failure> {
    let named = |error: std::io::Error| Failure::failed(format!("cannot write `{}`: {error}", file.display()));
    let mut whole = tempfile::NamedTempFile::new_in(dir).map_err(named)?;
    whole.write_all(text.as_bytes()).map_err(named)?;
    let permissions = std::fs::metadata(file).map_err(named)?.permissions();
    std::fs::set_permissions(whole.path(), permissions).map_err(named)?;
    whole.as_file().sync_all().map_err(named)?;
    files::place(whole.path(), file).map_err(named)
}

/// The action that is meant by a name that is none, if one is near.
fn unknown(action: &str, table: &Table) -> Failure {
    let known: Vec<&str> = table.actions().map(|(name, _)| name).collect();
    let plain = |name: &str| name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let near = known
        .iter()
        .map(|name| (distance(&plain(action), &plain(name)), *name))
        .min()
        .filter(|(distance, name)| distance * 3 <= name.len());
    let hint = match near {
        Some((_, name)) => format!("did you mean `{name}`?"),
        None => format!("use one of {}", known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    };
    Failure::usage(format!("there is no action `{action}`; {hint}"))
}

/// How many characters to put in, take out or change to make one word of another.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (place, c) in one.chars().enumerate() {
        let mut above_left = place;
        let mut left = place + 1;
        for (column, d) in other.iter().enumerate() {
            let Some(above) = row.get(column + 1).copied() else { break };
            let next = (above + 1).min(left + 1).min(above_left + usize::from(c != *d));
            if let Some(cell) = row.get_mut(column) {
                *cell = left;
            }
            (above_left, left) = (above, next);
        }
        if let Some(cell) = row.last_mut() {
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(0)
}
