//! Importing a grant.

use crate::change::acceptance::{displace, transacting_holders};
use crate::change::judgement::Judgement;
use crate::change::line::effect::{LineEffect, LineError, parties};
use crate::clock::Timestamp;
use crate::domain::event::{Event, Fact, TerminationCause};
use crate::domain::grant::{Grant, Multichannel};
use crate::domain::partner::Partner;
use crate::domain::service::Service;
use crate::id::ServiceId;
use crate::limits::ADMINISTRATORS_MAX;
use crate::pdp::call::CallError;
use crate::store::View;

/// Sets a grant as the line has it, and updates who administers the service.
pub(crate) fn effect_of(
    view: &View<'_>,
    at: Timestamp,
    after: &Grant,
    judgement: Option<&Judgement<'_>>,
) -> Result<LineEffect, CallError<LineError>> {
    after.check_times(at).map_err(LineError::from)?;
    let partner = parties(view, &after.customer, &after.partner)?;
    let id = ServiceId { customer: after.customer.clone(), service: after.service.clone() };
    let before = view.grant(&id, &after.partner)?.map(|kept| kept.fact);
    if before.as_ref() == Some(after) {
        return Ok(LineEffect::default());
    }
    let known = view.service(&id)?.map(|kept| kept.fact);
    let mut service = known.clone().unwrap_or_default();
    let mut effect = LineEffect::default();
    let held = before.is_some_and(|grant| grant.holds_at(at));
    if after.holds_at(at) {
        let newly = partner.kind.transacts() && !held;
        match judgement {
            Some(judgement) => {
                let asking = judgement.admit_request(view, &partner.id)?;
                asking.permit().map_err(LineError::MayNotRequest)?;
                effect.requested = Some(Box::new((partner.id.clone(), asking)));
                if newly {
                    displace_holders(view, judgement, &id, &partner, &mut service, &mut effect)?;
                }
            }
            None if newly => {
                if let Some(holder) = transacting_holders(view, at, &service, &partner.id)?.into_iter().next() {
                    return Err(LineError::SecondTransacting { service: id, holder }.into());
                }
            }
            None => {}
        }
        service.administrators.retain(|held| held.until.is_none_or(|until| at < until));
        service.enter(&after.partner, after.until);
        if service.administrators.len() > ADMINISTRATORS_MAX {
            return Err(LineError::TooManyAdministrators(id).into());
        }
        effect.change_set.events.push(Event::DapAdminRelationshipApproved {
            customer: id.customer.clone(),
            service: id.service.clone(),
            partner: partner.id,
            until: after.until,
        });
    } else {
        service.strike(&after.partner);
        if held {
            effect.change_set.events.push(Event::DapAdminRelationshipTerminated {
                customer: id.customer.clone(),
                service: id.service.clone(),
                partner: partner.id,
                cause: TerminationCause::Imported,
                displaced_by: None,
            });
        }
    }
    effect.change_set.facts.push(Fact::Grant(after.clone()));
    if known.as_ref() != Some(&service) {
        effect.change_set.facts.push(Fact::Service(id, service));
    }
    Ok(effect)
}

/// Whoever holds the service and transacts too is displaced, as by an acceptance, or the line is refused.
fn displace_holders(
    view: &View<'_>,
    judgement: &Judgement<'_>,
    id: &ServiceId,
    partner: &Partner,
    service: &mut Service,
    effect: &mut LineEffect,
) -> Result<(), CallError<LineError>> {
    for holder in transacting_holders(view, judgement.at, service, &partner.id)? {
        if judgement.multichannel == Multichannel::Refuse {
            return Err(LineError::SecondTransacting { service: id.clone(), holder }.into());
        }
        displace(view, judgement.at, id, &holder, &partner.id, &mut effect.change_set)?;
        service.strike(&holder);
    }
    Ok(())
}
