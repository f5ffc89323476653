//! Why the rules are believed: every answer enumerated, what no answer shows, and the pages beside the rules.
//!
//! Everything here is a function of a [`Bundle`](crate::policy::Bundle) and of the words of the domain; nothing reads
//! a store. What a [`Table`](table::Table) says is what a caller gets: its cells are made by the same `decide`.

pub mod calls;
mod choice;
pub mod context;
pub mod control;
pub mod coverage;
pub mod table_diff;
pub mod mutants;
pub mod pages;
mod print;
pub mod promises;
pub mod prove;
pub mod release;
mod rows;
pub mod table;
pub(crate) mod verdict;
pub mod signed_tables;

pub use rows::check_claims;
