//! The flags of every command that works on a store.

use std::fmt::Display;
use std::path::PathBuf;

use super::ended::Failure;
use super::settings;
use crate::config::token_of_environment;

/// Flags of every command that works on a store.
#[derive(Debug, clap::Args)]
pub(super) struct Data {
    /// The data directory.
    #[arg(long, value_name = "DIR", default_value_os_t = settings::data())]
    pub(super) data: PathBuf,
    /// A file with the access token of whoever asks, else `STANDING_TOKEN`; without one it is whoever may open the
    /// data directory, who approves nothing.
    #[arg(long, value_name = "FILE")]
    pub(super) token_file: Option<PathBuf>,
    /// Print JSON, for machines.
    #[arg(long)]
    pub(super) json: bool,
}

impl Data {
    /// The access token of whoever asks.
    pub(super) fn token(&self) -> Result<Option<String>, Failure> {
        let Some(file) = &self.token_file else { return Ok(token_of_environment()) };
        let named = |error: &dyn Display| format!("cannot read the token in `{}`: {error}", file.display());
        let token = std::fs::read_to_string(file).map_err(|error| Failure::failed(named(&error)))?;
        match token.trim() {
            "" => Err(Failure::usage(named(&"it is empty; `standing token create` makes one"))),
            token => Ok(Some(token.to_owned())),
        }
    }
}
