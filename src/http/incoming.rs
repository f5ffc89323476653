//! A body on its way in, and what becomes of one that nobody reads to its end.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt as _, Stream, StreamExt as _};
use warp::http::HeaderMap;
use warp::http::header::{CONTENT_LENGTH, EXPECT};

/// How much of a body that is not wanted is read away, and for how long.
const UNWANTED_BYTES_MAX: usize = 64 * 1024 * 1024;
const UNWANTED_FOR: Duration = Duration::from_secs(10);

type Parts = Pin<Box<dyn Stream<Item = Result<Bytes, String>> + Send>>;

/// A body on its way in.
///
/// What a handler leaves of it is read away: a caller that is still sending reads no answer before it is done, and a
/// connection that is closed on it would take the answer along.
pub(super) struct Incoming {
    /// What is still to come; nothing once it ended.
    parts: Option<Parts>,
    /// The caller sends nothing before it is told to go on.
    waits: bool,
    /// How many bytes it is, where its length is announced.
    length: Option<u64>,
}

impl Incoming {
    /// The body of a call with these headers.
    pub(super) fn new(parts: impl Stream<Item = Result<Bytes, String>> + Send + 'static, headers: &HeaderMap) -> Self {
        let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.trim().parse().ok());
        Self { parts: Some(Box::pin(parts)), waits: headers.contains_key(EXPECT), length }
    }

    /// Is it announced to be longer than a limit?
    pub(super) fn is_longer_than(&self, limit: usize) -> bool {
        self.length.is_some_and(|length| length > limit as u64)
    }
}

impl Stream for Incoming {
    type Item = Result<Bytes, String>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
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
        let Some(first) = parts.next().now_or_never() else { return spawn(parts, 0) };
        if let Some(Ok(first)) = first {
            spawn(parts, first.len());
        }
    }
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
