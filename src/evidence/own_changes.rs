//! What happened to one customer, or to one partner, for itself: the events of the journal that name it, newest first.
//!
//! A partner hears of no other partner: neither who displaced it nor who else sold, administers or acted.

use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::domain::event::Event;
use crate::evidence::changes::{Change, ChangeFilter, Place, backwards};
use crate::id::{CustomerId, PartnerId, Revision};
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Response};
use crate::pdp::cursor::Seal;
use crate::pdp::page::{ListError, Page};
use crate::store::{StoreError, View};

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

struct Reading<'a> {
    pdp: &'a Pdp,
    view: &'a View<'a>,
    of: &'a ChangesOf,
    filter: &'a ChangeFilter,
    caller: &'a Caller,
}

impl Reading<'_> {
    /// Reads the journal backwards, from where the page before ended.
    fn fill(&self, after: Option<Place>, page: &mut Page<OwnChange>) -> Result<(), StoreError> {
        backwards(self.pdp, Revision::default(), self.view.revision(), after, |place, change| {
            let place = place.to_string();
            Ok(match self.may_hear(&change.event)? {
                true => page.take(self.shown(change), place),
                false => page.pass(place),
            })
        })
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

    fn shown(&self, Change { revision, at, by, mut event }: Change) -> OwnChange {
        let is_operator = matches!(self.caller, Caller::Operator { .. });
        if let (ChangesOf::Partner(_), false) = (self.of, is_operator)
            && let Event::DapAdminRelationshipTerminated { displaced_by, .. } = &mut event
        {
            *displaced_by = None;
        }
        let by = if is_operator || self.may_know(&by) { &*by } else { by.split(':').next().unwrap_or_default() };
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
