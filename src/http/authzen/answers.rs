//! What is answered to questions and searches; empty members are left out.

use serde::Serialize;
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::http::header::HeaderName;
use warp::reply::Response;

use super::super::problem::Problem;
use super::super::response::{at_revision, decided_by, json_reply, recorded, with_header};
use crate::answer::ask::Answer;
use crate::answer::search::{Found, SearchPage};
use crate::decide::{Decision, Duty, Nearest, Reason, Refusal};
use crate::pdp::call;
use crate::standing::Right;

/// Marks an answer by other rules than those in force at the moment it is about.
const STANDING_HYPOTHETICAL: HeaderName = HeaderName::from_static("standing-hypothetical");

/// What is said beside a decision; nothing in it differs between two equal questions.
#[derive(Default, Serialize, ToSchema)]
pub(in super::super) struct DecisionContext<'a> {
    /// Why it is a no: a code of a closed list.
    #[schema(value_type = Reason)]
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a Reason>,
    /// The same in a sentence.
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
    /// The rules that decided.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rules: Vec<&'a str>,
    /// What the subject is to the resource, for example `originalReseller`.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    standing: &'a [Right],
    /// What the subject owes whatever the verdict, for example `provideSupport`.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    duties: &'a [Duty],
    /// What kind of no it is, when an explanation is asked for: `forbidden` by a rule, `notPermitted` by any, `unknown`,
    /// or `invalid`.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<Refusal>,
    /// The smallest changes that would turn the answer round, when that was asked for.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    nearest: &'a [Nearest],
    /// Only `true`: it was decided by other rules than were in force at the moment it is about.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    hypothetical: bool,
    /// Of one of many questions: why it is none.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<NoQuestion<'a>>,
}

/// Why an element is no question.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct NoQuestion<'a> {
    /// As a call with it alone would be answered.
    status: u16,
    /// What is wrong with it.
    message: &'a str,
}

/// The answer to a question.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct Evaluation<'a> {
    /// Is it allowed?
    decision: bool,
    /// Why, and what follows.
    context: DecisionContext<'a>,
}

/// The answer to one of many questions.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct EvaluationsElement<'a> {
    /// Is it allowed?
    decision: bool,
    /// As of a single answer, when an explanation is asked for; with `error` wherever the element is no question.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<DecisionContext<'a>>,
}

/// The answers to many questions, in their order, up to where it stopped.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct Evaluations<'a> {
    evaluations: Vec<EvaluationsElement<'a>>,
}

/// The answers to many questions, or to a single one.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(in super::super) enum EvaluationsAnswer<'a> {
    /// To many.
    Many(Evaluations<'a>),
    /// To a single one.
    Single(Evaluation<'a>),
}

/// A page of what a search found: where there is a page to speak of, it stands first.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct SearchAnswer<'a> {
    /// Where to go on; only where there is a page to speak of.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<SearchPageAnswer<'a>>,
    /// Only when an explanation is asked for.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<SearchContext<'a>>,
    /// What was found.
    results: &'a [Found],
}

/// What is said beside what was found.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct SearchContext<'a> {
    /// What is said beside each result, in their order.
    decisions: Vec<DecisionContext<'a>>,
}

/// Where a search goes on.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct SearchPageAnswer<'a> {
    /// The `token` of the next call; empty at the end.
    next_token: &'a str,
    /// How many results are on this page.
    count: usize,
    /// How many there are in all, when this page holds them.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<usize>,
}

impl<'a> DecisionContext<'a> {
    fn of(decision: &'a Decision, nearest: Option<&'a [Nearest]>, hypothetical: bool) -> Self {
        Self {
            reason: decision.reason(),
            message: decision.message(),
            rules: decision.rules().iter().map(|rule| rule.as_str()).collect(),
            standing: decision.standing(),
            duties: decision.duties(),
            // With what would change the answer, what kind of no it is.
            refusal: nearest.and(decision.refusal()),
            nearest: nearest.unwrap_or_default(),
            hypothetical,
            error: None,
        }
    }

    fn of_answer(answer: &'a Answer) -> Self {
        Self::of(&answer.decision, answer.nearest.as_deref(), answer.is_hypothetical)
    }
}

impl<'a> Evaluation<'a> {
    pub(super) fn of(answer: &'a Answer) -> Self {
        Self { decision: answer.decision.is_allowed(), context: DecisionContext::of_answer(answer) }
    }
}

impl<'a> Evaluations<'a> {
    pub(super) fn of(answers: &'a [Result<Answer, String>], explain: bool) -> Self {
        let element = |answer: &'a Result<Answer, String>| match answer {
            Ok(answer) => EvaluationsElement {
                decision: answer.decision.is_allowed(),
                context: explain.then(|| DecisionContext::of_answer(answer)),
            },
            // Without it a caller would take its own mistake for a no.
            Err(message) => {
                let error = Some(NoQuestion { status: 400, message });
                EvaluationsElement { decision: false, context: Some(DecisionContext { error, ..Default::default() }) }
            }
        };
        Self { evaluations: answers.iter().map(element).collect() }
    }
}

impl<'a> SearchAnswer<'a> {
    pub(super) fn of(found: &'a SearchPage, is_paged: bool) -> Self {
        let next_token = found.next_token.as_deref();
        let page = (is_paged || next_token.is_some()).then(|| SearchPageAnswer {
            next_token: next_token.unwrap_or_default(),
            count: found.results.len(),
            total: found.total,
        });
        let context = found.decisions.as_ref().map(|decisions| SearchContext {
            decisions: decisions.iter().map(|decision| DecisionContext::of(decision, None, false)).collect(),
        });
        Self { page, context, results: &found.results }
    }
}

/// An answer to questions, with where it is recorded, what it was answered from, and whether by other rules than were
/// in force then.
pub(super) fn decided<T, B: Serialize>(
    answered: &call::Response<T>,
    body: &B,
    is_hypothetical: bool,
) -> Result<Response, Problem> {
    let response = recorded(json_reply(StatusCode::OK, body)?, &answered.seqs);
    let response = decided_by(at_revision(response, answered.revision), answered.rules.as_str());
    Ok(if is_hypothetical { with_header(response, STANDING_HYPOTHETICAL, true) } else { response })
}
