//! Worked answers as they are drafted from the rules, for a reviewer to read, mend and sign.

use std::collections::{BTreeMap, BTreeSet};

use super::super::choice::{Choice, folded};
use super::super::table::{ActionTable, Cell, Table};
use super::super::table_diff::points;
use super::FOLDER;
use super::rows::{ABOUT, ANY, NOT_APPLICABLE, OF_SUBSCRIPTION, RELATIONSHIP, SOLD_BY, columns};
use super::signature::DRAFT;
use crate::domain::commercial::RelationshipState;
use crate::policy::RuleFiles;
use crate::standing::Seller;

/// The columns in the order in which they are written.
const SHOWN: [usize; 8] = [0, 1, 4, 3, 6, 5, 2, 7];

/// Drafts the worked answers of every action whose answers nothing that callers say turns: each standing once, in as few rows as folding finds.
#[must_use]
pub fn drafted(table: &Table) -> RuleFiles {
    // What the caller says turns has no answer that could be signed.
    let signable = table.actions().filter(|(_, answers)| answers.said().is_none());
    signable.map(|(action, answers)| (format!("{FOLDER}{action}.md"), draft(action, answers))).collect()
}

fn draft(action: &str, answers: &ActionTable) -> String {
    let doc = answers.doc().unwrap_or_default();
    let rows = rows_of(answers);
    // A column that says the same nothing in every row is left out.
    let says = |column: usize| {
        rows.iter().any(|(cells, _)| ![ANY, NOT_APPLICABLE].contains(&cells.get(column).map_or("", String::as_str)))
    };
    let shown: Vec<usize> = SHOWN.into_iter().filter(|&column| says(column)).collect();
    let columns = columns();
    let titles = shown.iter().map(|&column| columns[column].0).chain(["answer", "because"]);
    let mut lines = vec![titles.map(str::to_owned).collect::<Vec<_>>()];
    for (cells, [answer, because]) in &rows {
        let said = shown.iter().filter_map(|&column| cells.get(column).cloned());
        lines.push(said.chain([answer.clone(), because.clone()]).collect());
    }
    let width = |column: usize| lines.iter().filter_map(|line| line.get(column)).map(String::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..shown.len() + 2).map(width).collect();
    let mut text = format!("# {action}\n\n{doc}.\n\n{DRAFT}\n\n");
    for (number, line) in lines.iter().enumerate() {
        let padded: Vec<String> = line.iter().zip(&widths).map(|(said, &width)| format!("{said:width$}")).collect();
        text.push_str(&format!("| {} |\n", padded.join(" | ")));
        if number == 0 {
            let rules: Vec<String> = widths.iter().map(|&width| "-".repeat(width)).collect();
            text.push_str(&format!("| {} |\n", rules.join(" | ")));
        }
    }
    text
}

/// What each column of a row says, and its answer and cause.
type DraftedRow = (Vec<String>, [String; 2]);

/// The rows of an action, those first that say yes.
fn rows_of(answers: &ActionTable) -> Vec<DraftedRow> {
    let mut by_answer: BTreeMap<(bool, String), BTreeSet<[usize; 8]>> = BTreeMap::new();
    for (case, cell) in answers.cells() {
        by_answer.entry((!cell.allowed, because(cell))).or_default().insert(points(case));
    }
    let things: BTreeSet<usize> = by_answer.values().flatten().map(|point| point[ABOUT]).collect();
    let columns = columns();
    let mut rows = Vec::new();
    for ((is_no, because), cases) in by_answer {
        for choice in folded(with_impossible(cases)) {
            let said = |(column, (_, words)): (usize, &(&str, Vec<String>))| {
                if column == ABOUT && things.len() == 1 { ANY.to_owned() } else { said(&choice, column, words) }
            };
            let answer = if is_no { "no" } else { "yes" };
            rows.push((columns.iter().enumerate().map(said).collect(), [answer.to_owned(), because.clone()]));
        }
    }
    rows
}

fn because(cell: &Cell) -> String {
    match (cell.allowed, cell.rules.first(), &cell.reason) {
        (true, Some(rule), _) => rule.to_string(),
        (_, _, Some(reason)) => reason.to_string(),
        (_, Some(rule), None) => rule.to_string(),
        (_, None, None) => String::new(),
    }
}

/// The cases, with those that can never be where they make a row shorter: whoever sold has a commercial relationship,
/// so where its state makes no difference, the row need not say that there is one.
fn with_impossible(mut cases: BTreeSet<[usize; 8]>) -> BTreeSet<[usize; 8]> {
    let states = RelationshipState::ALL.len();
    let of_seller: Vec<[usize; 8]> = cases
        .iter()
        .copied()
        .filter(|point| point[ABOUT] == 1 && point[SOLD_BY] == 0 && point[RELATIONSHIP] == 0)
        .collect();
    for mut point in of_seller {
        let is_any = (0..states).all(|state| {
            point[RELATIONSHIP] = state;
            cases.contains(&point)
        });
        if is_any {
            point[RELATIONSHIP] = states;
            cases.insert(point);
        }
    }
    cases
}

/// A column of a row in words.
fn said(choice: &Choice<usize, 8>, column: usize, words: &[String]) -> String {
    let is_service = choice[ABOUT] == BTreeSet::from([0]);
    if is_service && OF_SUBSCRIPTION.contains(&column) {
        return NOT_APPLICABLE.to_owned();
    }
    let chosen = &choice[column];
    if chosen.len() == words.len() {
        return ANY.to_owned();
    }
    if column == SOLD_BY {
        return sellers(chosen).join(" or ");
    }
    let chosen: Vec<&str> = chosen.iter().filter_map(|&place| words.get(place)).map(String::as_str).collect();
    chosen.join(" or ")
}

/// Who sold it in words: another partner once, where the state of its own relationship makes no difference.
fn sellers(chosen: &BTreeSet<usize>) -> Vec<String> {
    let is_another = |seller: &Seller| matches!(seller, Seller::AnotherPartner(_));
    let others = Seller::all().filter(is_another).count();
    let sellers: Vec<Seller> =
        Seller::all().enumerate().filter(|(place, _)| chosen.contains(place)).map(|(_, seller)| seller).collect();
    let is_every_other = sellers.iter().filter(|seller| is_another(seller)).count() == others;
    let mut said: Vec<String> = Vec::new();
    for seller in sellers {
        let word = match seller {
            Seller::ThisPartner => "this partner".to_owned(),
            Seller::AnotherPartner(_) if is_every_other => "another".to_owned(),
            Seller::AnotherPartner(state) => format!("another ({state})"),
            Seller::Nobody => "nobody".to_owned(),
        };
        if !said.contains(&word) {
            said.push(word);
        }
    }
    said
}
