//! How far work has come: said by whatever is at work, read by whoever waits for it.
//!
//! Work says it to whoever follows the thread it is done on, so that nothing of it has to be handed through what does it.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use utoipa::ToSchema;

use crate::limits::PAGE_STREAMS_MAX;

/// How often at most a count is said: a bar shows no more.
const SAID_OF_ONE_COUNT: u64 = 256;

/// What is counted, in the order in which work comes to it: what comes later is what is left to wait for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Counted {
    /// Steps of any kind; nobody knows how many there are.
    #[default]
    Steps,
    /// Its place among those that wait to begin.
    Place,
    /// How many wait to be examined, it among them.
    Examinations,
    /// Rows of the tables that are decided.
    Rows,
    /// Rules and promises that are proved.
    Proofs,
    /// Who may do what to what: answers that are worked out.
    Answers,
    /// Entries of the journal that are read.
    Changes,
    /// Records of the ledger that are read.
    Records,
    /// Partners, customers, services and subscriptions that are looked at.
    Resources,
}

/// How far work has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Come {
    /// What is counted.
    pub what: Counted,
    /// How much is done.
    pub done: u64,
    /// Of how much; none as long as that is not known.
    pub of: u64,
    /// Is it at its end?
    pub is_over: bool,
}

/// What work says of how far it has come, and what others read of that.
#[derive(Clone, Debug, Default)]
pub struct Progress(watch::Sender<Come>);

impl Progress {
    /// Notes how far it has come; what is counted of an earlier stage that is done besides is passed over.
    pub fn at(&self, what: Counted, done: u64, of: u64) {
        self.0.send_if_modified(|come| {
            let is_news = what >= come.what;
            if is_news {
                (come.what, come.done, come.of) = (what, done, of);
            }
            is_news
        });
    }

    /// Notes that it is at its end.
    pub fn is_over(&self) {
        self.0.send_modify(|come| come.is_over = true);
    }

    /// How far it has come.
    #[must_use]
    pub fn come(&self) -> Come {
        *self.0.borrow()
    }

    /// How far it comes from here on.
    #[must_use]
    pub fn follow(&self) -> watch::Receiver<Come> {
        self.0.subscribe()
    }

    /// The same for somebody outside; nothing where as many follow it as may.
    #[must_use]
    pub fn followed(&self) -> Option<watch::Receiver<Come>> {
        (self.0.receiver_count() < PAGE_STREAMS_MAX).then(|| self.follow())
    }

    /// Does work on this thread that says here how far it has come.
    pub fn follows<T>(&self, work: impl FnOnce() -> T) -> T {
        /// Puts back who followed before, however the work ends.
        struct Before(Option<Progress>);
        impl Drop for Before {
            fn drop(&mut self) {
                FOLLOWS.set(self.0.take());
            }
        }
        let _before = Before(FOLLOWS.replace(Some(self.clone())));
        work()
    }
}

thread_local! {
    static FOLLOWS: RefCell<Option<Progress>> = const { RefCell::new(None) };
}

/// Whoever follows what is done on this thread; nobody reads it where nobody does.
#[must_use]
pub fn progress() -> Progress {
    FOLLOWS.with_borrow(Option::clone).unwrap_or_default()
}

/// Says how far the work on this thread has come.
pub fn come(what: Counted, done: u64, of: u64) {
    FOLLOWS.with_borrow(|follows| follows.iter().for_each(|progress| progress.at(what, done, of)));
}

/// Counts what is done of so much, on whichever threads.
pub struct Count {
    progress: Progress,
    what: Counted,
    done: AtomicU64,
    of: u64,
}

impl Count {
    /// Counts for whoever follows this thread.
    #[must_use]
    pub fn of(what: Counted, of: usize) -> Self {
        let (progress, of) = (progress(), of as u64);
        progress.at(what, 0, of);
        Self { progress, what, done: AtomicU64::new(0), of }
    }

    /// One more is done.
    pub fn one(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if done == self.of || done.is_multiple_of((self.of / SAID_OF_ONE_COUNT).max(1)) {
            self.progress.at(self.what, done, self.of);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Come, Count, Counted, PAGE_STREAMS_MAX, Progress, come};

    #[test]
    fn work_says_how_far_it_has_come_to_whoever_follows_its_thread_and_to_nobody_else() {
        let (followed, other) = (Progress::default(), Progress::default());
        let nested = followed.follows(|| {
            come(Counted::Records, 1, 9);
            other.follows(|| come(Counted::Records, 5, 9));
            let count = Count::of(Counted::Resources, 2);
            std::thread::scope(|scope| drop(scope.spawn(|| count.one())));
            other.come().done
        });
        come(Counted::Resources, 2, 2);
        let come = Come { what: Counted::Resources, done: 1, of: 2, is_over: false };
        assert_eq!((nested, followed.come()), (5, come));
    }

    #[test]
    fn what_is_counted_of_an_earlier_stage_is_not_what_is_waited_for() {
        let progress = Progress::default();
        progress.at(Counted::Proofs, 1, 40);
        progress.at(Counted::Rows, 3, 4);
        assert_eq!(progress.come().what, Counted::Proofs);
        progress.at(Counted::Resources, 0, 7);
        assert_eq!((progress.come().what, progress.come().of), (Counted::Resources, 7));
    }

    #[test]
    fn one_piece_of_work_is_followed_by_so_many_and_by_another_once_one_of_them_is_gone() {
        let progress = Progress::default();
        let mut following: Vec<_> = (0..PAGE_STREAMS_MAX).map_while(|_| progress.followed()).collect();
        assert_eq!((following.len(), progress.followed().is_none()), (PAGE_STREAMS_MAX, true));
        following.pop();
        assert!(progress.followed().is_some());
    }
}
