//! The table as text for people: one page an action, rows are standings, columns are statuses.
//!
//! What is alike is printed once, and its heading says for what it stands; no difference is ever left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::choice::{Choice, merged};
use super::table::{ActionTable, Cell, SaidOf, Table};
use crate::domain::commercial::RelationshipState;
use crate::domain::partner::{PartnerKind, PartnerStatus};
use crate::domain::subscription::SubscriptionStatus;
use crate::question::Kind;
use crate::standing::Right;
use crate::standing::{Seller, Standing, Thing};

impl Table {
    /// The page of one action, if the schema declares it.
    #[must_use]
    pub fn page(&self, action: &str) -> Option<String> {
        self.action(action).map(|answers| page(action, answers))
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pages: Vec<String> = self.actions().map(|(action, answers)| page(action, answers)).collect();
        f.write_str(&pages.join("\n\n"))
    }
}

fn page(action: &str, answers: &ActionTable) -> String {
    let title = match answers.doc() {
        Some(doc) => format!("{action}: {doc}"),
        None => action.to_owned(),
    };
    let mut text = format!("{title}\n{}\n", "=".repeat(title.chars().count()));
    if let Some(SaidOf { least, unknown }) = answers.said() {
        let least = if least == "nothing" { String::new() } else { format!(" ({least})") };
        text.push_str(&match unknown {
            None => format!("\nfor a caller that says no more than it has to{least}, and what turns the answer\n"),
            Some(why) => format!(
                "\nfor a caller that says no more than it has to{least} alone: it is not known how what else it says turns the \
                 answer ({why})\n"
            ),
        });
    }
    let owed = owed(answers);
    for (headings, sheet) in sheets(answers, owed.is_some()) {
        text.push('\n');
        for heading in headings {
            text.push_str(&heading);
            text.push('\n');
        }
        sheet.write(&mut text);
    }
    if answers.cells().next().is_none() {
        text.push_str("\nno partner can ask for this on a service or a subscription\n");
    }
    if let Some(owed) = owed {
        text.push_str("\nowed whatever the answer is\n");
        for line in owed {
            text.push_str(&line);
        }
    }
    text
}

/// What is owed by commercial relationship, if that alone decides it; nothing when it has to stand in each answer.
fn owed(answers: &ActionTable) -> Option<Vec<String>> {
    let mut by_relationship = BTreeMap::new();
    for (case, cell) in answers.cells() {
        let owed = by_relationship.entry(relationship_index(case.relationship)).or_insert(&cell.duties);
        if **owed != cell.duties {
            return None;
        }
    }
    let mut by_owed = BTreeMap::new();
    for (relationship, owed) in &by_relationship {
        by_owed.entry(*owed).or_insert_with(BTreeSet::new).insert(*relationship);
    }
    let mut lines: Vec<(BTreeSet<usize>, String)> =
        by_owed.into_iter().map(|(owed, relationships)| (relationships, words(owed, "nothing"))).collect();
    lines.sort();
    let said = |set: &BTreeSet<usize>| spoken(&relationship_words(), set);
    let width = lines.iter().map(|(set, _)| said(set).chars().count()).max().unwrap_or(0);
    Some(lines.iter().map(|(set, owed)| format!("  commercial relationship {:width$}  {owed}\n", said(set))).collect())
}

/// What one heading covers: partner status, partner kind, parent.
type Heading = [usize; 3];

