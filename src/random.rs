//! The only source of randomness.
//!
//! Everything that needs random bytes is handed them, as it is handed the time, so that tests and snapshots say what
//! is random.

use std::sync::Arc;

/// The system gives no random bytes.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the system gives no random bytes: {0}; nothing was made of them, try again")]
pub struct RandomError(String);

/// Gives random bytes.
pub trait Random: Send + Sync {
    /// Fills `bytes`.
    ///
    /// # Errors
    /// A [`RandomError`]; then `bytes` must not be used.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError>;
}

/// A shared source of random bytes.
pub type SharedRandom = Arc<dyn Random>;

/// The machine's own random bytes, good enough for secrets.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl Random for System {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(bytes).map_err(|error| RandomError(error.to_string()))
    }
}

/// The same bytes every time: for tests and snapshots that make one thing twice and expect the same of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Same;

impl Random for Same {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        bytes.fill(7);
        Ok(())
    }
}
