//! The rows of signed tables as they stand in a file, and what they say.

use std::collections::{BTreeMap, BTreeSet};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::super::phrases::relationship_words;
use super::super::table_diff::points;
use crate::domain::commercial::RelationshipState;
use crate::domain::partner::{PartnerKind, PartnerStatus};
use crate::domain::subscription::SubscriptionStatus;
use crate::policy::Finding;
use crate::standing::{Seller, Standing, Thing};

/// What stands for every value of a column.
pub(super) const ANY: &str = "any";

/// What a column says of rows it has nothing to say about.
pub(super) const NOT_APPLICABLE: &str = "-";

/// The places of columns, in the order of [`points`].
pub(super) const ABOUT: usize = 0;
pub(super) const SOLD_BY: usize = 1;
pub(super) const RELATIONSHIP: usize = 3;

/// What only a subscription has: who sold it, its parent, its status.
pub(super) const OF_SUBSCRIPTION: [usize; 3] = [SOLD_BY, 5, 6];

/// What stood for this partner in tables of an earlier day, where `another` was one whose relationship is active.
const IT: &str = "it";

/// The columns that name standings, in the order of [`points`], with their words.
pub(super) fn columns() -> [(&'static str, Vec<String>); 8] {
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
pub(super) fn words(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(" or ").flat_map(|part| part.split(',')).map(str::trim)
}

/// Are these rows in the words of an earlier day?
fn are_older(rows: &[Row]) -> bool {
    let seller = |row: &Row| row.cells.get("sold by").is_some_and(|cell| words(cell).any(|word| word == IT));
    rows.iter().any(seller)
}

/// One row as it stands in a file.
pub(super) struct Row {
    /// Where it stands, as a byte offset.
    pub(super) offset: usize,
    pub(super) cells: BTreeMap<String, String>,
}

/// What a row says.
pub(in crate::assure) struct Signed {
    pub(super) offset: usize,
    pub(super) covered: [BTreeSet<usize>; 8],
    pub(super) is_yes: bool,
    pub(super) because: Option<String>,
}

/// The rows of every table in a text that has a column `answer`.
pub(super) fn rows(path: &str, text: &str, findings: &mut Vec<Finding>) -> Vec<Row> {
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
pub(super) fn readable(path: &str, text: &str, rows: &[Row], findings: &mut Vec<Finding>) -> Vec<Signed> {
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
pub(super) fn covers(covered: &[BTreeSet<usize>; 8], case: &Standing) -> bool {
    points(case).iter().zip(covered).enumerate().all(|(point, (value, chosen))| {
        chosen.contains(value) || (case.thing == Thing::Service && OF_SUBSCRIPTION.contains(&point))
    })
}
