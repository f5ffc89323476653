//! A grant as a line tells it.

use crate::change::acceptance::{displace, transacting_holders};
use crate::change::judgement::Judgement;
use crate::change::line::{LineEffect, LineError, parties};
use crate::clock::Timestamp;
use crate::domain::event::{Event, Fact, TerminationCause};
use crate::domain::grant::{Grant, Multichannel};
use crate::domain::partner::Partner;
use crate::domain::service::Service;
use crate::id::ServiceId;
use crate::limits::ADMINISTRATORS_MAX;
use crate::store::View;

/// Sets a grant as it was told, and keeps who administers the service in step.
pub(crate) fn tell(
    view: &View<'_>,
    at: Timestamp,
    told: &Grant,
    judgement: Option<&Judgement<'_>>,
) -> Result<LineEffect, LineError> {
    told.check_times(at)?;
    let partner = parties(view, &told.customer, &told.partner)?;
    let id = ServiceId { customer: told.customer.clone(), service: told.service.clone() };
    let before = view.grant(&id, &told.partner)?.map(|kept| kept.fact);
    if before.as_ref() == Some(told) {
        return Ok(LineEffect::default());
    }
    let known = view.service(&id)?.map(|kept| kept.fact);
    let mut service = known.clone().unwrap_or_default();
    let mut brought = LineEffect::default();
    let held = before.is_some_and(|grant| grant.holds_at(at));
    if told.holds_at(at) {
        let newly = partner.kind.transacts() && !held;
        match judgement {
            Some(judgement) => {
                let asking = judgement.admit_request(view, &partner.id)?;
                asking.permit().map_err(LineError::MayNotRequest)?;
                brought.requested = Some(Box::new((partner.id.clone(), asking)));
                if newly {
                    displace_holders(view, judgement, &id, &partner, &mut service, &mut brought)?;
                }
            }
            None if newly => {
                if let Some(holder) = transacting_holders(view, at, &service, &partner.id)?.into_iter().next() {
                    return Err(LineError::SecondTransacting { service: id, holder });
                }
            }
            None => {}
        }
        service.administrators.retain(|held| held.until.is_none_or(|until| at < until));
        service.enter(&told.partner, told.until);
        if service.administrators.len() > ADMINISTRATORS_MAX {
            return Err(LineError::TooManyAdministrators(id));
        }
        brought.happening.events.push(Event::DapAdminRelationshipApproved {
            customer: id.customer.clone(),
            service: id.service.clone(),
            partner: partner.id,
            until: told.until,
        });
    } else {
        service.strike(&told.partner);
        if held {
            brought.happening.events.push(Event::DapAdminRelationshipTerminated {
                customer: id.customer.clone(),
                service: id.service.clone(),
                partner: partner.id,
                cause: TerminationCause::Imported,
                displaced_by: None,
            });
        }
    }
    brought.happening.facts.push(Fact::Grant(told.clone()));
    if known.as_ref() != Some(&service) {
        brought.happening.facts.push(Fact::Service(id, service));
    }
    Ok(brought)
}

/// Whoever holds the service and transacts too is displaced, as by an acceptance, or the line is refused.
fn displace_holders(
    view: &View<'_>,
    judgement: &Judgement<'_>,
    id: &ServiceId,
    partner: &Partner,
    service: &mut Service,
    brought: &mut LineEffect,
) -> Result<(), LineError> {
    for holder in transacting_holders(view, judgement.at, service, &partner.id)? {
        if judgement.multichannel == Multichannel::Refuse {
            return Err(LineError::SecondTransacting { service: id.clone(), holder });
        }
        displace(view, judgement.at, id, &holder, &partner.id, &mut brought.happening)?;
        service.strike(&holder);
    }
    Ok(())
}
