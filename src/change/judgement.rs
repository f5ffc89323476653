//! How changes are judged, the same for making, importing and hypothetically applying them.

use crate::caller::Caller;
use crate::change::acceptance::{Acceptance, AcceptanceError, Accepted, accept};
use crate::clock::Timestamp;
use crate::domain::event::ChangeSet;
use crate::domain::grant::Multichannel;
use crate::id::PartnerId;
use crate::pdp::call::{Admission, CallError, CallTarget, admit};
use crate::pdp::refusal::Denied;
use crate::policy::Bundle;
use crate::store::{StoreError, View};

/// What changes are judged by at a moment.
#[derive(Clone, Copy)]
pub(crate) struct Judgement<'a> {
    /// The rules in force.
    pub(crate) rules: &'a Bundle,
    /// The moment.
    pub(crate) at: Timestamp,
    /// What is done where another transacting partner administers a service.
    pub(crate) multichannel: Multichannel,
}

/// Why a request is not accepted.
pub(crate) enum Unaccepted {
    /// Its partner may not request relationships any more.
    Denied(Denied, Box<Admission>),
    /// What it is accepted for cannot be.
    Undone(CallError<AcceptanceError>),
}

impl<E: Into<CallError<AcceptanceError>>> From<E> for Unaccepted {
    fn from(error: E) -> Self {
        Self::Undone(error.into())
    }
}

impl Judgement<'_> {
    /// Computes the changes of accepting a partner's request: the partner must be one that may still request it. Also
    /// returns the decision about that.
    pub(crate) fn accept(
        &self,
        view: &View<'_>,
        acceptance: &Acceptance,
    ) -> Result<(Admission, ChangeSet, Accepted), Unaccepted> {
        if view.partner(&acceptance.partner)?.is_none() {
            return Err(AcceptanceError::UnknownPartner(acceptance.partner.clone()).into());
        }
        let asking = self.admit_request(view, &acceptance.partner)?;
        if let Err(denied) = asking.permit() {
            return Err(Unaccepted::Denied(denied, Box::new(asking)));
        }
        let (change_set, accepted) = accept(view, self.at, acceptance, self.multichannel)?;
        Ok((asking, change_set, accepted))
    }

    /// May a partner request relationships?
    pub(crate) fn admit_request(&self, view: &View<'_>, partner: &PartnerId) -> Result<Admission, StoreError> {
        let asking = Caller::Partner { id: partner.clone() };
        admit(self.rules, view, self.at, &asking, "requestRelationship", &CallTarget::Partner(partner.clone()))
    }
}
