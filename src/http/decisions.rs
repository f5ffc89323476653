//! What was decided, as it is recorded.

use serde_json::Value;
use warp::reply::Response;

use super::exchange::{Exchange, told};
use super::problem::Problem;
use crate::id::Seq;

pub(super) async fn get(x: Exchange) -> Result<Response, Problem> {
    x.no_more_query()?;
    let seq: Seq = x.param("seq")?;
    let found = x.pdp.decision(&x.call, seq).await?;
    let Some(kept) = &found.value else {
        return Err(Problem::not_found(
            "unknown_decision",
            format!("decision {seq} is not in the ledger; check the number"),
        ));
    };
    let mut record: Value = serde_json::from_slice(&kept.record).map_err(|_| Problem::internal())?;
    record["seq"] = seq.0.into();
    record["hash"] = kept.hash.as_str().into();
    if let Some(archive) = &kept.archive {
        record["archive"] = archive.as_str().into();
    }
    told(&found, &record)
}
