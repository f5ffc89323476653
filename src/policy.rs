//! Rules as files: read, named, validated, and put together into a [`Bundle`], which cannot be had any other way.

mod bundle;
mod depth;
mod finding;
mod held;
mod mention;
mod naming;
mod reach;
mod rule;
mod source;
mod values;
mod vocabulary;
mod words;

pub(crate) use bundle::Deciding;
pub use bundle::{Bundle, Digest};
pub(crate) use finding::full;
pub use finding::{Finding, RulesError};
pub(crate) use mention::Mention;
pub use rule::{Claim, Place, Rule, RuleId, Rulebook};
pub use source::{ReadError, RuleFiles};
pub use vocabulary::{ActionShape, Attribute, InvalidProperty, RecordShape, Shape, Vocabulary, convert};
pub use words::MissingWord;
