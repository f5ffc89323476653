//! A piece of long work while it is done, and what ends it.

use std::cell::RefCell;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::progress::{Counted, Progress, progress};
use super::turns::Turn;

/// How long a piece of work keeps its turn while others wait: so long does somebody wait behind each caller before.
const PIECE: Duration = Duration::from_millis(5);

/// Why long work ended before it was done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Stopped {
    /// Whoever asked does not wait any more.
    #[error("whoever asked for it is gone")]
    Gone,
    /// It used up what a call may take.
    #[error("it worked for as long as a call may")]
    TooLong,
}

/// Does the process end, and all work with it?
static ENDED: AtomicBool = AtomicBool::new(false);

/// Ends all long work there is: nobody waits for it any more, as the process ends.
pub fn end_all() {
    ENDED.store(true, Ordering::Relaxed);
}

/// Does the process end?
#[must_use]
pub fn is_ending() -> bool {
    ENDED.load(Ordering::Relaxed)
}

/// A call, or an answer that is sent, as far as it is long work.
pub struct Task {
    of: String,
    budget: Option<Duration>,
    used_us: AtomicU64,
    steps: AtomicU64,
    progress: Progress,
    is_gone: AtomicBool,
    is_over: AtomicBool,
}

impl Task {
    /// Whose work it is.
    #[must_use]
    pub fn of(&self) -> &str {
        &self.of
    }

    /// For how long it may be at work in all.
    #[must_use]
    pub fn budget(&self) -> Option<Duration> {
        self.budget
    }

    /// Who follows how far it has come.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Why it has to end, if it has to.
    #[must_use]
    pub fn stopped(&self) -> Option<Stopped> {
        if self.is_gone.load(Ordering::Relaxed) || is_ending() {
            return Some(Stopped::Gone);
        }
        self.is_over.load(Ordering::Relaxed).then_some(Stopped::TooLong)
    }

    /// Says how many steps it has done, for whoever waits and is told nothing better.
    fn stepped(&self, more: u64) {
        self.progress.at(Counted::Steps, self.steps.fetch_add(more, Ordering::Relaxed).saturating_add(more), 0);
    }

    fn used(&self, more: Duration) -> Duration {
        let more = u64::try_from(more.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(self.used_us.fetch_add(more, Ordering::Relaxed).saturating_add(more))
    }
}

/// Whoever waits for long work; once it is dropped, the work ends.
pub struct Owner(Arc<Task>);

impl Owner {
    /// Work of a caller, which may be at work for so long in all; nothing where it may go on until it is done.
    #[must_use]
    pub fn new(of: &str, budget: Option<Duration>) -> Self {
        Self::followed(of, budget, Progress::default())
    }

    /// The same, where somebody follows how far it has come.
    #[must_use]
    pub fn followed(of: &str, budget: Option<Duration>, progress: Progress) -> Self {
        let (used_us, steps, is_gone, is_over) = Default::default();
        Self(Arc::new(Task { of: of.to_owned(), budget, used_us, steps, progress, is_gone, is_over }))
    }

    /// Work that goes on after the piece that is done on this thread, as sending a long answer; its end is that of
    /// whoever reads. Whoever follows that piece follows it too.
    #[must_use]
    pub fn of_current() -> Self {
        let of = RUNNING.with_borrow(|running| running.as_ref().map(|running| running.task.of.clone()));
        Self::followed(&of.unwrap_or_default(), None, progress())
    }

    /// The work itself.
    #[must_use]
    pub fn task(&self) -> Arc<Task> {
        Arc::clone(&self.0)
    }
}

impl Deref for Owner {
    type Target = Task;

    fn deref(&self) -> &Task {
        &self.0
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.is_gone.store(true, Ordering::Relaxed);
    }
}

thread_local! {
    static RUNNING: RefCell<Option<Running>> = const { RefCell::new(None) };
}

/// A piece of work that is done on this thread.
pub(super) struct Running {
    task: Arc<Task>,
    /// None where it helps with a piece that has one.
    turn: Option<Turn>,
    since: Instant,
    steps: u64,
}

impl Running {
    fn step(&mut self) -> Result<(), Stopped> {
        self.steps += 1;
        if let Some(stopped) = self.task.stopped() {
            return Err(stopped);
        }
        let took = self.since.elapsed();
        if took < PIECE {
            return Ok(());
        }
        self.task.stepped(std::mem::take(&mut self.steps));
        let used = self.task.used(took);
        if self.task.budget.is_some_and(|budget| used > budget) {
            self.task.is_over.store(true, Ordering::Relaxed);
            return Err(Stopped::TooLong);
        }
        if let Some(turn) = self.turn.as_ref().filter(|turn| turn.is_wanted()) {
            turn.pause();
        }
        self.since = Instant::now();
        Ok(())
    }
}

/// Does a piece of work on this thread, which has its turn until the piece is done, or helps whoever has it.
pub(super) fn running<T>(task: Arc<Task>, turn: Option<Turn>, work: impl FnOnce() -> T) -> T {
    /// Ends the turn, however the piece ends.
    struct Ending;
    impl Drop for Ending {
        fn drop(&mut self) {
            if let Some(running) = RUNNING.take() {
                running.task.stepped(running.steps);
                running.task.used(running.since.elapsed());
            }
        }
    }
    let progress = task.progress.clone();
    RUNNING.set(Some(Running { task, turn, since: Instant::now(), steps: 0 }));
    let _ending = Ending;
    progress.follows(work)
}

/// The long work that is done on this thread.
pub(super) fn current() -> Option<Arc<Task>> {
    RUNNING.with_borrow(|running| running.as_ref().map(|running| Arc::clone(&running.task)))
}

/// Is what is done on this thread long work?
#[must_use]
pub fn is_long() -> bool {
    RUNNING.with_borrow(Option::is_some)
}

/// Waits for something that is no work, as for somebody to read; others have the turn meanwhile.
pub fn aside<T>(wait: impl FnOnce() -> T) -> T {
    let Some(mut running) = RUNNING.take() else { return wait() };
    running.task.used(running.since.elapsed());
    let waited = match &running.turn {
        Some(turn) => turn.aside(wait),
        None => wait(),
    };
    running.since = Instant::now();
    RUNNING.set(Some(running));
    waited
}

/// A step of whatever is done on this thread: it may wait here for its next turn. What is no long work goes on.
///
/// # Errors
/// [`Stopped`] when the work has to end here; nothing of it is given to anybody.
pub fn step() -> Result<(), Stopped> {
    RUNNING.with_borrow_mut(|running| running.as_mut().map_or(Ok(()), Running::step))
}
