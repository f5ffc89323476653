//! The effect of importing a line, and why it has none.

use crate::change::registration::{CustomerError, PartnerError, SubscriptionError};
use crate::domain::commercial::RenegotiationError;
use crate::domain::event::ChangeSet;
use crate::domain::partner::Partner;
use crate::domain::times::TimeError;
use crate::id::{CustomerId, PartnerId, ServiceId};
use crate::limits::ADMINISTRATORS_MAX;
use crate::pdp::call::{Admission, CallError};
use crate::pdp::refusal::Denied;
use crate::store::View;

/// Why a line is not valid.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// A partner cannot.
    #[error(transparent)]
    Partner(#[from] PartnerError),
    /// A customer cannot.
    #[error(transparent)]
    Customer(#[from] CustomerError),
    /// A subscription cannot.
    #[error(transparent)]
    Subscription(SubscriptionError),
    /// It names something that no line before it has.
    #[error("{what} `{id}` is not known; put its line before this one")]
    NotYetKnown {
        /// What kind of noun.
        what: &'static str,
        /// Which.
        id: String,
    },
    /// A second transacting partner would hold the service.
    #[error(
        "partner `{holder}` holds delegated administration of service `{service}` and transacts too; only one of them may stand"
    )]
    SecondTransacting {
        /// The service.
        service: ServiceId,
        /// Who holds it.
        holder: PartnerId,
    },
    /// The service has as many administrators as one may have.
    #[error(
        "service `{0}` has {ADMINISTRATORS_MAX} delegated administrators, the most there may be; leave this grant out"
    )]
    TooManyAdministrators(ServiceId),
    /// Its times cannot be.
    #[error(transparent)]
    Times(#[from] TimeError),
    /// Its partner may not request relationships.
    #[error(transparent)]
    MayNotRequest(Denied),
    /// It says that a partner sold which does not transact.
    #[error("partner `{0}` is of a kind that does not sell; a direct bill partner or an indirect provider does")]
    DoesNotSell(PartnerId),
    /// It proposes what is so.
    #[error(transparent)]
    Proposal(#[from] RenegotiationError),
}

impl From<LineError> for CallError<LineError> {
    fn from(error: LineError) -> Self {
        Self::Refused(error)
    }
}

impl From<SubscriptionError> for LineError {
    fn from(error: SubscriptionError) -> Self {
        match error {
            SubscriptionError::UnknownCustomer(id) => not_yet("customer", &id),
            SubscriptionError::UnknownReseller(id) => not_yet("original reseller", &id),
            SubscriptionError::UnknownParent(id) => not_yet("parent", &id),
            other => Self::Subscription(other),
        }
    }
}

fn not_yet(what: &'static str, id: &impl ToString) -> LineError {
    LineError::NotYetKnown { what, id: id.to_string() }
}

/// The effect of importing a line.
#[derive(Default)]
pub(crate) struct LineEffect {
    /// What changes and what happened; nothing when it is so already.
    pub(crate) change_set: ChangeSet,
    /// The partner that was asked whether it may request relationships, and the decision.
    pub(crate) requested: Option<Box<(PartnerId, Admission)>>,
}

impl From<ChangeSet> for LineEffect {
    fn from(change_set: ChangeSet) -> Self {
        Self { change_set, requested: None }
    }
}

pub(super) fn parties(
    view: &View<'_>,
    customer: &CustomerId,
    partner: &PartnerId,
) -> Result<Partner, CallError<LineError>> {
    if view.customer(customer)?.is_none() {
        return Err(not_yet("customer", customer).into());
    }
    Ok(view.partner(partner)?.map(|kept| kept.fact).ok_or_else(|| not_yet("partner", partner))?)
}
