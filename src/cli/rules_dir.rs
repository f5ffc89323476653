//! Which rules a command works with.

use std::path::{Path, PathBuf};

use super::Failure;
use crate::policy::{Bundle, RuleFiles, Rulebook, RulesError};

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
        Ok(self.loaded()??)
    }

    /// The same, with what is wrong with the rules apart from what is wrong with the folder.
    pub(super) fn loaded(&self) -> Result<Result<Bundle, RulesError>, Failure> {
        let built_in = RuleFiles::built_in();
        let files = match self.folder() {
            Some(dir) => RuleFiles::read(&dir, &built_in)?,
            None => built_in,
        };
        Ok(Bundle::load(files, Rulebook::Domain))
    }

    /// The folder of the rules; nothing when they are the built-in set.
    pub(super) fn folder(&self) -> Option<PathBuf> {
        match &self.rules {
            Some(dir) => Some(dir.clone()),
            None => Path::new("policies").is_dir().then(|| PathBuf::from(".")),
        }
    }
}
