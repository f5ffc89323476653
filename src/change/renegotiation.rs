//! Customer and partner renegotiate their commercial relationship; it ends only when both say so, and while nobody
//! answered, the side that proposed it may withdraw.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::change::expected::{Effect, NOT_AS_EXPECTED, NotAsExpected};
use crate::clock::Timestamp;
use crate::domain::commercial::{self, CommercialRelationship, Outcome, RelationshipState, RenegotiationState, Side};
use crate::domain::event::{ChangeSet, Event, Fact};
use crate::id::{CustomerId, PartnerId, Revision};
use crate::pdp::call::{CallError, Coded};
use crate::store::View;

/// What one side says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Renegotiation {
    /// The customer.
    pub customer: CustomerId,
    /// The partner.
    pub partner: PartnerId,
    /// Who says it.
    pub by: Side,
    /// The outcome it is to have.
    pub outcome: Outcome,
}

/// One side withdraws its proposal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Withdrawal {
    /// The customer.
    pub customer: CustomerId,
    /// The partner.
    pub partner: PartnerId,
    /// Who withdraws it.
    pub by: Side,
}

/// How far a renegotiation came.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Renegotiated {
    /// `agreed` when the other side had said the same; `withdrawn` when a proposal was taken back.
    pub state: RenegotiationState,
    /// Whether the commercial relationship stands now.
    pub commercial_relationship: RelationshipState,
    /// The revision at which it is so.
    #[schema(value_type = u64)]
    pub revision: Revision,
}

/// What the word of one side does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct RenegotiationEffect {
    /// How far the renegotiation comes with it.
    pub state: RenegotiationState,
}

impl Effect for RenegotiationEffect {
    fn sorted(&self) -> Self {
        *self
    }
}

impl Renegotiated {
    /// What it does.
    #[must_use]
    pub fn effect(&self) -> RenegotiationEffect {
        RenegotiationEffect { state: self.state }
    }
}

/// Why nothing can be renegotiated.
#[derive(Debug, thiserror::Error)]
pub enum RenegotiationError {
    /// There never was one.
    #[error("customer `{customer}` and partner `{partner}` have no commercial relationship; it begins with a sale")]
    NoRelationship {
        /// The customer.
        customer: CustomerId,
        /// The partner.
        partner: PartnerId,
    },
    /// It is so already, or there is no proposal to withdraw.
    #[error(transparent)]
    Impossible(#[from] commercial::RenegotiationError),
    /// It would come to something else than was expected.
    #[error(transparent)]
    NotAsExpected(#[from] Box<NotAsExpected<RenegotiationEffect>>),
}

impl Coded for RenegotiationError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoRelationship { .. } => "no_commercial_relationship",
            Self::Impossible(commercial::RenegotiationError::AlreadySo { .. }) => "already_so",
            Self::Impossible(commercial::RenegotiationError::NothingProposed { .. }) => "nothing_proposed",
            Self::NotAsExpected(_) => NOT_AS_EXPECTED,
        }
    }

    fn evidence(&self) -> Option<serde_json::Value> {
        match self {
            Self::NotAsExpected(other) => other.evidence(),
            _ => None,
        }
    }
}

/// Computes the changes of what one side says at the moment `at`.
///
/// # Errors
/// A [`RenegotiationError`]; then nothing of it happens.
pub(crate) fn renegotiate(
    view: &View<'_>,
    at: Timestamp,
    renegotiation: &Renegotiation,
) -> Result<(ChangeSet, Renegotiated), CallError<RenegotiationError>> {
    let Renegotiation { customer, partner, by, outcome } = renegotiation;
    let before = known(view, customer, partner)?;
    let (after, state) = before.renegotiate(*by, *outcome, at).map_err(RenegotiationError::from)?;
    let renegotiated = Renegotiated { state, commercial_relationship: after.state, revision: view.revision() };
    let mut change_set = ChangeSet::default();
    if after != before {
        let (customer, partner) = (customer.clone(), partner.clone());
        change_set.events.push(match (state, outcome) {
            (RenegotiationState::Proposed, _) => {
                Event::CommercialRelationshipRenegotiationProposed { customer, partner, side: *by, outcome: *outcome }
            }
            (RenegotiationState::Withdrawn, _) => {
                Event::CommercialRelationshipRenegotiationWithdrawn { customer, partner, side: *by, outcome: *outcome }
            }
            (RenegotiationState::Agreed, Outcome::End) => Event::CommercialRelationshipEnded { customer, partner },
            (RenegotiationState::Agreed, Outcome::Reinstate) => {
                Event::CommercialRelationshipReinstated { customer, partner }
            }
        });
        change_set.facts.push(Fact::CommercialRelationship(after));
    }
    Ok((change_set, renegotiated))
}

/// Computes the changes of one side withdrawing its proposal.
///
/// # Errors
/// A [`RenegotiationError`]; then nothing of it happens.
pub(crate) fn withdraw(
    view: &View<'_>,
    withdrawal: &Withdrawal,
) -> Result<(ChangeSet, Renegotiated), CallError<RenegotiationError>> {
    let Withdrawal { customer, partner, by } = withdrawal;
    let (after, outcome) = known(view, customer, partner)?.withdraw(*by).map_err(RenegotiationError::from)?;
    let renegotiated = Renegotiated {
        state: RenegotiationState::Withdrawn,
        commercial_relationship: after.state,
        revision: view.revision(),
    };
    let event = Event::CommercialRelationshipRenegotiationWithdrawn {
        customer: customer.clone(),
        partner: partner.clone(),
        side: *by,
        outcome,
    };
    Ok((ChangeSet { facts: vec![Fact::CommercialRelationship(after)], events: vec![event] }, renegotiated))
}

/// The existing relationship. An unknown partner has none either; distinguishing the two would disclose who is known.
fn known(
    view: &View<'_>,
    customer: &CustomerId,
    partner: &PartnerId,
) -> Result<CommercialRelationship, CallError<RenegotiationError>> {
    let known = view.relationship(customer, partner)?.map(|kept| kept.fact);
    let unknown = || RenegotiationError::NoRelationship { customer: customer.clone(), partner: partner.clone() };
    Ok(known.ok_or_else(unknown)?)
}
