//! A candidate held against the rules in force, and against the live world.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::report::{differences, review, turned};
use crate::cli::reach::{Reached, terms};
use crate::cli::rules_dir::RulesFlag;
use crate::cli::{Data, Ended, Failure};
use crate::clock::System;
use crate::pdp::{Evidence, Outcome, Pdp, ReviewTelling, demo};
use crate::policy::RuleFiles;
use crate::store::Store;

/// Two sets of rules, and the world they decide about.
#[derive(Debug, Args)]
pub(super) struct Compare {
    /// The folder of the other set: it holds `policies/`, and `schemas/` unless they stay as they are.
    #[arg(value_name = "DIR")]
    candidate: PathBuf,
    /// Print each answer that turns in the live world, one a line, and not the first thousand of each action.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    data: Data,
}

impl Compare {
    /// Compares; with `is_review` everything is said and findings end with another exit code.
    pub(super) async fn run(self, is_review: bool) -> Result<Ended, Failure> {
        let (is_demo, reached) = match Store::is_in(&self.data.data) {
            true => (false, Some(Reached::open(&self.data.data, crate::cli::reach::Wanted::There).await?)),
            false => (true, None),
        };
        let evidence = match reached.as_ref() {
            Some(reached) => match &reached.here {
                Some(pdp) => self.examined(pdp).await?,
                None => self.asked(reached).await?,
            },
            None => {
                let folder = tempfile::tempdir()?;
                let rules = RulesFlag { rules: None }.bundle()?;
                let pdp = Pdp::open(folder.path(), Arc::new(System), rules, terms())?;
                demo(&pdp).await?;
                self.examined(&pdp).await?
            }
        };
        if self.data.json {
            println!("{}", serde_json::to_string(&evidence)?);
        } else {
            if is_demo {
                println!(
                    "there is no store in `{}`: the live world is that of the demonstration, and the rules in force are those here\n",
                    self.data.data.display()
                );
            }
            print!("{}", if is_review { review(&evidence) } else { differences(&evidence) });
        }
        let is_good = if is_review { evidence.findings.is_empty() } else { evidence.outcome != Outcome::Refused };
        Ok(super::ended(is_good))
    }

    fn files(&self, in_force: &RuleFiles) -> Result<RuleFiles, Failure> {
        Ok(RuleFiles::read(&self.candidate, in_force)?)
    }

    /// Reviews where this process holds the store.
    async fn examined(&self, pdp: &Pdp) -> Result<Evidence, Failure> {
        let files = self.files(pdp.rules().files())?;
        let bar = bar();
        let (shown, printed) = (bar.clone(), self.all && !self.data.json);
        let telling = ReviewTelling {
            progress: Box::new(move |progress| {
                shown.set_length(progress.all);
                shown.set_position(progress.done);
                ControlFlow::Continue(())
            }),
            turned: Box::new(move |found| {
                if printed {
                    print!("{}", turned(found));
                }
                ControlFlow::Continue(())
            }),
        };
        let evidence = pdp.examine_telling(files, telling).await?;
        bar.finish_and_clear();
        Ok(evidence)
    }

    /// Reviews where a server does.
    async fn asked(&self, reached: &Reached) -> Result<Evidence, Failure> {
        let files = self.files(&RuleFiles::default())?;
        let files: std::collections::BTreeMap<&str, &str> = files.iter().collect();
        let body = serde_json::json!({ "files": files });
        let said = reached.call(hyper::Method::POST, "/v1/rules/review", Some(&body)).await?;
        Ok(serde_json::from_value(said)?)
    }
}

/// How far the comparison has come, on a terminal.
fn bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) =
        ProgressStyle::with_template("comparing the live world {wide_bar} {human_pos} of {human_len}, {eta} left")
    {
        bar.set_style(style);
    }
    bar
}
