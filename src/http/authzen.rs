//! The AuthZEN Authorization API 1.0: one question, many, and where to ask.
//!
//! `subject` and `resource` become Cedar's principal and resource, `action.name` its action, `context` its context. Rules
//! see `action.properties` as `context.action`, and nothing else under that name. `properties` of an entity are read in a
//! world of its own alone, as `decide/world/claims.rs` says.

pub(super) mod search;
pub(super) mod strangers;
mod wire;

use serde_json::{Map, Value, json};
use warp::http::StatusCode;
use warp::http::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use warp::reply::Response;

use super::exchange::{Exchange, STANDING_REVISION, STANDING_RULES, json_reply, recorded, with_header};
use super::problem::Problem;
use super::times::moment;
use crate::answer::ask::{Answer, AsOf, Basis, Batch};
use crate::decide::{Decision, Nearest};
use crate::pdp::call::Told;

/// Says of an answer that other rules decided than were in force at the moment it is about.
const STANDING_HYPOTHETICAL: HeaderName = HeaderName::from_static("standing-hypothetical");

pub(super) async fn evaluation(mut x: Exchange) -> Result<Response, Problem> {
    let basis = basis(&mut x)?;
    let body = wire::object(x.json().await?)?;
    single(&x, &body, &basis).await
}

pub(super) async fn evaluations(mut x: Exchange) -> Result<Response, Problem> {
    let basis = basis(&mut x)?;
    let body = wire::object(x.json().await?)?;
    let semantic = wire::semantic(&body)?;
    let elements = wire::elements(&body, x.pdp.limits().evaluations)?;
    if elements.is_empty() {
        return single(&x, &body, &basis).await;
    }
    wire::bounded(&body, elements.len())?;
    let questions = elements.iter().map(|element| wire::merged(&body, element)).collect();
    let told = x.pdp.ask_all(&x.call, Batch { questions, semantic }, &basis).await?;
    let answers: Vec<Value> = told.value.iter().map(|answer| element_body(answer, basis.explain)).collect();
    let is_hypothetical = told.value.iter().flatten().any(|answer| answer.is_hypothetical);
    decided(&told, &json!({ "evaluations": answers }), is_hypothetical)
}

async fn single(x: &Exchange, body: &Map<String, Value>, basis: &Basis) -> Result<Response, Problem> {
    let question = wire::question(body).map_err(wire::incomplete)?;
    let told = x.pdp.ask(&x.call, question, basis).await?;
    let answer = json!({ "decision": told.value.decision.is_allowed(), "context": context(&told.value) });
    decided(&told, &answer, told.value.is_hypothetical)
}

fn element_body(answer: &Result<Answer, String>, explain: bool) -> Value {
    match (answer, explain) {
        (Ok(answer), true) => json!({ "decision": answer.decision.is_allowed(), "context": context(answer) }),
        (Ok(answer), false) => json!({ "decision": answer.decision.is_allowed() }),
        // A caller that is not told would take its own mistake for a no.
        (Err(message), _) => {
            json!({ "decision": false, "context": { "error": { "status": 400, "message": message } } })
        }
    }
}

fn context(answer: &Answer) -> Value {
    let mut context = decision_context(&answer.decision, answer.nearest.as_deref());
    if answer.is_hypothetical {
        context["hypothetical"] = true.into();
    }
    context
}

/// What is said beside a decision; nothing in it differs between two equal questions.
fn decision_context(decision: &Decision, nearest: Option<&[Nearest]>) -> Value {
    let mut context = Map::new();
    let mut put = |name: &str, value: Value| {
        let is_empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty) || value.as_str() == Some("");
        if !is_empty {
            context.insert(name.to_owned(), value);
        }
    };
    put("reason", json!(decision.reason()));
    put("message", json!(decision.message()));
    put("rules", json!(decision.rules()));
    put("standing", json!(decision.standing()));
    put("duties", json!(decision.duties()));
    // Beside what would turn it round, what kind of no it is.
    put("refusal", json!(nearest.and(decision.refusal())));
    put("nearest", json!(nearest));
    context.into()
}

/// An answer to questions, with where it is recorded, what it was answered from, and whether by other rules than were in
/// force then.
pub(super) fn decided<T>(told: &Told<T>, body: &Value, is_hypothetical: bool) -> Result<Response, Problem> {
    let response = recorded(json_reply(StatusCode::OK, body)?, &told.seqs);
    let response = with_header(response, STANDING_REVISION, told.revision);
    let response = with_header(response, STANDING_RULES, &told.rules);
    Ok(if is_hypothetical { with_header(response, STANDING_HYPOTHETICAL, true) } else { response })
}

/// On what the question is to be answered, as the query says.
pub(super) fn basis(x: &mut Exchange) -> Result<Basis, Problem> {
    let basis = Basis {
        as_of: as_of(x)?,
        rules: x.query("rules")?,
        at_least: x.query("at_least")?,
        explain: x.query("explain")?.unwrap_or(false),
    };
    x.no_more_query()?;
    Ok(basis)
}

/// The moment in the past that is asked about.
pub(super) fn as_of(x: &mut Exchange) -> Result<Option<AsOf>, Problem> {
    x.query::<String>("as_of")?.map(|text| moment(&text, x.pdp.now())).transpose()
}

pub(super) async fn configuration(x: Exchange) -> Result<Response, Problem> {
    let base = x.pdp.public_url();
    let body = json!({
        "policy_decision_point": base,
        "access_evaluation_endpoint": format!("{base}/access/v1/evaluation"),
        "access_evaluations_endpoint": format!("{base}/access/v1/evaluations"),
        "search_subject_endpoint": format!("{base}/access/v1/search/subject"),
        "search_resource_endpoint": format!("{base}/access/v1/search/resource"),
        "search_action_endpoint": format!("{base}/access/v1/search/action"),
    });
    let mut response = json_reply(StatusCode::OK, &body)?;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("max-age=300"));
    Ok(response)
}
