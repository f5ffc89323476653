//! The commercial relationship of a customer and a partner, and its renegotiation.
//!
//! It begins with the first sale. It ends, or is reinstated, only when one side proposes it and the other says the
//! same: "The customer account and commercial relationship still applies unless renegotiated by the customer and you."

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::times::{TimeError, has_come, not_before};
use super::words;
use crate::clock::{Timestamp, to_millisecond};
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

words! {
    /// What a side says in a renegotiation: what it is to bring, or that its own proposal is taken back.
    Position {
        /// The commercial relationship is to end.
        End = "end",
        /// An ended commercial relationship is to stand again.
        Reinstate = "reinstate",
        /// Nothing: what it proposed is taken back.
        None = "none",
    }
}

impl Position {
    /// What is proposed; nothing when a proposal is taken back.
    #[must_use]
    pub fn outcome(self) -> Option<Outcome> {
        match self {
            Self::End => Some(Outcome::End),
            Self::Reinstate => Some(Outcome::Reinstate),
            Self::None => None,
        }
    }
}

impl Side {
    /// The other side.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Customer => Self::Partner,
            Self::Partner => Self::Customer,
        }
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
        /// The side that proposed it has taken it back.
        Withdrawn = "withdrawn",
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
    /// When it was proposed; not known of one that was stored before this was.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
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
    /// There is no proposal of that side to take back.
    #[error(
        "no proposal of the {by} about the commercial relationship of customer `{customer}` and partner `{partner}` waits; there is nothing to take back"
    )]
    NothingProposed {
        /// The customer.
        customer: CustomerId,
        /// The partner.
        partner: PartnerId,
        /// Who would take it back.
        by: Side,
    },
}

impl CommercialRelationship {
    /// The relationship as a first sale begins it.
    #[must_use]
    pub fn begun(customer: CustomerId, partner: PartnerId, since: Timestamp) -> Self {
        Self { customer, partner, state: RelationshipState::Active, since, proposal: None }
    }

    /// The relationship once `by` says `outcome` at the moment `at`: agreed when the other side has said the same
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
            Some(proposal) if proposal.outcome == outcome => Ok((self.clone(), RenegotiationState::Proposed)),
            _ => {
                let proposal = Some(Proposal { by, outcome, since: Some(at) });
                Ok((Self { proposal, ..self.clone() }, RenegotiationState::Proposed))
            }
        }
    }

    /// The relationship once `by` withdraws its proposal, and what that was.
    ///
    /// # Errors
    /// [`RenegotiationError::NothingProposed`] when no proposal of that side waits.
    pub fn withdraw(&self, by: Side) -> Result<(Self, Outcome), RenegotiationError> {
        match self.proposal.filter(|proposal| proposal.by == by) {
            Some(proposal) => Ok((Self { proposal: None, ..self.clone() }, proposal.outcome)),
            None => Err(RenegotiationError::NothingProposed {
                customer: self.customer.clone(),
                partner: self.partner.clone(),
                by,
            }),
        }
    }

    /// Checks its times at the moment `at`: it began in the past, and what is proposed was proposed since.
    ///
    /// # Errors
    /// A [`TimeError`] that names the member.
    pub fn check_times(&self, at: Timestamp) -> Result<(), TimeError> {
        has_come("since", self.since, at)?;
        match self.proposal.and_then(|proposal| proposal.since) {
            Some(proposed) => {
                has_come("proposal.since", proposed, at)?;
                not_before("proposal.since", proposed, "since", self.since)
            }
            None => Ok(()),
        }
    }

    /// The relationship with its times cut to whole milliseconds.
    #[must_use]
    pub fn to_milliseconds(self) -> Self {
        let proposal = self.proposal.map(|proposal| Proposal { since: proposal.since.map(to_millisecond), ..proposal });
        Self { since: to_millisecond(self.since), proposal, ..self }
    }
}
