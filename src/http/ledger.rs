//! The ledger as evidence: checkpoints, proofs, verification, export and archive.

use std::convert::Infallible;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use warp::http::StatusCode;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use warp::reply::Response;

use super::accept::{JSON, NDJSON, TEXT, chosen};
use super::page::page_body;
use super::problem::Problem;
use super::query::parsed;
use super::request::{IDEMPOTENCY_KEY, Request};
use super::response::{at_revision, change_response, read_response, recorded};
use super::streamed::streamed;
use super::times::Begin;
use crate::audit::Mask;
use crate::clock::Age;
use crate::evidence;
use crate::evidence::ledger::LedgerWalk;
use crate::pdp::call;

/// How many records a verification walks past between two reports of progress.
const PROGRESS_RECORDS: u64 = 10_000;

/// Which record is proved, and in which tree.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Inclusion {
    /// The record that is proved; needed.
    #[param(minimum = 1)]
    seq: Option<u64>,
    /// The size of the tree it is proved in; all of it when nothing is said.
    #[param(minimum = 1)]
    size: Option<u64>,
}

/// Which trees are compared.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Consistency {
    /// The smaller size; needed.
    #[param(minimum = 1)]
    from: Option<u64>,
    /// The larger size; all of the ledger when nothing is said.
    #[param(minimum = 1)]
    to: Option<u64>,
}

/// What an export leaves out.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Masked {
    /// What every record is to leave out.
    #[param(value_type = Option<String>, example = "caller,facts")]
    #[serde(default, deserialize_with = "parsed")]
    mask: Option<Mask>,
}

/// Which records are old.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Old {
    /// Records older than this.
    #[param(value_type = Option<String>, example = "90d")]
    #[serde(default, deserialize_with = "parsed")]
    older_than: Option<Age>,
    /// Records made before this time; a day is its beginning in UTC.
    #[param(value_type = Option<String>, example = "2026-01-01T00:00:00Z")]
    #[serde(default, deserialize_with = "parsed")]
    before: Option<Begin>,
}

pub(super) async fn checkpoint(request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let form = chosen(&request.headers, &[JSON, TEXT])?;
    let signed = evidence::ledger::checkpoint(&request.pdp, &request.call).await?;
    if form == JSON {
        return read_response(&signed, &signed.value);
    }
    let mut response = Response::new(Bytes::from(signed.value.note.clone()).into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(recorded(at_revision(response, signed.revision), &signed.seqs))
}

pub(super) async fn checkpoints(mut request: Request) -> Result<Response, Problem> {
    let (limit, cursor) = request.paging()?;
    request.no_more_query()?;
    let (pdp, call) = (&request.pdp, &request.call);
    let page = evidence::ledger::checkpoints::checkpoints(pdp, call, limit, cursor.as_deref()).await?;
    read_response(&page, &page_body("checkpoints", &page.value)?)
}

fn needed(name: &str, given: Option<u64>) -> Result<u64, Problem> {
    given.ok_or_else(|| {
        Problem::bad("missing_parameter", format!("`{name}` is missing in the query; say which record or size"))
    })
}

pub(super) async fn proof(mut request: Request) -> Result<Response, Problem> {
    let Inclusion { seq, size } = request.query()?;
    request.no_more_query()?;
    let proof = evidence::ledger::inclusion_proof(&request.pdp, &request.call, needed("seq", seq)?, size).await?;
    read_response(&proof, &proof.value)
}

pub(super) async fn consistency(mut request: Request) -> Result<Response, Problem> {
    let Consistency { from, to } = request.query()?;
    request.no_more_query()?;
    let proof = evidence::ledger::consistency_proof(&request.pdp, &request.call, needed("from", from)?, to).await?;
    read_response(&proof, &proof.value)
}

/// A verification as lines: its progress, and at last its result.
struct Verification(Option<LedgerWalk>);

impl Iterator for Verification {
    type Item = Result<Vec<u8>, Infallible>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut walk = self.0.take()?;
        let of = walk.size();
        let line = match walk.advance(PROGRESS_RECORDS) {
            Some(walked) => {
                self.0 = Some(walk);
                json!({ "walked": walked, "of": of })
            }
            None => json!({ "result": walk.end() }),
        };
        Some(Ok(format!("{line}\n").into_bytes()))
    }
}

pub(super) async fn verify(request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let call::Response { value, revision, seqs, .. } =
        evidence::ledger::verify_ledger(&request.pdp, &request.call).await?;
    Ok(streamed(Verification(Some(value)), NDJSON, revision, &seqs))
}

pub(super) async fn export(mut request: Request) -> Result<Response, Problem> {
    let mask = request.query::<Masked>()?.mask.unwrap_or_default();
    request.no_more_query()?;
    let call::Response { value, revision, seqs, .. } =
        evidence::ledger::export_ledger(&request.pdp, &request.call, mask).await?;
    Ok(streamed(value, NDJSON, revision, &seqs))
}

pub(super) async fn archive(mut request: Request) -> Result<Response, Problem> {
    let Old { older_than: age, before } = request.query()?;
    let before = before.map(|Begin(before)| before);
    request.no_more_query()?;
    request.takes_no(&[IDEMPOTENCY_KEY])?;
    let wrong = |detail: &str| Problem::bad("invalid_parameter", detail.to_owned());
    let before = match (before, age) {
        (Some(before), None) => before,
        (None, Some(Age(age))) => {
            request.pdp.now().checked_sub(age).map_err(|_| wrong("`older_than` is longer than there is time"))?
        }
        _ => return Err(wrong("say either `older_than`, for example `90d`, or `before`, a time")),
    };
    let archived = evidence::ledger::archive::archive_ledger(&request.pdp, &request.call, before).await?;
    change_response(StatusCode::OK, &archived, &archived.value)
}
