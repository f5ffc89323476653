//! A language people read: the email's and the pages'.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A language people read.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, ToSchema)]
pub enum Language {
    /// English.
    #[default]
    #[serde(rename = "en")]
    English,
    /// Chinese in simplified characters.
    #[serde(rename = "zh-Hans")]
    Chinese,
}

impl Language {
    /// All of them, the usual one first.
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];
}
