//! Worked answers a reviewer signs: one Markdown file an action, each row of its tables held against the rules.
//!
//! A row names standings by what they have in common; a column that is left out or says `any` stands for everything.
//! Every standing that a row covers has to get the row's answer, and for the reason it gives if it gives one. What is
//! signed is the rows, by their digest; a draft that nobody signed promises nothing.

mod draft;
mod signature;

mod cells;

pub(super) use cells::{signed_cells, signed_texts};

use std::collections::{BTreeMap, BTreeSet};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::phrases::relationship_words;
use super::table::{ActionTable, Cell, Table};
use super::table_diff::points;
use crate::decide::{Namespace, can_say_standing, permits};
use crate::domain::commercial::RelationshipState;
use crate::domain::partner::{PartnerKind, PartnerStatus};
use crate::domain::subscription::SubscriptionStatus;
use crate::policy::{Bundle, Finding};
use crate::standing::{Seller, Standing, Thing};

pub use draft::drafted;
pub use signature::{SignError, signed};

/// Where the files stand, in a set of rules.
pub const FOLDER: &str = "policies/tables/";
/// What stands for every value of a column.
const ANY: &str = "any";
/// What a column says of rows it has nothing to say about.
const NOT_APPLICABLE: &str = "-";

/// The places of columns, in the order of [`points`].
const ABOUT: usize = 0;
const SOLD_BY: usize = 1;
const RELATIONSHIP: usize = 3;
/// What only a subscription has: who sold it, its parent, its status.
const OF_SUBSCRIPTION: [usize; 3] = [SOLD_BY, 5, 6];

/// What stood for this partner in tables of an earlier day, where `another` was one whose relationship is active.
const IT: &str = "it";

/// The columns that name standings, in the order of [`points`], with their words.
fn columns() -> [(&'static str, Vec<String>); 8] {
    let words = |all: Vec<&str>| all.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let statuses: Vec<&str> = SubscriptionStatus::ALL.iter().map(|status| status.as_str()).collect();
    [
        ("about", words(vec!["service", "subscription"])),
        ("sold by", Seller::all().map(seller).collect()),
        ("partner", PartnerStatus::ALL.iter().map(|status| status.to_string()).collect()),
        ("relationship", words(relationship_words())),
        ("delegated administration", words(vec!["yes", "no"])),
        ("parent", words([vec!["none"], statuses.clone()].concat())),
        ("status", words(statuses)),
        ("kind", PartnerKind::ALL.iter().map(|kind| kind.to_string()).collect()),
    ]
}

fn seller(seller: Seller) -> String {
    match seller {
        Seller::ThisPartner => "this partner".to_owned(),
        Seller::AnotherPartner(state) => format!("another ({state})"),
        Seller::Nobody => "nobody".to_owned(),
    }
}

/// The places of the sellers that a word of the column `sold by` stands for.
fn sellers(word: &str, is_older: bool) -> Option<Vec<usize>> {
    let is_meant = |one: &Seller| match word {
        "another" if is_older => *one == Seller::AnotherPartner(RelationshipState::Active),
        "another" => matches!(one, Seller::AnotherPartner(_)),
        IT => *one == Seller::ThisPartner,
        _ => seller(*one) == word,
    };
    let places: Vec<usize> =
        Seller::all().enumerate().filter(|(_, one)| is_meant(one)).map(|(place, _)| place).collect();
    (!places.is_empty()).then_some(places)
}

/// The words that a cell joins.
fn words(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(" or ").flat_map(|part| part.split(',')).map(str::trim)
}

/// Are these rows in the words of an earlier day?
fn are_older(rows: &[Row]) -> bool {
    let seller = |row: &Row| row.cells.get("sold by").is_some_and(|cell| words(cell).any(|word| word == IT));
    rows.iter().any(seller)
}

/// One row as it stands in a file.
struct Row {
    /// Where it stands, as a byte offset.
    offset: usize,
    cells: BTreeMap<String, String>,
}

/// What a row says.
pub(super) struct Signed {
    offset: usize,
    covered: [BTreeSet<usize>; 8],
    is_yes: bool,
    because: Option<String>,
}

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
    for (action, _) in bundle.vocabulary().actions(Namespace::Domain.as_str()) {
        let can_be = |answers: &ActionTable| {
            let is_unknown = answers.said().is_some_and(|said| said.unknown.is_some());
            is_unknown || answers.cells().any(|(_, cell)| cell.can_be(true))
        };
        if !table.action(action).is_some_and(can_be) {
            let message = format!("nobody may `{action}`: no rule allows it in any row");
            findings.push(Finding::whole("schemas", message, "write a rule for it in `policies/may/`").advising());
        }
    }
    findings
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

/// The rows of every table in a text that has a column `answer`.
fn rows(path: &str, text: &str, findings: &mut Vec<Finding>) -> Vec<Row> {
    let (mut rows, mut titles) = (Vec::new(), Vec::new());
    let (mut cells, mut cell, mut offset) = (Vec::new(), None::<String>, 0);
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(Tag::TableHead | Tag::TableRow) => {
                cells = Vec::new();
                offset = range.start;
            }
            Event::Start(Tag::TableCell) => cell = Some(String::new()),
            Event::Text(said) | Event::Code(said) => {
                if let Some(cell) = cell.as_mut() {
                    cell.push_str(&said);
                }
            }
            Event::End(TagEnd::TableCell) => cells.push(cell.take().unwrap_or_default().trim().to_owned()),
            Event::End(TagEnd::TableHead) => {
                titles = cells.iter().map(|title| title.to_lowercase()).collect();
                let known: Vec<&str> = columns().iter().map(|(title, _)| *title).chain(["answer", "because"]).collect();
                for title in titles.iter().filter(|title| !known.contains(&title.as_str())) {
                    let known: Vec<String> = known.iter().map(|title| format!("`{title}`")).collect();
                    let hint = format!("use {}", known.join(", "));
                    findings.push(Finding::at(
                        path,
                        text,
                        offset,
                        format!("column `{title}` is not known"),
                        Some(hint),
                    ));
                }
            }
            Event::End(TagEnd::TableRow) if titles.iter().any(|title| title == "answer") => {
                let cells = titles.iter().cloned().zip(std::mem::take(&mut cells)).collect();
                rows.push(Row { offset, cells });
            }
            _ => {}
        }
    }
    rows
}

