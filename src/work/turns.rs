//! Turns that go round between callers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// Who has a turn, and who waits for one.
///
/// Each caller has a line of its own, and the lines take turns. Only so many pieces are begun at a time, of one caller
/// and in all: each has a thread, which waits with it where it gave its turn away.
pub struct Turns {
    lines: Mutex<Lines>,
    begun_max: usize,
    begun_of_one_max: usize,
}

struct Lines {
    /// The turns that nobody has.
    free: usize,
    /// The callers with somebody waiting, in the order in which they have their turns.
    order: VecDeque<String>,
    of: BTreeMap<String, Line>,
    begun: usize,
}

#[derive(Default)]
struct Line {
    waiting: VecDeque<Waiting>,
    begun: usize,
}

enum Waiting {
    Begins(oneshot::Sender<Turn>),
    GoesOn(oneshot::Sender<()>),
}

/// A turn; dropped, it passes on.
pub struct Turn {
    turns: Arc<Turns>,
    of: String,
}

impl Turns {
    /// So many turns at a time, and so many pieces begun, in all and of one caller.
    #[must_use]
    pub fn new(turns: usize, begun_max: usize, begun_of_one_max: usize) -> Arc<Self> {
        let lines = Lines { free: turns, order: VecDeque::new(), of: BTreeMap::new(), begun: 0 };
        Arc::new(Self { lines: Mutex::new(lines), begun_max, begun_of_one_max })
    }

    /// Waits for a turn of a caller.
    pub async fn turn(self: &Arc<Self>, of: &str) -> Option<Turn> {
        let (sender, turn) = oneshot::channel();
        self.wait(of, Waiting::Begins(sender));
        turn.await.ok()
    }

    /// How many wait for a turn.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lines().of.values().map(|line| line.waiting.len()).sum()
    }

    /// Does somebody wait for a turn?
    #[must_use]
    pub fn has_waiting(&self) -> bool {
        !self.lines().order.is_empty()
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(self: &Arc<Self>, of: &str, waiting: Waiting) {
        {
            let mut lines = self.lines();
            let line = lines.of.entry(of.to_owned()).or_default();
            line.waiting.push_back(waiting);
            if line.waiting.len() == 1 {
                lines.order.push_back(of.to_owned());
            }
        }
        self.pass_on();
    }

    /// Gives turns that nobody has to those who wait.
    fn pass_on(self: &Arc<Self>) {
        loop {
            let Some((of, waiting)) = self.next() else { return };
            match waiting {
                // Whoever does not wait any more drops the turn, which passes it on.
                Waiting::Begins(sender) => drop(sender.send(Turn { turns: Arc::clone(self), of })),
                Waiting::GoesOn(sender) => {
                    if sender.send(()).is_err() {
                        self.lines().free += 1;
                    }
                }
            }
        }
    }

    fn next(&self) -> Option<(String, Waiting)> {
        let mut lines = self.lines();
        if lines.free == 0 {
            return None;
        }
        for _ in 0..lines.order.len() {
            let of = lines.order.pop_front()?;
            let may_begin = lines.begun < self.begun_max;
            let Some(line) = lines.of.get_mut(&of) else { continue };
            let may_begin = may_begin && line.begun < self.begun_of_one_max;
            let ready = |waiting: &Waiting| may_begin || matches!(waiting, Waiting::GoesOn(_));
            let found = line.waiting.iter().position(ready).and_then(|at| line.waiting.remove(at));
            if matches!(found, Some(Waiting::Begins(_))) {
                line.begun += 1;
                lines.begun += 1;
            }
            if lines.of.get(&of).is_some_and(|line| !line.waiting.is_empty()) {
                lines.order.push_back(of.clone());
            }
            if let Some(found) = found {
                lines.free -= 1;
                return Some((of, found));
            }
        }
        None
    }
}

impl Turn {
    /// Gives the turn to others and waits for the next one, on the thread it is called on.
    pub fn pause(&self) {
        self.aside(|| {});
    }

