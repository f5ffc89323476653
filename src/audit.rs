//! What is remembered of every decision.

mod record;

pub use record::{Asked, Became, ENGINE, Record, RecordError, Results, Sought};
