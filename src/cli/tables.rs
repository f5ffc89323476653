//! `standing tables`: prints every answer there is.

use clap::Args;

use super::rules_dir::RulesFlag;
use super::{Ended, Failure};
use crate::assure::table::Table;

/// Print every answer there is, as the snapshots show it.
#[derive(Debug, Args)]
#[command(after_help = "Example: standing tables --rules my-rules")]
pub(super) struct Tables {
    #[command(flatten)]
    rules: RulesFlag,
    /// Print JSON, for machines.
    #[arg(long)]
    json: bool,
}

impl Tables {
    pub(super) fn run(self) -> Result<Ended, Failure> {
        let table = Table::of(&self.rules.bundle()?);
        if self.json {
            serde_json::to_writer(std::io::stdout().lock(), &table)?;
            println!();
        } else {
            println!("{table}");
        }
        Ok(Ended::Good)
    }
}
