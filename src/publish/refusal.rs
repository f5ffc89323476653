//! A second person's no, with its reason.

use serde_json::Value;

use crate::config::RulesFrom;
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Committed, Done};
use crate::publish::four_eyes::{Hand, are_two};
use crate::publish::{ProposalReport, PublishError, saying, short};
use crate::store::{Closed, MetadataChanges, ProposalState};

/// Says no to an open proposal, which closes it. Whoever made it takes it back instead.
///
/// # Errors
/// [`PublishError`]; [`CallError::Denied`] when the caller may not approve rules.
pub async fn refuse(
    pdp: &Pdp,
    call: &Call,
    id: u64,
    why: String,
) -> Result<Committed<ProposalReport>, CallError<PublishError>> {
    // A text that is refused for its length is not to fill the ledger.
    let said_why = short("why", Some(&why)).is_ok().then(|| Value::from(why.as_str()));
    let call = saying(call, [("proposal", Some(id.into())), ("why", said_why)]);
    let (from, needs_persons, hand) = (pdp.rules.from, pdp.settings.needs_persons, Hand::of_call(&call));
    call::change(pdp, &call, "approveRules", CallTarget::Installation, move |context, _| {
        if from == RulesFrom::Files {
            return Err(PublishError::FromFiles.into());
        }
        let mut proposal = context.proposal(id)?.ok_or(PublishError::UnknownProposal(id))?;
        if proposal.state != ProposalState::Open {
            return Err(PublishError::Closed { id, state: proposal.state }.into());
        }
        are_two(&proposal, &hand, needs_persons, &|id| context.token(id))?;
        short("why", Some(&why))?;
        proposal.state = ProposalState::Refused;
        let (by, at, message) = (hand.caller.to_string(), context.at, Some(why.clone()));
        proposal.closed = Some(Closed { by, at, message });
        let mut metadata = MetadataChanges::default();
        metadata.put_proposal(&proposal)?;
        Ok(Done::metadata(metadata, proposal.into()))
    })
    .await
}
