//! Which rules a command works with.

use std::path::{Path, PathBuf};

use super::{Failure, settings};
use crate::policy::{Bundle, ReadError, RuleFiles, Rulebook, RulesError};

/// The flag that names a folder of rules.
#[derive(Debug, clap::Args)]
pub(super) struct RulesFlag {
    /// The folder that holds `policies/` and optionally `schemas/`; without it the ones here, else the built-in set.
    #[arg(long, value_name = "DIR")]
    pub(super) rules: Option<PathBuf>,
}

impl RulesFlag {
    /// The folder the rules are in; nothing for the built-in set.
    pub(super) fn folder(&self) -> Option<PathBuf> {
        match &self.rules {
            Some(dir) => Some(dir.clone()),
            None => settings::rules().or_else(|| Path::new("policies").is_dir().then(|| PathBuf::from("."))),
        }
    }

    /// The files of the rules as they are now: those of a folder, else the built-in set.
    pub(super) fn files(folder: Option<&Path>) -> Result<RuleFiles, ReadError> {
        let built_in = RuleFiles::built_in();
        folder.map_or(Ok(built_in.clone()), |folder| RuleFiles::read(folder, &built_in))
    }

    /// Reads and validates the rules: those of the flag, else those of the working directory, else the built-in set.
    pub(super) fn bundle(&self) -> Result<Bundle, Failure> {
        Ok(self.loaded()??)
    }

    /// The same, with what is wrong with the rules apart from what is wrong with the folder.
    pub(super) fn loaded(&self) -> Result<Result<Bundle, RulesError>, Failure> {
        Ok(Bundle::load(Self::files(self.folder().as_deref())?, Rulebook::Domain))
    }
}
