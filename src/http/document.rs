//! The document of this API, as it is told while certain rules are in force.

use std::collections::BTreeSet;

use serde_json::Value;
use utoipa::ToSchema as _;

use super::problem::ProblemCode;
use crate::decide::Reason;

/// The document of an API, except for the codes that the rules in force define.
pub(super) struct Document(Value);

impl Document {
    /// A document that was described.
    pub(super) fn new(document: Value) -> Self {
        Self(document)
    }

    /// The document while refusals have these reasons.
    pub(super) fn with(&self, reasons: &BTreeSet<String>) -> Value {
        let mut document = self.0.clone();
        for name in [Reason::name(), ProblemCode::name()] {
            let words = document.pointer_mut(&format!("/components/schemas/{name}/enum"));
            let Some(words) = words.and_then(Value::as_array_mut) else { continue };
            let known: BTreeSet<&str> = words.iter().filter_map(Value::as_str).collect();
            let more: Vec<Value> =
                reasons.iter().filter(|code| !known.contains(code.as_str())).cloned().map(Value::from).collect();
            words.extend(more);
        }
        document
    }
}
