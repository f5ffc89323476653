//! How far a comparison has come, and why it ends before its end.

use crate::pdp::call::Coded;

/// The progress of a comparison.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// How many resources have been looked at.
    pub done: u64,
    /// How many there are to look at.
    pub all: u64,
}

/// Why two sets of rules cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum DifferenceError {
    /// An action can be done by something that is not compared.
    #[error(
        "action `{action}` can be done by a `{kind}`, and only what partners and customers do can be compared; leave \
         `{kind}` out of the action's `principal`, or its rules as they are"
    )]
    Subject {
        /// The action.
        action: String,
        /// The type of its subjects.
        kind: &'static str,
    },
    /// The caller stopped it.
    #[error("the comparison was stopped before its end; start it again")]
    Stopped,
    /// The comparison broke off.
    #[error("the comparison broke off: {0}; start it again")]
    Broken(String),
}

impl Coded for DifferenceError {
    fn code(&self) -> &'static str {
        match self {
            Self::Subject { .. } => "not_comparable",
            Self::Stopped | Self::Broken(_) => "not_compared",
        }
    }
}
