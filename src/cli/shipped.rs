//! What a package ships beside the program: completions for shells, and the pages of `man`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

use super::ended::{Ended, Failure};
use super::print;

/// Print what a shell needs to complete the arguments of this program.
#[derive(Debug, Args)]
#[command(after_help = "Example: standing completions bash > /etc/bash_completion.d/standing")]
pub(super) struct Completions {
    /// The shell.
    shell: Shell,
}

/// Write a page of `man` for every command into a folder.
#[derive(Debug, Args)]
#[command(after_help = "Example: standing man /usr/local/share/man/man1")]
pub(super) struct ManPages {
    /// The folder; it is made where it is not there.
    folder: PathBuf,
}

impl Completions {
    pub(super) fn run(&self, mut command: clap::Command) -> Ended {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "standing", &mut script);
        print::text(String::from_utf8_lossy(&script));
        Ended::Good
    }
}

impl ManPages {
    pub(super) fn run(&self, command: clap::Command) -> Result<Ended, Failure> {
        let written =
            std::fs::create_dir_all(&self.folder).and_then(|()| clap_mangen::generate_to(command, &self.folder));
        written.map_err(|error| {
            Failure::failed(format!("cannot write pages into `{}`: {error}", self.folder.display()))
        })?;
        Ok(Ended::Good)
    }
}
