//! Importing a commercial relationship.

use crate::change::judgement::Judgement;
use crate::change::line::effect::{LineEffect, LineError, parties};
use crate::clock::Timestamp;
use crate::domain::commercial::{CommercialRelationship, RelationshipState};
use crate::domain::event::{Event, Fact};
use crate::pdp::call::CallError;
use crate::store::View;

/// Sets a commercial relationship as the line has it.
pub(crate) fn effect_of(
    view: &View<'_>,
    at: Timestamp,
    after: &CommercialRelationship,
    judgement: Option<&Judgement<'_>>,
) -> Result<LineEffect, CallError<LineError>> {
    after.check_times(at).map_err(LineError::from)?;
    let partner = parties(view, &after.customer, &after.partner)?;
    if let Some(proposal) = after.proposal {
        CommercialRelationship { proposal: None, ..after.clone() }
            .renegotiate(proposal.by, proposal.outcome, at)
            .map_err(LineError::from)?;
    }
    let before = view.relationship(&after.customer, &after.partner)?.map(|kept| kept.fact);
    if before.as_ref() == Some(after) {
        return Ok(LineEffect::default());
    }
    // One that stands began with a sale, and only a transacting kind sells.
    let begins = before.is_none() && after.state == RelationshipState::Active;
    if judgement.is_some() && begins && !partner.kind.transacts() {
        return Err(LineError::DoesNotSell(partner.id).into());
    }
    let mut effect = LineEffect::default();
    effect.change_set.events = events(before.as_ref(), after);
    effect.change_set.facts.push(Fact::CommercialRelationship(after.clone()));
    Ok(effect)
}

/// What happened to it for the two sides.
fn events(before: Option<&CommercialRelationship>, after: &CommercialRelationship) -> Vec<Event> {
    let (customer, partner) = (&after.customer, &after.partner);
    let both = || (customer.clone(), partner.clone());
    let mut events = Vec::new();
    match (before.map(|before| before.state), after.state) {
        (None, RelationshipState::Active) => {
            let (customer, partner) = both();
            events.push(Event::CommercialRelationshipBegan { customer, partner });
        }
        (Some(RelationshipState::Active), RelationshipState::Ended) => {
            let (customer, partner) = both();
            events.push(Event::CommercialRelationshipEnded { customer, partner });
        }
        (Some(RelationshipState::Ended), RelationshipState::Active) => {
            let (customer, partner) = both();
            events.push(Event::CommercialRelationshipReinstated { customer, partner });
        }
        _ => {}
    }
    let said =
        |relationship: &CommercialRelationship| relationship.proposal.map(|proposal| (proposal.by, proposal.outcome));
    let was_said = before.filter(|before| before.state == after.state).and_then(said);
    match (was_said, said(after)) {
        (was, is) if was == is => {}
        (_, Some((side, outcome))) => {
            let (customer, partner) = both();
            events.push(Event::CommercialRelationshipRenegotiationProposed { customer, partner, side, outcome });
        }
        (Some((side, outcome)), None) => {
            let (customer, partner) = both();
            events.push(Event::CommercialRelationshipRenegotiationWithdrawn { customer, partner, side, outcome });
        }
        (None, None) => {}
    }
    events
}
