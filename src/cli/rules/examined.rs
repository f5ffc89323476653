//! One set of rules by itself: what is wrong with it, whether its claims are proved, and which rows its rules decide.

use crate::cli::print;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use clap::Args;
use console::style;
use hyper::Method;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::ended::ended;
use super::forms::{FindingsForm, ProofsForm, junit, sarif};
use super::report::{Detail, claims, findings};
use crate::assure::proof::Proof;
use crate::assure::release::{Examined, Outcome, Tables, examine};
use crate::assure::signed_tables;
use crate::assure::spoken::Spoken;
use crate::assure::table::Cell;
use crate::cli::data::Data;
use crate::cli::ended::{Ended, Failure};
use crate::cli::page::Page;
use crate::cli::reach::{Client, Wanted};
use crate::cli::rules_dir::RulesFlag;
use crate::config::SolverSetting;
use crate::policy::{Bundle, Finding, RuleFiles, Rulebook};
use crate::store::Store;

/// How often what goes on is drawn again, on a terminal.
const DRAWN_EVERY: Duration = Duration::from_millis(100);

/// Say everything that is wrong with a set, and what a server here refuses.
#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    rules: RulesFlag,
    /// Have advice end with exit code 2 too.
    #[arg(long)]
    strict: bool,
    /// The form of what is printed; `--json` is short for `json`.
    #[arg(long, value_name = "FORM", default_value = "text", conflicts_with = "json")]
    format: FindingsForm,
    #[command(flatten)]
    data: Data,
}

/// Prove every claim of a set for every possible input.
#[derive(Debug, Args)]
pub(super) struct Prove {
    #[command(flatten)]
    rules: RulesFlag,
    /// List each claim, also where it is proved.
    #[arg(long, short)]
    verbose: bool,
    /// Have advice end with exit code 2 too.
    #[arg(long)]
    strict: bool,
    /// The form of what is printed; `--json` is short for `json`.
    #[arg(long, value_name = "FORM", default_value = "text", conflicts_with = "json")]
    format: ProofsForm,
    /// Print JSON, for machines.
    #[arg(long)]
    json: bool,
}

/// Say how many rows each rule decides, and what no row shows.
#[derive(Debug, Args)]
pub(super) struct Coverage {
    #[command(flatten)]
    rules: RulesFlag,
    /// Have a rule that decides no row end with exit code 2 too.
    #[arg(long)]
    strict: bool,
    /// Print JSON, for machines.
    #[arg(long)]
    json: bool,
}

/// Says on a terminal that something goes on, until it is dropped.
pub(super) fn going_on(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}, {elapsed}") {
        bar.set_style(style);
    }
    bar.set_message(what);
    bar.enable_steady_tick(DRAWN_EVERY);
    bar
}

/// What is known of a set, or what is wrong with its files.
fn examined(files: RuleFiles, solver: &SolverSetting) -> Result<Examined, Vec<Finding>> {
    let bundle = Bundle::load(files, Rulebook::Domain).map_err(|error| error.findings)?;
    let bar = going_on("checking every answer and proving the claims");
    let examined = examine(&bundle, None, solver.program.as_deref());
    bar.finish_and_clear();
    Ok(examined)
}

impl Check {
    pub(super) async fn run(&self) -> Result<Ended, Failure> {
        let files = self.rules.files()?;
        let (found, outcome) = match examined(files.clone(), &SolverSetting::read()) {
            Ok(examined) => (examined.findings.clone(), examined.outcome()),
            Err(findings) => (findings, Outcome::Refused),
        };
        let refused = self.refused().await?;
        let ended = if refused.is_some() { Ended::Denied } else { ended(&found, self.strict) };
        if self.format == FindingsForm::Sarif {
            let said = refused.iter().flat_map(|refused| refused["findings"].as_array().into_iter().flatten());
            let said: Vec<Finding> = said.filter_map(|said| serde_json::from_value(said.clone()).ok()).collect();
            print::line(format_args!("{:#}", sarif(&found, &said, self.rules.folder().as_deref())));
            return Ok(ended);
        }
        if self.data.json || self.format == FindingsForm::Json {
            let strays = files.strays();
            let said = json!({ "findings": found, "outcome": outcome, "refused": refused, "passedOver": strays });
            print::line(said);
            return Ok(ended);
        }
        let mut page = Page::new();
        let advice = found.iter().filter(|finding| finding.advisory).count();
        let unproved = if outcome == Outcome::Proved { "" } else { ", and not every claim is proved" };
        let (good, bad) = (style("good").green(), style("refused").red());
        page.line(match (found.len() - advice, advice) {
            (0, 0) => format!("{good}: nothing was found{unproved}"),
            (0, 1) => format!("{good}, with 1 word of advice{unproved}"),
            (0, advice) => format!("{good}, with {advice} words of advice{unproved}"),
            (1, _) => format!("{bad}: 1 finding has to be mended"),
            (refusing, _) => format!("{bad}: {refusing} findings have to be mended"),
        });
        findings(&mut page, &found, &files);
        for path in files.strays() {
            page.line(format!("passed over: {path} is no part of the rules"));
        }
        if let Some(refused) = &refused {
            let since = refused["at"].as_str().unwrap_or_default();
            page.blank();
            page.line(format!("a server here refuses other rules since {since}:"));
            let said = refused["findings"].as_array().into_iter().flatten();
            let said: Vec<Finding> = said.filter_map(|said| serde_json::from_value(said.clone()).ok()).collect();
            // Its files may be others by now.
            findings(&mut page, &said, &RuleFiles::default());
        }
        if ended == Ended::Good {
            page.blank();
            page.line("Next: `standing rules review DIR` says what it would change of what is in force.");
        }
        print::text(&page);
        Ok(ended)
    }

