//! The short way of a question: its facts read in place, its decision from the cell of its standing, its record written
//! straight. What comes of it is what the long way comes to, byte for byte; whatever is not plain goes that way.

use crate::audit::{PlainRecord, Record, RecordKind, Recorded};
use crate::clock::Timestamp;
use crate::decide::{Decision, decision_of_standing, has_cells, hold_against_cedar};
use crate::facts::Needs;
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
    let is_plain = says_more.into_iter().all(|said| said.is_empty());
    if pdp.has_world() || !is_plain || !has_cells(rules, &action.name) {
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
    let Some((decision, record)) = answered?.flatten().transpose()? else { return Ok(None) };
    if !pdp.settings.comparing.is_due() {
        return Ok(Some((decision, record)));
    }
    pdp.metrics.compared.inc();
    let facts = view.facts(&Needs::of(subject, resource), at)?;
    let Err(refused) = hold_against_cedar(rules, question, &facts, &decision) else {
        return Ok(Some((decision, record)));
    };
    pdp.metrics.inconsistent.inc();
    tracing::error!(action = action.name, rules = %rules.digest(), "a cell of the table of decisions is not what the rules say; from now on the rules decide each question");
    let (caller, kind) = (call.caller.clone(), RecordKind::Evaluation);
    let mut record = Record::of(caller, kind, question.clone(), facts, rules.digest().clone(), &refused);
    record.at = now;
    record.admitted = admitted.to_vec();
    call.stamp(&mut record);
    Ok(Some((*refused, pdp.store.recorded(record)?)))
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::io::Cursor;
    use std::sync::Arc;

    use super::*;
    use crate::caller::Caller;
    use crate::change::import::import;
    use crate::clock::{SharedClock, System};
    use crate::decide::{Reason, put_into_cell};
    use crate::domain::grant::Multichannel;
    use crate::limits::Limits;
    use crate::pdp::Terms;
    use crate::pdp::links::LinkRing;
    use crate::policy::{RuleFiles, Rulebook};
    use crate::question::Entity;
    use crate::store::Store;

    const LINES: &str = r#"{"noun":"partner","id":"p","name":"P","kind":"directBill","status":"active"}
{"noun":"partner","id":"q","name":"Q","kind":"directBill","status":"active"}
{"noun":"customer","id":"c","name":"C"}
{"noun":"subscription","id":"s","customer":"c","service":"mail","originalReseller":"p","quantity":3,"status":"active"}
"#;

    fn question(partner: &str) -> Question {
        Question::new(Entity::new("Partner", partner), "addSeats", Entity::new("Subscription", "s"))
    }

    #[tokio::test]
    async fn a_cell_that_is_not_what_the_rules_say_refuses_once_it_is_compared_and_no_cell_answers_then()
    -> Result<(), Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let clock: SharedClock = Arc::new(System);
        let store = Store::open(folder.path(), Arc::clone(&clock))?;
        let rules = || Bundle::load(RuleFiles::built_in(), Rulebook::Domain);
        let terms = Terms {
            multichannel: Multichannel::Displace,
            limits: Limits::default(),
            public_url: "https://standing.example".to_owned(),
            solver: None,
        };
        let pdp = Pdp::of(store, LinkRing::of_seed([7; 32], &clock), rules()?, terms)?.comparing(3);
        let call = Call::of(Caller::local());
        import(&pdp, &call, Cursor::new(LINES), |_, _| ()).await?;
        let snapshot = pdp.store.snapshot()?;
        // Whether `q` may add seats to what `p` sold, as one says it and as its record does.
        let ask = |rules: &Bundle| -> Result<Option<Decision>, Box<dyn Error>> {
            let plain = PlainContext { rules, view: snapshot.view(), at: pdp.now(), now: pdp.now(), admitted: &[] };
            let Some((decision, record)) = short_answer(&pdp, &call, &question("q"), plain)? else { return Ok(None) };
            let record = Record::from_bytes(&record.bytes)?;
            assert_eq!((record.decision, record.faults.as_slice()), (decision.is_allowed(), decision.faults()));
            Ok(Some(decision))
        };
        let counted = || (pdp.metrics.compared.get(), pdp.metrics.inconsistent.get());

        let good = rules()?;
        for _ in 0..6 {
            assert!(ask(&good)?.is_some_and(|decision| !decision.is_allowed()));
        }
        assert_eq!(counted(), (2, 0));

        let wrong = rules()?;
        let standing = |partner| snapshot.view().plain_facts(&question(partner), pdp.now(), Standing::of_plain);
        let (seller, other) = (standing("p")?.flatten(), standing("q")?.flatten());
        let put = seller.zip(other).and_then(|(seller, other)| put_into_cell(&wrong, "addSeats", [seller, other]));
        assert!(put.is_some(), "the cell was asked for before");
        for _ in 0..2 {
            assert!(ask(&wrong)?.is_some_and(|decision| decision.is_allowed()), "nobody compares it yet");
        }
        let refused = ask(&wrong)?.ok_or("it is answered")?;
        assert_eq!((refused.is_allowed(), refused.reason()), (false, Some(&Reason::RULE_ERROR)));
        let why = refused.faults().first().map(|fault| fault.message.as_str()).unwrap_or_default();
        assert!(why.starts_with("the table of decisions says yes and the rules say no"), "{why}");
        assert_eq!(counted(), (3, 1));
        assert_eq!(ask(&wrong)?, None, "the long way is taken from now on");
        Ok(())
    }
}
