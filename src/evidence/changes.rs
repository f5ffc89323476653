//! The journal of changes: what happened, once and in order.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use utoipa::ToSchema;

use crate::clock::Timestamp;
use crate::domain::event::Event;
use crate::id::{CustomerId, PartnerId, Revision, SubscriptionId};
use crate::limits::{PAGE_MAX, SCAN_MAX};
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Coded, Response};
use crate::pdp::cursor::Seal;
use crate::pdp::page::{ListError, Page};
use crate::store::{Listed, StoreError, View};
use crate::work::{Counted, come};

/// How many events of the journal are read at a time, at least.
const JOURNAL_AT_ONCE: usize = 256;

/// One thing that happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct Change {
    /// The revision it made; what happened together has the same one.
    #[schema(value_type = u64)]
    pub revision: Revision,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who made it happen.
    pub by: String,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// A page of the journal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct ChangesPage {
    /// What happened, oldest first; everything of a revision stands on one page.
    pub changes: Vec<Change>,
    /// The revision to go on after: the last one told, or looked at.
    #[schema(value_type = u64)]
    pub next: Revision,
    /// Was there nothing more that was asked for when the page was read?
    pub complete: bool,
}

/// Which changes are told: those for which everything holds that is given.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ChangeFilter {
    /// The moment from which on it happened.
    pub from: Option<Timestamp>,
    /// The moment before which it happened.
    pub to: Option<Timestamp>,
    /// A customer it is about.
    pub customer: Option<CustomerId>,
    /// A partner it is about: named in it, or the seller of the subscription that is.
    pub partner: Option<PartnerId>,
    /// What happened.
    pub event: Option<EventName>,
}

/// The name of something that happens, such as `partner-registered`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EventName(String);

impl FromStr for EventName {
    type Err = UnknownEvent;

    fn from_str(name: &str) -> Result<Self, UnknownEvent> {
        // Whatever reads the journal knows every name; one that it knows lacks its members here, and nothing else.
        match serde_json::from_value::<Event>(json!({ MEMBER: name })) {
            Err(error) => match error.to_string().split_once("unknown variant") {
                Some((_, known)) => {
                    Err(UnknownEvent(known.split_once("expected").map_or("", |(_, known)| known).trim().to_owned()))
                }
                None => Ok(Self(name.to_owned())),
            },
            Ok(_) => Ok(Self(name.to_owned())),
        }
    }
}

/// A name under which nothing happens.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("nothing happens under that name; use {0}")]
pub struct UnknownEvent(String);

/// The member that names an event.
const MEMBER: &str = "event";
/// The members of events that name a partner.
const PARTNERS: [&str; 3] = ["partner", "originalReseller", "displacedBy"];

impl ChangeFilter {
    /// Does the filter match every event?
    #[must_use]
    pub fn takes_all(&self) -> bool {
        self.customer.is_none() && self.partner.is_none() && self.event.is_none()
    }

    /// Is an event one that is asked for?
    pub(crate) fn takes(&self, event: &Event, view: &View<'_>) -> Result<bool, StoreError> {
        if self.takes_all() {
            return Ok(true);
        }
        let json = serde_json::to_value(event).map_err(|error| StoreError::Unreadable(error.to_string()))?;
        let is = |member: &str, wanted: &str| json.get(member).and_then(Value::as_str) == Some(wanted);
        if self.event.as_ref().is_some_and(|event| !is(MEMBER, &event.0))
            || self.customer.as_ref().is_some_and(|customer| !is("customer", customer.as_str()))
        {
            return Ok(false);
        }
        let Some(partner) = &self.partner else { return Ok(true) };
        if PARTNERS.iter().any(|member| is(member, partner.as_str())) {
            return Ok(true);
        }
        let subscription = json.get("subscription").and_then(Value::as_str);
        let Some(Ok(subscription)) = subscription.map(str::parse::<SubscriptionId>) else { return Ok(false) };
        // Who sold it never changes.
        match view.subscription(&subscription)? {
            Some(kept) => Ok(view.seller(&kept.fact)?.as_ref() == Some(partner)),
            None => Ok(false),
        }
    }
}

/// Why changes cannot be listed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ChangesError {
    /// The revision to go on after has not come.
    #[error("`after` `{asked}` is not there yet, the newest revision is {newest}; go on after one up to it")]
    NotYet {
        /// The revision asked for.
        asked: Revision,
        /// The newest.
        newest: Revision,
    },
}

impl Coded for ChangesError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotYet { .. } => "not_yet",
        }
    }
}

/// What happened after a revision, oldest first, about `limit` events of it: a revision is never split.
///
/// # Errors
/// [`ChangesError::NotYet`]; [`CallError::Denied`] when the caller may not read the journal.
pub async fn changes(
    pdp: &Pdp,
    call: &Call,
    after: Revision,
    limit: usize,
) -> Result<Response<ChangesPage>, CallError<ChangesError>> {
    changes_of(pdp, call, after, limit, &ChangeFilter::default()).await
}

/// Like [`changes`], of what a filter takes; it goes on after the last revision that was looked at.
///
/// # Errors
/// [`ChangesError::NotYet`]; [`CallError::Denied`] when the caller may not read the journal.
pub async fn changes_of(
    pdp: &Pdp,
    call: &Call,
    after: Revision,
    limit: usize,
    filter: &ChangeFilter,
) -> Result<Response<ChangesPage>, CallError<ChangesError>> {
    call::read(pdp, call, "readChanges", &CallTarget::Installation, |view, _| {
        page(pdp, after, limit, view.revision(), filter)
    })
    .await
}