/// The sheets of a page, each with the headings it stands under.
fn sheets(answers: &ActionTable, is_owed_apart: bool) -> Vec<(Vec<String>, Sheet)> {
    let mut found: Vec<(Vec<String>, Sheet)> = Vec::new();
    for kind in [Kind::Service, Kind::Subscription] {
        let mut grids: BTreeMap<Heading, Grid> = BTreeMap::new();
        for (case, cell) in answers.cells().filter(|(case, _)| case.thing.kind() == kind) {
            let heading = [
                index(PartnerStatus::ALL, case.partner_status),
                index(PartnerKind::ALL, case.partner_kind),
                parent_index(case.thing),
            ];
            grids.entry(heading).or_default().enter(case, cell, is_owed_apart);
        }
        let mut alike: Vec<(Vec<Heading>, Sheet)> = Vec::new();
        for (heading, grid) in grids {
            let sheet = grid.sheet();
            match alike.iter_mut().find(|(_, other)| *other == sheet) {
                Some((headings, _)) => headings.push(heading),
                None => alike.push((vec![heading], sheet)),
            }
        }
        for (headings, sheet) in alike {
            let headings = merged(headings).iter().map(|choice| heading(kind, choice)).collect();
            found.push((headings, sheet));
        }
    }
    found
}

fn heading(kind: Kind, [status, kinds, parent]: &Choice<usize, 3>) -> String {
    let with = parent.iter().filter_map(|index| index.checked_sub(1)).collect::<BTreeSet<_>>();
    let with = spoken(&named(SubscriptionStatus::ALL, SubscriptionStatus::as_str), &with);
    let about = match (parent.contains(&0), parent.len() - usize::from(parent.contains(&0))) {
        _ if kind == Kind::Service => "Service".to_owned(),
        (true, 0) => "Subscription that is no add-on".to_owned(),
        (true, count) if count == SubscriptionStatus::ALL.len() => "Subscription, add-on or not".to_owned(),
        (true, _) => format!("Subscription that is no add-on, or whose parent is {with}"),
        (false, _) => format!("Subscription that is an add-on whose parent is {with}"),
    };
    let is_any = |set: &BTreeSet<usize>, count: usize| set.len() == count;
    let statuses = spoken(&named(PartnerStatus::ALL, PartnerStatus::as_str), status);
    let named_kinds = spoken(&named(PartnerKind::ALL, PartnerKind::as_str), kinds);
    let by = match (is_any(status, PartnerStatus::ALL.len()), is_any(kinds, PartnerKind::ALL.len())) {
        (true, true) => "any partner".to_owned(),
        (false, true) => format!("partner {statuses}, of any kind"),
        (true, false) => format!("partner of kind {named_kinds}"),
        (false, false) => format!("partner {statuses}, of kind {named_kinds}"),
    };
    format!("{about}; {by}")
}

/// The answers of one row, by the status of the subscription; a service has none.
type Answers = BTreeMap<Option<SubscriptionStatus>, String>;

/// The rows of those that hold the same rights, by relationship and seller.
type Rows = BTreeMap<[usize; 2], Answers>;

/// The answers under one heading, by who asks.
#[derive(Default)]
struct Grid {
    /// The rows by the rights that are lacking, so that who holds most comes first.
    rows: BTreeMap<Vec<bool>, Rows>,
}

impl Grid {
    fn enter(&mut self, case: &Standing, cell: &Cell, is_owed_apart: bool) {
        let (seller, column) = match case.thing {
            Thing::Service => (0, None),
            Thing::Subscription { seller, status, .. } => (seller_index(seller), Some(status)),
        };
        let held = match case.thing {
            Thing::Service => vec![!case.holds(Right::DelegatedAdministrator)],
            Thing::Subscription { .. } => Right::ALL.iter().map(|&right| !case.holds(right)).collect(),
        };
        let mut answer = said(cell);
        if !is_owed_apart {
            answer = format!("{answer} [owes {}]", words(&cell.duties, "nothing"));
        }
        let row =
            self.rows.entry(held).or_default().entry([relationship_index(case.relationship), seller]).or_default();
        row.insert(column, answer);
    }

    fn sheet(&self) -> Sheet {
        let columns = self.columns();
        let titles = columns.iter().map(|statuses| column(statuses)).collect();
        let shown: Vec<Option<SubscriptionStatus>> =
            columns.iter().filter_map(|statuses| statuses.first().copied()).collect();
        let said = |row: &Answers| shown.iter().filter_map(|status| row.get(status).cloned()).collect::<Vec<_>>();
        let mut all = self.rows.values().flat_map(BTreeMap::values).map(said);
        let rows = match all.next() {
            Some(first) if all.all(|other| other == first) => {
                vec![[vec!["any".to_owned(), "any".to_owned()], first].concat()]
            }
            _ => self.rows.iter().flat_map(|(lacking, rows)| lines(lacking, rows, said)).collect(),
        };
        Sheet { titles, rows }
    }