    /// What the rules in force over the store here were not replaced by, if anything was refused.
    async fn refused(&self) -> Result<Option<Value>, Failure> {
        if !Store::is_in(&self.data.data) {
            return Ok(None);
        }
        let client = Client::open(&self.data, Wanted::There).await?;
        let status = client.call(Method::GET, "/v1/rules", None).await?;
        Ok(status.get("refused").cloned())
    }
}

impl Prove {
    pub(super) fn run(&self) -> Result<Ended, Failure> {
        let solver = SolverSetting::read();
        if solver.is_required && solver.program.is_none() {
            return Err(Failure::failed(
                "there is no solver, and STANDING_REQUIRE_SOLVER asks for one; install cvc5, or name it with CVC5",
            ));
        }
        let files = self.rules.files()?;
        let mut page = Page::new();
        let ended = match examined(files.clone(), &solver) {
            Err(found) => {
                if self.format == ProofsForm::Junit {
                    print::text(junit(&found, None, self.strict));
                    return Ok(Ended::Denied);
                }
                if self.json || self.format == ProofsForm::Json {
                    print::line(json!({ "findings": found, "outcome": Outcome::Refused }));
                    return Ok(Ended::Denied);
                }
                findings(&mut page, &found, &files);
                Ended::Denied
            }
            Ok(examined) => {
                let (outcome, found) = (examined.outcome(), &examined.findings);
                let is_proved = examined.proofs.claims.iter().all(|claim| claim.proof == Proof::Proved);
                let ended = match outcome {
                    Outcome::Proved if is_proved => ended(found, self.strict),
                    _ => Ended::Denied,
                };
                if self.format == ProofsForm::Junit {
                    print::text(junit(found, Some(&examined.proofs), self.strict));
                    return Ok(ended);
                }
                if self.json || self.format == ProofsForm::Json {
                    print::line(json!({ "findings": found, "outcome": outcome, "proofs": examined.proofs }));
                    return Ok(ended);
                }
                let detail = if self.verbose { Detail::Everything } else { Detail::News };
                claims(&mut page, &examined.proofs, detail);
                if !found.is_empty() {
                    page.heading("Findings");
                    findings(&mut page, found, &files);
                }
                ended
            }
        };
        print::text(&page);
        Ok(ended)
    }
}

impl Coverage {
    pub(super) fn run(&self) -> Result<Ended, Failure> {
        let bundle = self.rules.bundle()?;
        let spoken = Spoken::of(&bundle, SolverSetting::read().program.as_deref());
        let tables = Tables::spoken(&bundle, &spoken);
        let cells = tables.asked.cells().map(|(_, _, cell)| cell).chain(tables.calls.cells().map(|(_, _, cell)| cell));
        // A row that a rule decides for a caller that says the right thing is one that it decides.
        let deciding = |cell: &Cell| cell.all().flat_map(|cell| cell.rules.iter().cloned()).collect::<BTreeSet<_>>();
        let mut decided: BTreeMap<&str, usize> = bundle.deciders().map(|rule| (rule.id.as_str(), 0)).collect();
        for rule in cells.flat_map(deciding) {
            if let Some(rows) = decided.get_mut(rule.as_str()) {
                *rows += 1;
            }
        }
        let signed = signed_tables::check(&bundle, &tables.asked);
        // A rule that decides nothing is advice, as `check` has it.
        let is_idle = decided.values().any(|rows| *rows == 0);
        let ended = if is_idle && self.strict { Ended::Denied } else { ended(&signed, self.strict) };
        if self.json {
            print::line(json!({ "rows": decided, "findings": signed }));
            return Ok(ended);
        }
        let mut page = Page::new();
        for (rule, rows) in &decided {
            page.as_it_is(format!("{rows:>6} rows  {rule}"));
        }
        for (action, answers) in tables.asked.actions() {
            if let Some(why) = answers.said().and_then(|said| said.unknown.as_ref()) {
                page.line(format!("{action}: it is not known what else its rules decide by what callers say ({why})"));
            }
        }
        findings(&mut page, &signed, bundle.files());
        print::text(&page);
        Ok(ended)
    }
}
