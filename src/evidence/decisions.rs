//! What was decided, found again: records by every field, page by page.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::audit::{Field, Record, RecordKind, Term, hash_text, leaf_hash};
use crate::clock::Timestamp;
use crate::evidence;
use crate::evidence::ledger::Records;
use crate::evidence::words::Describer;
use crate::id::Seq;
use crate::limits::{DIGEST_LENGTH, DIGEST_PREFIX_MIN, PAGE_BYTES_MAX, SCAN_MAX};
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Response};
use crate::pdp::cursor::Seal;
use crate::pdp::page::{ListError, Page};
use crate::pdp::rules::whole_digest;
use crate::store::{Looked, StoreError, has_terms};
use crate::work::{Counted, come, step};

pub use crate::store::Order;

/// Which records to list: those for which everything that is given holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DecisionFilter {
    /// The subject, `Type::id`.
    pub subject: Option<String>,
    /// The action; that of a call of this service begins with `Api::`.
    pub action: Option<String>,
    /// The resource, `Type::id`.
    pub resource: Option<String>,
    /// The answer.
    pub decision: Option<bool>,
    /// Who asked, for example `partner:contoso`.
    pub caller: Option<String>,
    /// Why it was a no.
    pub reason: Option<String>,
    /// The digest of the rules, or the beginning of it.
    pub rules: Option<String>,
    /// A rule that decided.
    pub rule: Option<String>,
    /// What kind of question it was.
    pub asked: Option<RecordKind>,
    /// The caller's own name for the call.
    pub request_id: Option<String>,
    /// The moment from which on it was decided.
    pub from: Option<Timestamp>,
    /// The moment before which it was decided.
    pub to: Option<Timestamp>,
    /// Which come first.
    pub order: Order,
    /// Is each put into words too?
    pub words: bool,
}

impl DecisionFilter {
    fn terms(&self) -> Vec<Term> {
        let decision = self.decision.map(|decision| if decision { "true" } else { "false" });
        let given = [
            (Field::Subject, self.subject.as_deref()),
            (Field::Action, self.action.as_deref()),
            (Field::Resource, self.resource.as_deref()),
            (Field::Decision, decision),
            (Field::Caller, self.caller.as_deref()),
            (Field::Reason, self.reason.as_deref()),
            (Field::Rules, self.rules.as_deref()),
            (Field::Rule, self.rule.as_deref()),
            (Field::Kind, self.asked.map(RecordKind::as_str)),
            (Field::RequestId, self.request_id.as_deref()),
        ];
        given.into_iter().filter_map(|(field, value)| Some(Term::of(field, value?))).collect()
    }

    fn is_within(&self, at: Option<Timestamp>) -> bool {
        let (None, None) = (self.from, self.to) else {
            return at.is_some_and(|at| self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to));
        };
        true
    }
}

/// Is it an entity as a filter takes it, a type and an id as in `Partner::contoso`?
#[must_use]
pub fn is_entity(text: &str) -> bool {
    text.split_once("::").is_some_and(|(kind, _)| !kind.is_empty())
}

/// Is it the digest of a set of rules, or enough of its beginning?
#[must_use]
pub fn is_digest(text: &str) -> bool {
    (DIGEST_PREFIX_MIN..=DIGEST_LENGTH).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Where a list of records goes on: at a place, up to the record that was the newest when it began.
///
/// A list does not grow while it is read: each page is recorded too, and would lengthen it for ever.
#[derive(Clone, Copy)]
struct Place {
    /// The place that comes next.
    next: Seq,
    newest: Seq,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.next, self.newest)
    }
}

impl FromStr for Place {
    type Err = ListError;
    fn from_str(text: &str) -> Result<Self, ListError> {
        let mut parts = text.split(' ');
        let mut place = || parts.next().and_then(|part| part.parse().ok()).ok_or(ListError::Cursor);
        Ok(Self { next: place()?, newest: place()? })
    }
}

/// A list of records, read page by page.
pub struct DecisionList {
    records: Records,
    filter: DecisionFilter,
    seal: Seal,
    /// Puts records into words; behind a lock only because it remembers what it looked up.
    describer: Mutex<Describer>,
}

impl DecisionList {
    /// A page of the list.
    ///
    /// # Errors
    /// [`ListError::Cursor`] for a cursor this list did not give.
    pub fn page(&self, limit: usize, cursor: Option<&str>) -> Result<Page<Value>, CallError<ListError>> {
        let mut describer = self.describer.lock().unwrap_or_else(PoisonError::into_inner);
        page_of(&self.records, &self.filter, &mut describer, Page::new(limit, self.seal.clone()), cursor)
    }

    /// Every page of the list, one after the other.
    pub fn pages(self, limit: usize) -> impl Iterator<Item = Result<Page<Value>, CallError<ListError>>> {
        let mut next = Some(None::<String>);
        std::iter::from_fn(move || {
            let cursor = next.take()?;
            let page = self.page(limit, cursor.as_deref());
            if let Ok(page) = &page {
                next = page.next.clone().map(Some);
            }
            Some(page)
        })
    }
}

