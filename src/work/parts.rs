//! A piece of long work in parts, which a second thread helps with where a core is free.

use std::iter;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::thread;

use super::task::{Task, current, running};
use super::threads::{TURNS, stand_back};
use crate::limits::THREAD_STACK_BYTES;

/// Is there a core for a helper beside that of the piece itself?
static HAS_ROOM: LazyLock<bool> = LazyLock::new(|| thread::available_parallelism().is_ok_and(|cores| cores.get() > 1));

/// Is some piece helped with? One at a time, so that whatever answers at once finds a core.
static IS_HELPING: AtomicBool = AtomicBool::new(false);

/// The one helper there may be.
struct Help;

impl Help {
    fn begin() -> Option<Self> {
        let may_begin = *HAS_ROOM && !TURNS.has_waiting();
        (may_begin && !IS_HELPING.swap(true, Ordering::AcqRel)).then_some(Self)
    }
}

impl Drop for Help {
    fn drop(&mut self) {
        IS_HELPING.store(false, Ordering::Release);
    }
}

/// Does each part of something; what came of them, in order. Where it is long work, another core is free and nobody waits
/// for a turn, a second thread takes parts as well, until somebody does.
///
/// # Errors
/// What the first part ends with that fails, in order; parts after it may have been done.
pub fn in_parts<P: Send, T: Send, E: Send>(
    parts: impl Iterator<Item = P> + Send,
    work: impl Fn(P) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    match current().and_then(|task| Some((task, Help::begin()?))) {
        Some((task, _help)) => with_help(parts, work, &task, || !TURNS.has_waiting()),
        None => parts.map(work).collect(),
    }
}

/// The same with a second thread, which takes parts as long as it may.
fn with_help<P: Send, T: Send, E: Send>(
    parts: impl Iterator<Item = P> + Send,
    work: impl Fn(P) -> Result<T, E> + Sync,
    task: &Arc<Task>,
    may_help: impl Fn() -> bool + Sync,
) -> Result<Vec<T>, E> {
    let (parts, has_failed) = (Mutex::new(parts.enumerate()), AtomicBool::new(false));
    let one = || {
        let mut parts = parts.lock().unwrap_or_else(PoisonError::into_inner);
        // Whatever is taken is done, so that all before the part that fails are.
        if has_failed.load(Ordering::Relaxed) {
            return None;
        }
        let (place, part) = parts.next()?;
        drop(parts);
        let done = work(part);
        has_failed.fetch_or(done.is_err(), Ordering::Relaxed);
        Some((place, done))
    };
    let helping = || {
        stand_back();
        running(Arc::clone(task), None, || iter::from_fn(|| if may_help() { one() } else { None }).collect::<Vec<_>>())
    };
    let mut done = thread::scope(|scope| {
        let builder = thread::Builder::new().name("long-work".to_owned()).stack_size(THREAD_STACK_BYTES);
        // Where there is no thread for it, it is done without help.
        let helper = builder.spawn_scoped(scope, helping).ok();
        let mut done: Vec<_> = iter::from_fn(&one).collect();
        match helper.map(thread::ScopedJoinHandle::join) {
            Some(Ok(helped)) => done.extend(helped),
            Some(Err(panic)) => resume_unwind(panic),
            None => {}
        }
        done
    });
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, done)| done).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::{Barrier, Mutex, PoisonError};
    use std::thread;

    use super::super::Owner;
    use super::{in_parts, with_help};

    #[test]
    fn what_comes_of_parts_is_in_their_order_whoever_did_them() {
        let (both, threads) = (Barrier::new(2), Mutex::new(HashSet::new()));
        let part = |part: usize| {
            if threads.lock().unwrap_or_else(PoisonError::into_inner).insert(thread::current().id()) {
                // Neither goes on before the other has a part, too.
                both.wait();
            }
            Ok::<usize, ()>(part)
        };
        let done = with_help(0..64, part, &Owner::new("a", None).task(), || true);
        assert_eq!(done, Ok((0..64).collect()));
    }

    #[test]
    fn the_first_part_that_fails_is_what_the_work_ends_with() {
        let part = |part: usize| if part % 16 == 7 { Err(part) } else { Ok(part) };
        for may_help in [true, false] {
            let done = with_help(0..64, part, &Owner::new("a", None).task(), || may_help);
            assert_eq!(done, Err(7), "helped: {may_help}");
        }
    }

    #[test]
    fn what_is_no_long_work_has_no_help() {
        let here = thread::current().id();
        let done: Result<Vec<bool>, ()> = in_parts(0..8, |_| Ok(thread::current().id() == here));
        assert_eq!(done, Ok(vec![true; 8]));
    }
}
