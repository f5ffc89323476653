//! What is logged once a minute while it lasts, with how often it came meanwhile.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long nothing more is said of the same thing.
const APART: Duration = Duration::from_secs(60);

/// Lets one line of a kind through each minute.
#[derive(Debug, Default)]
pub struct OnceAMinute(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    said: Option<Instant>,
    passed_over: u64,
}

impl OnceAMinute {
    /// One that has let nothing through yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Mutex::new(State { said: None, passed_over: 0 }))
    }

    /// Is a line due? Then how many were passed over since the last one.
    pub fn due(&self) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.said.is_some_and(|said| said.elapsed() < APART) {
            state.passed_over += 1;
            return None;
        }
        state.said = Some(Instant::now());
        Some(std::mem::take(&mut state.passed_over))
    }

    /// It is over: the next line is let through at once.
    pub fn over(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = State::default();
    }
}
