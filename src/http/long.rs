//! Long work: searches, lists of decisions, reviews, verification, exports.
//!
//! Whatever a long call does between two waits is done aside from the threads that answer, and only so much of it at a
//! time, so that health and single questions are answered meanwhile. While a call waits, for its body or its record,
//! another has its turn.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::LazyLock;
use std::task::Poll;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;
use tokio::task::block_in_place;
use warp::http::HeaderMap;
use warp::http::header::CONTENT_LENGTH;

/// A body that asks for so much is long work, in bytes.
const LONG_BODY: u64 = 16 * 1024;

/// How much of it is done at a time: on all cores but one.
static TURNS: LazyLock<Semaphore> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Semaphore::new(cores.saturating_sub(1).max(1))
});

/// How long a call may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Work {
    /// It looks at a few facts.
    Short,
    /// It may look at everything.
    Long,
    /// As long as its body is.
    AsItsBody,
}

impl Work {
    pub(super) fn is_long(self, headers: &HeaderMap) -> bool {
        let length = || headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse::<u64>().ok();
        match self {
            Self::Short => false,
            Self::Long => true,
            Self::AsItsBody => length().is_none_or(|length| length > LONG_BODY),
        }
    }
}

/// Runs long work when it has its turn.
pub(super) async fn long<T>(work: impl Future<Output = T> + Send) -> T {
    let mut work = pin!(work);
    loop {
        // It is never closed.
        let turn = TURNS.acquire().await;
        let polled = poll_fn(|context| Poll::Ready(aside(|| work.as_mut().poll(context)))).await;
        drop(turn);
        match polled {
            Poll::Ready(done) => return done,
            Poll::Pending => woken().await,
        }
    }
}

/// Waits until whatever was polled last has something to do: it wakes the task this is part of.
async fn woken() {
    let mut has_waited = false;
    poll_fn(|_| match std::mem::replace(&mut has_waited, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

/// Does a piece of long work on the thread it is called on, which answers nobody meanwhile.
fn aside<T>(work: impl FnOnce() -> T) -> T {
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::MultiThread => block_in_place(work),
        _ => work(),
    }
}

/// Does a piece of long work on a thread that is there for it, when it has its turn.
pub(super) fn in_turn<T>(work: impl FnOnce() -> T) -> T {
    let _turn = Handle::current().block_on(TURNS.acquire());
    work()
}
