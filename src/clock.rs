//! The only source of now.
//!
//! Everything that needs the time is handed it: nothing else in the crate may read a clock, so tests and
//! snapshots say what time it is. Times are whole milliseconds, because that is what records carry.

mod durations;
mod rate;
mod written;

pub use durations::Durations;
pub use rate::OnceAMinute;
pub use written::{Age, LATEST, NEVER, TimeError, Written, optional as optional_time};

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
pub use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};

/// A source of the time.
pub trait Clock: Send + Sync {
    /// Now, in UTC, to the millisecond.
    fn now(&self) -> Timestamp;

    /// How much time has passed since a moment that stays the same while the process lives, whatever the clock is set
    /// to.
    fn monotonic(&self) -> Duration;
}

/// A shared clock.
pub type SharedClock = Arc<dyn Clock>;

/// Whether the machine's clock can be true, as far as a store knows the time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClockState {
    /// Nothing speaks against it.
    Agrees,
    /// It shows a time before something that is stored: it was set back. The store's time goes on without it.
    Behind {
        /// By how much.
        by: SignedDuration,
    },
    /// It was set further ahead than time can have passed: nothing is written by it.
    Ahead {
        /// By how much.
        by: SignedDuration,
    },
}

/// Cuts a time to whole milliseconds, so that what is written reads back equal.
#[must_use]
pub fn to_millisecond(at: Timestamp) -> Timestamp {
    // By its parts: the last second there is has milliseconds that `from_millisecond` does not take.
    Timestamp::new(at.as_second(), at.subsec_millisecond() * 1_000_000).unwrap_or(at)
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl Clock for System {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        to_millisecond(Timestamp::now())
    }

    /// Time in which the machine sleeps has passed too.
    fn monotonic(&self) -> Duration {
        let since = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(since.tv_sec).unwrap_or_default();
        Duration::new(seconds, u32::try_from(since.tv_nsec).unwrap_or_default())
    }
}

/// A clock that stands still until it is moved; for tests, snapshots and examples.
#[derive(Debug)]
pub struct Stopped {
    shown: AtomicI64,
    passed: AtomicI64,
}

impl Stopped {
    /// A clock that shows `at`.
    #[must_use]
    pub fn at(at: Timestamp) -> Self {
        Self { shown: AtomicI64::new(at.as_millisecond()), passed: AtomicI64::new(0) }
    }

    /// Moves the hands to `at`; where that is later, so much time has passed.
    pub fn set(&self, at: Timestamp) {
        let before = self.shown.swap(at.as_millisecond(), Ordering::SeqCst);
        self.passed.fetch_add((at.as_millisecond() - before).max(0), Ordering::SeqCst);
    }

    /// Moves the hands to `at` without any time passing, as somebody does who sets a clock.
    pub fn jump(&self, at: Timestamp) {
        self.shown.store(at.as_millisecond(), Ordering::SeqCst);
    }
}

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.shown.load(Ordering::SeqCst)).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.passed.load(Ordering::SeqCst)).unwrap_or_default())
    }
}
