//! A customer: whose subscriptions and services everything is about.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{NounError, text};
use crate::id::CustomerId;

/// A customer as it is registered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Customer {
    /// The customer's tenant.
    #[serde(alias = "customer")]
    pub id: CustomerId,
    /// Its display name.
    #[schema(min_length = 1, max_length = 1024, pattern = r"^[^\u0000-\u001F\u007F-\u009F]+$")]
    pub name: String,
    /// The domain its people sign in with.
    #[schema(min_length = 1, max_length = 1024, pattern = r"^[^\u0000-\u001F\u007F-\u009F]+$")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
}

impl Customer {
    /// Checks what the types cannot: the texts.
    ///
    /// # Errors
    /// A [`NounError`] that names the member.
    pub fn check(&self) -> Result<(), NounError> {
        text("name", &self.name)?;
        self.domain.as_deref().map_or(Ok(()), |domain| text("domain", domain))
    }
}
