//! Everything in, and everything out.

use std::convert::Infallible;
use std::io::{BufReader, Seek as _, Write as _};

use sha2::{Digest as _, Sha256};
use warp::http::StatusCode;
use warp::reply::Response;

use super::accept::{NDJSON, OCTETS};
use super::body::next;
use super::problem::Problem;
use super::request::Request;
use super::response::change_response;
use super::streamed::streamed;
use crate::answer;
use crate::change;
use crate::evidence;
use crate::pdp::call;

pub(super) async fn import(mut request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    call::may::<Infallible>(&request.pdp, &request.call, "import").await?;
    // While lines are imported nothing else changes, so they are buffered first: a slow caller must not hold up others.
    let mut file = change::import::spool(&request.pdp).map_err(|error| Problem::unusable(&error))?;
    let mut digest = Sha256::new();
    if let Some(mut body) = request.incoming() {
        while let Some(piece) = next(&mut body).await? {
            digest.update(&piece);
            file.write_all(&piece).map_err(|error| Problem::unusable(&error))?;
        }
    }
    file.rewind().map_err(|error| Problem::unusable(&error))?;
    request.note_idempotency(&digest.finalize())?;
    let done = change::import::import(&request.pdp, &request.call, BufReader::new(file), |_, _| {}).await?;
    change_response(StatusCode::OK, &done, &done.value)
}

pub(super) async fn export(request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let call::Response { value, revision, seqs, .. } = answer::export::export(&request.pdp, &request.call).await?;
    Ok(streamed(value, NDJSON, revision, &seqs))
}

pub(super) async fn backup(request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let call::Response { value, revision, seqs, .. } =
        evidence::backup::copy_store(&request.pdp, &request.call).await?;
    Ok(streamed(value, OCTETS, revision, &seqs))
}
