//! Rules as files: read, named, validated, and put together into a [`Bundle`], which cannot be had any other way.

mod depth;
mod mention;
mod near;
mod vocabulary;
mod expansion;
mod sale;
mod rule;
mod finding;
mod quotes;
mod stray;
mod source;
mod declared;
mod naming;
mod retired;
mod reach;
mod values;
mod words;
mod digest;
mod bundle;
mod claim_compatibility;

pub use bundle::Bundle;
pub(crate) use bundle::Deciding;
pub(crate) use declared::finding_at;
pub use digest::Digest;
pub(crate) use finding::full;
pub use finding::{Finding, RulesError};
pub use near::{did_you_mean, near};
pub use retired::{RETIRED, Retirement, retirements};
pub use rule::{Claim, Place, Rule, RuleId, Rulebook, wording};
pub(crate) use sale::{COMMERCIAL_RELATIONSHIP, ORIGINAL_RESELLER, RELATIONSHIP, RESELLER, SALE, SaleWords};
pub use source::{ReadError, RuleFiles, without_mark};
pub(crate) use stray::is_stray;
pub(crate) use vocabulary::missing;
pub use vocabulary::{ActionShape, Attribute, InvalidProperty, RecordShape, Shape, Vocabulary, convert};
pub(crate) use words::FACT_WORDS;
pub use words::MissingWord;
