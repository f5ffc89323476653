//! A start that takes long: whoever waits for it is told how long its next piece may take, so that it is not given up
//! while it goes on.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

type Waiting = Box<dyn Fn(Duration) + Send>;

/// How long what lies between two pieces may take.
const BETWEEN: Duration = Duration::from_secs(60);

static WAITING: Mutex<Option<Waiting>> = Mutex::new(None);

/// Has `waiting` called as each piece of the start begins that may take long, until [`started`].
pub fn starting(waiting: impl Fn(Duration) + Send + 'static) {
    *WAITING.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(waiting));
}

/// The start is over.
pub fn started() {
    *WAITING.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

/// A piece of the start begins that takes at most so long, and what comes after it before the next one not much; after
/// the start it is work like any other.
pub fn start_goes_on(within: Duration) {
    if let Some(waiting) = &*WAITING.lock().unwrap_or_else(PoisonError::into_inner) {
        waiting(within.saturating_add(BETWEEN));
    }
}