/// What the rows of a file say; one that cannot be read is left out, and is a finding.
fn readable(path: &str, text: &str, rows: &[Row], findings: &mut Vec<Finding>) -> Vec<Signed> {
    let is_older = are_older(rows);
    rows.iter().filter_map(|row| read(path, text, row, is_older, findings)).collect()
}

/// What a row says; nothing when it cannot be read, which is then a finding.
fn read(path: &str, text: &str, row: &Row, is_older: bool, findings: &mut Vec<Finding>) -> Option<Signed> {
    let found = findings.len();
    let mut say =
        |message: String, hint: String| findings.push(Finding::at(path, text, row.offset, message, Some(hint)));
    let columns = columns();
    let covered = columns.each_ref().map(|(title, known)| {
        let said = row.cells.get(*title).map_or("", String::as_str);
        if said.is_empty() || said == ANY || said == NOT_APPLICABLE {
            return (0..known.len()).collect();
        }
        let mut chosen = BTreeSet::new();
        for word in words(said) {
            let places = match *title {
                "sold by" => sellers(word, is_older),
                _ => known.iter().position(|known| known == word).map(|place| vec![place]),
            };
            match places {
                Some(places) => chosen.extend(places),
                None => {
                    let another = (*title == "sold by").then(|| "another".to_owned());
                    let known: Vec<String> = another.iter().chain(known).map(|word| format!("`{word}`")).collect();
                    say(
                        format!("`{title}` is never `{word}`"),
                        format!("it is one of {}, or `{ANY}`", known.join(", ")),
                    );
                }
            }
        }
        chosen
    });
    let answer = row.cells.get("answer").map_or("", String::as_str);
    if !["yes", "no"].contains(&answer) {
        say(format!("the answer is `{answer}`"), "write `yes` or `no`".to_owned());
    }
    let because = row.cells.get("because").filter(|word| !word.is_empty() && *word != ANY).cloned();
    (findings.len() == found).then(|| Signed { offset: row.offset, covered, is_yes: answer == "yes", because })
}

/// Is the case one that a row covers? Of a service, what only a subscription has is not asked.
fn covers(covered: &[BTreeSet<usize>; 8], case: &Standing) -> bool {
    points(case).iter().zip(covered).enumerate().all(|(point, (value, chosen))| {
        chosen.contains(value) || (case.thing == Thing::Service && OF_SUBSCRIPTION.contains(&point))
    })
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
