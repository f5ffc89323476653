//! Asking many questions on one revision and one set of rules.

use std::iter;
use std::sync::atomic::{AtomicUsize, Ordering};

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
    let bytes = AtomicUsize::new(0);
    let answered = |part| answer_part(pdp, &context, call, part, (semantic, options.explain, &bytes));
    let mut parts = Vec::new();
    if work::is_long() && semantic == Semantic::ExecuteAll {
        parts = work::in_parts(in_chunks(questions, LONG_PART), answered)?;
    } else {
        for part in in_chunks(questions, if work::is_long() { LONG_PART } else { SHORT_PART }) {
            let part = answered(part)?;
            let is_last = part.is_last;
            parts.push(part);
            if is_last {
                break;
            }
            // Others have their turn: a large batch must not hold up what is small.
            if !work::is_long() {
                tokio::task::yield_now().await;
            }
        }
    }
    let (revision, rules) = (context.revision(), digest_of(pdp, &context));
    let (mut actions, mut answers, mut records) = (Vec::new(), Vec::new(), Records::default());
    for part in parts {
        actions.extend(part.actions);
        answers.extend(part.answers);
        records.append(part.records);
    }
    let written = pdp.store.append(records).await?;
    for (action, answer) in actions.iter().zip(&answers) {
        if let Ok(Answer { decision, .. }) = answer {
            pdp.metrics.decisions.decided(deciding(pdp, &context), action, decision);
        }
    }
    Ok(Response { value: answers, revision, seqs: written.seqs, rules })
}

/// Some of the questions of a batch, answered.
#[derive(Default)]
struct Part {
    actions: Vec<String>,
    answers: Vec<Result<Answer, String>>,
    records: Records,
    /// Does the batch stop here?
    is_last: bool,
}

/// Answers some of the questions of a batch, whose records have so many bytes in all so far.
fn answer_part(
    pdp: &Pdp,
    context: &EvaluationContext,
    call: &Call,
    questions: Vec<Result<Question, String>>,
    (semantic, explain, bytes): (Semantic, bool, &AtomicUsize),
) -> Result<Part, CallError<AskError>> {
    let (mut part, mut records) = (Part::default(), Vec::new());
    for question in questions {
        work::step().map_err(StoreError::from)?;
        part.actions.push(question.as_ref().map(|question| question.action.name.clone()).unwrap_or_default());
        let (answer, record) = match question {
            Ok(question) => {
                let (answer, record) = recorded_answer(pdp, context, call, question, explain)?;
                (Ok(answer), record)
            }
            Err(message) => {
                let record = record_of_invalid(pdp, context, call, message.clone());
                (Err(message), pdp.store.recorded(record)?)
            }
        };
        let more = record.bytes.len();
        call.spent.add(1, more as u64);
        if bytes.fetch_add(more, Ordering::Relaxed) + more > BATCH_RECORD_BYTES_MAX {
            return Err(CallError::Refused(AskError::TooMuch));
        }
        records.push(record);
        let allowed = answer.as_ref().is_ok_and(|answer| answer.decision.is_allowed());
        part.answers.push(answer);
        part.is_last = match semantic {
            Semantic::ExecuteAll => false,
            Semantic::DenyOnFirstDeny => !allowed,
            Semantic::PermitOnFirstPermit => allowed,
        };
        if part.is_last {
            break;
        }
    }
    part.records = Records::compress(records)?;
    Ok(part)
}

/// Cuts something into parts of so many.
fn in_chunks<T>(all: Vec<T>, of: usize) -> impl Iterator<Item = Vec<T>> {
    let mut rest = all.into_iter();
    iter::from_fn(move || Some(rest.by_ref().take(of).collect::<Vec<T>>()).filter(|part| !part.is_empty()))
}
