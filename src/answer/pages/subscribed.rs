//! What a customer subscribes to, counted by service and seller however much it is.

use std::collections::BTreeMap;

use crate::id::{CustomerId, PartnerId, ServiceName};
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Response};
use crate::pdp::page::ListError;
use crate::store::Listed;

/// How many subscriptions there are of each service, by who sold them, an add-on with what it adds to; by nobody what was
/// bought directly. All are counted.
pub type Counts = BTreeMap<ServiceName, BTreeMap<Option<PartnerId>, usize>>;

/// Counts what a customer subscribes to at one revision.
///
/// # Errors
/// [`CallError::Denied`] when the caller may not list it.
pub async fn subscribed(
    pdp: &Pdp,
    call: &Call,
    customer: &CustomerId,
) -> Result<Response<Counts>, CallError<ListError>> {
    call::read(pdp, call, "listSubscriptions", &CallTarget::Customer(customer.clone()), |view, _| {
        let mut counts = Counts::new();
        view.subscriptions_of(customer, None, None, &mut |subscription| {
            let seller = view.seller(&subscription)?;
            *counts.entry(subscription.service).or_default().entry(seller).or_default() += 1;
            Ok(Listed::Continue(()))
        })?;
        Ok(counts)
    })
    .await
}