    /// The statuses, those together under which every answer is the same.
    fn columns(&self) -> Vec<Vec<Option<SubscriptionStatus>>> {
        let all: Vec<&Answers> = self.rows.values().flat_map(BTreeMap::values).collect();
        let mut columns: Vec<Vec<Option<SubscriptionStatus>>> = Vec::new();
        for &status in all.first().into_iter().flat_map(|row| row.keys()) {
            let is_same = |other: &Option<SubscriptionStatus>| all.iter().all(|row| row.get(other) == row.get(&status));
            match columns.iter_mut().find(|statuses| statuses.first().is_some_and(is_same)) {
                Some(statuses) => statuses.push(status),
                None => columns.push(vec![status]),
            }
        }
        columns
    }
}

/// The lines of those that hold the same rights: one for all whose answers are the same.
fn lines(lacking: &[bool], rows: &Rows, said: impl Fn(&Answers) -> Vec<String>) -> Vec<Vec<String>> {
    let reach = |point: usize| rows.keys().map(|key| key[point]).collect::<BTreeSet<_>>();
    let (relationships, sellers) = (reach(0), reach(1));
    let mut alike: Vec<(Vec<String>, Vec<[usize; 2]>)> = Vec::new();
    for (key, row) in rows {
        let answers = said(row);
        match alike.iter_mut().find(|(other, _)| *other == answers) {
            Some((_, keys)) => keys.push(*key),
            None => alike.push((answers, vec![*key])),
        }
    }
    let mut lines = Vec::new();
    for (answers, keys) in alike {
        for [relationship, seller] in merged(keys) {
            let mut standing = standing(lacking);
            if seller != sellers {
                standing = format!("{standing}; {}", sold(&seller));
            }
            let relationship = if relationship == relationships {
                "any".to_owned()
            } else {
                spoken(&relationship_words(), &relationship)
            };
            lines.push([vec![standing, relationship], answers.clone()].concat());
        }
    }
    lines
}

