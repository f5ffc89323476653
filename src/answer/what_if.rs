//! What-if: hypothetical changes, and every decision that they would change. Nothing is written.

mod what_if_error;
mod delta;
mod flip;
pub mod own;

use serde::Deserialize;
use utoipa::ToSchema;

use crate::change::acceptance::Acceptance;
use crate::change::judgement::{Judgement, Unaccepted};
use crate::change::line::{Line, effect_of};
use crate::change::removal::{Removal, remove};
use crate::change::renegotiation::{Renegotiation, renegotiate};
use crate::clock::Timestamp;
use crate::decide::refuses_unrelated;
use crate::domain::commercial::{Outcome, RenegotiationState, Side};
use crate::domain::event::Fact;
use crate::id::{CustomerId, PartnerId, ServiceName};
use crate::limits::{WHAT_IF_CHANGES_MAX, WHAT_IF_FACTS_MAX};
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Response};
use crate::policy::Bundle;
use crate::store::{Overlay, StoreError, View};
use delta::{Touched, delta};

pub use flip::{Delta, Flip, Named, NamedAction};
pub use what_if_error::WhatIfError;

/// A change that is supposed.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Proposed {
    /// A customer accepts a partner's request.
    Accept {
        /// Whose request.
        #[schema(value_type = String)]
        partner: PartnerId,
        /// Who accepts it.
        #[schema(value_type = String)]
        customer: CustomerId,
        /// For which services.
        #[schema(value_type = Vec<String>)]
        services: Vec<ServiceName>,
        /// When it is to end by itself.
        #[schema(value_type = Option<String>, format = DateTime)]
        #[serde(default, deserialize_with = "crate::clock::optional_time")]
        until: Option<Timestamp>,
    },
    /// A customer removes delegated administrative privileges.
    Remove {
        /// Who removes.
        #[schema(value_type = String)]
        customer: CustomerId,
        /// From whom; from all partners when absent.
        #[schema(value_type = Option<String>)]
        #[serde(default)]
        partner: Option<PartnerId>,
        /// For which service; for all when absent.
        #[schema(value_type = Option<String>)]
        #[serde(default)]
        service: Option<ServiceName>,
    },
    /// Customer and partner agree about their commercial relationship.
    Renegotiate {
        /// The customer.
        #[schema(value_type = String)]
        customer: CustomerId,
        /// The partner.
        #[schema(value_type = String)]
        partner: PartnerId,
        /// What they agree on.
        outcome: Outcome,
    },
    /// A noun is told, as a line of an import tells it to a store that holds facts.
    Put(Line),
}

/// Every decision that would be gained and lost if some changes were made, one after the other. It is exact: where
/// it would take too long to be, it is an error.
///
/// # Errors
/// [`WhatIfError`]; [`CallError::Denied`] for whoever may not try changes.
pub async fn what_if(
    pdp: &Pdp,
    call: &Call,
    changes: Vec<Proposed>,
) -> Result<Response<Delta>, CallError<WhatIfError>> {
    let by = ("whatIf", &CallTarget::Installation);
    tried(pdp, call, by, &changes, |trial, change| trial.apply(change), |_, _, _: Vec<()>, delta| Ok(delta)).await
}

