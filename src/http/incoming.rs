//! A body on its way in, and what becomes of one that nobody reads to its end.

use std::fmt::Display;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use futures_util::{FutureExt as _, Stream, StreamExt as _, stream};
use warp::http::HeaderMap;
use warp::http::header::{CONTENT_LENGTH, EXPECT};

use crate::limits::Limits;

/// How much of a body that is not wanted is read away, and for how long.
const UNWANTED_BYTES_MAX: usize = 64 * 1024 * 1024;
const UNWANTED_FOR: Duration = Duration::from_secs(10);

type Parts = Pin<Box<dyn Stream<Item = Result<Bytes, String>> + Send>>;

/// A body on its way in.
///
/// What a handler leaves of it is read away: a caller that is still sending reads no answer before it is done, and a
/// connection that is closed on it would take the answer along.
pub(super) struct Incoming {
    /// The part that came with the head, while nobody read it.
    first: Option<Result<Bytes, String>>,
    /// What is still to come; nothing once it ended.
    parts: Option<Parts>,
    /// The caller sends nothing before it is told to go on.
    waits: bool,
    /// How many bytes it is, where its length is announced.
    length: Option<u64>,
    /// How long it may take.
    pub(super) within: BodyTimes,
}

/// How long a body may take to come.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyTimes {
    /// The next part of it.
    pub(super) part: Duration,
    /// All of it, where it is read whole.
    pub(super) whole: Duration,
}

impl BodyTimes {
    pub(super) fn of(limits: &Limits) -> Self {
        let seconds = |seconds: usize| Duration::from_secs(seconds as u64);
        Self { part: seconds(limits.body_part_seconds), whole: seconds(limits.body_seconds) }
    }
}

impl Incoming {
    /// The body of a call with these headers, as far as it is there: most come whole with their head.
    pub(super) async fn begun<B, E>(
        parts: impl Stream<Item = Result<B, E>> + Send + Unpin + 'static,
        headers: &HeaderMap,
        within: BodyTimes,
    ) -> Self
    where
        B: Buf + Send + 'static,
        E: Display + Send + 'static,
    {
        let mut parts = parts
            .map(|part| part.map(|mut part| part.copy_to_bytes(part.remaining())).map_err(|error| error.to_string()));
        let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.trim().parse().ok());
        let mut body = Self { first: None, parts: None, waits: headers.contains_key(EXPECT), length, within };
        // Whoever asks for a part has the caller told to go on.
        if !body.waits {
            let Some(first) = at_once(&mut parts).await else { return body.with(parts) };
            let is_last = !matches!(first, Some(Ok(_)));
            let is_announced = |part: &Bytes| Some(part.len() as u64) == length;
            let may_be_whole = first.as_ref().is_some_and(|first| first.as_ref().is_ok_and(is_announced));
            body.first = first;
            if is_last {
                return body;
            }
            // Only its end says that it is whole.
            if may_be_whole {
                match at_once(&mut parts).await {
                    Some(None) => return body,
                    Some(Some(second)) => return body.with(stream::iter([second]).chain(parts)),
                    None => {}
                }
            }
        }
        body.with(parts)
    }

    fn with(mut self, parts: impl Stream<Item = Result<Bytes, String>> + Send + 'static) -> Self {
        self.parts = Some(Box::pin(parts));
        self
    }

    /// All of it, where all of it is there.
    pub(super) fn whole(&mut self) -> Option<Bytes> {
        if self.parts.is_some() || matches!(self.first, Some(Err(_))) {
            return None;
        }
        Some(self.first.take().and_then(Result::ok).unwrap_or_default())
    }

    /// Is it announced to be longer than a limit?
    pub(super) fn is_longer_than(&self, limit: usize) -> bool {
        self.length.is_some_and(|length| length > limit as u64)
    }
}

impl Stream for Incoming {
    type Item = Result<Bytes, String>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(first));
        }
        // Whoever asks for a part has the caller told to go on.
        self.waits = false;
        let Some(parts) = &mut self.parts else { return Poll::Ready(None) };
        let part = parts.as_mut().poll_next(context);
        if matches!(part, Poll::Ready(None | Some(Err(_)))) {
            self.parts = None;
        }
        part
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        let Some(mut parts) = self.parts.take().filter(|_| !self.waits) else { return };
        let read = self.first.take().and_then(Result::ok).unwrap_or_default().len();
        let Some(next) = parts.next().now_or_never() else { return spawn(parts, read) };
        if let Some(Ok(next)) = next {
            spawn(parts, read + next.len());
        }
    }
}

/// What a stream has at once: the next part, or its end; nothing where it has to be waited for.
async fn at_once<T>(parts: &mut (impl Stream<Item = T> + Unpin)) -> Option<Option<T>> {
    poll_fn(|context| {
        Poll::Ready(match parts.poll_next_unpin(context) {
            Poll::Ready(part) => Some(part),
            Poll::Pending => None,
        })
    })
    .await
}

/// Reads the rest of a body away beside the answer; `read` bytes of it were.
fn spawn(mut parts: Parts, mut read: usize) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    runtime.spawn(tokio::time::timeout(UNWANTED_FOR, async move {
        while let Some(Ok(part)) = parts.next().await {
            read += part.len();
            if read > UNWANTED_BYTES_MAX {
                return;
            }
        }
    }));
}
