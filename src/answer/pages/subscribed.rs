//! What a customer subscribes to, counted by service and seller however much it is.

use std::collections::BTreeMap;

use crate::domain::subscription::Subscription;
use crate::id::{CustomerId, PartnerId, ServiceName};
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Response};
use crate::pdp::page::ListError;
use crate::store::Listed;

/// What a customer subscribes to.
#[derive(Clone, Debug, Default)]
pub struct Subscribed {
    /// The first of its subscriptions.
    pub first: Vec<Subscription>,
    /// How many there are of each service, by who sold them, an add-on with what it adds to; by nobody what was bought
    /// directly. All are counted.
    pub counts: BTreeMap<ServiceName, BTreeMap<Option<PartnerId>, usize>>,
}

/// Counts what a customer subscribes to at one revision, and gives the first of it.
///
/// # Errors
/// [`CallError::Denied`] when the caller may not list it.
pub async fn subscribed(
    pdp: &Pdp,
    call: &Call,
    customer: &CustomerId,
    most: usize,
) -> Result<Response<Subscribed>, CallError<ListError>> {
    call::read(pdp, call, "listSubscriptions", &CallTarget::Customer(customer.clone()), |view, _| {
        let mut found = Subscribed::default();
        view.subscriptions_of(customer, None, None, &mut |subscription| {
            let seller = view.seller(&subscription)?;
            *found.counts.entry(subscription.service.clone()).or_default().entry(seller).or_default() += 1;
            if found.first.len() < most {
                found.first.push(subscription);
            }
            Ok(Listed::Continue(()))
        })?;
        Ok(found)
    })
    .await
}
