//! What happened to one customer, or to one partner, for itself: the events of the journal that name it, newest first.
//!
//! A partner hears of no other partner: neither who displaced it nor who else sold, administers or acted.

use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::domain::event::Event;
use crate::evidence::changes::{ChangeFilter, JOURNAL_AT_ONCE};
use crate::id::{CustomerId, PartnerId, Revision};
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Response};
use crate::pdp::cursor::Seal;
use crate::pdp::page::{ListError, Page};
use crate::store::{Listed, StoreError, View};

/// Whose changes are read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ChangesOf {
    /// Those of a customer.
    Customer(CustomerId),
    /// Those of a partner.
    Partner(PartnerId),
}

/// One thing that happened to whoever reads it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct OwnChange {
    /// The revision it made; what happened together has the same one.
    #[schema(value_type = u64)]
    pub revision: Revision,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who made it happen: in full where whoever reads may know, else only as what.
    pub by: String,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

const CALL: &str = "readOwnChanges";

/// What happened to a customer or a partner, newest first; a page looks at a bounded part of the journal.
///
/// # Errors
/// [`ListError`]; [`CallError::Denied`] for whoever may not speak for it.
pub async fn own_changes(
    pdp: &Pdp,
    call: &Call,
    of: &ChangesOf,
    limit: usize,
    cursor: Option<&str>,
) -> Result<Response<Page<OwnChange>>, CallError<ListError>> {
    let target = match of {
        ChangesOf::Customer(customer) => CallTarget::Customer(customer.clone()),
        ChangesOf::Partner(partner) => CallTarget::Partner(partner.clone()),
    };
    call::read(pdp, call, CALL, &target, |view, _| {
        let filter = match of {
            ChangesOf::Customer(customer) => {
                if view.customer(customer)?.is_none() {
                    return Err(ListError::UnknownCustomer(customer.clone()).into());
                }
                ChangeFilter { customer: Some(customer.clone()), ..ChangeFilter::default() }
            }
            ChangesOf::Partner(partner) => {
                if view.partner(partner)?.is_none() {
                    return Err(ListError::UnknownPartner(partner.clone()).into());
                }
                ChangeFilter { partner: Some(partner.clone()), ..ChangeFilter::default() }
            }
        };
        let seal = Seal::of(&pdp.keys.ledger, &call.caller, &("changes of", of));
        let mut page = Page::new(limit, seal);
        let after: Option<Place> = page.after(cursor)?;
        let reading = Reading { pdp, view, of, filter: &filter, caller: &call.caller };
        reading.fill(after, &mut page)?;
        Ok(page)
    })
    .await
}

/// A place in the journal, backwards: a revision, and how many of its events are left to be looked at.
#[derive(Clone, Copy)]
struct Place {
    revision: Revision,
    left: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.revision, self.left)
    }
}

impl std::str::FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (revision, left) = text.split_once('.').ok_or(())?;
        Ok(Self { revision: revision.parse().map_err(drop)?, left: left.parse().map_err(drop)? })
    }
}

struct Reading<'a> {
    pdp: &'a Pdp,
    view: &'a View<'a>,
    of: &'a ChangesOf,
    filter: &'a ChangeFilter,
    caller: &'a Caller,
}

impl Reading<'_> {
    /// Reads the journal backwards, a run of revisions at a time.
    fn fill(&self, after: Option<Place>, page: &mut Page<OwnChange>) -> Result<(), StoreError> {
        let mut until = after.map_or(self.view.revision(), |after| after.revision);
        let mut left = after.map(|after| after.left);
        while until > Revision::default() {
            let before = Revision(until.0.saturating_sub(JOURNAL_AT_ONCE as u64));
            let entries = self.pdp.store.journal_between(before, until)?;
            for (revision, entry) in entries.into_iter().rev() {
                let known = left.take().filter(|_| revision == until).unwrap_or(usize::MAX);
                let events: Vec<Event> = entry.events.into_iter().take(known).collect();
                for (index, event) in events.into_iter().enumerate().rev() {
                    let place = Place { revision, left: index }.to_string();
                    let change = self.may_hear(&event)?.then(|| self.shown(revision, entry.at, &entry.by, event));
                    let listed = match change {
                        Some(change) => page.take(change, place),
                        None => page.pass(place),
                    };
                    if listed == Listed::Break(()) {
                        return Ok(());
                    }
                }
            }
            until = before;
        }
        Ok(())
    }

    /// Is an event one that whoever reads may hear of? To a partner, one that is about it, and not one about another that
    /// it displaced.
    fn may_hear(&self, event: &Event) -> Result<bool, StoreError> {
        if let (ChangesOf::Partner(partner), Event::DapAdminRelationshipTerminated { partner: lost, .. }) =
            (self.of, event)
        {
            return Ok(lost == partner);
        }
        self.filter.takes(event, self.view)
    }

    fn shown(&self, revision: Revision, at: Timestamp, by: &str, mut event: Event) -> OwnChange {
        let is_operator = matches!(self.caller, Caller::Operator { .. });
        if let (ChangesOf::Partner(_), false) = (self.of, is_operator)
            && let Event::DapAdminRelationshipTerminated { displaced_by, .. } = &mut event
        {
            *displaced_by = None;
        }
        let by = if is_operator || self.may_know(by) { by } else { by.split(':').next().unwrap_or_default() };
        OwnChange { revision, at, by: by.to_owned(), event }
    }

    /// May whoever reads know who made something happen? A customer knows its partners, and each side itself and the
    /// customer; nobody learns which person of those who run the service it was.
    fn may_know(&self, by: &str) -> bool {
        match (self.of, by.split_once(':')) {
            (_, Some(("customer", _))) | (ChangesOf::Customer(_), Some(("partner", _))) => true,
            (ChangesOf::Partner(partner), Some(("partner", id))) => id == partner.as_str(),
            _ => false,
        }
    }
}