/// The records for which everything holds that a filter gives, a page of them.
///
/// # Errors
/// [`ListError::Cursor`]; [`CallError::Denied`] when the caller may not read the ledger.
pub async fn decisions(
    pdp: &Arc<Pdp>,
    call: &Call,
    filter: &DecisionFilter,
    limit: usize,
    cursor: Option<&str>,
) -> Result<Response<Page<Value>>, CallError<ListError>> {
    call::read(pdp, call, "readDecisions", &CallTarget::Installation, |_, _| {
        list_of(pdp, call, filter)?.page(limit, cursor)
    })
    .await
}

/// The records for which everything holds that a filter gives, to be read page by page.
///
/// # Errors
/// [`CallError::Denied`] when the caller may not read the ledger.
pub async fn decision_list(
    pdp: &Arc<Pdp>,
    call: &Call,
    filter: &DecisionFilter,
) -> Result<Response<DecisionList>, CallError<ListError>> {
    call::read(pdp, call, "readDecisions", &CallTarget::Installation, |_, _| list_of(pdp, call, filter)).await
}

fn list_of(pdp: &Arc<Pdp>, call: &Call, asked: &DecisionFilter) -> Result<DecisionList, CallError<ListError>> {
    let seal = Seal::of(&pdp.keys.ledger, &call.caller, &("decisions", asked));
    let mut filter = asked.clone();
    if let Some(written) = filter.rules.take() {
        let whole = whole_digest::<ListError>(pdp, &written)?;
        filter.rules = Some(whole.ok_or(ListError::UnknownRules(written))?);
    }
    let describer = Mutex::new(Describer::of(pdp)?);
    Ok(DecisionList { records: evidence::ledger::records::ledger_records(pdp)?, filter, seal, describer })
}

fn page_of(
    records: &Records,
    filter: &DecisionFilter,
    describer: &mut Describer,
    mut page: Page<Value>,
    cursor: Option<&str>,
) -> Result<Page<Value>, CallError<ListError>> {
    let ledger = &records.index;
    let order = filter.order;
    let begun: Option<Place> = page.after(cursor)?;
    let newest = match begun {
        Some(begun) => begun.newest.min(ledger.newest()?),
        None => ledger.newest()?,
    };
    let (mut first, mut last) = (Seq(1), newest);
    if filter.from.is_some() || filter.to.is_some() {
        let Some(window) = ledger.window(filter.from, filter.to)? else { return Ok(page) };
        (first, last) = (first.max(window.0), last.min(window.1));
    }
    let start = begun.map(|begun| begun.next);
    let mut next = match order {
        Order::Oldest => start.map_or(first, |start| start.max(first)),
        Order::Newest => start.map_or(last, |start| start.min(last)),
    };
    let terms = filter.terms();
    let mut walk = ledger.walk(&terms, order);
    let (mut looks, mut bytes) = (SCAN_MAX, 0);
    while (first..=last).contains(&next) {
        step().map_err(StoreError::from)?;
        let read = match order {
            Order::Oldest => next.0 - first.0,
            Order::Newest => last.0 - next.0,
        };
        come(Counted::Records, read, last.0 - first.0 + 1);
        let found = walk.next(next, &mut looks)?;
        let (Looked::Found(seq) | Looked::Paused(seq)) = found else { break };
        if !(first..=last).contains(&seq) {
            break;
        }
        if let Looked::Found(seq) = found {
            match records.record(seq)? {
                // Terms may share their places in the index.
                Ok(record) if !has_terms(&record, &terms) => {}
                Ok(record) => {
                    let is_full = page.items.len() >= page.limit()
                        || bytes + record.len() > PAGE_BYTES_MAX && !page.items.is_empty();
                    let described = described(seq, &record, describer, filter.words)?;
                    if filter.is_within(described.get("at").and_then(Value::as_str).and_then(|at| at.parse().ok())) {
                        if is_full {
                            page.go_on(&Place { next: seq, newest }.to_string());
                            return Ok(page);
                        }
                        bytes += record.len();
                        page.items.push(described);
                    }
                }
                Err(absent) => page.lack(absent),
            }
        }
        next = match (found, order) {
            (Looked::Found(seq), Order::Oldest) => seq.next(),
            (Looked::Found(seq), Order::Newest) => Seq(seq.0.saturating_sub(1)),
            _ => seq,
        };
        if looks == 0 {
            page.go_on(&Place { next, newest }.to_string());
            return Ok(page);
        }
    }
    Ok(page)
}

/// A record as it is shown: with its place in the ledger and the hash of its leaf, and in words where they are wanted.
fn described(seq: Seq, bytes: &[u8], describer: &mut Describer, words: bool) -> Result<Value, StoreError> {
    // What is not a record is not left out: it is a finding.
    let Ok(Value::Object(mut members)) = serde_json::from_slice(bytes) else {
        return Ok(serde_json::json!({ "seq": seq, "unreadable": true }));
    };
    members.insert("seq".to_owned(), seq.0.into());
    members.insert("hash".to_owned(), hash_text(&leaf_hash(bytes)).into());
    if let (true, Ok(record)) = (words, Record::from_bytes(bytes)) {
        members.insert("words".to_owned(), describer.sentence(&record)?.into());
        members.extend(describer.name_of(&record.caller)?.map(|name| ("callerName".to_owned(), name.into())));
    }
    Ok(members.into())
}
