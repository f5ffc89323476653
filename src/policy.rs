//! Rules as files: read, named, validated, and put together into a [`Bundle`], which cannot be had any other way.

mod bundle;
mod finding;
mod mention;
mod naming;
mod source;
mod values;
mod vocabulary;

pub(crate) use bundle::Deciding;
pub use bundle::{Bundle, Claim, Digest, Place, Rule, RuleId, Rulebook};
pub(crate) use finding::full;
pub use finding::{Finding, RulesError};
pub(crate) use mention::Mention;
pub use source::{ReadError, RuleFiles};
pub use vocabulary::{ActionShape, InvalidProperty, RecordShape, Shape, Vocabulary, convert};
