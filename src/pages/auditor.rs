//! The pages of an auditor: what was decided, that it is unchanged and decided the same again, what changed, and who may
//! do what.

mod names;
mod replayed;
mod ledger;
mod record;
mod replay;
mod replay_all;
mod verification;
mod checkpoints;
mod changes;
mod access;

pub use access::access;
pub use changes::{changes, revision};
pub use checkpoints::{checkpoints, compared, key, note};
pub use ledger::ledger;
pub use record::{bytes, proof, record};
pub use replay::replay;
pub use replay_all::replay_all;
pub use verification::verification;
