//! Long work: searches, lists of decisions, reviews, verification, exports.
//!
//! Whatever a long call does between two waits is done on the threads of long work when it is the caller's turn, so that
//! health and single questions are answered meanwhile. While a call waits, for its body or its record, another has its
//! turn. A call ends with its client, and when it has worked for as long as one may.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use tokio::sync::Notify;
use warp::http::HeaderMap;
use warp::http::header::CONTENT_LENGTH;

use super::problem::Problem;
use crate::work::{Owner, in_turn};

/// A body that asks for so much is long work, in bytes.
const LONG_BODY: u64 = 16 * 1024;

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

/// Rings when what was polled last has something to do, also while nobody listens.
#[derive(Default)]
struct Bell(Notify);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }
}

/// Work that is polled on another thread each time.
pub(crate) type Working<T> = Pin<Box<dyn Future<Output = Result<T, Problem>> + Send>>;

/// Does long work, a piece at a time, each when it is the turn of whoever owns it. Dropped, it ends.
///
/// # Errors
/// 503 `took_too_long` once it worked for longer than it may, and whatever the work itself comes to.
pub(crate) async fn long<T: Send + 'static>(owner: Owner, mut work: Working<T>) -> Result<T, Problem> {
    let bell = Arc::new(Bell::default());
    loop {
        let waker = Waker::from(Arc::clone(&bell));
        let piece = move || {
            let polled = work.as_mut().poll(&mut Context::from_waker(&waker));
            (work, polled)
        };
        let (left, polled) = in_turn(&owner, piece).await.map_err(|_| Problem::internal())?;
        match polled {
            // Whatever it made of being stopped is no answer.
            Poll::Ready(_) if owner.stopped().is_some() => return Err(Problem::took_too_long(owner.budget())),
            Poll::Ready(done) => return done,
            Poll::Pending => bell.0.notified().await,
        }
        work = left;
    }
}