    /// Waits for something else, while others have the turn, and then for the next one.
    pub fn aside<T>(&self, wait: impl FnOnce() -> T) -> T {
        self.turns.lines().free += 1;
        self.turns.pass_on();
        let waited = wait();
        let (sender, next) = oneshot::channel();
        self.turns.wait(&self.of, Waiting::GoesOn(sender));
        // Whoever waits here is never forgotten: the sender lies in the line until it is used.
        let _ = next.blocking_recv();
        waited
    }

    /// Does somebody wait for a turn?
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.turns.has_waiting()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        {
            let mut lines = self.turns.lines();
            lines.free += 1;
            lines.begun = lines.begun.saturating_sub(1);
            if let Some(line) = lines.of.get_mut(&self.of) {
                line.begun = line.begun.saturating_sub(1);
                if line.begun == 0 && line.waiting.is_empty() {
                    lines.of.remove(&self.of);
                }
            }
        }
        self.turns.pass_on();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::FutureExt as _;

    use super::{Turn, Turns};

    /// Waits for a turn, and says who got it.
    async fn wait(turns: &Arc<Turns>, of: &'static str) -> Option<(&'static str, Turn)> {
        Some((of, turns.turn(of).await?))
    }

    #[test]
    fn turns_go_round_between_callers_whoever_asked_for_more() {
        let turns = Turns::new(1, 8, 8);
        let first = turns.turn("a").now_or_never().flatten();
        let mut waiting: Vec<_> = ["a", "a", "a", "b", "c"].map(|of| Box::pin(wait(&turns, of))).into();
        // Each has asked once it was polled.
        assert!(waiting.iter_mut().all(|waits| waits.as_mut().now_or_never().is_none()));
        let (mut order, mut held) = (Vec::new(), first);
        while !waiting.is_empty() {
            drop(held.take());
            let ready = waiting.iter_mut().position(|waits| match waits.as_mut().now_or_never() {
                Some(Some((of, turn))) => {
                    order.push(of);
                    held = Some(turn);
                    true
                }
                _ => false,
            });
            drop(ready.map(|at| waiting.remove(at)));
        }
        assert_eq!(order, ["a", "b", "c", "a", "a"]);
    }

    #[test]
    fn a_caller_begins_only_so_much_and_others_begin_meanwhile() {
        let turns = Turns::new(4, 3, 2);
        let held: Vec<_> = (0..2).filter_map(|_| turns.turn("a").now_or_never().flatten()).collect();
        assert_eq!(held.len(), 2);
        let mut third = Box::pin(turns.turn("a"));
        assert!(third.as_mut().now_or_never().is_none(), "a third of one caller began");
        let of_another = turns.turn("b").now_or_never().flatten();
        assert!(of_another.is_some());
        assert!(Box::pin(turns.turn("c")).as_mut().now_or_never().is_none(), "a fourth in all began");
        drop(held);
        assert!(third.as_mut().now_or_never().flatten().is_some());
        drop(of_another);
    }

    #[test]
    fn a_turn_that_nobody_waits_for_any_more_passes_on() {
        let turns = Turns::new(1, 8, 8);
        let held = turns.turn("a").now_or_never().flatten();
        let mut gone = Box::pin(turns.turn("b"));
        assert!(gone.as_mut().now_or_never().is_none());
        drop(gone);
        drop(held);
        assert!(turns.turn("c").now_or_never().flatten().is_some());
        assert!(!turns.has_waiting());
    }

    #[test]
    fn a_pause_lets_others_go_on_and_ends_when_they_are_done() {
        let turns = Turns::new(1, 8, 8);
        let held = turns.turn("a").now_or_never().flatten();
        let mut other = Box::pin(turns.turn("b"));
        assert!(other.as_mut().now_or_never().is_none());
        let paused = std::thread::spawn(move || held.inspect(Turn::pause).is_some());
        // The turn comes as soon as the other thread gives it away.
        let turn = futures_util::future::poll_fn(|context| other.as_mut().poll_unpin(context));
        let turn = tokio::runtime::Builder::new_current_thread().build().map(|runtime| runtime.block_on(turn));
        assert!(matches!(turn, Ok(Some(_))));
        drop(turn);
        assert!(matches!(paused.join(), Ok(true)));
    }
}
