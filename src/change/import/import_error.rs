//! Why nothing is imported.

use crate::pdp::call::Coded;

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A line is not valid.
    #[error("line {line}: {message}")]
    Line {
        /// Which line, counted from 1, blank ones too.
        line: u64,
        /// What is wrong with it.
        message: String,
    },
    /// The lines ended with a failure.
    #[error("line {line} cannot be read: {cause}; nothing was imported, try again")]
    Unreadable {
        /// Which line, counted from 1.
        line: u64,
        /// What the system says.
        cause: String,
    },
}

impl Coded for ImportError {
    fn code(&self) -> &'static str {
        match self {
            Self::Line { .. } => "invalid_line",
            Self::Unreadable { .. } => "unreadable_lines",
        }
    }
}
