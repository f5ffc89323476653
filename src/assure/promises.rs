//! Promises that a set of rules in force makes and another does not: claims that are left out or say less, and signed
//! answers that are left out or changed.
//!
//! A promise may be moved, renamed and reworded as long as it is kept. One that goes has to be taken away on purpose,
//! by a line in the set ([`Retirement`]) that has taken nothing away before.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::signed_tables::{FOLDER, signed_cells, signed_texts};
use crate::policy::{Bundle, Finding, RETIRED, Retirement, Rule, RuleId, wording};

/// A promise that goes with a set of rules, and who took it away.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Retired {
    /// The promise: a claim by its name, or the signed rows of an action as `tables/ACTION`.
    pub promise: String,
    /// What it promised, in one sentence.
    pub title: String,
    /// The digest of what it said, shortened.
    pub said: String,
    /// Who took it away, as the set says; nothing where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// On which day, as the set says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// Why, as the set says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Retired {
    /// The line that took it away, whatever wording it was about; nothing where none did.
    #[must_use]
    pub fn line(&self) -> Option<Retirement> {
        let (by, why) = (self.by.clone()?, self.why.clone()?);
        Some(Retirement { promise: self.promise.clone(), said: None, by, on: self.on.clone(), why })
    }

    fn of_claim(rule: &Rule) -> Self {
        Self::of(rule.id.to_string(), rule.title.clone(), rule.wording())
    }

    fn of_table(action: &str, rows: &BTreeSet<BTreeMap<String, String>>) -> Self {
        let title = format!("The signed answers to {action}");
        Self::of(format!("tables/{action}"), title, wording(&serde_json::to_string(rows).unwrap_or_default()))
    }

    const fn of(promise: String, title: String, said: String) -> Self {
        Self { promise, title, said, by: None, on: None, why: None }
    }
}

/// Every promise that a set makes, by its name.
#[must_use]
pub fn promises(bundle: &Bundle) -> BTreeMap<String, Retired> {
    let claims = bundle.claims().map(|(rule, _)| Retired::of_claim(rule));
    let tables = signed_texts(bundle).into_iter().map(|(action, rows)| Retired::of_table(&action, &rows));
    claims.chain(tables).map(|promise| (promise.promise.clone(), promise)).collect()
}

/// The promises of `old` that `new` does not make. A claim that is written otherwise is made still where that one is
/// `implied`, save what it promises that nobody can ask any more; signed rows are compared answer by answer, each with its reason where one was signed.
#[must_use]
pub fn gone(new: &Bundle, old: &Bundle, implied: &BTreeSet<RuleId>) -> Vec<Retired> {
    let unasked = new.unasked_of(old);
    let goes = |rule: &Rule| (!new.makes(rule) && !implied.contains(&rule.id)) || unasked.contains_key(&rule.id);
    let claims = old.claims().filter(|(rule, _)| goes(rule));
    let claims = claims.map(|(rule, _)| Retired::of_claim(rule));
    let tables = signed_texts(old).into_iter().filter(|(action, _)| {
        let path = format!("{FOLDER}{action}.md");
        old.files().get(&path) != new.files().get(&path) && loses_cells(new, old, action)
    });
    claims.chain(tables.map(|(action, rows)| Retired::of_table(&action, &rows))).collect()
}

/// Is an answer to an action signed in `old` that is not signed so in `new`?
fn loses_cells(new: &Bundle, old: &Bundle, action: &str) -> bool {
    let kept = signed_cells(new, action);
    signed_cells(old, action).iter().any(|(case, (is_yes, because))| {
        let is_kept =
            |(now, reason): &(bool, Option<String>)| now == is_yes && (because.is_none() || reason == because);
        !kept.get(case).is_some_and(is_kept)
    })
}

/// Finds for each promise that goes the line of the set that takes it away. Lines that have taken something away before
/// are `spent`.
#[must_use]
pub fn retired(gone: Vec<Retired>, lines: &[Retirement], spent: &BTreeSet<Retirement>) -> Vec<Retired> {
    let with_line = |promise: Retired| {
        let line = lines.iter().find(|line| {
            let is_meant = line.said.as_ref().is_none_or(|said| *said == promise.said);
            line.promise == promise.promise && is_meant && !spent.contains(&line.of_any())
        });
        match line.cloned() {
            Some(Retirement { by, on, why, .. }) => Retired { by: Some(by), on, why: Some(why), ..promise },
            None => promise,
        }
    };
    gone.into_iter().map(with_line).collect()
}

/// What is said of the promises that go: of one that nobody took away that the set is refused, where a line is needed.
#[must_use]
pub fn findings(retired: &[Retired], old: &Bundle, needs_line: bool) -> Vec<Finding> {
    let finding = |promise: &Retired| {
        let Retired { promise: name, title, said, by, why, .. } = promise;
        let path = match old.rule(&RuleId::from(name.as_str())) {
            Some(rule) => rule.path.clone(),
            None => format!("policies/{name}.md"),
        };
        match (by, why) {
            (Some(by), Some(why)) => {
                let message = format!("a promise goes: `{name}` ({title}) is retired by {by}: {why}");
                Finding::whole(&path, message, "nothing else holds the rules to it from then on").advising()
            }
            _ if needs_line => {
                let message =
                    format!("a promise goes and nobody retired it: `{name}` ({title}) is left out or says less");
                let hint = format!(
                    "keep it, or retire it with `standing rules retire {name} --why ..`, which writes `retired: {name} ({said}) by WHO: WHY` in `{RETIRED}`"
                );
                Finding::whole(&path, message, hint)
            }
            _ => {
                let message = format!("a promise goes: `{name}` ({title}) is left out or says less");
                Finding::whole(&path, message, "keep it, or have its end approved with the set").advising()
            }
        }
    };
    retired.iter().map(finding).collect()
}

/// What is said of lines that take away what `old` promises and a candidate still does: they are there for later.
#[must_use]
pub fn waiting(retired: &[Retired], lines: &[Retirement], spent: &BTreeSet<Retirement>, old: &Bundle) -> Vec<Finding> {
    let lines = lines.iter().filter(|line| !spent.contains(&line.of_any()));
    let lines: Vec<&Retirement> =
        lines.filter(|line| !retired.iter().any(|gone| gone.promise == line.promise)).collect();
    if lines.is_empty() {
        return Vec::new();
    }
    let promised = promises(old);
    let meant = lines.into_iter().filter(|line| {
        let promise = promised.get(&line.promise);
        promise.is_some_and(|promise| line.said.as_ref().is_none_or(|said| *said == promise.said))
    });
    let message = |line: &Retirement| format!("`{}` is retired by {} and is still promised", line.promise, line.by);
    let finding = |line| Finding::whole(RETIRED, message(line), "take the promise out, or the line").advising();
    meant.map(finding).collect()
}
