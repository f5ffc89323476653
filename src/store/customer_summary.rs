//! The summary of a customer: what a question may need of it, in one row beside the facts, so that it is found at once.
//!
//! It is written with every change of one of its facts, in the same transaction, and says nothing that they do not say. A
//! customer that has none, or one of a later revision than is asked about, is read fact by fact; so is a large one.

use serde::{Deserialize, Serialize};

use super::StoreError;
use super::rows::{Kind, Listed, Rows, key, names};
use super::view::{View, decode, encode};
use crate::clock::Timestamp;
use crate::domain::commercial::{CommercialRelationship, RelationshipState};
use crate::domain::service::Service;
use crate::id::Revision;

/// Later than any revision.
const NEWEST: Revision = Revision(u64::MAX);
/// The most names that a summary holds: beyond it the row would be dearer to write than what it saves.
const NAMES_MAX: usize = 64;

/// A summary as it lies in its row.
#[derive(PartialEq, Serialize, Deserialize)]
pub(super) struct CustomerSummary<'r> {
    /// The revision that made it so.
    pub(super) revision: Revision,
    #[serde(borrow)]
    pub(super) services: Vec<SummaryService<'r>>,
    #[serde(borrow)]
    pub(super) relationships: Vec<(&'r str, RelationshipState)>,
}

/// A service of the customer, and the partners that administer it, each with the end of its grant.
#[derive(PartialEq, Serialize, Deserialize)]
pub(super) struct SummaryService<'r> {
    pub(super) name: &'r str,
    #[serde(borrow)]
    pub(super) administrators: Vec<(&'r str, Option<Timestamp>)>,
}

/// The summary that the newest facts of a customer make, as the row that a revision writes; nothing where there is no
/// such customer, it is too large for one, or a fact of it cannot be read: whoever needs that one is told so.
pub(super) fn summary_of(rows: &dyn Rows, customer: &str, revision: Revision) -> Result<Option<Vec<u8>>, StoreError> {
    match read(&View::new(rows, NEWEST), customer, revision) {
        Err(StoreError::Unreadable(_)) => Ok(None),
        read => read,
    }
}

fn read(view: &View<'_>, customer: &str, revision: Revision) -> Result<Option<Vec<u8>>, StoreError> {
    if view.row(Kind::Customer, &[customer])?.is_none() {
        return Ok(None);
    }
    let (mut services, mut relationships, mut count) = (Vec::new(), Vec::new(), 0);
    let mut is_small = |more: usize| {
        count += more;
        if count > NAMES_MAX { Listed::Break(()) } else { Listed::Continue(()) }
    };
    view.walk(Kind::Service, &[customer], None, &mut |names, value| {
        let service: Service = decode(value)?;
        let more = 1 + service.administrators.len();
        services.push((last_of(names), service));
        Ok(is_small(more))
    })?;
    view.walk(Kind::Relationship, &[customer], None, &mut |names, value| {
        let relationship: CommercialRelationship = decode(value)?;
        relationships.push((last_of(names), relationship.state));
        Ok(is_small(1))
    })?;
    if is_small(0).is_break() {
        return Ok(None);
    }
    let services = services.iter().map(|(name, service)| SummaryService {
        name,
        administrators: service.administrators.iter().map(|held| (held.partner.as_str(), held.until)).collect(),
    });
    let relationships = relationships.iter().map(|(partner, state)| (partner.as_str(), *state)).collect();
    encode(&CustomerSummary { revision, services: services.collect(), relationships }).map(Some)
}

/// The revision of a summary, where it is one.
pub(super) fn revision_of(row: &[u8]) -> Option<Revision> {
    decode::<CustomerSummary<'_>>(row).ok().map(|summary| summary.revision)
}

/// The summary that the facts of a customer make, as the newest of them wrote it.
pub(super) fn summary_as_written(rows: &dyn Rows, customer: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let Some(row) = summary_of(rows, customer, Revision::default())? else { return Ok(None) };
    let mut summary: CustomerSummary<'_> = decode(&row)?;
    let services = summary.services.iter().map(|service| key(Kind::Service, &[customer, service.name]));
    let relationships = summary.relationships.iter().map(|(partner, _)| key(Kind::Relationship, &[customer, partner]));
    let mut newest = Revision::default();
    for key in services.chain(relationships).chain([key(Kind::Customer, &[customer])]) {
        newest = rows.newest(&key, NEWEST)?.map_or(newest, |(revision, _)| newest.max(revision));
    }
    summary.revision = newest;
    encode(&summary).map(Some)
}

/// Is the summary of a customer another than its facts make, or of another revision than the newest of them?
pub(super) fn is_wrong(rows: &dyn Rows, customer: &str, row: &[u8]) -> Result<bool, StoreError> {
    match summary_as_written(rows, customer) {
        // Of what cannot be read nothing is a summary.
        Err(StoreError::Unreadable(_)) => Ok(true),
        written => Ok(written?.as_deref() != Some(row)),
    }
}

fn last_of(names: &[&str]) -> String {
    names.last().copied().unwrap_or_default().to_owned()
}

/// The customer to whose summary a fact belongs.
pub(super) fn customer_of(key: &[u8]) -> Option<&str> {
    let kinds = [Kind::Customer, Kind::Service, Kind::Relationship];
    let is_in = kinds.iter().any(|kind| key.first() == Some(&(*kind as u8)));
    names(key).first().copied().filter(|_| is_in)
}
