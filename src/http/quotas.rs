//! What each caller may take of what all share: decisions and bytes recorded a second, calls at once, and bytes of
//! bodies held in memory.
//!
//! A partner and a customer are one caller each, whatever token comes; every other token is one. What a call takes is
//! known when it is done, and is owed then: whoever owes is let in again when it is paid, at so much a second. So one
//! large batch is answered, and is followed by nothing until what it took is made up for.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::limits::{CALLERS_MAX, Limits};
use crate::pdp::call::Spent;

/// Bytes are counted in units of so many.
const UNIT: u64 = 1_024;

/// A limit of a caller that is reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reached {
    /// Decisions a second; let in again after so long.
    Decisions(Duration),
    /// Bytes recorded a second; let in again after so long.
    Bytes(Duration),
    /// Calls at once.
    Calls,
    /// Bytes of bodies held.
    Held,
}

impl Reached {
    /// The setting that is reached.
    #[must_use]
    pub fn setting(self) -> &'static str {
        match self {
            Self::Decisions(_) => "decisions_per_second",
            Self::Bytes(_) => "recorded_bytes_per_second",
            Self::Calls => "calls_at_once",
            Self::Held => "held_bytes",
        }
    }

    /// After how many seconds it may be tried again.
    #[must_use]
    pub fn retry_after(self) -> u64 {
        match self {
            Self::Decisions(wait) | Self::Bytes(wait) => wait.as_secs() + 1,
            Self::Calls | Self::Held => 1,
        }
    }
}

/// The quotas of all callers.
pub struct Quotas {
    limits: Limits,
    callers: Mutex<BTreeMap<String, Arc<CallerUse>>>,
}

/// What one caller takes.
struct CallerUse {
    decisions: Rate,
    bytes: Rate,
    calls: AtomicU64,
    held: AtomicU64,
}

impl Quotas {
    pub(super) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self { limits, callers: Mutex::default() })
    }

    /// Lets a call of a caller in that holds so much of its body.
    ///
    /// # Errors
    /// [`Reached`]; then it takes nothing.
    pub fn begin(&self, of: &str, held: u64) -> Result<Taking, Reached> {
        let used = self.used(of);
        if let Some(wait) = used.decisions.wait() {
            return Err(Reached::Decisions(wait));
        }
        if let Some(wait) = used.bytes.wait() {
            return Err(Reached::Bytes(wait));
        }
        // From here on it is given back, whatever comes.
        let taking = Taking { held, spent: Arc::default(), used };
        if taking.used.calls.fetch_add(1, Ordering::Relaxed) >= self.limits.calls_at_once as u64 {
            taking.used.held.fetch_add(held, Ordering::Relaxed);
            return Err(Reached::Calls);
        }
        // One call is let in whatever it holds: the limit of its body is another.
        let before = taking.used.held.fetch_add(held, Ordering::Relaxed);
        if before > 0 && before.saturating_add(held) > self.limits.held_bytes as u64 {
            return Err(Reached::Held);
        }
        Ok(taking)
    }

    fn used(&self, of: &str) -> Arc<CallerUse> {
        let mut callers = lock(&self.callers);
        if let Some(used) = callers.get(of) {
            return Arc::clone(used);
        }
        if callers.len() >= CALLERS_MAX {
            // Whoever takes nothing now is met as if for the first time, unless it owes something.
            callers.retain(|_, used| Arc::strong_count(used) > 1 || used.owes());
        }
        let used = Arc::new(CallerUse {
            decisions: Rate::of(self.limits.decisions_per_second as u64),
            bytes: Rate::of((self.limits.recorded_bytes_per_second as u64).div_ceil(UNIT)),
            calls: AtomicU64::default(),
            held: AtomicU64::default(),
        });
        callers.insert(of.to_owned(), Arc::clone(&used));
        used
    }
}

impl CallerUse {
    fn owes(&self) -> bool {
        self.decisions.wait().is_some() || self.bytes.wait().is_some()
    }
}

