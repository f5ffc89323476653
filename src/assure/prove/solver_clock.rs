//! What a solver has spent of the time it may have: what a processor gave it, and what it slept. On a busy machine it
//! waits for its turn, and nothing is known of what it would have found.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use rustix::param::clock_ticks_per_second;

/// How often the clock is read.
pub(super) const TICK: Duration = Duration::from_millis(100);

/// The processes that this thread has begun.
pub(super) fn children() -> BTreeSet<u32> {
    let text = fs::read_to_string("/proc/thread-self/children").unwrap_or_default();
    text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// The clock of a process for one question.
pub(super) struct SolverClock {
    process: Option<u32>,
    ran: Duration,
    read: Instant,
    /// What is spent since it was begun.
    pub(super) spent: Duration,
}

impl SolverClock {
    /// Begins to count. Of a process that is not known all the time counts.
    pub(super) fn begin(process: Option<u32>) -> Self {
        let ran = process.and_then(state).map(|(_, ran)| ran).unwrap_or_default();
        Self { process, ran, read: Instant::now(), spent: Duration::ZERO }
    }

    /// Counts what went by since it was read last.
    pub(super) fn tick(&mut self) {
        let by = self.read.elapsed();
        self.read = Instant::now();
        match self.process.and_then(state) {
            Some((is_waiting_for_a_turn, ran)) => {
                let own = ran.saturating_sub(self.ran);
                self.ran = ran;
                // Whoever reads the clock may have waited for a turn too.
                self.spent += if is_waiting_for_a_turn { own } else { own.max(by.min(2 * TICK)) };
            }
            None => self.spent += by,
        }
    }
}

/// Whether a process runs or would run if it had a turn, and how long a processor has worked for it.
fn state(process: u32) -> Option<(bool, Duration)> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat(&text)
}

/// The same of the line that says it, in which a name may hold anything.
fn stat(text: &str) -> Option<(bool, Duration)> {
    let (_, after) = text.rsplit_once(')')?;
    let fields: Vec<&str> = after.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
    let ran = ticks(11)? + ticks(12)?;
    // Waiting for a disk is waiting for a turn too.
    let is_waiting = matches!(*fields.first()?, "R" | "D");
    Some((is_waiting, Duration::from_millis(ran * 1_000 / clock_ticks_per_second().max(1))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_processor_gave_a_process_is_read_whatever_its_name_is() {
        let ticks = clock_ticks_per_second();
        let line = |state: &str| format!("7 (a ) name) {state} 1 7 7 0 -1 4 9 0 0 0 {} {} 0 0 39 19", 2 * ticks, ticks);
        assert_eq!(stat(&line("R")), Some((true, Duration::from_secs(3))));
        assert_eq!(stat(&line("S")), Some((false, Duration::from_secs(3))));
        assert_eq!(stat("nothing"), None);
    }

    #[test]
    fn of_a_process_that_is_not_known_all_the_time_counts() {
        let mut clock = SolverClock::begin(None);
        clock.read = Instant::now().checked_sub(Duration::from_secs(5)).unwrap_or_else(Instant::now);
        clock.tick();
        assert!(clock.spent >= Duration::from_secs(5));
    }
}
