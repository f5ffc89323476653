//! Asking many questions on one revision and one set of rules.

use super::ask::{
    Answer, AskError, EvaluationContext, admitted, context, deciding, digest_of, record_of_invalid, recorded_answer,
};
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
    let Batch { questions, semantic } = batch;
    let actions: Vec<String> = questions.iter().map(|question| action_of(question).to_owned()).collect();
    let asking = Asking { pdp, context: &context, call, explain: options.explain, semantic };
    let mut answered = Answered::default();
    let part = if work::is_long() { LONG_PART } else { SHORT_PART };
    let mut questions = questions.into_iter();
    while questions.len() > 0 && !answered.is_over {
        asking.answer(questions.by_ref().take(part), &mut answered)?;
        // Others have their turn: a large batch must not hold up what is small.
        if !work::is_long() {
            tokio::task::yield_now().await;
        }
    }
    let Answered { answers, records, .. } = answered;
    let (revision, rules) = (context.revision(), digest_of(pdp, &context));
    let written = pdp.store.append(records).await?;
    for (action, answer) in actions.iter().zip(&answers) {
        if let Ok(Answer { decision, .. }) = answer {
            pdp.metrics.decisions.decided(deciding(pdp, &context), action, decision);
        }
    }
    Ok(Response { value: answers, revision, seqs: written.seqs, rules })
}

type Asked = Result<Question, String>;

fn action_of(question: &Asked) -> &str {
    question.as_ref().map(|question| question.action.name.as_str()).unwrap_or_default()
}

/// The answers to the questions of a batch so far, with their records.
#[derive(Default)]
struct Answered {
    answers: Vec<Result<Answer, String>>,
    records: Records,
    record_bytes: usize,
    /// Does the batch stop after them?
    is_over: bool,
}

/// What the parts of a batch share.
struct Asking<'a> {
    pdp: &'a Pdp,
    context: &'a EvaluationContext,
    call: &'a Call,
    explain: bool,
    semantic: Semantic,
}

impl Asking<'_> {
    /// Answers the next questions of the batch, up to the one with which it stops.
    fn answer(
        &self,
        questions: impl Iterator<Item = Asked>,
        answered: &mut Answered,
    ) -> Result<(), CallError<AskError>> {
        let mut records = Vec::new();
        for question in questions {
            work::step().map_err(StoreError::from)?;
            let (answer, record) = match question {
                Ok(question) => {
                    let (answer, record) = recorded_answer(self.pdp, self.context, self.call, question, self.explain)?;
                    (Ok(answer), record)
                }
                Err(message) => {
                    let record = record_of_invalid(self.pdp, self.context, self.call, message.clone());
                    (Err(message), self.pdp.store.recorded(record)?)
                }
            };
            self.call.spent.add(1, record.bytes.len() as u64);
            answered.record_bytes += record.bytes.len();
            if answered.record_bytes > BATCH_RECORD_BYTES_MAX {
                return Err(CallError::Refused(AskError::TooMuch));
            }
            records.push(record);
            let allowed = answer.as_ref().is_ok_and(|answer| answer.decision.is_allowed());
            answered.answers.push(answer);
            answered.is_over = match self.semantic {
                Semantic::ExecuteAll => false,
                Semantic::DenyOnFirstDeny => !allowed,
                Semantic::PermitOnFirstPermit => allowed,
            };
            if answered.is_over {
                break;
            }
        }
        answered.records.append(Records::compress(records)?);
        Ok(())
    }
}
