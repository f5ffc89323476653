//! The commercial relationship of a customer and a partner, and its renegotiation.
//!
//! It begins with the first sale. It ends, or is reinstated, only when one side proposes it and the other says the
//! same: "The customer account and commercial relationship still applies unless renegotiated by the customer and you."

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words;
use crate::clock::Timestamp;
use crate::id::{CustomerId, PartnerId};

words! {
    /// Whether a commercial relationship stands.
    RelationshipState {
        /// It stands: the partner is billed, and responsible for support.
        Active = "active",
        /// Both sides agreed to end it: no right and no duty is left.
        Ended = "ended",
    }
}

words! {
    /// A side of a renegotiation.
    Side {
        /// The customer.
        Customer = "customer",
        /// The partner.
        Partner = "partner",
    }
}

words! {
    /// What a renegotiation is to bring.
    Outcome {
        /// The commercial relationship ends.
        End = "end",
        /// An ended commercial relationship stands again.
        Reinstate = "reinstate",
    }
}

impl Outcome {
    fn state(self) -> RelationshipState {
        match self {
            Self::End => RelationshipState::Ended,
            Self::Reinstate => RelationshipState::Active,
        }
    }
}

words! {
    /// How far a renegotiation has come.
    RenegotiationState {
        /// One side has said so.
        Proposed = "proposed",
        /// Both sides have said so, and it is done.
        Agreed = "agreed",
    }
}

/// What one side has proposed and the other has not answered yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Proposal {
    /// Who proposed it.
    pub by: Side,
    /// What it is to bring.
    pub outcome: Outcome,
}

/// The commercial relationship of a customer and a partner.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CommercialRelationship {
    /// The customer.
    #[schema(value_type = String)]
    pub customer: CustomerId,
    /// The partner that sold to it.
    #[schema(value_type = String)]
    pub partner: PartnerId,
    /// Whether it stands.
    pub state: RelationshipState,
    /// When it came to be as it is.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// The proposal that waits for the other side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Proposal>,
}

/// Why a renegotiation cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenegotiationError {
    /// What is proposed is so already.
    #[error(
        "the commercial relationship of customer `{customer}` and partner `{partner}` is `{state}` already; there is nothing to `{outcome}`"
    )]
    AlreadySo {
        /// The customer.
        customer: CustomerId,
        /// The partner.
        partner: PartnerId,
        /// How it is.
        state: RelationshipState,
        /// What was proposed.
        outcome: Outcome,
    },
}

impl CommercialRelationship {
    /// The relationship as a first sale begins it.
    #[must_use]
    pub fn begun(customer: CustomerId, partner: PartnerId, since: Timestamp) -> Self {
        Self { customer, partner, state: RelationshipState::Active, since, proposal: None }
    }

    /// What becomes of it when `by` says `outcome` at the moment `at`: agreed when the other side has said the same
    /// before, proposed otherwise. Saying it twice changes nothing; saying something else withdraws the former.
    ///
    /// # Errors
    /// [`RenegotiationError::AlreadySo`] when it is so already.
    pub fn renegotiate(
        &self,
        by: Side,
        outcome: Outcome,
        at: Timestamp,
    ) -> Result<(Self, RenegotiationState), RenegotiationError> {
        if self.state == outcome.state() {
            return Err(RenegotiationError::AlreadySo {
                customer: self.customer.clone(),
                partner: self.partner.clone(),
                state: self.state,
                outcome,
            });
        }
        match self.proposal {
            Some(proposal) if proposal.outcome == outcome && proposal.by != by => Ok((
                Self { state: outcome.state(), since: at, proposal: None, ..self.clone() },
                RenegotiationState::Agreed,
            )),
            _ => Ok((Self { proposal: Some(Proposal { by, outcome }), ..self.clone() }, RenegotiationState::Proposed)),
        }
    }
}