/// What a call takes while it goes on; dropped, it is given back, and what was spent is owed.
pub struct Taking {
    held: u64,
    spent: Arc<Spent>,
    used: Arc<CallerUse>,
}

impl Taking {
    /// Counts what a call spends.
    pub fn spends(&mut self, spent: &Arc<Spent>) {
        self.spent = Arc::clone(spent);
    }
}

impl Drop for Taking {
    fn drop(&mut self) {
        let Self { held, spent, used } = self;
        used.calls.fetch_sub(1, Ordering::Relaxed);
        used.held.fetch_sub(*held, Ordering::Relaxed);
        let (decisions, bytes) = spent.all();
        used.decisions.owe(decisions);
        used.bytes.owe(bytes.div_ceil(UNIT));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// So much a second, and as much at once.
struct Rate {
    limiter: DefaultDirectRateLimiter,
    most: u32,
    owed: Mutex<u64>,
}

impl Rate {
    fn of(per_second: u64) -> Self {
        let most = NonZeroU32::new(u32::try_from(per_second).unwrap_or(u32::MAX)).unwrap_or(NonZeroU32::MIN);
        Self { limiter: RateLimiter::direct(Quota::per_second(most)), most: most.get(), owed: Mutex::default() }
    }

    fn owe(&self, more: u64) {
        let mut owed = lock(&self.owed);
        *owed = owed.saturating_add(more);
    }

    /// Pays what is owed, as far as that is due; how long it is until more is, where something is owed still.
    fn wait(&self) -> Option<Duration> {
        let mut owed = lock(&self.owed);
        loop {
            let part = u32::try_from(*owed).unwrap_or(u32::MAX).min(self.most);
            let part = NonZeroU32::new(part)?;
            match self.limiter.check_n(part) {
                Ok(Ok(())) => *owed -= u64::from(part.get()),
                Ok(Err(until)) => return Some(until.wait_time_from(DefaultClock::default().now())),
                Err(_) => return Some(Duration::from_secs(1)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Quotas, Reached};
    use crate::limits::Limits;
    use crate::pdp::call::Spent;

    fn quotas(limits: Limits) -> Arc<Quotas> {
        Quotas::new(limits)
    }

    /// Has a call of a caller spend something, and ends it.
    fn spend(quotas: &Quotas, of: &str, decisions: u64, bytes: u64) -> Result<(), Reached> {
        let mut taking = quotas.begin(of, 0)?;
        let spent = Arc::new(Spent::default());
        spent.add(decisions, bytes);
        taking.spends(&spent);
        Ok(())
    }

    #[test]
    fn whoever_took_too_much_waits_and_nobody_else_does() {
        let limits =
            Limits { decisions_per_second: 100, recorded_bytes_per_second: 1_024 * 1_024, ..Limits::default() };
        let quotas = quotas(limits);
        assert_eq!(spend(&quotas, "a", 100_000, 0), Ok(()));
        assert!(matches!(spend(&quotas, "a", 1, 0), Err(Reached::Decisions(wait)) if wait.as_millis() > 0));
        assert_eq!(spend(&quotas, "b", 0, 1_024 * 1_024 * 1_024), Ok(()));
        assert!(matches!(spend(&quotas, "b", 0, 0), Err(Reached::Bytes(_))));
        assert_eq!(spend(&quotas, "c", 1, 1), Ok(()));
        assert_eq!(spend(&quotas, "c", 1, 1), Ok(()));
    }

    #[test]
    fn calls_at_once_and_what_they_hold_are_given_back_when_they_end() {
        let quotas = quotas(Limits { calls_at_once: 2, held_bytes: 100, ..Limits::default() });
        let reached = |held| quotas.begin("a", held).err();
        let first = quotas.begin("a", 60);
        assert_eq!(reached(60), Some(Reached::Held));
        let second = quotas.begin("a", 40);
        assert_eq!(reached(0), Some(Reached::Calls));
        assert!(quotas.begin("b", 1_000).is_ok(), "one call is let in whatever it holds");
        drop((first, second));
        assert_eq!(reached(60), None);
        assert_eq!(reached(60), None, "what was refused takes nothing");
    }
}