/// A further page for whoever was admitted by [`changes`] and keeps listening; not recorded again.
///
/// # Errors
/// [`ChangesError`].
pub fn changes_page(
    pdp: &Pdp,
    after: Revision,
    limit: usize,
    filter: &ChangeFilter,
) -> Result<ChangesPage, CallError<ChangesError>> {
    page(pdp, after, limit, pdp.store.revision(), filter)
}

/// What happened, newest first, of what a filter takes; a page looks at a bounded part of the journal.
///
/// # Errors
/// [`ListError::Cursor`]; [`CallError::Denied`] when the caller may not read the journal.
pub async fn newest_changes(
    pdp: &Pdp,
    call: &Call,
    filter: &ChangeFilter,
    limit: usize,
    cursor: Option<&str>,
) -> Result<Response<Page<Change>>, CallError<ListError>> {
    call::read(pdp, call, "readChanges", &CallTarget::Installation, |view, _| {
        let mut page = Page::new(limit, Seal::of(&pdp.keys.ledger, &call.caller, &("changes", filter)));
        let after: Option<Place> = page.after(cursor)?;
        let first = filter.from.map_or(Ok(Revision::default()), |from| written_before(pdp, from))?;
        let newest = view.revision();
        let last = filter.to.map_or(Ok(newest), |to| written_before(pdp, to).map(|before| before.min(newest)))?;
        backwards(pdp, first, last, after, |place, Change { revision, at, by, event }| {
            let place = place.to_string();
            Ok(match filter.takes(&event, view)? {
                true => page.take(Change { revision, at, by, event }, place),
                false => page.pass(place),
            })
        })?;
        Ok(page)
    })
    .await
}

/// A place in the journal, backwards: a revision, and how many of its events are left to be looked at.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    revision: Revision,
    left: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.revision, self.left)
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (revision, left) = text.split_once('.').ok_or(())?;
        Ok(Self { revision: revision.parse().map_err(drop)?, left: left.parse().map_err(drop)? })
    }
}

/// Reads the journal backwards, a run of revisions at a time: what happened after `first`, up to `last` or from the place
/// where a page before ended, until `take` has enough.
pub(crate) fn backwards(
    pdp: &Pdp,
    first: Revision,
    last: Revision,
    after: Option<Place>,
    mut take: impl FnMut(Place, Change) -> Result<Listed, StoreError>,
) -> Result<(), StoreError> {
    let mut until = after.map_or(last, |after| after.revision.min(last));
    let mut left = after.filter(|after| after.revision <= last).map(|after| after.left);
    let all = until.0.saturating_sub(first.0);
    while until > first {
        come(Counted::Changes, all.saturating_sub(until.0 - first.0), all);
        let before = Revision(until.0.saturating_sub(JOURNAL_AT_ONCE as u64)).max(first);
        for (revision, entry) in pdp.store.journal_between(before, until)?.into_iter().rev() {
            let known = left.take().filter(|_| revision == until).unwrap_or(usize::MAX);
            let events: Vec<Event> = entry.events.into_iter().take(known).collect();
            for (index, event) in events.into_iter().enumerate().rev() {
                let place = Place { revision, left: index };
                if take(place, Change { revision, at: entry.at, by: entry.by.clone(), event })?.is_break() {
                    return Ok(());
                }
            }
        }
        until = before;
    }
    Ok(())
}

/// Announces each new revision. A listener marks what it saw, reads pages until one is complete, and then
/// waits for another: nothing is missed between the two.
#[must_use]
pub fn watch(pdp: &Pdp) -> watch::Receiver<Revision> {
    pdp.store.changes()
}

fn page(
    pdp: &Pdp,
    after: Revision,
    limit: usize,
    newest: Revision,
    filter: &ChangeFilter,
) -> Result<ChangesPage, CallError<ChangesError>> {
    if after > newest {
        return Err(ChangesError::NotYet { asked: after, newest }.into());
    }
    let after = filter.from.map_or(Ok(after), |from| written_before(pdp, from).map(|before| before.max(after)))?;
    let last = filter.to.map_or(Ok(newest), |to| written_before(pdp, to).map(|before| before.min(newest)))?;
    let mut page = ChangesPage { changes: Vec::new(), next: after, complete: after >= last };
    if limit == 0 || page.complete {
        return Ok(page);
    }
    let snapshot = pdp.store.snapshot()?;
    let view = snapshot.view();
    let (limit, mut looked_at) = (limit.min(PAGE_MAX), 0);
    'page: while page.next < last {
        let entries = pdp.store.journal(page.next, limit.max(JOURNAL_AT_ONCE))?;
        let Some((end, _)) = entries.last() else { break };
        let is_end = *end >= last;
        for (revision, entry) in entries {
            // What was written since the page was asked for is on the next one.
            if revision > last {
                break;
            }
            looked_at += entry.events.len();
            for event in entry.events {
                if filter.takes(&event, &view)? {
                    page.changes.push(Change { revision, at: entry.at, by: entry.by.clone(), event });
                }
            }
            page.next = revision;
            if page.changes.len() >= limit || looked_at >= SCAN_MAX {
                break 'page;
            }
        }
        if is_end {
            break;
        }
    }
    page.complete = page.next >= last;
    Ok(page)
}

/// The newest revision written before a moment.
fn written_before(pdp: &Pdp, moment: Timestamp) -> Result<Revision, StoreError> {
    let before = moment.checked_sub(SignedDuration::from_millis(1)).unwrap_or(Timestamp::MIN);
    pdp.store.revision_at(before)
}
