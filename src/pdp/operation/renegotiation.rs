//! Customer and partner renegotiate their commercial relationship; it ends only when both say so.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::Timestamp;
use crate::domain::commercial::{self, Outcome, RelationshipState, RenegotiationState, Side};
use crate::domain::event::{Event, Fact, Happening};
use crate::id::{CustomerId, PartnerId, Revision};
use crate::store::{StoreError, View};

/// What one side says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Renegotiation {
    /// The customer.
    pub customer: CustomerId,
    /// The partner.
    pub partner: PartnerId,
    /// Who says it.
    pub by: Side,
    /// What it is to bring.
    pub outcome: Outcome,
}

/// How far a renegotiation came.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Renegotiated {
    /// `agreed` when the other side had said the same.
    pub state: RenegotiationState,
    /// Whether the commercial relationship stands now.
    pub commercial_relationship: RelationshipState,
    /// The revision at which it is so.
    #[schema(value_type = u64)]
    pub revision: Revision,
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
    /// It is so already.
    #[error(transparent)]
    AlreadySo(#[from] commercial::RenegotiationError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Works out what it brings that one side says something at the moment `at`.
///
/// # Errors
/// A [`RenegotiationError`]; then nothing of it happens.
pub(crate) fn renegotiate(
    view: &View<'_>,
    at: Timestamp,
    renegotiation: &Renegotiation,
) -> Result<(Happening, Renegotiated), RenegotiationError> {
    let Renegotiation { customer, partner, by, outcome } = renegotiation;
    // One who is not known has no relationship either; to tell the two apart would tell who is known.
    let Some(before) = view.relationship(customer, partner)?.map(|kept| kept.fact) else {
        return Err(RenegotiationError::NoRelationship { customer: customer.clone(), partner: partner.clone() });
    };
    let (after, state) = before.renegotiate(*by, *outcome, at)?;
    let renegotiated = Renegotiated { state, commercial_relationship: after.state, revision: view.revision() };
    let mut happening = Happening::default();
    if after != before {
        let (customer, partner) = (customer.clone(), partner.clone());
        happening.events.push(match (state, outcome) {
            (RenegotiationState::Proposed, _) => {
                Event::CommercialRelationshipRenegotiationProposed { customer, partner, side: *by, outcome: *outcome }
            }
            (RenegotiationState::Agreed, Outcome::End) => Event::CommercialRelationshipEnded { customer, partner },
            (RenegotiationState::Agreed, Outcome::Reinstate) => {
                Event::CommercialRelationshipReinstated { customer, partner }
            }
        });
        happening.facts.push(Fact::CommercialRelationship(after));
    }
    Ok((happening, renegotiated))
}
