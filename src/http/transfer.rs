//! Everything in, and everything out.

use std::io::{BufReader, Seek as _, Write as _};

use bytes::Bytes;
use futures_util::stream;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use warp::http::StatusCode;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use warp::reply::{Reply as _, Response};

use super::exchange::{Exchange, STANDING_REVISION, changed, recorded, with_header};
use super::problem::Problem;

/// How many pieces of an export may wait for the caller.
const PIECES: usize = 4;

pub(super) async fn import(mut x: Exchange) -> Result<Response, Problem> {
    use futures_util::StreamExt as _;
    x.no_more_query()?;
    x.pdp.may(&x.call, "import").await?;
    // While lines are written nothing else can be, so they are gathered first: a slow caller must not hold up others.
    let mut file = x.pdp.spool().map_err(|error| Problem::unusable(&error))?;
    let mut digest = Sha256::new();
    if let Some(mut body) = x.incoming() {
        while let Some(piece) = body.next().await {
            let piece = piece
                .map_err(|cause| Problem::bad("incomplete_body", format!("the body could not be read: {cause}")))?;
            digest.update(&piece);
            file.write_all(&piece).map_err(|error| Problem::unusable(&error))?;
        }
    }
    file.rewind().map_err(|error| Problem::unusable(&error))?;
    x.note_idempotency(&digest.finalize())?;
    let done = x.pdp.import(&x.call, BufReader::new(file), |_, _| {}).await?;
    changed(StatusCode::OK, &done, &done.value)
}

pub(super) async fn export(x: Exchange) -> Result<Response, Problem> {
    x.no_more_query()?;
    let export = x.pdp.export(&x.call).await?;
    let (revision, seqs) = (export.revision, export.seqs.clone());
    Ok(recorded(with_header(streamed(export.value), STANDING_REVISION, revision), &seqs))
}

/// An answer in lines, made a piece at a time; one that fails half way is cut off, which the caller sees as a broken
/// body.
pub(super) fn streamed<E>(lines: impl Iterator<Item = Result<Vec<u8>, E>> + Send + 'static) -> Response
where
    E: std::error::Error + Send + Sync + 'static,
{
    let (pieces, waiting) = mpsc::channel::<Result<Bytes, std::io::Error>>(PIECES);
    tokio::task::spawn_blocking(move || {
        for chunk in lines {
            let piece = chunk.map(Bytes::from).map_err(std::io::Error::other);
            let failed = piece.is_err();
            if pieces.blocking_send(piece).is_err() || failed {
                return;
            }
        }
    });
    let body = stream::unfold(waiting, |mut waiting| async move { Some((waiting.recv().await?, waiting)) });
    let mut response = warp::reply::stream(body).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
