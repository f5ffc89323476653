//! Rules as files: read, named, validated, and put together into a [`Bundle`], which cannot be had any other way.

mod bundle;
mod finding;
mod source;
mod values;
mod vocabulary;

pub(crate) use bundle::full;
pub use bundle::{Bundle, Digest, Place, Rule, RuleId, Rulebook};
pub use finding::{Finding, RulesError};
pub use source::{ReadError, RuleFiles};
pub use vocabulary::{ActionShape, InvalidProperty, RecordShape, Shape, Vocabulary, convert};
