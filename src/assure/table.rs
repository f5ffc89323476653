//! Every answer there is: each standing with each action that callers may ask about.
//!
//! Reviewers read it, snapshots hold it, and every other way to an answer has to agree with it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

use super::context::Contexts;
use super::spoken::Spoken;
use crate::decide::{Decision, Duty, Namespace, Reason, can_say_standing, decide, sees_kinds};
use crate::domain::commercial::RelationshipState;
use crate::domain::partner::{PartnerKind, PartnerStatus};
use crate::domain::subscription::SubscriptionStatus;
use crate::policy::{ActionShape, Bundle, Digest, RuleId};
use crate::question::{Kind, Question};
use crate::standing::{Right, Seller, Standing, Thing};
use crate::work::{Count, Counted};

/// One answer: what the rules say about one action in one case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Cell {
    /// Is it a yes?
    pub allowed: bool,
    /// The rules that decided; none where a right is missing.
    pub rules: Vec<RuleId>,
    /// Why it is a no; nothing for a yes.
    pub reason: Option<Reason>,
    /// The duties that stand whatever the answer is.
    pub duties: Vec<Duty>,
    /// The rules that could not be evaluated.
    pub faults: Vec<RuleId>,
    /// The other answers that a caller gets who says more than it has to, the least first.
    pub if_said: Vec<IfSaid>,
}

/// An answer that what the caller says turns, or gives for another reason.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct IfSaid {
    /// What it says, in words.
    pub said: String,
    /// The answer it gets.
    pub cell: Cell,
}

impl Cell {
    pub(super) fn of(decision: &Decision) -> Self {
        Self {
            allowed: decision.is_allowed(),
            rules: decision.rules().to_vec(),
            reason: decision.reason().cloned(),
            duties: decision.duties().to_vec(),
            faults: decision.faults().iter().map(|fault| fault.rule.clone()).collect(),
            if_said: Vec::new(),
        }
    }

    /// Every answer there is, whatever a caller says.
    pub fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(self.if_said.iter().map(|other| &other.cell))
    }

    /// Does a caller get that answer that says the right thing?
    #[must_use]
    pub fn can_be(&self, is_yes: bool) -> bool {
        self.all().any(|cell| cell.allowed == is_yes)
    }
}

/// What is to be known of answers that what the caller says turns.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SaidOf {
    /// What every caller has to say, in words.
    pub least: String,
    /// Why it is not known what else turns them; nothing where it is.
    pub unknown: Option<String>,
}

/// The answers to one action.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ActionTable {
    doc: Option<String>,
    said: Option<SaidOf>,
    cells: BTreeMap<Standing, Cell>,
}

impl ActionTable {
    /// What the action does, in the schema's own words.
    #[must_use]
    pub fn doc(&self) -> Option<&str> {
        self.doc.as_deref()
    }

    /// What is to be known of what callers say; nothing where the rules about the action do not read it.
    #[must_use]
    pub fn said(&self) -> Option<&SaidOf> {
        self.said.as_ref()
    }

    /// The answer in one case; nothing where the action does not apply.
    #[must_use]
    pub fn cell(&self, case: &Standing) -> Option<&Cell> {
        self.cells.get(case)
    }

    /// The answers, in the order of their cases; none when partners cannot ask for the action on what the table covers.
    pub fn cells(&self) -> impl Iterator<Item = (&Standing, &Cell)> {
        self.cells.iter()
    }
}

/// Every answer a set of rules gives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table {
    digest: Digest,
    actions: BTreeMap<String, ActionTable>,
}

impl Table {
    /// Decides every action of the schema that callers may ask about in every case. No solver is asked what callers can
    /// say.
    #[must_use]
    pub fn of(bundle: &Bundle) -> Self {
        Self::spoken(bundle, &Spoken::of(bundle, None))
    }

    /// Decides every action of the schema that callers may ask about in every case, for callers that say this.
    #[must_use]
    pub fn spoken(bundle: &Bundle, spoken: &Spoken) -> Self {
        let actions: Vec<_> = bundle.vocabulary().actions(Namespace::Domain.as_str()).collect();
        let rows = Count::of(Counted::Rows, actions.len() * Standing::all().count());
        let actions = actions.into_iter().map(|(name, shape)| {
            let contexts = spoken.read_by_rules(bundle, name);
            (name.to_owned(), answers(bundle, name, shape, contexts, &rows))
        });
        let actions = actions.collect();
        Self { digest: bundle.digest().clone(), actions }
    }

    /// The identity of the rules whose answers these are.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The actions with their answers, in the order of their names.
    pub fn actions(&self) -> impl Iterator<Item = (&str, &ActionTable)> {
        self.actions.iter().map(|(name, answers)| (name.as_str(), answers))
    }

    /// The answers to one action, if the schema declares it.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<&ActionTable> {
        self.actions.get(name)
    }

    /// The same table with the answers to one action alone, if the schema declares it.
    #[must_use]
    pub fn of_action(&self, name: &str) -> Option<Self> {
        let (name, answers) = self.actions.get_key_value(name)?;
        let actions = BTreeMap::from([(name.clone(), answers.clone())]);
        Some(Self { digest: self.digest.clone(), actions })
    }

    /// One answer; nothing where the action is not known or does not apply.
    #[must_use]
    pub fn cell(&self, action: &str, case: &Standing) -> Option<&Cell> {
        self.actions.get(action)?.cells.get(case)
    }

    /// Every answer, in the order of the actions and their cases.
    pub fn cells(&self) -> impl Iterator<Item = (&str, &Standing, &Cell)> {
        self.actions().flat_map(|(action, answers)| answers.cells().map(move |(case, cell)| (action, case, cell)))
    }
}