/// What is printed under a heading: the titles of the columns of answers, and rows that start with who asks.
#[derive(PartialEq, Eq)]
struct Sheet {
    titles: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Sheet {
    fn write(&self, text: &mut String) {
        let mut first = vec!["standing".to_owned(), "relationship".to_owned()];
        first.extend(self.titles.iter().cloned());
        let lines: Vec<&Vec<String>> = [&first].into_iter().chain(&self.rows).collect();
        let width = |column: usize| {
            lines.iter().filter_map(|line| line.get(column)).map(|said| said.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..first.len()).map(width).collect();
        for line in lines {
            let padded: Vec<String> = line.iter().zip(&widths).map(|(said, &width)| format!("{said:width$}")).collect();
            text.push_str("  ");
            text.push_str(padded.join("  ").trim_end());
            text.push('\n');
        }
    }
}

pub(super) fn said(cell: &Cell) -> String {
    let others =
        cell.if_said.iter().map(|other| format!("; if the caller says {}: {}", other.said, said_of(&other.cell)));
    std::iter::once(said_of(cell)).chain(others).collect()
}

fn said_of(cell: &Cell) -> String {
    let rules = words(&cell.rules, "");
    match (&cell.reason, cell.allowed) {
        (_, true) => format!("yes {rules}"),
        (Some(reason), false) if !cell.faults.is_empty() => format!("no  {reason} in {}", words(&cell.faults, "")),
        (Some(reason), false) if cell.rules.is_empty() => format!("no  {reason}"),
        (Some(reason), false) => format!("no  {rules} ({reason})"),
        (None, false) => format!("no  {rules}"),
    }
}

/// The rights held, by which of them are lacking; of a service there is only one.
fn standing(lacking: &[bool]) -> String {
    let possible = if lacking.len() == Right::ALL.len() { Right::ALL } else { &[Right::DelegatedAdministrator] };
    let held: Vec<&str> = possible
        .iter()
        .zip(lacking)
        .filter(|(_, lacks)| !**lacks)
        .map(|(right, _)| match right {
            Right::OriginalReseller => "original reseller",
            Right::DelegatedAdministrator => "delegated administration",
        })
        .collect();
    match (held.len(), possible.len()) {
        (0, 1) => "no delegated administration".to_owned(),
        (0, _) => "neither".to_owned(),
        (1, 2..) => format!("{} only", held.join(", ")),
        _ => held.join(", "),
    }
}

fn column(statuses: &[Option<SubscriptionStatus>]) -> String {
    let set = statuses.iter().flatten().map(|&status| index(SubscriptionStatus::ALL, status)).collect::<BTreeSet<_>>();
    if set.is_empty() {
        return "answer".to_owned();
    }
    match set.len() {
        count if count == SubscriptionStatus::ALL.len() => "any status".to_owned(),
        _ => spoken(&named(SubscriptionStatus::ALL, SubscriptionStatus::as_str), &set),
    }
}

pub(super) fn index<T: PartialEq + Copy>(all: &[T], one: T) -> usize {
    all.iter().position(|&other| other == one).unwrap_or(all.len())
}

pub(super) fn named<T: Copy>(all: &[T], word: impl Fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().map(|&one| word(one)).collect()
}

/// Of an add-on, one more than the place of its parent's status; 0 of anything else.
pub(super) fn parent_index(thing: Thing) -> usize {
    match thing {
        Thing::Service | Thing::Subscription { parent: None, .. } => 0,
        Thing::Subscription { parent: Some(status), .. } => 1 + index(SubscriptionStatus::ALL, status),
    }
}

pub(super) fn relationship_index(relationship: Option<RelationshipState>) -> usize {
    relationship.map_or(RelationshipState::ALL.len(), |state| index(RelationshipState::ALL, state))
}

pub(super) fn relationship_words() -> Vec<&'static str> {
    named(RelationshipState::ALL, RelationshipState::as_str).into_iter().chain(["none"]).collect()
}

pub(super) fn seller_index(seller: Seller) -> usize {
    Seller::all().position(|other| other == seller).unwrap_or_default()
}

/// Who sold it, in words.
pub(super) fn sold(sellers: &BTreeSet<usize>) -> String {
    let mut states = BTreeSet::new();
    let mut said = Vec::new();
    for seller in Seller::all().enumerate().filter(|(place, _)| sellers.contains(place)).map(|(_, seller)| seller) {
        match seller {
            Seller::ThisPartner => said.push("sold by it".to_owned()),
            Seller::AnotherPartner(state) => {
                states.insert(index(RelationshipState::ALL, state));
            }
            Seller::Nobody => said.push("bought directly".to_owned()),
        }
    }
    match states.len() {
        0 => {}
        count if count == RelationshipState::ALL.len() => said.push("sold by another".to_owned()),
        _ => {
            let states = spoken(&named(RelationshipState::ALL, RelationshipState::as_str), &states);
            said.push(format!("sold by another whose relationship is {states}"));
        }
    }
    said.join(" or ")
}

/// Alternatives in words: `any` for all of several, else `a, b or c`.
pub(super) fn spoken<W: AsRef<str>>(words: &[W], set: &BTreeSet<usize>) -> String {
    let said: Vec<&str> = set.iter().filter_map(|&index| words.get(index)).map(AsRef::as_ref).collect();
    match said.as_slice() {
        all if all.len() == words.len() && all.len() > 1 => "any".to_owned(),
        [] => "none".to_owned(),
        [one] => (*one).to_owned(),
        [some @ .., last] => format!("{} or {last}", some.join(", ")),
    }
}

fn words<T: fmt::Display>(items: &[T], nothing: &str) -> String {
    if items.is_empty() {
        return nothing.to_owned();
    }
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