/// Applies changes one after the other without making them, and says what came of each and of all of them.
async fn tried<C, F, T>(
    pdp: &Pdp,
    call: &Call,
    (action, target): (&str, &CallTarget),
    changes: &[C],
    apply: impl Fn(&mut Trial<'_>, &C) -> Result<F, Impossible>,
    answer: impl FnOnce(&View<'_>, Timestamp, Vec<F>, Delta) -> Result<T, StoreError>,
) -> Result<Response<T>, CallError<WhatIfError>> {
    let rules = pdp.rules();
    call::read_by(pdp, &rules, call, action, target, |now, at| {
        let mut trial = Trial::on(pdp, &rules, now, at, WHAT_IF_FACTS_MAX);
        let applied = trial.apply_all(changes, apply)?;
        let is_narrow = refuses_unrelated(&rules);
        let delta = delta(&rules, at, now, &trial.overlay.view(), &trial.touched, is_narrow)?;
        Ok(answer(now, at, applied, delta)?)
    })
    .await
}

/// Hypothetical changes applied one after the other, and what they touch.
struct Trial<'a> {
    judgement: Judgement<'a>,
    overlay: Overlay<'a>,
    touched: Touched,
    /// How many facts were put.
    facts: usize,
    /// How many may be.
    facts_max: usize,
}

impl<'a> Trial<'a> {
    fn on(pdp: &Pdp, rules: &'a Bundle, now: &View<'a>, at: Timestamp, facts_max: usize) -> Self {
        let judgement = Judgement { rules, at, multichannel: pdp.settings.terms.multichannel };
        Self { judgement, overlay: now.overlay(), touched: Touched::default(), facts: 0, facts_max }
    }

    fn apply_all<C, F>(
        &mut self,
        changes: &[C],
        apply: impl Fn(&mut Self, &C) -> Result<F, Impossible>,
    ) -> Result<Vec<F>, CallError<WhatIfError>> {
        if changes.len() > WHAT_IF_CHANGES_MAX {
            return Err(WhatIfError::TooManyChanges(changes.len()).into());
        }
        let each = changes.iter().enumerate();
        each.map(|(index, change)| self.try_one(index, |trial| apply(trial, change))).collect()
    }

    fn try_one<F>(
        &mut self,
        index: usize,
        apply: impl FnOnce(&mut Self) -> Result<F, Impossible>,
    ) -> Result<F, CallError<WhatIfError>> {
        apply(self).map_err(|impossible| match impossible {
            Impossible::Change(message) => WhatIfError::Change { index, message }.into(),
            Impossible::TooManyFacts => WhatIfError::TooManyFacts.into(),
            Impossible::Store(error) => CallError::Store(error),
        })
    }

    fn put(&mut self, facts: &[Fact]) -> Result<(), Impossible> {
        self.facts += facts.len();
        if self.facts > self.facts_max {
            return Err(Impossible::TooManyFacts);
        }
        for fact in facts {
            self.touched.note(fact);
            self.overlay.put(fact)?;
        }
        Ok(())
    }

    fn apply(&mut self, change: &Proposed) -> Result<(), Impossible> {
        let at = self.judgement.at;
        match change.clone() {
            Proposed::Accept { partner, customer, services, until } => {
                let acceptance = Acceptance { partner, customer, services, until };
                let (_, change_set, _) = self.judgement.accept(&self.overlay.view(), &acceptance)?;
                self.put(&change_set.facts)
            }
            Proposed::Remove { customer, partner, service } => {
                let removal = Removal { customer, partner, service };
                let (change_set, _) = remove(&self.overlay.view(), at, &removal)?;
                self.put(&change_set.facts)
            }
            Proposed::Renegotiate { customer, partner, outcome } => {
                // Both sides say so; where one had said it before, the other's word is enough.
                for by in [Side::Customer, Side::Partner] {
                    let said = Renegotiation { customer: customer.clone(), partner: partner.clone(), by, outcome };
                    let (change_set, renegotiated) = renegotiate(&self.overlay.view(), at, &said)?;
                    self.put(&change_set.facts)?;
                    if renegotiated.state == RenegotiationState::Agreed {
                        break;
                    }
                }
                Ok(())
            }
            Proposed::Put(line) => {
                let effect = effect_of(&self.overlay.view(), at, &line, Some(&self.judgement));
                let effect = effect.map_err(|error| error.map(|error| format!("{}: {error}", line.title())))?;
                self.put(&effect.change_set.facts)
            }
        }
    }
}

/// Why a hypothetical change is not possible.
enum Impossible {
    Change(String),
    TooManyFacts,
    Store(StoreError),
}

impl From<StoreError> for Impossible {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl<E: std::fmt::Display> From<CallError<E>> for Impossible {
    fn from(error: CallError<E>) -> Self {
        match error {
            CallError::Store(error) => Self::Store(error),
            CallError::Refused(_) | CallError::Denied(_) | CallError::Precondition(_) => {
                Self::Change(error.to_string())
            }
        }
    }
}

impl From<Unaccepted> for Impossible {
    fn from(unaccepted: Unaccepted) -> Self {
        match unaccepted {
            Unaccepted::Denied(denied, _) => Self::Change(denied.message),
            Unaccepted::Undone(error) => error.into(),
        }
    }
}
