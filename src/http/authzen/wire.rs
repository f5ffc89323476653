//! The AuthZEN information model as it comes over the wire.
//!
//! Members that are not known are ignored; an optional member that is `null` is absent; a required one that is
//! missing, `null` or of another type makes the question none.

use serde_json::{Map, Value};
use warp::http::StatusCode;

use super::super::problem::Problem;
use crate::answer::batch::{Batch, Semantic};
use crate::answer::search::{PageProperties, Pager};
use crate::limits::BATCH_BYTES_MAX;
use crate::question::{Action, Entity, Members, Question};

/// The problem of a body that is no question, from the sentence that says why.
pub(super) fn incomplete(message: String) -> Problem {
    Problem::bad("invalid_request", message)
}

/// The body, which must be an object.
pub(super) fn object(body: Value) -> Result<Map<String, Value>, Problem> {
    match body {
        Value::Object(members) => Ok(members),
        _ => Err(incomplete("the body is not a JSON object; send one".to_owned())),
    }
}

/// A member that is there and not `null`.
fn given<'a>(body: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    body.get(name).filter(|value| !value.is_null())
}

fn required<'a>(body: &'a Map<String, Value>, path: &str, name: &str) -> Result<&'a Value, String> {
    given(body, name).ok_or_else(|| format!("`{path}` is missing; give it"))
}

fn required_object<'a>(body: &'a Map<String, Value>, path: &str, name: &str) -> Result<&'a Map<String, Value>, String> {
    required(body, path, name)?.as_object().ok_or_else(|| format!("`{path}` is not an object; give one"))
}

fn required_string(body: &Map<String, Value>, path: &str, name: &str) -> Result<String, String> {
    let path = format!("{path}.{name}");
    let text = required(body, &path, name)?.as_str();
    text.map(str::to_owned).ok_or_else(|| format!("`{path}` is not a string; give one"))
}

/// An optional member that must be an object when it is there.
pub(super) fn optional_object(body: &Map<String, Value>, path: &str, name: &str) -> Result<Members, String> {
    match given(body, name) {
        None => Ok(Map::new()),
        Some(Value::Object(members)) => Ok(members.clone()),
        Some(_) => Err(format!("`{path}` is not an object; give one or leave it out")),
    }
}

/// A subject or a resource.
pub(super) fn entity(body: &Map<String, Value>, name: &str) -> Result<Entity, String> {
    let members = required_object(body, name, name)?;
    Ok(Entity {
        kind: required_string(members, name, "type")?,
        id: required_string(members, name, "id")?,
        properties: optional_object(members, &format!("{name}.properties"), "properties")?,
    })
}

/// The type of the entity that is searched; an id and properties of it are ignored.
pub(super) fn kind(body: &Map<String, Value>, name: &str) -> Result<String, String> {
    required_string(required_object(body, name, name)?, name, "type")
}

/// An action.
pub(super) fn action(body: &Map<String, Value>) -> Result<Action, String> {
    let members = required_object(body, "action", "action")?;
    Ok(Action {
        name: required_string(members, "action", "name")?,
        properties: optional_object(members, "action.properties", "properties")?,
    })
}

/// A whole question.
pub(super) fn question(body: &Map<String, Value>) -> Result<Question, String> {
    Ok(Question {
        subject: entity(body, "subject")?,
        action: action(body)?,
        resource: entity(body, "resource")?,
        context: optional_object(body, "context", "context")?,
    })
}

/// What a body that may hold many questions asks.
#[derive(Debug)]
pub(super) enum Asked {
    /// The question that the body is, where it holds no others.
    One(Box<Question>),
    /// Those it holds.
    Many(Batch),
}

/// What a body that may hold many questions asks, at most so many.
pub(super) fn asked(body: &Map<String, Value>, most: usize) -> Result<Asked, Problem> {
    let semantic = semantic(body)?;
    let elements = elements(body, most)?;
    if elements.is_empty() {
        return Ok(Asked::One(Box::new(question(body).map_err(incomplete)?)));
    }
    bounded(body, elements.len())?;
    Ok(Asked::Many(Batch { questions: elements.iter().map(|element| merged(body, element)).collect(), semantic }))
}

