//! What one side would bring about: a customer or a partner tries what it may do itself, before it does it.
//!
//! A customer tries to accept a request whose link it holds, to remove, and to renegotiate; a partner to renegotiate.
//! What comes of it is what doing it would come to, as `expected` of the change may say, and every decision that turns.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::what_if::{Delta, Flip, Impossible, Trial, WhatIfError, tried};
use crate::change::acceptance::{Acceptance, AcceptanceEffect};
use crate::change::removal::{Removal, RemovalEffect, remove};
use crate::change::renegotiation::{Renegotiation, RenegotiationEffect, renegotiate};
use crate::clock::{Timestamp, to_millisecond};
use crate::domain::commercial::{Outcome, RenegotiationState, Side};
use crate::id::{CustomerId, PartnerId, ServiceName};
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Response};
use crate::pdp::reach;
use crate::question::{Entity, Kind, Target};
use crate::store::{StoreError, View};

/// A change that a customer tries for itself.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum CustomerChange {
    /// It accepts the request of a link.
    Accept {
        /// The token of the link.
        token: String,
        /// For which services.
        #[schema(value_type = Vec<String>)]
        services: Vec<ServiceName>,
        /// When it is to end by itself.
        #[schema(value_type = Option<String>, format = DateTime)]
        #[serde(default, deserialize_with = "crate::clock::optional_time")]
        until: Option<Timestamp>,
    },
    /// It removes delegated administrative privileges.
    Remove {
        /// From whom; from all partners when absent.
        #[schema(value_type = Option<String>)]
        #[serde(default)]
        partner: Option<PartnerId>,
        /// For which service; for all when absent.
        #[schema(value_type = Option<String>)]
        #[serde(default)]
        service: Option<ServiceName>,
    },
    /// It says this about its commercial relationship with a partner.
    Renegotiate {
        /// The partner.
        #[schema(value_type = String)]
        partner: PartnerId,
        /// What it says.
        outcome: Outcome,
    },
}

/// A change that a partner tries for itself.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PartnerChange {
    /// It says this about its commercial relationship with a customer.
    pub renegotiate: PartnerRenegotiation,
}

/// What a partner says about its commercial relationship with a customer.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PartnerRenegotiation {
    /// The customer.
    #[schema(value_type = String)]
    pub customer: CustomerId,
    /// What it says.
    pub outcome: Outcome,
}

/// What a change that is tried does, as `expected` of it may say.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ChangeEffect {
    /// An acceptance: what it grants, and whom it displaces.
    Accept(AcceptanceEffect),
    /// A removal: what it takes, and from whom.
    Remove(RemovalEffect),
    /// A renegotiation: how far it comes.
    Renegotiate(RenegotiationEffect),
}

/// What the changes of one side would come to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnDelta {
    /// What each of the changes does, in their order.
    pub effects: Vec<ChangeEffect>,
    /// What would be allowed and is not; of a renegotiation once the other side says the same.
    pub gained: Vec<Flip>,
    /// What is allowed and would not be; of a renegotiation once the other side says the same.
    pub lost: Vec<Flip>,
    /// Always so: what is too much to compare is an error, never a part of the answer.
    pub complete: bool,
    /// The actions whose answers can turn on what the caller says besides: here it says nothing.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub depends_on_context: Vec<String>,
}

impl OwnDelta {
    fn of(effects: Vec<ChangeEffect>, Delta { gained, lost, complete, depends_on_context }: Delta) -> Self {
        Self { effects, gained, lost, complete, depends_on_context }
    }
}

const CALL: &str = "tryOwnChange";

/// What changes of a customer would come to, one after the other.
///
/// # Errors
/// [`WhatIfError`]; [`CallError::Denied`] for whoever may not speak for the customer.
pub async fn what_if_customer(
    pdp: &Pdp,
    call: &Call,
    customer: &CustomerId,
    changes: Vec<CustomerChange>,
) -> Result<Response<OwnDelta>, CallError<WhatIfError>> {
    let target = CallTarget::Customer(customer.clone());
    tried(
        pdp,
        call,
        (CALL, &target),
        &changes,
        |trial, change| apply_for_customer(pdp, trial, customer, change),
        |_, _, effects, delta| Ok(OwnDelta::of(effects, delta)),
    )
    .await
}

/// What one change of a customer does, without the decisions that it turns: for where those are more than can be compared,
/// and the change is made all the same.
///
/// # Errors
/// [`WhatIfError::Change`]; [`CallError::Denied`] for whoever may not speak for the customer.
pub async fn effect_for_customer(
    pdp: &Pdp,
    call: &Call,
    customer: &CustomerId,
    change: CustomerChange,
) -> Result<Response<ChangeEffect>, CallError<WhatIfError>> {
    let (target, rules) = (CallTarget::Customer(customer.clone()), pdp.rules());
    call::read_by(pdp, &rules, call, CALL, &target, |now, at| {
        // Nothing is compared, so it takes no more than making the change does.
        let mut trial = Trial::on(pdp, &rules, now, at, usize::MAX);
        trial.try_one(0, |trial| apply_for_customer(pdp, trial, customer, &change))
    })
    .await
}

