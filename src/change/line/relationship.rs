//! A commercial relationship as a line tells it.

use crate::change::judgement::Judgement;
use crate::change::line::{LineEffect, LineError, parties};
use crate::clock::Timestamp;
use crate::domain::commercial::{CommercialRelationship, RelationshipState};
use crate::domain::event::{Event, Fact};
use crate::store::View;

/// Sets a commercial relationship as it was told.
pub(crate) fn tell(
    view: &View<'_>,
    at: Timestamp,
    told: &CommercialRelationship,
    judgement: Option<&Judgement<'_>>,
) -> Result<LineEffect, LineError> {
    told.check_times(at)?;
    let partner = parties(view, &told.customer, &told.partner)?;
    if let Some(proposal) = told.proposal {
        CommercialRelationship { proposal: None, ..told.clone() }.renegotiate(proposal.by, proposal.outcome, at)?;
    }
    let before = view.relationship(&told.customer, &told.partner)?.map(|kept| kept.fact);
    if before.as_ref() == Some(told) {
        return Ok(LineEffect::default());
    }
    // One that stands began with a sale, and only a transacting kind sells.
    let begins = before.is_none() && told.state == RelationshipState::Active;
    if judgement.is_some() && begins && !partner.kind.transacts() {
        return Err(LineError::DoesNotSell(partner.id));
    }
    let mut brought = LineEffect::default();
    brought.happening.events = events(before.as_ref(), told);
    brought.happening.facts.push(Fact::CommercialRelationship(told.clone()));
    Ok(brought)
}

/// What happened to it for the two sides.
fn events(before: Option<&CommercialRelationship>, told: &CommercialRelationship) -> Vec<Event> {
    let (customer, partner) = (&told.customer, &told.partner);
    let both = || (customer.clone(), partner.clone());
    let mut events = Vec::new();
    match (before.map(|before| before.state), told.state) {
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
    let was_said = before.filter(|before| before.state == told.state).and_then(said);
    match (was_said, said(told)) {
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
