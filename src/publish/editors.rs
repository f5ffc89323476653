//! Who changed a draft of rules, as it is told.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::store::Editor;

/// Somebody who changed a draft of rules.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Editor)]
pub struct EditorReport {
    /// Who.
    pub by: String,
    /// The person behind it, and in brackets who says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
}

impl From<Editor> for EditorReport {
    fn from(editor: Editor) -> Self {
        Self { by: editor.by.to_string(), person: editor.person.map(|person| person.to_string()) }
    }
}
