//! The short way of a question: its facts read in place, its decision from the cell of its standing, its record written
//! straight. What comes of it is what the long way comes to, byte for byte; whatever is not plain goes that way.

use crate::audit::{PlainRecord, Recorded};
use crate::clock::Timestamp;
use crate::decide::{Decision, decision_of_standing};
use crate::pdp::Pdp;
use crate::pdp::call::Call;
use crate::policy::{Bundle, RuleId};
use crate::question::Question;
use crate::standing::Standing;
use crate::store::{StoreError, View};

/// What a question is decided on.
pub(crate) struct PlainContext<'a> {
    pub(crate) rules: &'a Bundle,
    pub(crate) view: View<'a>,
    /// The moment it is about.
    pub(crate) at: Timestamp,
    /// When it was asked.
    pub(crate) now: Timestamp,
    /// The rules that let the caller ask.
    pub(crate) admitted: &'a [RuleId],
}

/// The decision of a plain question and its record; nothing where the long way has to be taken.
pub(crate) fn short_answer(
    pdp: &Pdp,
    call: &Call,
    question: &Question,
    PlainContext { rules, view, at, now, admitted }: PlainContext<'_>,
) -> Result<Option<(Decision, Recorded)>, StoreError> {
    let Question { subject, action, resource, context } = question;
    let says_more = [&subject.properties, &action.properties, &resource.properties, context];
    if pdp.has_world() || says_more.into_iter().any(|said| !said.is_empty()) {
        return Ok(None);
    }
    let answered = view.plain_facts(question, at, |facts| {
        let decision = decision_of_standing(rules, &action.name, Standing::of_plain(facts)?)?;
        let record = PlainRecord {
            at: now,
            caller: &call.caller,
            person: call.person.as_ref(),
            proof: &call.proof,
            request_id: call.request_id.as_deref(),
            trace: call.trace.as_deref(),
            question,
            facts,
            rules: rules.digest(),
            admitted,
            decision,
        };
        Some(pdp.store.recorded_plain(&record).map(|record| (decision.clone(), record)))
    });
    answered?.flatten().transpose()
}
