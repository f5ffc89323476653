//! The nouns and what may happen to them, pure: nothing here reads a store, a clock or a rule.
//!
//! Each noun has one shape, which is what is stored, what a `GET` shows and what a line of an export holds.

pub mod customer;
pub mod partner;
pub mod invitation;
pub mod service;
pub mod similar;
pub mod subscription;
pub mod times;
pub mod commercial;
pub mod grant;
pub mod event;

use crate::limits::TEXT_LENGTH_MAX;

/// Declares a closed vocabulary: the variants, how each is written, and all of them in order.
///
/// Tables of every answer are derived from `ALL`, so a new word cannot be forgotten.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// Every word of the vocabulary, in the order in which it is declared.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word as it is written.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        // Not derived: the derive reads the variants and not the words, which come to it through this macro.
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .enum_values(Some(Self::ALL.iter().map(|word| word.as_str())))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::domain::WordError;
            fn from_str(input: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|word| word.as_str() == input).ok_or_else(|| crate::domain::WordError {
                    input: input.to_owned(),
                    known: Self::ALL.iter().map(|word| word.as_str()).collect(),
                })
            }
        }
    };
}
pub(crate) use words;

/// A word that is not of the vocabulary it was given for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{input}` is not known here; use one of {}", backticked(known))]
pub struct WordError {
    /// The word as given.
    pub input: String,
    /// The words there are.
    pub known: Vec<&'static str>,
}

fn backticked(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// Why a noun is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NounError {
    /// A text is empty where something must stand.
    #[error("`{member}` is empty; give at least one character")]
    Empty {
        /// The member of the noun.
        member: &'static str,
    },
    /// A text is longer than any may be.
    #[error("`{member}` has {length} bytes; give at most {TEXT_LENGTH_MAX}")]
    TooLong {
        /// The member of the noun.
        member: &'static str,
        /// Its length in bytes.
        length: usize,
    },
    /// A text holds a control character, which would corrupt emails, logs and exports.
    #[error("`{member}` holds a control character; leave it out")]
    ControlCharacter {
        /// The member of the noun.
        member: &'static str,
    },
    /// A partner that is its own provider.
    #[error("partner `{0}` cannot be its own provider; name the indirect provider it works with")]
    OwnProvider(crate::id::PartnerId),
    /// A subscription that is its own parent.
    #[error("subscription `{0}` cannot be its own parent; name the subscription it adds to")]
    OwnParent(crate::id::SubscriptionId),
    /// An add-on that names a reseller of its own.
    #[error(
        "add-on `{0}` cannot have an original reseller of its own; its parent's holds, so leave `originalReseller` out"
    )]
    AddOnReseller(crate::id::SubscriptionId),
}

/// Checks a display text: 1 to [`TEXT_LENGTH_MAX`] bytes without control characters.
fn text(member: &'static str, value: &str) -> Result<(), NounError> {
    if value.is_empty() {
        return Err(NounError::Empty { member });
    }
    if value.len() > TEXT_LENGTH_MAX {
        return Err(NounError::TooLong { member, length: value.len() });
    }
    if value.chars().any(char::is_control) {
        return Err(NounError::ControlCharacter { member });
    }
    Ok(())
}
