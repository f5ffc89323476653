//! The answers to an action in sheets, as people read them: rows are standings, columns are statuses.
//!
//! What is alike stands once, and its heading says for what it stands; no difference is ever left out.

use std::collections::{BTreeMap, BTreeSet};

use super::choice::{Choice, merged};
use super::phrases::{
    index, named, parent_index, relationship_index, relationship_words, said, seller_index, sold, spoken, words,
};
use super::table::{ActionTable, Cell, Table};
use crate::domain::partner::{PartnerKind, PartnerStatus};
use crate::domain::subscription::SubscriptionStatus;
use crate::question::Kind;
use crate::standing::{Right, Standing, Thing};

/// What is printed under its headings: rows that begin with who asks, and what each is answered.
#[derive(PartialEq, Eq)]
pub struct Sheet {
    /// For what it stands, a line each.
    pub headings: Vec<String>,
    /// The statuses of the columns of answers.
    pub titles: Vec<String>,
    /// The rows.
    pub rows: Vec<SheetRow>,
}

/// A row of a sheet.
#[derive(PartialEq, Eq)]
pub struct SheetRow {
    /// The rights that are held.
    pub standing: String,
    /// The commercial relationship.
    pub relationship: String,
    /// What is answered, by column.
    pub answers: Vec<SheetAnswer>,
}

/// An answer of a sheet; those that read alike are alike.
#[derive(Clone, Eq)]
pub struct SheetAnswer {
    /// As it is printed.
    pub text: String,
    /// One of the answers it stands for.
    pub cell: Cell,
}

impl PartialEq for SheetAnswer {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// Every answer of a set of rules with its sheets, which are worked out once.
pub struct PrintedTable {
    /// The answers.
    pub table: Table,
    sheets: BTreeMap<String, Vec<Sheet>>,
}

impl PrintedTable {
    /// The answers with their sheets.
    #[must_use]
    pub fn of(table: Table) -> Self {
        let sheets = table.actions().map(|(action, answers)| (action.to_owned(), answers.sheets())).collect();
        Self { table, sheets }
    }

    /// The sheets of an action; none where the schema does not declare it.
    #[must_use]
    pub fn sheets(&self, action: &str) -> &[Sheet] {
        self.sheets.get(action).map_or(&[], Vec::as_slice)
    }
}

impl ActionTable {
    /// The answers as people read them: what is alike stands once, and no difference is left out.
    #[must_use]
    pub fn sheets(&self) -> Vec<Sheet> {
        sheets(self, self.owed().is_some())
    }

    /// What is owed by commercial relationship, if that alone decides it; nothing when it has to stand in each answer.
    #[must_use]
    pub fn owed(&self) -> Option<Vec<(String, String)>> {
        owed(self)
    }
}

fn owed(answers: &ActionTable) -> Option<Vec<(String, String)>> {
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
    Some(lines.into_iter().map(|(set, owed)| (spoken(&relationship_words(), &set), owed)).collect())
}

/// What one heading covers: partner status, partner kind, parent.
type Heading = [usize; 3];

fn sheets(answers: &ActionTable, is_owed_apart: bool) -> Vec<Sheet> {
    let mut found: Vec<Sheet> = Vec::new();
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
            found.push(Sheet { headings, ..sheet });
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
type Answers = BTreeMap<Option<SubscriptionStatus>, SheetAnswer>;

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
        let mut text = said(cell);
        if !is_owed_apart {
            text = format!("{text} [owes {}]", words(&cell.duties, "nothing"));
        }
        let answer = SheetAnswer { text, cell: cell.clone() };
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
            Some(answers) if all.all(|other| other == answers) => {
                vec![SheetRow { standing: "any".to_owned(), relationship: "any".to_owned(), answers }]
            }
            _ => self.rows.iter().flat_map(|(lacking, rows)| lines(lacking, rows, said)).collect(),
        };
        Sheet { headings: Vec::new(), titles, rows }
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
fn lines(lacking: &[bool], rows: &Rows, said: impl Fn(&Answers) -> Vec<SheetAnswer>) -> Vec<SheetRow> {
    let reach = |point: usize| rows.keys().map(|key| key[point]).collect::<BTreeSet<_>>();
    let (relationships, sellers) = (reach(0), reach(1));
    let mut alike: Vec<(Vec<SheetAnswer>, Vec<[usize; 2]>)> = Vec::new();
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
            lines.push(SheetRow { standing, relationship, answers: answers.clone() });
        }
    }
    lines
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
