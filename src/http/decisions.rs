//! What was decided, as it is recorded.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use warp::reply::Response;

use super::exchange::{Exchange, page_body, streamed, told};
use super::names::with_names;
use super::problem::Problem;
use crate::audit::Asked;
use crate::clock::Timestamp;
use crate::id::Seq;
use crate::limits::{DIGEST_LENGTH, DIGEST_PREFIX_MIN};
use crate::pdp::{By, DecisionFilter, Order, Run};

pub(super) async fn list(mut x: Exchange) -> Result<Response, Problem> {
    let (limit, cursor) = x.paging()?;
    let filter = DecisionFilter {
        subject: named(&mut x, "subject")?,
        action: x.query("action")?,
        resource: named(&mut x, "resource")?,
        decision: x.query("decision")?,
        caller: x.query("caller")?,
        reason: x.query("reason")?,
        rules: digest(&mut x)?,
        rule: x.query("rule")?,
        asked: word(
            &mut x,
            "asked",
            &[Asked::Evaluation, Asked::Search, Asked::Call].map(|asked| (asked.as_str(), asked)),
        )?,
        request_id: x.query("requestId")?,
        from: x.query::<Timestamp>("from")?,
        to: x.query::<Timestamp>("to")?,
        order: word(&mut x, "order", &[("oldest", Order::Oldest), ("newest", Order::Newest)])?.unwrap_or_default(),
    };
    x.no_more_query()?;
    let page = x.pdp.decisions(&x.call, &filter, limit, cursor.as_deref()).await?;
    told(&page, &with_names(&x.pdp, &page_body("decisions", &page.value)?)?)
}

/// An entity as it is written on the command line.
fn named(x: &mut Exchange, name: &str) -> Result<Option<String>, Problem> {
    let Some(text) = x.query::<String>(name)? else { return Ok(None) };
    if text.split_once("::").is_none_or(|(kind, _)| kind.is_empty()) {
        return Err(Problem::bad(
            "invalid_parameter",
            format!("`{name}` cannot be `{text}`; give a type and an id, for example `Partner::contoso`"),
        ));
    }
    Ok(Some(text))
}

fn digest(x: &mut Exchange) -> Result<Option<String>, Problem> {
    let Some(text) = x.query::<String>("rules")? else { return Ok(None) };
    let is_hexadecimal = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !(DIGEST_PREFIX_MIN..=DIGEST_LENGTH).contains(&text.len()) || !is_hexadecimal {
        return Err(Problem::bad(
            "invalid_parameter",
            format!(
                "`rules` cannot be `{text}`; give the digest of a set of rules, {DIGEST_LENGTH} hexadecimal digits, or its first {DIGEST_PREFIX_MIN} or more"
            ),
        ));
    }
    Ok(Some(text))
}

/// One of a few words, as what it stands for.
fn word<T: Copy>(x: &mut Exchange, name: &str, words: &[(&str, T)]) -> Result<Option<T>, Problem> {
    let Some(text) = x.query::<String>(name)? else { return Ok(None) };
    match words.iter().find(|(word, _)| *word == text) {
        Some((_, meant)) => Ok(Some(*meant)),
        None => {
            let known = words.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", ");
            Err(Problem::bad("invalid_parameter", format!("`{name}` cannot be `{text}`; use one of {known}")))
        }
    }
}

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
    told(&found, &with_names(&x.pdp, &record)?)
}

pub(super) async fn replay(mut x: Exchange) -> Result<Response, Problem> {
    let by = By::said(x.query("rules")?);
    x.no_more_query()?;
    x.no_body().await?;
    let seq: Seq = x.param("seq")?;
    let replayed = x.pdp.replay(&x.call, seq, by).await?;
    told(&replayed, &replayed.value)
}

/// Which records to decide again, and by which rules.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplayBody {
    /// A set of rules that need not be in force: texts by path, the whole set.
    #[schema(value_type = Option<Object>)]
    files: Option<BTreeMap<String, String>>,
    /// The digest of a set of rules that is or was in force, or `current`; without it those that decided.
    rules: Option<String>,
    /// The first record.
    from: Option<u64>,
    /// The last record.
    to: Option<u64>,
    /// Is every record told, and not only those with something to tell?
    #[serde(default)]
    all: bool,
}

pub(super) async fn replay_all(mut x: Exchange) -> Result<Response, Problem> {
    x.no_more_query()?;
    let ReplayBody { files, rules, from, to, all } = x.body().await?;
    if files.is_some() && rules.is_some() {
        return Err(Problem::bad("invalid_body", "`files` and `rules` are both given; give one of them".to_owned()));
    }
    let replaying = x.pdp.replay_all(&x.call, |pdp| {
        let by = match files {
            Some(files) => pdp.replay_candidate(files)?,
            None => By::said(rules),
        };
        Ok(Run { by, from: from.map(Seq), to: to.map(Seq), all })
    });
    let replaying = replaying.await?;
    let (revision, seqs) = (replaying.revision, replaying.seqs);
    let lines = replaying.value.map(|line| {
        let mut bytes = serde_json::to_vec(&line.map_err(std::io::Error::other)?).map_err(std::io::Error::other)?;
        bytes.push(b'\n');
        Ok(bytes)
    });
    Ok(streamed(lines, "application/x-ndjson", revision, &seqs))
}
