//! `standing check`: asks one question.

use clap::Args;
use hyper::Method;
use serde_json::{Value, json};

use super::data::Data;
use super::ended::{Ended, Failure};
use super::print;
use super::reach::{Client, Wanted};
use crate::json::{self as strict, JsonError};

/// Ask one question; the exit code is 0 for yes and 2 for no.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: standing check Partner::contoso removeSeats Subscription::s-office --explain --context '{\"hour\": 9}'"
)]
pub(super) struct Check {
    /// Who wants to act, for example `Partner::contoso`.
    subject: String,
    /// What they want to do, for example `removeSeats`.
    action: String,
    /// What they want to do it to, for example `Subscription::s-office`.
    resource: String,
    /// Say what would turn the answer round.
    #[arg(long)]
    explain: bool,
    /// The circumstances, as a JSON object.
    #[arg(long, value_name = "JSON")]
    context: Option<String>,
    /// Answer as of a past time or revision.
    #[arg(long, value_name = "TIME|REVISION")]
    as_of: Option<String>,
    #[command(flatten)]
    data: Data,
}

impl Check {
    pub(super) async fn run(self) -> Result<Ended, Failure> {
        let mut question = json!({
            "subject": entity(&self.subject)?,
            "action": { "name": self.action },
            "resource": entity(&self.resource)?,
        });
        if let Some(context) = &self.context {
            question["context"] = circumstances(context)?;
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        if self.explain {
            query.append_pair("explain", "true");
        }
        if let Some(as_of) = &self.as_of {
            query.append_pair("as_of", as_of);
        }
        let client = Client::open(&self.data, Wanted::There).await?;
        let path = format!("/access/v1/evaluation?{}", query.finish());
        let answer = client.call(Method::POST, &path, Some(&question)).await?;
        let allowed = answer["decision"].as_bool().unwrap_or(false);
        if self.data.json {
            print::line(&answer);
        } else {
            print::text(spoken(allowed, &answer["context"]));
        }
        Ok(if allowed { Ended::Good } else { Ended::Denied })
    }
}

/// A subject or resource as it is written on the command line.
fn entity(text: &str) -> Result<Value, Failure> {
    let (kind, id) = text
        .split_once("::")
        .ok_or_else(|| Failure::usage(format!("`{text}` names no type; write for example `Partner::{text}`")))?;
    Ok(json!({ "type": kind, "id": id }))
}

/// A context as it is written on the command line.
fn circumstances(text: &str) -> Result<Value, Failure> {
    let why = match strict::read(text.as_bytes(), strict::DEPTH_CEILING) {
        Ok(context @ Value::Object(_)) => return Ok(context),
        Ok(_) => "is not a JSON object".to_owned(),
        Err(JsonError::Empty) => "is empty".to_owned(),
        Err(error) => format!("is not JSON: {error}"),
    };
    Err(Failure::usage(format!("`--context` `{text}` {why}; write for example `{{\"hour\": 9}}`")))
}

fn spoken(allowed: bool, context: &Value) -> String {
    let list = |name: &str| {
        let items = context[name].as_array().into_iter().flatten().filter_map(Value::as_str);
        items.collect::<Vec<_>>().join(", ")
    };
    let mut lines =
        vec![format!("{}: {}", if allowed { "yes" } else { "no" }, context["message"].as_str().unwrap_or_default())];
    if let Some(reason) = context["reason"].as_str() {
        lines.push(format!("  reason: {reason}"));
    }
    if let Some(refusal) = context["refusal"].as_str() {
        lines.push(format!("  refusal: {refusal}"));
    }
    for name in ["rules", "standing", "duties"] {
        let items = list(name);
        if !items.is_empty() {
            lines.push(format!("  {name}: {items}"));
        }
    }
    if context["hypothetical"] == true {
        lines.push("  hypothetical: other rules were in force at that moment".to_owned());
    }
    for nearest in context["nearest"].as_array().into_iter().flatten() {
        lines.push(format!("  nearest: {} ({})", nearest["set"], nearest["how"].as_str().unwrap_or_default()));
    }
    lines.join("\n") + "\n"
}
