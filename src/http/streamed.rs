//! An answer that is made while it is sent.

use std::error::Error;
use std::io;
use std::iter::from_fn;

use bytes::Bytes;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use warp::reply::{Reply as _, Response};

use super::response::{at_revision, recorded};
use crate::id::{Revision, Seq};
use crate::limits::EXPORT_CHUNK_BYTES;
use crate::work::{Owner, in_turn};

/// How many pieces of a streamed answer may wait for the caller.
const PIECES: usize = 4;

/// An answer that is made while it is sent, a piece at a time, each when it is the caller's turn, and no more than a few
/// before the caller has read those before them; no thread waits with it. One that fails half way is cut off, which the
/// caller sees as a broken body.
pub(super) fn streamed<E>(
    made: impl Iterator<Item = Result<Vec<u8>, E>> + Send + 'static,
    media: &'static str,
    revision: Revision,
    seqs: &[Seq],
) -> Response
where
    E: Error + Send + Sync + 'static,
{
    let (pieces, waiting) = tokio::sync::mpsc::channel(PIECES);
    let owner = Owner::of_current();
    tokio::spawn(async move {
        let mut made = made;
        // A caller that is gone is seen while a piece is made, too.
        let sending = async {
            while let Ok(room) = pieces.reserve().await {
                let next = in_turn(&owner, move || {
                    let piece = made.next();
                    (made, piece)
                });
                let Ok((rest, piece)) = next.await else {
                    room.send(Err(io::Error::other("the answer broke off")));
                    return;
                };
                made = rest;
                let Some(piece) = piece else { return };
                let has_failed = piece.is_err();
                room.send(piece.map(Bytes::from).map_err(io::Error::other));
                if has_failed {
                    return;
                }
            }
        };
        tokio::select! {
            () = sending => {}
            () = pieces.closed() => {}
        }
    });
    let body =
        futures_util::stream::unfold(waiting, |mut waiting| async move { Some((waiting.recv().await?, waiting)) });
    let mut response = warp::reply::stream(body).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    recorded(at_revision(response, revision), seqs)
}

/// Rows put together to pieces that are worth sending. What was made before a row failed is not sent.
pub(super) fn in_pieces<E>(
    mut rows: impl Iterator<Item = Result<Vec<u8>, E>>,
) -> impl Iterator<Item = Result<Vec<u8>, E>> {
    from_fn(move || {
        let mut piece = match rows.next()? {
            Ok(first) => first,
            Err(error) => return Some(Err(error)),
        };
        while piece.len() < EXPORT_CHUNK_BYTES {
            match rows.next() {
                Some(Ok(more)) => piece.extend_from_slice(&more),
                Some(Err(error)) => return Some(Err(error)),
                None => break,
            }
        }
        Some(Ok(piece))
    })
}
