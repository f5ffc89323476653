//! The ledger as evidence: checkpoints, proofs, verification, export and archive.

use std::convert::Infallible;

use bytes::Bytes;
use jiff::SpanRelativeTo;
use serde_json::json;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use warp::reply::Response;

use super::accept::{JSON, TEXT, chosen};
use super::exchange::{Exchange, IDEMPOTENCY_KEY, STANDING_REVISION, recorded, told, with_header};
use super::problem::Problem;
use super::times::Begin;
use super::transfer::streamed;
use crate::audit::Mask;
use crate::evidence::ledger::LedgerWalk;
use crate::pdp::call::Told;

/// How many records a verification walks past between two reports of progress.
const PROGRESS_RECORDS: u64 = 10_000;

pub(super) async fn checkpoint(x: Exchange) -> Result<Response, Problem> {
    x.no_more_query()?;
    let form = chosen(&x.headers, &[JSON, TEXT])?;
    let signed = x.pdp.checkpoint(&x.call).await?;
    if form == JSON {
        return told(&signed, &signed.value);
    }
    let mut response = Response::new(Bytes::from(signed.value.note.clone()).into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(recorded(with_header(response, STANDING_REVISION, signed.revision), &signed.seqs))
}

fn needed(name: &str, given: Option<u64>) -> Result<u64, Problem> {
    given.ok_or_else(|| {
        Problem::bad("missing_parameter", format!("`{name}` is missing in the query; say which record or size"))
    })
}

pub(super) async fn proof(mut x: Exchange) -> Result<Response, Problem> {
    let (seq, size) = (x.query("seq")?, x.query("size")?);
    x.no_more_query()?;
    let proof = x.pdp.inclusion_proof(&x.call, needed("seq", seq)?, size).await?;
    told(&proof, &proof.value)
}

pub(super) async fn consistency(mut x: Exchange) -> Result<Response, Problem> {
    let (from, to) = (x.query("from")?, x.query("to")?);
    x.no_more_query()?;
    let proof = x.pdp.consistency_proof(&x.call, needed("from", from)?, to).await?;
    told(&proof, &proof.value)
}

/// A verification as lines: how far it is, and at last what it came to.
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

pub(super) async fn verify(x: Exchange) -> Result<Response, Problem> {
    x.no_more_query()?;
    let Told { value, revision, seqs, .. } = x.pdp.verify_ledger(&x.call).await?;
    Ok(recorded(with_header(streamed(Verification(Some(value))), STANDING_REVISION, revision), &seqs))
}

pub(super) async fn export(mut x: Exchange) -> Result<Response, Problem> {
    let mask: Mask = x.query("mask")?.unwrap_or_default();
    x.no_more_query()?;
    let Told { value, revision, seqs, .. } = x.pdp.export_ledger(&x.call, mask).await?;
    Ok(recorded(with_header(streamed(value), STANDING_REVISION, revision), &seqs))
}

pub(super) async fn archive(mut x: Exchange) -> Result<Response, Problem> {
    let before = x.query("before")?.map(|Begin(before)| before);
    let age: Option<jiff::Span> = x.query("older_than")?;
    x.no_more_query()?;
    x.takes_no(&[IDEMPOTENCY_KEY])?;
    let wrong = |detail: &str| Problem::bad("invalid_parameter", detail.to_owned());
    let before = match (before, age) {
        (Some(before), None) => before,
        (None, Some(age)) => {
            let age = age.to_duration(SpanRelativeTo::days_are_24_hours()).ok().filter(|age| age.is_positive());
            let age = age.ok_or_else(|| wrong("`older_than` is days or hours, for example `90d`"))?;
            x.pdp.now().checked_sub(age).map_err(|_| wrong("`older_than` is longer than there is time"))?
        }
        _ => return Err(wrong("say either `older_than`, for example `90d`, or `before`, a time")),
    };
    let archived = x.pdp.archive_ledger(&x.call, before).await?;
    told(&archived, &archived.value)
}