/// When a batch is to stop.
fn semantic(body: &Map<String, Value>) -> Result<Semantic, Problem> {
    let options = optional_object(body, "options", "options").map_err(incomplete)?;
    match given(&options, "evaluations_semantic") {
        None => Ok(Semantic::ExecuteAll),
        Some(Value::String(word)) if word == "execute_all" => Ok(Semantic::ExecuteAll),
        Some(Value::String(word)) if word == "deny_on_first_deny" => Ok(Semantic::DenyOnFirstDeny),
        Some(Value::String(word)) if word == "permit_on_first_permit" => Ok(Semantic::PermitOnFirstPermit),
        Some(other) => Err(incomplete(format!(
            "`options.evaluations_semantic` cannot be `{other}`; use `execute_all`, `deny_on_first_deny` or `permit_on_first_permit`"
        ))),
    }
}

/// The elements of a batch; none makes it a single question.
fn elements(body: &Map<String, Value>, most: usize) -> Result<&[Value], Problem> {
    match given(body, "evaluations") {
        None => Ok(&[]),
        Some(Value::Array(elements)) if elements.len() > most => Err(Problem::bad(
            "too_many_evaluations",
            format!("`evaluations` has {} elements; send at most {most} at once", elements.len()),
        )),
        Some(Value::Array(elements)) => Ok(elements),
        Some(_) => Err(incomplete("`evaluations` is not an array; give one or leave it out".to_owned())),
    }
}

/// Refuses a batch whose elements would be too large once each has its own copy of the defaults.
fn bounded(body: &Map<String, Value>, elements: usize) -> Result<(), Problem> {
    let defaults = ["subject", "action", "resource", "context"].into_iter().filter_map(|name| body.get(name));
    let bytes: usize = defaults.map(|value| value.to_string().len()).sum();
    if bytes.saturating_mul(elements) <= BATCH_BYTES_MAX {
        return Ok(());
    }
    Err(Problem::of(
        StatusCode::PAYLOAD_TOO_LARGE,
        "batch_too_large",
        format!(
            "{elements} elements with {bytes} bytes of defaults each are more than {BATCH_BYTES_MAX} bytes; send fewer at once"
        ),
    ))
}

/// An element with the defaults of the body for what it does not have; what it has replaces the default whole.
fn merged(body: &Map<String, Value>, element: &Value) -> Result<Question, String> {
    let Value::Object(element) = element else { return Err("the element is not an object; give one".to_owned()) };
    let mut whole = Map::new();
    for name in ["subject", "action", "resource", "context"] {
        // `null` is absent for the optional context; a required member that is `null` is no member to fall back from.
        let own = element.get(name).filter(|own| name != "context" || !own.is_null());
        if let Some(value) = own.or_else(|| body.get(name)) {
            whole.insert(name.to_owned(), value.clone());
        }
    }
    question(&whole)
}

/// Which page of a search is asked for; none when everything is.
pub(super) fn page(body: &Map<String, Value>) -> Result<Option<Pager>, Problem> {
    if given(body, "page").is_none() {
        return Ok(None);
    }
    let page = optional_object(body, "page", "page").map_err(incomplete)?;
    let token = match given(&page, "token") {
        None => None,
        // The token that said there is no more, or an empty field of a form.
        Some(Value::String(token)) if token.is_empty() => None,
        Some(Value::String(token)) => Some(token.clone()),
        Some(_) => return Err(incomplete("`page.token` is not a string; give one or leave it out".to_owned())),
    };
    let limit =
        match given(&page, "limit") {
            None => None,
            Some(limit) => Some(whole(limit).ok_or_else(|| {
                incomplete(format!("`page.limit` cannot be `{limit}`; give a whole number from 0 on"))
            })?),
        };
    let properties = optional_object(&page, "page.properties", "properties").map_err(incomplete)?;
    let limit = limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(Some(Pager { token, limit, properties: PageProperties::of(&properties) }))
}

/// A whole number from 0 on, however JSON writes it: `1`, `1.0` and `1e0` are one number.
fn whole(number: &Value) -> Option<u64> {
    number.as_u64().or_else(|| {
        let number = number.as_f64().filter(|number| number.fract() == 0.0 && *number >= 0.0)?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is whole, and beyond all the most"
        )]
        Some(number as u64)
    })
}
