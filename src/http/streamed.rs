//! An answer that is made while it is sent.

use bytes::Bytes;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use warp::reply::{Reply as _, Response};

use super::exchange::{STANDING_REVISION, recorded, with_header};
use super::in_turn;
use crate::id::{Revision, Seq};
use crate::limits::EXPORT_CHUNK_BYTES;

/// How many pieces of a streamed answer may wait for the caller.
const PIECES: usize = 4;

/// An answer that is made while it is sent. One that fails half way is cut off, which the caller sees as a broken body.
pub(super) fn streamed(
    mut made: impl Iterator<Item = std::io::Result<Vec<u8>>> + Send + 'static,
    media: &'static str,
    revision: Revision,
    seqs: &[Seq],
) -> Response {
    let (pieces, waiting) = tokio::sync::mpsc::channel(PIECES);
    tokio::task::spawn_blocking(move || {
        while let Some(piece) = in_turn(|| gathered(&mut made)) {
            let has_failed = piece.is_err();
            if pieces.blocking_send(piece).is_err() || has_failed {
                return;
            }
        }
    });
    let body =
        futures_util::stream::unfold(waiting, |mut waiting| async move { Some((waiting.recv().await?, waiting)) });
    let mut response = warp::reply::stream(body).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    recorded(with_header(response, STANDING_REVISION, revision), seqs)
}

/// Enough of what is made for one piece.
fn gathered(made: &mut impl Iterator<Item = std::io::Result<Vec<u8>>>) -> Option<std::io::Result<Bytes>> {
    let mut piece = match made.next()? {
        Ok(first) => first,
        Err(error) => return Some(Err(error)),
    };
    while piece.len() < EXPORT_CHUNK_BYTES {
        match made.next() {
            Some(Ok(more)) => piece.extend_from_slice(&more),
            Some(Err(error)) => return Some(Err(error)),
            None => break,
        }
    }
    Some(Ok(piece.into()))
}
