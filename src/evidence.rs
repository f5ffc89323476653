//! What was decided and what happened, for whoever looks back: the ledger and its proofs, records found again,
//! described and decided again, the access review, and the journal of changes.

pub mod changes;
pub mod own_changes;
pub mod ledger;
pub mod access_review;
pub mod replay;
pub mod record_detail;
mod words;
pub mod decisions;
pub mod backup;
pub mod ocsf;
