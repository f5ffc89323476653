//! Asking many questions on one revision and one set of rules.

use super::ask::{Answer, AskError, admitted, context, deciding, digest_of, record_of_invalid, recorded_answer};
use super::past::ReadOptions;
use crate::limits::BATCH_RECORD_BYTES_MAX;
use crate::pdp::Pdp;
use crate::pdp::call::{Call, CallError, Response};
use crate::question::Question;
use crate::store::{Records, StoreError};
use crate::work;

/// How many questions are answered before others have their turn.
const SHORT_PART: usize = 32;
/// How many in long work, which says itself when others have theirs: their records are a frame.
const LONG_PART: usize = Records::OF_FRAME;

/// When a batch stops.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, utoipa::ToSchema)]
#[schema(as = EvaluationsSemantic, rename_all = "snake_case")]
pub enum Semantic {
    /// Never: every question is answered.
    #[default]
    ExecuteAll,
    /// After the first no.
    DenyOnFirstDeny,
    /// After the first yes.
    PermitOnFirstPermit,
}

/// Many questions, in order; what is not a question is answered with a no.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The questions; a sentence where one is none.
    pub questions: Vec<Result<Question, String>>,
    /// When to stop.
    pub semantic: Semantic,
}

/// Answers many questions on one revision and one set of rules, recorded as one durable write.
///
/// # Errors
/// As [`super::ask::ask`]; [`AskError::TooMuch`] when the records would take too much room.
pub async fn ask_all(
    pdp: &Pdp,
    call: &Call,
    batch: Batch,
    options: &ReadOptions,
) -> Result<Response<Vec<Result<Answer, String>>>, CallError<AskError>> {
    let context = admitted(pdp, context(pdp, call, options)?).await?;
    let at_once = if work::is_long() { LONG_PART } else { SHORT_PART };
    let (mut answers, mut actions) = (Vec::new(), Vec::new());
    let (mut records, mut part, mut bytes) = (Records::default(), Vec::new(), 0);
    for question in batch.questions {
        work::step().map_err(StoreError::from)?;
        actions.push(question.as_ref().map(|question| question.action.name.clone()).unwrap_or_default());
        let (answer, record) = match question {
            Ok(question) => {
                let (answer, record) = recorded_answer(pdp, &context, call, question, options.explain)?;
                (Ok(answer), record)
            }
            Err(message) => {
                let record = record_of_invalid(pdp, &context, call, message.clone());
                (Err(message), pdp.store.recorded(record)?)
            }
        };
        bytes += record.bytes.len();
        call.spent.add(1, record.bytes.len() as u64);
        if bytes > BATCH_RECORD_BYTES_MAX {
            return Err(CallError::Refused(AskError::TooMuch));
        }
        part.push(record);
        let allowed = answer.as_ref().is_ok_and(|answer| answer.decision.is_allowed());
        answers.push(answer);
        match batch.semantic {
            Semantic::DenyOnFirstDeny if !allowed => break,
            Semantic::PermitOnFirstPermit if allowed => break,
            _ => {}
        }
        if part.len() == at_once {
            records.append(Records::compress(std::mem::take(&mut part))?);
            // Others have their turn: a large batch must not hold up what is small.
            if !work::is_long() {
                tokio::task::yield_now().await;
            }
        }
    }
    records.append(Records::compress(part)?);
    let (revision, rules) = (context.revision(), digest_of(pdp, &context));
    let written = pdp.store.append(records).await?;
    for (action, answer) in actions.iter().zip(&answers) {
        if let Ok(Answer { decision, .. }) = answer {
            pdp.metrics.decisions.decided(deciding(pdp, &context), action, decision);
        }
    }
    Ok(Response { value: answers, revision, seqs: written.seqs, rules })
}
