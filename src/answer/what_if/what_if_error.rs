//! Why it cannot be said what would be.

use crate::limits::{WHAT_IF_CHANGES_MAX, WHAT_IF_FACTS_MAX, WHAT_IF_PAIRS_MAX};
use crate::pdp::call::Coded;

/// Why it cannot be said what would be.
#[derive(Debug, thiserror::Error)]
pub enum WhatIfError {
    /// One of the changes cannot be.
    #[error("`changes[{index}]`: {message}")]
    Change {
        /// Which change, counted from 0.
        index: usize,
        /// Why not.
        message: String,
    },
    /// More changes than may be tried at once.
    #[error("`changes` holds {0} changes; try at most {WHAT_IF_CHANGES_MAX} at once")]
    TooManyChanges(usize),
    /// The changes change more than may be compared.
    #[error("`changes` change more than {WHAT_IF_FACTS_MAX} facts; try fewer at once")]
    TooManyFacts,
    /// More decisions may be turned than can be compared; a part of them would not be the answer.
    #[error("`changes` concern more than {WHAT_IF_PAIRS_MAX} pairs of a subject and a resource; try fewer at once")]
    TooMuch,
}

impl Coded for WhatIfError {
    fn code(&self) -> &'static str {
        match self {
            Self::Change { .. } => "invalid_change",
            Self::TooManyChanges(_) => "too_many_changes",
            Self::TooManyFacts | Self::TooMuch => "too_much_to_compare",
        }
    }
}
