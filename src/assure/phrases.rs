//! Words for answers and for what standings are made of, as tables and reports have them.

use std::collections::BTreeSet;
use std::fmt;

use super::table::Cell;
use crate::domain::commercial::RelationshipState;
use crate::domain::subscription::SubscriptionStatus;
use crate::standing::{Seller, Thing};

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

pub(super) fn words<T: fmt::Display>(items: &[T], nothing: &str) -> String {
    if items.is_empty() {
        return nothing.to_owned();
    }
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
