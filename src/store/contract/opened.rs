//! A log under the contract, what is entered in it, and what is then seen of it.

use super::super::log::{Commit as _, Head, Log, WriteContext};
use super::super::metadata_changes::MetadataChanges;
use super::super::sheet::{Sheet, Work};
use super::super::token::Remembered;
use super::super::{Entry, StoreError};
use crate::audit::Record;
use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::domain::event::{Event, Fact};
use crate::domain::partner::{Partner, PartnerKind, PartnerStatus};
use crate::facts::{Facts, Role};
use crate::id::{PartnerId, Revision};

/// What goes wrong with a commit of which all is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    /// It cannot be written.
    Write,
    /// It is written, and what says so fails.
    Sync,
}

/// A log, how it is made to fail, and how it is opened again.
pub(super) trait Opened: Sized {
    type Log: Log;

    fn new() -> Result<Self, StoreError>;
    fn log(&self) -> &Self::Log;
    /// Has the next commit go wrong.
    fn fail_once(&self, fault: Fault);
    /// The same log as the next process finds it.
    fn again(self) -> Result<Self, StoreError>;
}

pub(super) type Case = Result<(), StoreError>;

pub(super) fn odd(error: impl ToString) -> StoreError {
    StoreError::Unreadable(error.to_string())
}

/// So many seconds after the log began.
pub(super) fn time(seconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_second(1_800_000_000 + seconds).map_err(odd)
}

pub(super) fn id(partner: &str) -> Result<PartnerId, StoreError> {
    partner.parse().map_err(odd)
}

pub(super) fn partner(name: &str) -> Result<Fact, StoreError> {
    let (kind, status) = (PartnerKind::DirectBill, PartnerStatus::Active);
    let (id, name) = (id("contoso")?, name.to_owned());
    Ok(Fact::Partner(Partner { id, name, kind, status, mpn_id: None, provider: None }))
}

pub(super) fn record() -> Result<Record, StoreError> {
    let entity = serde_json::json!({ "type": "partner", "id": "contoso" });
    let record = serde_json::json!({
        "v": 2, "at": time(0)?, "asked": "call", "decision": true, "rules": "none", "engine": "none",
        "caller": Caller::Operator { id: "o".to_owned(), role: Role::Operator }, "facts": Facts::default(),
        "question": { "subject": entity, "action": { "name": "register" }, "resource": entity },
    });
    serde_json::from_value(record).map_err(odd)
}

/// The partner with another name, as a revision.
pub(super) fn named(revision: u64, name: &str) -> Result<Sheet, StoreError> {
    Ok(Sheet {
        revision: Some(Revision(revision)),
        at: time(0)?,
        by: "somebody".to_owned(),
        events: vec![Event::PartnerChanged { partner: id("contoso")? }],
        facts: vec![partner(name)?],
        metadata: MetadataChanges::default(),
        remember: None,
        records: vec![record()?],
    })
}

pub(super) const SETTING: &[u8] = b"q";

/// Another setting, and no fact.
pub(super) fn set(setting: &str) -> Result<Sheet, StoreError> {
    let mut metadata = MetadataChanges::default();
    metadata.put(SETTING.to_vec(), &setting)?;
    Ok(Sheet { revision: None, events: Vec::new(), facts: Vec::new(), metadata, ..named(0, "")? })
}

/// Metadata that becomes so, and no fact.
pub(super) fn with(metadata: MetadataChanges) -> Result<Sheet, StoreError> {
    Ok(Sheet { metadata, ..set("")? })
}

/// A piece of work that sets something.
pub(super) fn setting(setting: &str) -> Result<Work<()>, StoreError> {
    let Sheet { by, metadata, records, .. } = set(setting)?;
    Ok(Work { change: None, by, records, remember: None, metadata, value: () })
}

pub(super) fn said(context: &WriteContext<'_>) -> Result<Option<String>, StoreError> {
    let found = context.view.partner(&id("contoso")?)?;
    Ok(found.map(|found| format!("{} of {}", found.fact.name, found.revision)))
}

/// What is there of a log for whoever comes next.
#[derive(PartialEq, Debug)]
pub(super) struct Seen {
    pub(super) head: Head,
    pub(super) entries: Vec<(Revision, Entry)>,
    pub(super) partner: Option<String>,
    pub(super) setting: Option<String>,
    pub(super) is_remembered: bool,
}

pub(super) fn seen<L: Log>(log: &L) -> Result<Seen, StoreError> {
    let (head, mut seen) = (log.head()?, None);
    let entries = log.entries(Revision(0), head.revision, usize::MAX)?;
    // A commit that is given up shows what the next change would see.
    let given_up = log.commit(head.clone(), time(0)?, |commit| {
        let context = commit.context();
        let setting = context.metadata.row(SETTING)?;
        seen = Some((said(&context)?, setting, context.remembered(b"key")?.is_some()));
        Err(StoreError::Closing)
    });
    match seen {
        Some((partner, setting, is_remembered)) => Ok(Seen { head, entries, partner, setting, is_remembered }),
        None => Err(given_up.err().unwrap_or(StoreError::Closing)),
    }
}

/// Fills a commit after all that is there.
pub(super) fn commit<L: Log>(
    log: &L,
    fill: impl FnOnce(&mut L::Commit<'_>) -> Result<(), StoreError>,
) -> Result<Head, StoreError> {
    log.commit(log.head()?, time(0)?, fill)
}

pub(super) fn enter<L: Log>(log: &L, sheet: Sheet) -> Result<Head, StoreError> {
    commit(log, |commit| commit.enter(sheet).map(drop))
}

/// All a change may enter.
pub(super) fn everything(revision: u64, name: &str) -> Result<Sheet, StoreError> {
    let (key, answer, at) = (b"key".to_vec(), "{}".to_owned(), time(0)?);
    let remember = Some(Remembered { key, request: [1; 32], answer, revision: Revision(revision), at });
    Ok(Sheet { metadata: set(name)?.metadata, remember, ..named(revision, name)? })
}
