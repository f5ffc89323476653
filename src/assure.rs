//! Why the rules are believed: every answer enumerated, what no answer shows, and the pages beside the rules.
//!
//! Everything here is a function of a [`Bundle`](crate::policy::Bundle) and of the words of the domain; nothing reads
//! a store. What a [`Table`](table::Table) says is what a caller gets: its cells are made by the same `decide`.

mod choice;
pub mod pages;
pub mod context;
pub mod counterexample;
pub mod proof;
pub mod mutants;
pub mod prove;
pub mod spoken;
pub mod table;
mod phrases;
pub mod sheets;
mod print;
pub mod calls;
mod rows;
mod control;
pub mod checked;
pub mod table_diff;
pub mod signed_tables;
pub mod fate;
pub mod promises;
pub mod retitled;
pub mod coverage;
pub mod release;
pub(crate) mod verdict;
pub(crate) mod examination;
