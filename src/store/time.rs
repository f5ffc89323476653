//! The store's time: the machine's clock as far as it can be true.
//!
//! It never goes back, not over a restart either: it is never before anything that is stored, or a grant that has ended
//! and was refused would be allowed again. And it does not follow a clock that was set further ahead than time can have
//! passed: one write by it would hold the store's time there, for it never goes back.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;

use super::StoreError;
use crate::clock::{ClockState, OnceAMinute, SharedClock, Timestamp, to_millisecond};

/// How far the clock may differ from the time that has passed while the store is open.
const DIFFERENCE_MAX: SignedDuration = SignedDuration::from_mins(10);
/// How far the clock may be ahead of what is stored when a store is opened.
const CLOSED_MAX: SignedDuration = SignedDuration::from_hours(366 * 24);
/// How far a clock may be behind before anything is said of it.
const UNSAID: SignedDuration = SignedDuration::from_secs(1);

/// The time of one open store.
pub(super) struct StoreTime {
    clock: SharedClock,
    /// When the store was opened, by the store's time and by what only ever passes.
    opened: (Timestamp, Duration),
    /// The newest entry and the clock, where that was accepted although it is further ahead than a store may be closed.
    pub(super) accepted: Option<(Timestamp, Timestamp)>,
    newest: Mutex<Timestamp>,
    log: OnceAMinute,
}

/// The time by the clock and the store.
struct Reading {
    now: Timestamp,
    shown: Timestamp,
    state: ClockState,
}

impl StoreTime {
    /// The time of a store whose newest entry is of `newest`; of the epoch when it has none.
    ///
    /// # Errors
    /// [`StoreError::ClockAhead`] when the clock is so far ahead that it is rather wrong, unless that is accepted.
    pub(super) fn open(clock: SharedClock, newest: Timestamp, accepts: bool) -> Result<Self, StoreError> {
        let shown = clock.now();
        let is_far = newest > Timestamp::UNIX_EPOCH && shown.duration_since(newest) > CLOSED_MAX;
        if is_far && !accepts {
            return Err(StoreError::ClockAhead { shown, newest });
        }
        let opened = (shown.max(newest), clock.monotonic());
        let accepted = is_far.then_some((newest, shown));
        Ok(Self { clock, opened, accepted, newest: Mutex::new(newest), log: OnceAMinute::new() })
    }

    /// Now: never before anything that is stored, or that was answered.
    pub(super) fn now(&self) -> Timestamp {
        self.read().now
    }

    /// The clock itself.
    pub(super) fn clock(&self) -> SharedClock {
        SharedClock::clone(&self.clock)
    }

    /// Whether the clock can be true.
    pub(super) fn state(&self) -> ClockState {
        self.read().state
    }

    /// Now, if it may be written.
    ///
    /// # Errors
    /// [`StoreError::ClockJumped`] while the clock is further ahead than time can have passed.
    pub(super) fn to_write(&self) -> Result<Timestamp, StoreError> {
        match self.read() {
            Reading { now, shown, state: ClockState::Ahead { .. } } => {
                Err(StoreError::ClockJumped { shown, expected: now })
            }
            Reading { now, .. } => Ok(now),
        }
    }

    fn read(&self) -> Reading {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = self.clock.now();
        let passed = self.clock.monotonic().saturating_sub(self.opened.1);
        let expected = to_millisecond(self.opened.0.checked_add(passed).unwrap_or(self.opened.0));
        let difference = shown.duration_since(expected);
        // A clock that was set back a little is waited for; without one that was set back far time goes on all the
        // same.
        let is_followed = difference.abs() <= DIFFERENCE_MAX;
        let now = (*newest).max(if is_followed { shown } else { expected });
        *newest = now;
        let behind = now.duration_since(shown);
        let state = if difference > DIFFERENCE_MAX {
            ClockState::Ahead { by: difference }
        } else if behind > UNSAID {
            ClockState::Behind { by: behind }
        } else {
            ClockState::Agrees
        };
        self.say(state, shown, now);
        Reading { now, shown, state }
    }

    fn say(&self, state: ClockState, shown: Timestamp, now: Timestamp) {
        match state {
            ClockState::Agrees => self.log.over(),
            ClockState::Behind { .. } => {
                if self.log.due().is_some() {
                    tracing::warn!(%shown, store = %now, "the clock was set back; the store's time never goes back, so what has ended stays ended");
                }
            }
            ClockState::Ahead { .. } => {
                if self.log.due().is_some() {
                    tracing::error!(%shown, expected = %now, "the clock was set further ahead than time has passed; nothing is written by it: set it right or, if it is, start again");
                }
            }
        }
    }
}