fn answers(
    bundle: &Bundle,
    action: &str,
    shape: &ActionShape,
    contexts: Option<&Contexts>,
    rows: &Count,
) -> ActionTable {
    let asked = shape.principals.contains(Kind::Partner.as_str());
    let applies = |case: &Standing| asked && shape.resources.contains(case.thing.kind().as_str());
    let sees_kinds = sees_kinds(bundle, Namespace::Domain, action);
    let mut cells: BTreeMap<Standing, Cell> = BTreeMap::new();
    for case in
        Standing::all().inspect(|_| rows.one()).filter(applies).filter(|case| can_say_standing(bundle, action, case))
    {
        // Where no rule sees how a partner takes part, the first kind's answer is every kind's.
        let alike = if sees_kinds { None } else { cells.get(&case.of_first_kind()).cloned() };
        cells.insert(case, alike.unwrap_or_else(|| answer(bundle, action, &case, contexts)));
    }
    let said = contexts.map(|contexts| SaidOf { least: contexts.least().words, unknown: contexts.unknown.clone() });
    ActionTable { doc: shape.doc.clone(), said, cells }
}

fn answer(bundle: &Bundle, action: &str, case: &Standing, contexts: Option<&Contexts>) -> Cell {
    let facts = case.facts();
    let cell = |question: &Question| Cell::of(&decide(bundle, Namespace::Domain, question, &facts));
    let Some(contexts) = contexts else { return cell(&case.question(action)) };
    let cells: Vec<Cell> = contexts.said().iter().map(|said| cell(&said.asks(case.question(action)))).collect();
    let Some(least) = cells.first() else { return cell(&case.question(action)) };
    let mut others: Vec<(usize, Cell)> = Vec::new();
    for other in cells.iter().filter(|cell| *cell != least).collect::<BTreeSet<_>>() {
        others.extend(contexts.risen(&cells, |cell| cell == other).into_iter().map(|place| (place, other.clone())));
    }
    others.sort();
    let said = |place: usize| contexts.said().get(place).map(|said| said.words.clone()).unwrap_or_default();
    let if_said = others.into_iter().map(|(place, cell)| IfSaid { said: said(place), cell }).collect();
    Cell { if_said, ..least.clone() }
}

/// A line of the table for machines: one answer, for every kind of partner that gets it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    action: &'a str,
    resource: &'static str,
    standing: Vec<Right>,
    partner_kinds: Vec<PartnerKind>,
    partner_status: PartnerStatus,
    commercial_relationship: Option<RelationshipState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription: Option<SubscriptionLine>,
    decision: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a Reason>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    rules: &'a [RuleId],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    faults: &'a [RuleId],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    duties: &'a [Duty],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    if_said: Vec<IfSaidLine<'a>>,
}

/// What a line says of a caller that says more than it has to.
#[derive(Serialize)]
struct IfSaidLine<'a> {
    said: &'a str,
    decision: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a Reason>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    rules: &'a [RuleId],
}

impl<'a> IfSaidLine<'a> {
    fn of(IfSaid { said, cell }: &'a IfSaid) -> Self {
        Self { said, decision: cell.allowed, reason: cell.reason.as_ref(), rules: &cell.rules }
    }
}

/// What a line says of the subscription that is asked about.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SubscriptionLine {
    status: SubscriptionStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_status: Option<SubscriptionStatus>,
    sold_by: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    seller_relationship: Option<RelationshipState>,
}

impl SubscriptionLine {
    fn of(thing: Thing) -> Option<Self> {
        let Thing::Subscription { seller, parent, status } = thing else { return None };
        let (sold_by, seller_relationship) = match seller {
            Seller::ThisPartner => ("thisPartner", None),
            Seller::AnotherPartner(state) => ("anotherPartner", Some(state)),
            Seller::Nobody => ("nobody", None),
        };
        Some(Self { status, parent_status: parent, sold_by, seller_relationship })
    }
}

impl Serialize for Table {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut lines: Vec<Line<'_>> = Vec::new();
        let mut places = BTreeMap::new();
        for (action, case, cell) in self.cells() {
            let Some(&first) = PartnerKind::ALL.first() else { continue };
            let alike = (action, Standing { partner_kind: first, ..*case }, cell);
            let place = *places.entry(alike).or_insert(lines.len());
            match lines.get_mut(place) {
                Some(line) => line.partner_kinds.push(case.partner_kind),
                None => lines.push(Line {
                    action,
                    resource: case.thing.kind().as_str(),
                    standing: case.rights(),
                    partner_kinds: vec![case.partner_kind],
                    partner_status: case.partner_status,
                    commercial_relationship: case.relationship,
                    subscription: SubscriptionLine::of(case.thing),
                    decision: cell.allowed,
                    reason: cell.reason.as_ref(),
                    rules: &cell.rules,
                    faults: &cell.faults,
                    duties: &cell.duties,
                    if_said: cell.if_said.iter().map(IfSaidLine::of).collect(),
                }),
            }
        }
        let mut table = serializer.serialize_struct("Table", 2)?;
        table.serialize_field("rules", &self.digest)?;
        table.serialize_field("answers", &lines)?;
        table.end()
    }
}
