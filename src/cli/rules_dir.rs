//! Which rules a command works with.

use std::path::{Path, PathBuf};

use super::ended::Failure;
use super::settings;
use crate::config::RulesAt;
use crate::policy::{Bundle, ReadError, RuleFiles, Rulebook, RulesError};
use crate::publish::begin::RulesWanted;

/// The flag that names a folder of rules.
#[derive(Debug, clap::Args)]
pub(super) struct RulesFlag {
    /// The folder that holds `policies/` and optionally `schemas/`, or `built-in`; without it the ones here, else the
    /// built-in set, and a server whose store has rules goes on with those.
    #[arg(long, value_name = "DIR")]
    pub(super) rules: Option<PathBuf>,
}

impl RulesFlag {
    /// Where the rules are wanted from: as the flag says, else where the store knows, and for a new store here.
    pub(super) fn wanted(&self) -> RulesWanted {
        RulesWanted { named: self.named(), otherwise: here() }
    }

    /// Where the rules stand.
    pub(super) fn place(&self) -> RulesAt {
        self.named().unwrap_or_else(here)
    }

    /// Where the flag or the settings say they stand.
    fn named(&self) -> Option<RulesAt> {
        self.rules.clone().or_else(settings::rules).map(|name| RulesAt::named(&name))
    }

    /// The folder the rules are in; nothing for the built-in set.
    pub(super) fn folder(&self) -> Option<PathBuf> {
        self.place().as_folder().map(Path::to_owned)
    }

    /// The files of the rules as they are now: those of a folder, else the built-in set.
    pub(super) fn files(&self) -> Result<RuleFiles, ReadError> {
        RuleFiles::at(&self.place(), &RuleFiles::built_in())
    }

    /// Reads and validates the rules: those of the flag, else those of the working directory, else the built-in set.
    pub(super) fn bundle(&self) -> Result<Bundle, Failure> {
        Ok(self.loaded()??)
    }

    /// Like the one above, with errors of the rules separate from errors of the folder.
    pub(super) fn loaded(&self) -> Result<Result<Bundle, RulesError>, Failure> {
        Ok(Bundle::load(self.files()?, Rulebook::Domain))
    }
}

/// The rules of the working directory, else the built-in set. The policies of a world, whose schema stands above them, are
/// not rules of relationships.
fn here() -> RulesAt {
    let is_of_world = Path::new("schema.cedarschema").is_file();
    if Path::new("policies").is_dir() && !is_of_world { RulesAt::folder(Path::new(".")) } else { RulesAt::BuiltIn }
}
