//! The threads of long work.

use std::sync::{Arc, LazyLock};

use rustix::process::setpriority_process;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;

use super::task::{Owner, is_long, running};
use super::turns::Turns;
use crate::limits::{LONG_BEGUN_MAX, LONG_BEGUN_OF_ONE_MAX, THREAD_STACK_BYTES};

/// How much the system prefers others to these threads: whatever answers at once has a core as soon as it wants one.
const NICE: i32 = 5;

/// How many pieces are at work at a time: on all cores but one.
static AT_ONCE: LazyLock<usize> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    cores.saturating_sub(1).max(1)
});

/// Whoever is alone has all turns; what is begun beyond them waits with its thread.
pub(super) static TURNS: LazyLock<Arc<Turns>> =
    LazyLock::new(|| Turns::new(*AT_ONCE, begun_max(), LONG_BEGUN_OF_ONE_MAX.max(*AT_ONCE)));

fn begun_max() -> usize {
    LONG_BEGUN_MAX.max(2 * *AT_ONCE)
}

/// Nobody waits for these threads at the end of the process: whatever they do then is only read.
static THREADS: LazyLock<std::io::Result<Runtime>> = LazyLock::new(|| {
    Builder::new_current_thread()
        .thread_name("long-work")
        .thread_stack_size(THREAD_STACK_BYTES)
        .max_blocking_threads(begun_max())
        .on_thread_start(stand_back)
        .build()
});

/// Has the system prefer others to this thread.
pub(super) fn stand_back() {
    // On Linux that is the priority of the thread alone.
    if let Err(error) = setpriority_process(None, NICE) {
        tracing::debug!(%error, "long work has the priority of short work");
    }
}

/// The work broke off: it panicked, or there is no thread for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the work broke off")]
pub struct Broken;

/// Does a piece of long work on one of its threads, when it is the caller's turn; here, where the caller has it.
///
/// # Errors
/// [`Broken`] when it panics, or there is no thread for it.
pub async fn in_turn<T: Send + 'static>(owner: &Owner, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Broken> {
    // Whoever waited for another turn would be polled only in its next one, and those may be the same.
    if is_long() {
        return Ok(work());
    }
    let turn = TURNS.turn(owner.of()).await.ok_or(Broken)?;
    let (task, here) = (owner.task(), Handle::current());
    let Ok(threads) = THREADS.as_ref() else { return Err(Broken) };
    let piece = move || {
        // What it waits for belongs to those who asked.
        let _entered = here.enter();
        running(task, Some(turn), work)
    };
    threads.spawn_blocking(piece).await.map_err(|_| Broken)
}

/// Does a piece of work on a thread of its own behind all others, however long it takes.
///
/// # Errors
/// [`Broken`] when it panics, or there is no thread for it.
pub async fn behind<T: Send + 'static>(name: &str, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Broken> {
    let (done, result) = oneshot::channel();
    let work = move || {
        stand_back();
        // Whoever waited may have gone away.
        let _ = done.send(work());
    };
    let thread = std::thread::Builder::new().name(name.to_owned()).stack_size(THREAD_STACK_BYTES);
    thread.spawn(work).map_err(|_| Broken)?;
    result.await.map_err(|_| Broken)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::{Owner, in_turn};

    #[tokio::test]
    async fn whoever_has_a_turn_does_what_needs_one_in_it() {
        let (owner, inner) = (Owner::new("a", None), Owner::new("a", None));
        let done = in_turn(&owner, move || in_turn(&inner, || 1).now_or_never()).await;
        assert!(matches!(done, Ok(Some(Ok(1)))), "it waits for a turn that it has");
    }
}
