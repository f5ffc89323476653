//! Worked answers a reviewer signs: one Markdown file an action, each row of its tables held against the rules.
//!
//! A row names standings by what they have in common; a column that is left out or says `any` stands for everything.
//! Every standing that a row covers has to get the row's answer, and for the reason it gives if it gives one. What is
//! signed is the rows, by their digest; a draft that nobody signed promises nothing.

mod rows;
mod draft;
mod signature;
mod cells;

pub(super) use cells::{signed_cells, signed_texts};

use std::collections::{BTreeMap, BTreeSet};

use super::table::{ActionTable, Cell, Table};
use crate::decide::{Namespace, can_say_standing, permits};
use crate::policy::{Bundle, Finding};
use crate::standing::Standing;
use rows::{Signed, covers, readable, rows};

pub use draft::drafted;
pub use signature::{SignError, signed};

/// Where the files stand, in a set of rules.
pub const FOLDER: &str = "policies/tables/";

/// Holds every signed row of a set against its answers: what does not hold, rows that say nothing, files about no
/// action, and actions that nobody signed.
#[must_use]
pub fn check(bundle: &Bundle, table: &Table) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut signed = BTreeSet::new();
    for (path, text) in bundle.files().iter().filter(|(path, _)| path.starts_with(FOLDER)) {
        let action = path.trim_start_matches(FOLDER).trim_end_matches(".md");
        if table.action(action).is_none() {
            let known: Vec<String> = table.actions().map(|(name, _)| format!("`{name}`")).collect();
            let hint = format!("name the file after one of {}", known.join(", "));
            findings.push(Finding::whole(path, format!("there is no action `{action}`"), hint));
            continue;
        }
        let mut found = Vec::new();
        let rows = rows(path, text, &mut found);
        for row in readable(path, text, &rows, &mut found) {
            hold(path, text, action, &row, table, &mut found);
        }
        if signature::signatures(text).is_draft {
            // A draft promises nothing, so it refuses nothing.
            found = found.into_iter().map(Finding::advising).collect();
        }
        findings.extend(found);
        if rows.is_empty() {
            findings.push(Finding::whole(path, "nothing is signed here", "write a table with a column `answer`"));
        } else {
            signed.insert(action.to_owned());
            findings.extend(signature::findings(path, text, action, &rows));
        }
    }
    let is_left_out = |(action, answers): &(&str, &ActionTable)| !signed.contains(*action) && answers.said().is_none();
    for (action, _) in table.actions().filter(is_left_out) {
        let path = format!("{FOLDER}{action}.md");
        let draft = "draft it with `standing tables --write`, and sign what you agree with";
        findings.push(Finding::whole(&path, format!("no answer to `{action}` is signed"), draft).advising());
    }
    findings.extend(silent(bundle, table).into_iter().map(|action| never_yes(action, false)));
    findings
}

/// The actions that are a no in every row, whatever is said.
pub(super) fn silent<'b>(bundle: &'b Bundle, table: &Table) -> Vec<&'b str> {
    let can_be = |answers: &ActionTable| {
        let is_unknown = answers.said().is_some_and(|said| said.unknown.is_some());
        is_unknown || answers.cells().any(|(_, cell)| cell.can_be(true))
    };
    let actions = bundle.vocabulary().actions(Namespace::Domain.as_str()).map(|(action, _)| action);
    actions.filter(|action| !table.action(action).is_some_and(can_be)).collect()
}

/// What is said of an action that is a no in every row. Rows show partners and what they are to a service or a
/// subscription, so only a proof knows that it is a no for everybody.
pub(super) fn never_yes(action: &str, is_proved: bool) -> Finding {
    let (message, hint) = if is_proved {
        (
            format!("nobody may `{action}`: no rule allows it, whatever is asked"),
            "write a rule for it in `policies/may/`",
        )
    } else {
        (
            format!("`{action}` is a no in every row; it is not known that nobody may do it"),
            "read in its rules whom they allow it beyond the rows, or write one in `policies/may/`",
        )
    };
    Finding::whole("schemas", message, hint).advising()
}

/// The signed rows of a set, by action; drafts and what cannot be read are left out. Rows of an earlier day, which are
/// signed without a name, are signed all the same.
pub(super) fn signed_rows(bundle: &Bundle) -> BTreeMap<String, Vec<Signed>> {
    let mut signed = BTreeMap::new();
    let tables = bundle.files().iter().filter(|(path, _)| path.starts_with(FOLDER));
    for (path, text) in tables.filter(|(_, text)| !signature::signatures(text).is_draft) {
        let action = path.trim_start_matches(FOLDER).trim_end_matches(".md");
        let rows = rows(path, text, &mut Vec::new());
        signed.insert(action.to_owned(), readable(path, text, &rows, &mut Vec::new()));
    }
    signed
}

impl Signed {
    /// Do the rules answer otherwise anywhere in the row?
    pub(super) fn is_contradicted(&self, bundle: &Bundle, action: &str) -> bool {
        let Some(shape) = bundle.vocabulary().action(Namespace::Domain.as_str(), action) else { return false };
        let cases = Standing::all().filter(|case| shape.resources.contains(case.thing.kind().as_str()));
        cases
            .filter(|case| covers(&self.covered, case) && can_say_standing(bundle, action, case))
            .any(|case| permits(bundle, Namespace::Domain, &case.question(action), &case.facts()) != self.is_yes)
    }
}

/// Holds one row against the answers.
fn hold(path: &str, text: &str, action: &str, row: &Signed, table: &Table, findings: &mut Vec<Finding>) {
    let Some(answers) = table.action(action) else { return };
    let cases: Vec<(&Standing, &Cell)> = answers.cells().filter(|(case, _)| covers(&row.covered, case)).collect();
    let mut say = |message: String, hint: &str| {
        findings.push(Finding::at(path, text, row.offset, message, Some(hint.to_owned())));
    };
    if cases.is_empty() {
        say("the row covers no standing".to_owned(), "mend the standing, or remove the row");
        return;
    }
    let word = |is_yes: bool| if is_yes { "yes" } else { "no" };
    let wrong: Vec<&(&Standing, &Cell)> = cases.iter().filter(|(_, cell)| cell.can_be(!row.is_yes)).collect();
    if let Some((case, cell)) = wrong.first() {
        let standing = super::table_diff::standings(&[**case]).concat();
        say(
            format!(
                "`{}` is signed and the rules answer `{}` in {} of its {} standings, for example {standing}",
                word(row.is_yes),
                super::phrases::said(cell),
                wrong.len(),
                cases.len()
            ),
            "mend the rules, or have the row signed anew",
        );
        return;
    }
    let Some(because) = &row.because else { return };
    let says_so = |cell: &Cell| -> bool {
        cell.rules.iter().any(|rule| rule.as_str() == because)
            || cell.reason.as_ref().is_some_and(|reason| reason.as_str() == because)
    };
    if let Some((_, cell)) = cases.iter().find(|(_, cell)| !cell.all().all(says_so)) {
        say(
            format!("`{because}` is signed, and the answer is `{}`", super::phrases::said(cell)),
            "name the rule or the reason that decides, or leave `because` out",
        );
    }
}
