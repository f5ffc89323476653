//! `standing rules retire`: a promise goes only so.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use clap::Args;
use hyper::Method;
use serde_json::json;

use super::ended::write;
use crate::assure::promises::{Retired, promises};
use crate::cli::data::Data;
use crate::cli::ended::{Ended, Failure};
use crate::cli::print;
use crate::cli::reach::{Client, Wanted};
use crate::cli::rules_dir::RulesFlag;
use crate::clock::{Clock as _, System};
use crate::config::user;
use crate::limits::TEXT_LENGTH_MAX;
use crate::policy::{Bundle, RETIRED, Retirement, RuleFiles, Rulebook, retirements};
use crate::store::Store;

/// What a file of such lines begins with.
const HEADING: &str = "# Promises retired

A promise goes only so: a line here names it, and says who takes it away and why. A set of rules that leaves out or
weakens a promise of the rules in force without one is refused. Each line counts once; leave it where it is.
";

/// Take a promise away on purpose: a line in the set says which, who and why.
#[derive(Debug, Args)]
pub(super) struct Retire {
    /// The promise: a claim such as `always/the-seller-is-billed`, or signed rows such as `tables/removeSeats`.
    #[arg(value_name = "CLAIM")]
    promise: String,
    /// Why it goes.
    #[arg(long, value_name = "TEXT")]
    why: String,
    /// Who takes it away [default: whoever is logged in]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    rules: RulesFlag,
    #[command(flatten)]
    data: Data,
}

impl Retire {
    pub(super) async fn run(&self) -> Result<Ended, Failure> {
        let Some(dir) = self.rules.folder() else {
            return Err(Failure::usage("there is no folder `policies` here; name one that holds it with `--rules`"));
        };
        let known = self.known(&dir).await?;
        let name = named(&self.promise, &known)?;
        let by = match &self.by {
            Some(by) => by.clone(),
            None => user().unwrap_or_else(|| {
                fs::metadata("/proc/self").map_or_else(|_| "unknown".to_owned(), |own| format!("uid {}", own.uid()))
            }),
        };
        let line = Retirement {
            said: known.get(&name).map(|promise| promise.said.clone()),
            promise: name,
            by: by.trim().to_owned(),
            on: Some(System.now().to_string().chars().take_while(|letter| *letter != 'T').collect()),
            why: self.why.trim().to_owned(),
        };
        let file = dir.join(RETIRED);
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => format!("{HEADING}\n"),
            Err(error) => return Err(Failure::failed(format!("cannot read `{}`: {error}", file.display()))),
        };
        check(&line)?;
        let files = |text: &str| RuleFiles::from_iter([(RETIRED.to_owned(), text.to_owned())]);
        if retirements(&files(&text)).iter().any(|there| there.of_any() == line.of_any()) {
            let message = format!("`{}` holds the same line; each counts once, so say another `--why`", file.display());
            return Err(Failure::failed(message));
        }
        let text = format!("{}\n- {line}\n", text.trim_end());
        // Between a list and what stands before it is an empty line.
        let text = text.replacen("where it is.\n- ", "where it is.\n\n- ", 1);
        write(&file, &text)?;
        if self.data.json {
            print::line(json!({ "file": file, "line": line.to_string() }));
        } else {
            print::line(format_args!("{} says now: {line}", file.display()));
            print::line(self.next(&line, &dir, &known));
        }
        Ok(Ended::Good)
    }

    /// What is left to do.
    fn next(&self, line: &Retirement, dir: &Path, known: &BTreeMap<String, Retired>) -> String {
        let ending = if line.promise.starts_with("tables/") { "md" } else { "cedar" };
        let path = format!("policies/{}.{ending}", line.promise);
        if !known.contains_key(&line.promise) {
            format!(
                "no promise `{}` is known here: the line counts only where the rules in force make it",
                line.promise
            )
        } else if dir.join(&path).exists() {
            format!("the line lets it go once: take `{path}` out or change it, and save; until then it stands")
        } else {
            "it goes with this set; the log, `GET /v1/rules` and the history name it".to_owned()
        }
    }

    /// The promises that are in force over the store here, and those the folder makes.
    async fn known(&self, dir: &Path) -> Result<BTreeMap<String, Retired>, Failure> {
        let files = RuleFiles::read(dir, &RuleFiles::built_in())?;
        let made = Bundle::load(files, Rulebook::Domain).map(|bundle| promises(&bundle));
        let mut known = made.unwrap_or_default();
        if Store::is_in(&self.data.data) {
            let client = Client::open(&self.data, Wanted::There).await?;
            let status = client.call(Method::GET, "/v1/rules", None).await?;
            let digest = status["digest"].as_str().unwrap_or_default();
            let kept = client.call(Method::GET, &format!("/v1/rules/{digest}"), None).await?;
            let files: BTreeMap<String, String> = serde_json::from_value(kept["files"].clone())?;
            known.extend(promises(&Bundle::load(files.into_iter().collect(), Rulebook::Domain)?));
        }
        Ok(known)
    }
}

/// The name of a promise, as a file, a path or the name itself was given.
fn named(given: &str, known: &BTreeMap<String, Retired>) -> Result<String, Failure> {
    let name = given.strip_prefix("policies/").unwrap_or(given);
    let name = name.strip_suffix(".cedar").or_else(|| name.strip_suffix(".md")).unwrap_or(name);
    let places = [name.to_owned(), format!("always/{name}"), format!("always/api/{name}"), format!("tables/{name}")];
    if let Some(found) = places.into_iter().find(|place| known.contains_key(place)) {
        return Ok(found);
    }
    if ["always/", "tables/"].iter().any(|place| name.starts_with(place)) {
        return Ok(name.to_owned());
    }
    let promises = known.keys().map(|known| format!("`{known}`")).collect::<Vec<_>>().join(", ");
    Err(Failure::failed(format!("`{given}` is no promise; it is one of {promises}")))
}

/// Can the line be read again as it is meant?
fn check(line: &Retirement) -> Result<(), Failure> {
    let files = RuleFiles::from_iter([(RETIRED.to_owned(), line.to_string())]);
    let is_short = [&line.by, &line.why].iter().all(|text| text.len() <= TEXT_LENGTH_MAX);
    if is_short && retirements(&files) == [line.clone()] {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "the line `{line}` cannot be read back; say in one line of at most {TEXT_LENGTH_MAX} bytes who (`--by`, without `: `) and why (`--why`)"
    )))
}
