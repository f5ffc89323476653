//! The pages of an auditor: what was decided, that it is unchanged and decided the same again, what changed, and who may
//! do what.

mod parameters;
mod names;
mod ledger;

pub use ledger::ledger;