/// What changes of a partner would come to, one after the other; of nobody but itself.
///
/// # Errors
/// [`WhatIfError`]; [`CallError::Denied`] for whoever may not speak for the partner.
pub async fn what_if_partner(
    pdp: &Pdp,
    call: &Call,
    partner: &PartnerId,
    changes: Vec<PartnerChange>,
) -> Result<Response<OwnDelta>, CallError<WhatIfError>> {
    let target = CallTarget::Partner(partner.clone());
    tried(
        pdp,
        call,
        (CALL, &target),
        &changes,
        |trial, PartnerChange { renegotiate: PartnerRenegotiation { customer, outcome } }| {
            let (customer, partner, outcome) = (customer.clone(), partner.clone(), *outcome);
            apply_renegotiation(trial, &Renegotiation { customer, partner, by: Side::Partner, outcome })
        },
        |now, at, effects, delta| Ok(OwnDelta::of(effects, only_own(now, at, partner, delta)?)),
    )
    .await
}

fn apply_for_customer(
    pdp: &Pdp,
    trial: &mut Trial<'_>,
    customer: &CustomerId,
    change: &CustomerChange,
) -> Result<ChangeEffect, Impossible> {
    match change.clone() {
        CustomerChange::Accept { token, services, until } => {
            let partner = pdp.keys.links.verify(&token).map_err(|error| Impossible::Change(error.to_string()))?.partner;
            let until = until.map(to_millisecond);
            let acceptance = Acceptance { partner, customer: customer.clone(), services, until };
            let (_, change_set, accepted) = trial.judgement.accept(&trial.overlay.view(), &acceptance)?;
            trial.put(&change_set.facts)?;
            Ok(ChangeEffect::Accept(accepted.effect()))
        }
        CustomerChange::Remove { partner, service } => {
            let removal = Removal { customer: customer.clone(), partner, service };
            let (change_set, removed) = remove(&trial.overlay.view(), trial.judgement.at, &removal)?;
            trial.put(&change_set.facts)?;
            Ok(ChangeEffect::Remove(removed.effect()))
        }
        CustomerChange::Renegotiate { partner, outcome } => {
            let customer = customer.clone();
            apply_renegotiation(trial, &Renegotiation { customer, partner, by: Side::Customer, outcome })
        }
    }
}

/// What one side says; and that the other says the same, where it has not, so that what it is for shows.
fn apply_renegotiation(trial: &mut Trial<'_>, renegotiation: &Renegotiation) -> Result<ChangeEffect, Impossible> {
    let at = trial.judgement.at;
    let (change_set, said) = renegotiate(&trial.overlay.view(), at, renegotiation)?;
    trial.put(&change_set.facts)?;
    if said.state != RenegotiationState::Agreed {
        let other = Renegotiation { by: renegotiation.by.other(), ..renegotiation.clone() };
        let (change_set, _) = renegotiate(&trial.overlay.view(), at, &other)?;
        trial.put(&change_set.facts)?;
    }
    Ok(ChangeEffect::Renegotiate(said.effect()))
}

/// What a partner may know of decisions that turn: its own, about what it has something to do with.
fn only_own(now: &View<'_>, at: Timestamp, partner: &PartnerId, delta: Delta) -> Result<Delta, StoreError> {
    let own = |flips: Vec<Flip>| -> Result<Vec<Flip>, StoreError> {
        let mut kept = Vec::new();
        for flip in flips {
            let is_its = flip.subject.kind == Kind::Partner.as_str() && flip.subject.id == partner.as_str();
            if is_its && has_to_do(now, at, partner, &Entity::new(&*flip.resource.kind, &*flip.resource.id).target())? {
                kept.push(flip);
            }
        }
        Ok(kept)
    };
    Ok(Delta { gained: own(delta.gained)?, lost: own(delta.lost)?, ..delta })
}

fn has_to_do(now: &View<'_>, at: Timestamp, partner: &PartnerId, resource: &Target) -> Result<bool, StoreError> {
    match resource {
        Target::Partner(id) => Ok(id == partner),
        Target::Service(service) => reach::administers(now, at, partner, service),
        Target::Subscription(id) => match now.subscription(id)? {
            Some(known) => Ok(now.seller(&known.fact)?.as_ref() == Some(partner)
                || reach::administers(now, at, partner, &known.fact.service_id())?),
            None => Ok(false),
        },
        Target::Customer(_) | Target::Nothing(_) | Target::Foreign => Ok(false),
    }
}
