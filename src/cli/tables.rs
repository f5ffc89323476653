//! `standing tables`: prints every answer there is.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;

use super::rules_dir::RulesFlag;
use super::{Ended, Failure, print};
use crate::assure::calls::CallTable;
use crate::assure::table::Table;
use crate::assure::worked::drafted;

/// Print every answer there is, as the snapshots show it.
#[derive(Debug, Args)]
#[command(after_help = "Example: standing tables --rules my-rules")]
pub(super) struct Tables {
    #[command(flatten)]
    rules: RulesFlag,
    /// Print whether every call of this service may be made, instead.
    #[arg(long, conflicts_with = "write")]
    calls: bool,
    /// Draft `policies/tables/`, one file an action, for a reviewer to sign; a file that is there is left as it is.
    #[arg(long)]
    write: bool,
    /// Print JSON, for machines.
    #[arg(long, conflicts_with_all = ["calls", "write"])]
    json: bool,
}

impl Tables {
    pub(super) fn run(self) -> Result<Ended, Failure> {
        let bundle = self.rules.bundle()?;
        if self.calls {
            print::text(CallTable::of(&bundle));
            return Ok(Ended::Good);
        }
        let table = Table::of(&bundle);
        if self.write {
            return self.draft(&table);
        }
        if self.json {
            print::json(&table);
        } else {
            print::line(&table);
        }
        Ok(Ended::Good)
    }

    /// Writes a draft for every action that has no signed answers yet.
    fn draft(&self, table: &Table) -> Result<Ended, Failure> {
        let dir = self.rules.folder().unwrap_or_else(|| PathBuf::from("."));
        for (path, text) in drafted(table).iter() {
            let file = dir.join(path);
            let named = |error: std::io::Error| Failure::failed(format!("cannot write `{}`: {error}", file.display()));
            if let Some(folder) = file.parent() {
                std::fs::create_dir_all(folder).map_err(named)?;
            }
            match std::fs::OpenOptions::new().write(true).create_new(true).open(&file) {
                Ok(mut opened) => {
                    opened.write_all(text.as_bytes()).map_err(named)?;
                    print::line(format_args!("drafted {}", file.display()));
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                    print::line(format_args!("left {} as it is", file.display()));
                }
                Err(error) => return Err(named(error)),
            }
        }
        Ok(Ended::Good)
    }
}
