//! The pages of an auditor: what was decided, that it is unchanged and decided the same again, what changed, and who may
//! do what.

mod parameters;
mod names;
mod replayed;
mod ledger;
mod record;
mod replay;

pub use ledger::ledger;
pub use record::{bytes, proof, record};
pub use replay::replay;
