//! Everything that is known, in lines, a piece at a time.

use crate::change::line::Line;
use crate::domain::grant::Grant;
use crate::id::{CustomerId, PartnerId, Revision, SubscriptionId};
use crate::limits::EXPORT_CHUNK_BYTES;
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Response};
use crate::store::{Listed, Snapshot, StoreError, View};
use std::convert::Infallible;

/// What comes next of an export. What a line names stands before it: partners, customers, subscriptions, add-ons,
/// grants, commercial relationships.
enum Place {
    Partners(Option<PartnerId>),
    Customers(Option<CustomerId>),
    Subscriptions(Option<SubscriptionId>),
    AddOns(Option<(SubscriptionId, SubscriptionId)>),
    Grants(Option<Grant>),
    Relationships(Option<(CustomerId, PartnerId)>),
    End,
}

/// An export of one revision: pieces of whole lines, read from the file as they are asked for.
pub struct ExportReader {
    snapshot: Snapshot,
    place: Place,
}

impl ExportReader {
    pub(crate) fn of(snapshot: Snapshot) -> Self {
        Self { snapshot, place: Place::Partners(None) }
    }

    /// The revision that is exported.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.snapshot.view().revision()
    }

    /// Fills the chunk from the place and says which place is next.
    fn fill(&self, chunk: &mut Chunk) -> Result<Place, StoreError> {
        let view = self.snapshot.view();
        match &self.place {
            Place::Partners(last) => {
                let mut last = last.clone();
                view.partners(last.clone().as_ref(), &mut |partner| {
                    last = Some(partner.id.clone());
                    chunk.put(&Line::Partner(partner))
                })?;
                Ok(if chunk.is_full() { Place::Partners(last) } else { Place::Customers(None) })
            }
            Place::Customers(last) => {
                let mut last = last.clone();
                view.customers(last.clone().as_ref(), &mut |customer| {
                    last = Some(customer.id.clone());
                    chunk.put(&Line::Customer(customer))
                })?;
                Ok(if chunk.is_full() { Place::Customers(last) } else { Place::Subscriptions(None) })
            }
            Place::Subscriptions(last) => {
                let mut last = last.clone();
                view.subscriptions(last.clone().as_ref(), &mut |subscription| {
                    last = Some(subscription.id.clone());
                    match subscription.parent {
                        None => chunk.put(&Line::Subscription(subscription)),
                        Some(_) => Ok(Listed::Continue(())),
                    }
                })?;
                Ok(if chunk.is_full() { Place::Subscriptions(last) } else { Place::AddOns(None) })
            }
            Place::AddOns(last) => add_ons(&view, last.clone(), chunk),
            Place::Grants(last) => {
                let mut last = last.clone();
                view.all_grants(last.clone().as_ref(), &mut |grant| {
                    last = Some(grant.clone());
                    chunk.put(&Line::Grant(grant))
                })?;
                Ok(if chunk.is_full() { Place::Grants(last) } else { Place::Relationships(None) })
            }
            Place::Relationships(last) => {
                let mut last = last.clone();
                let from = last.clone();
                let from = from.as_ref().map(|(customer, partner)| (customer, partner));
                view.relationships(from, &mut |relationship| {
                    last = Some((relationship.customer.clone(), relationship.partner.clone()));
                    chunk.put(&Line::CommercialRelationship(relationship))
                })?;
                Ok(if chunk.is_full() { Place::Relationships(last) } else { Place::End })
            }
            Place::End => Ok(Place::End),
        }
    }
}

fn add_ons(
    view: &View<'_>,
    mut last: Option<(SubscriptionId, SubscriptionId)>,
    chunk: &mut Chunk,
) -> Result<Place, StoreError> {
    let from = last.clone();
    let from = from.as_ref().map(|(parent, id)| (parent, id));
    view.all_add_ons(from, &mut |add_on| {
        last = add_on.parent.clone().map(|parent| (parent, add_on.id.clone()));
        chunk.put(&Line::Subscription(add_on))
    })?;
    Ok(if chunk.is_full() { Place::AddOns(last) } else { Place::Grants(None) })
}

/// Whole lines, until there are enough of them.
#[derive(Default)]
struct Chunk(Vec<u8>);

impl Chunk {
    fn put(&mut self, line: &Line) -> Result<Listed, StoreError> {
        serde_json::to_writer(&mut self.0, line).map_err(|error| StoreError::Unreadable(error.to_string()))?;
        self.0.push(b'\n');
        Ok(if self.is_full() { Listed::Break(()) } else { Listed::Continue(()) })
    }

    fn is_full(&self) -> bool {
        self.0.len() >= EXPORT_CHUNK_BYTES
    }
}

/// Pieces of whole lines; after a failure nothing more, so that what was cut short is never taken for the whole.
impl Iterator for ExportReader {
    type Item = Result<Vec<u8>, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut chunk = Chunk::default();
        while !matches!(self.place, Place::End) && !chunk.is_full() {
            match self.fill(&mut chunk) {
                Ok(place) => self.place = place,
                Err(error) => {
                    self.place = Place::End;
                    return Some(Err(error));
                }
            }
        }
        (!chunk.0.is_empty()).then_some(Ok(chunk.0))
    }
}

/// Everything that is known at one revision, in lines that can be imported.
///
/// The reader keeps that revision in the file as long as it lives, so it is not to be left lying about.
///
/// # Errors
/// [`CallError::Denied`] when the caller may not export.
pub async fn export(pdp: &Pdp, call: &Call) -> Result<Response<ExportReader>, CallError<Infallible>> {
    call::read(pdp, call, "export", &CallTarget::Installation, |view, _| {
        Ok(ExportReader::of(pdp.store.snapshot_at(view.revision())?))
    })
    .await
}
