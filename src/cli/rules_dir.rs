//! Which rules a command works with.

use std::path::{Path, PathBuf};

use super::Failure;
use crate::policy::{Bundle, RuleFiles, Rulebook};

/// The flag that names a folder of rules.
#[derive(Debug, clap::Args)]
pub(super) struct RulesFlag {
    /// The folder that holds `policies/` and optionally `schemas/`; without it the ones here, else the built-in set.
    #[arg(long, value_name = "DIR")]
    pub(super) rules: Option<PathBuf>,
}

impl RulesFlag {
    /// Reads and validates the rules: those of the flag, else those of the working directory, else the built-in set.
    pub(super) fn bundle(&self) -> Result<Bundle, Failure> {
        let built_in = RuleFiles::built_in();
        let files = match self.rules.as_deref() {
            Some(dir) => RuleFiles::read(dir, &built_in)?,
            None if Path::new("policies").is_dir() => RuleFiles::read(Path::new("."), &built_in)?,
            None => built_in,
        };
        Ok(Bundle::load(files, Rulebook::Domain)?)
    }
}
