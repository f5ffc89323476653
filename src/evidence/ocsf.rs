//! Records as events of the Open Cybersecurity Schema Framework (OCSF 1.3.0), class 6003, API Activity, so that a
//! security team's own tools read them beside everything else.
//!
//! An event says less than its record, and nobody can verify it: the export of the ledger in its own form is the
//! evidence, and an event names the record it was made of, with its hash.

use serde_json::{Map, Value, json};

use crate::audit::{RecordLine, hash_text};
use crate::clock::Timestamp;

const OCSF_VERSION: &str = "1.3.0";
/// The category Application Activity.
const CATEGORY: u32 = 6;
/// The class API Activity.
const CLASS: u32 = 6003;
const OTHER: u32 = 99;

/// What a call does, by how its name begins: the activities of the class, and the name of any other.
fn activity(operation: &str, is_call: bool) -> (u32, Value) {
    const ACTIVITIES: [(u32, &str, &[&str]); 4] = [
        (1, "Create", &["create"]),
        (2, "Read", &["read", "list", "export", "backup", "audit"]),
        (3, "Update", &["write", "rotate", "change", "renegotiate"]),
        (4, "Delete", &["revoke", "remove", "retire"]),
    ];
    let found = ACTIVITIES.iter().find(|(_, _, verbs)| verbs.iter().any(|verb| operation.starts_with(verb)));
    match found.filter(|_| is_call) {
        Some((id, name, _)) => (*id, json!(name)),
        None => (OTHER, json!(if is_call { operation } else { "Decide" })),
    }
}

/// An entity of a record; what is masked has neither name nor kind.
fn entity(found: &Value) -> Option<Map<String, Value>> {
    let mut entity = Map::new();
    entity.insert("uid".to_owned(), found.get("id")?.clone());
    entity.insert("type".to_owned(), found.get("type")?.clone());
    Some(entity)
}

/// The event of a record; nothing where its bytes are no record.
#[must_use]
pub fn event(line: &RecordLine, origin: &str) -> Option<Value> {
    let record: Value = serde_json::from_slice(&line.record).ok()?;
    let at: Timestamp = record.get("at")?.as_str()?.parse().ok()?;
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let (question, asked) = (&record["question"], text(&record, "asked").unwrap_or_default());
    let action = text(&question["action"], "name").unwrap_or_else(|| asked.clone());
    let (is_call, operation) = match action.strip_prefix("Api::") {
        Some(call) => (true, call.to_owned()),
        None => (false, action),
    };
    let (activity_id, activity_name) = activity(&operation, is_call);
    // Of a batch or a search there are results instead of one decision.
    let decision = record.get("decision").and_then(Value::as_bool);
    let (status_id, status) = match decision {
        Some(true) => (1, "Success"),
        Some(false) => (2, "Failure"),
        None => (0, "Unknown"),
    };
    let caller = &record["caller"];
    let mut user = Map::new();
    let uid = text(&record["person"], "subject").or_else(|| text(caller, "id"));
    user.insert("uid".to_owned(), json!(uid.unwrap_or_else(|| "not recorded".to_owned())));
    user.insert("type_id".to_owned(), json!(OTHER));
    user.insert("type".to_owned(), json!(text(caller, "type").unwrap_or_else(|| "Unknown".to_owned())));
    if let Some(issuer) = text(&record["person"], "issuer") {
        user.insert("domain".to_owned(), json!(issuer));
    }
    let word = |allowed: bool| if allowed { "allow" } else { "deny" };
    let rules = record.get("deciding").and_then(Value::as_array).into_iter().flatten();
    let authorizations: Vec<Value> = rules
        .zip(std::iter::repeat(decision))
        .filter_map(|(rule, decision)| Some(json!({ "decision": word(decision?), "policy": { "uid": rule } })))
        .collect();
    let resources: Vec<Value> =
        [&question["resource"], &record["about"]].into_iter().filter_map(entity).map(Value::Object).collect();
    let mut api = json!({ "operation": operation, "service": { "name": "standing" } });
    if let Some(id) = record.get("requestId") {
        api["request"] = json!({ "uid": id });
    }
    if let Some(allowed) = decision {
        let reason = text(&record, "reason");
        api["response"] =
            json!({ "code": i32::from(!allowed), "message": reason.unwrap_or_else(|| word(allowed).to_owned()) });
    }
    let mut metadata = json!({
        "version": OCSF_VERSION,
        "product": { "name": "standing", "vendor_name": "standing", "version": env!("CARGO_PKG_VERSION") },
        "uid": format!("{origin}/{}", line.seq),
        "sequence": line.seq,
        "log_name": origin,
    });
    if let Some(trace) = record.get("trace") {
        metadata["correlation_uid"] = trace.clone();
    }
    let mut unmapped = Map::new();
    for name in ["asked", "rules", "engine", "world", "outcome", "admitted", "results"] {
        if let Some(value) = record.get(name) {
            unmapped.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(subject) = entity(&question["subject"]) {
        unmapped.insert("subject".to_owned(), Value::Object(subject));
    }
    if let Some(role) = text(caller, "role") {
        unmapped.insert("role".to_owned(), json!(role));
    }
    unmapped.insert("hash".to_owned(), json!(hash_text(&line.hash)));
    if !line.masked.is_empty() {
        unmapped.insert("masked".to_owned(), json!(line.masked));
    }
    let mut actor = json!({ "user": user });
    if !authorizations.is_empty() {
        actor["authorizations"] = json!(authorizations);
    }
    Some(json!({
        "activity_id": activity_id,
        "activity_name": activity_name,
        "category_uid": CATEGORY,
        "category_name": "Application Activity",
        "class_uid": CLASS,
        "class_name": "API Activity",
        "type_uid": CLASS * 100 + activity_id,
        "severity_id": 1,
        "severity": "Informational",
        "time": at.as_millisecond(),
        "status_id": status_id,
        "status": status,
        "actor": actor,
        "api": api,
        // A record does not hold from where a call came.
        "src_endpoint": { "name": "not recorded" },
        "resources": resources,
        "metadata": metadata,
        "unmapped": unmapped,
    }))
}
