//! The rules, as reviewers and auditors read them, and what becomes of proposals.

mod naming;
mod evidence;
mod status;
mod tables;

pub use status::status;
pub use tables::{table, tables};
