//! What was decided, as it is recorded.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use warp::http::header::VARY;
use warp::reply::Response;

use super::exchange::{Exchange, page_body, streamed, told, with_header};
use super::format::{Format, format};
use super::names::with_names;
use super::problem::Problem;
use super::sheet;
use super::times::{Begin, End};
use crate::audit::Asked;
use crate::caller::Caller;
use crate::evidence::decisions::{DecisionFilter, Order};
use crate::evidence::replay::{By, Run};
use crate::id::Seq;
use crate::limits::{DIGEST_LENGTH, DIGEST_PREFIX_MIN};
use crate::pdp::absent::MissingRecords;

const FORMS: [Format; 2] = [Format::Json, Format::Csv];
const FILE: &str = "attachment; filename=\"decisions.csv\"";
/// How many records of a whole list are put together at a time.
const ROWS_AT_ONCE: usize = 200;

const COLUMNS: [&str; 16] = [
    "seq",
    "at",
    "caller",
    "callerName",
    "asked",
    "subject",
    "action",
    "resource",
    "decision",
    "reason",
    "deciding",
    "rules",
    "revision",
    "requestId",
    "hash",
    "words",
];

pub(super) async fn list(mut x: Exchange) -> Result<Response, Problem> {
    let format = format(&mut x, &FORMS)?;
    let paging = if format == Format::Json { Some(x.paging()?) } else { None };
    let filter = DecisionFilter {
        subject: named(&mut x, "subject")?,
        action: x.query_name("action")?,
        resource: named(&mut x, "resource")?,
        decision: x.query("decision")?,
        caller: x.query_id("caller")?,
        reason: x.query("reason")?,
        rules: digest(&mut x)?,
        rule: x.query_id("rule")?,
        asked: word(
            &mut x,
            "asked",
            &[Asked::Evaluation, Asked::Search, Asked::Call].map(|asked| (asked.as_str(), asked)),
        )?,
        request_id: x.query_name("requestId")?,
        from: x.query("from")?.map(|Begin(from)| from),
        to: x.query("to")?.map(|End(to)| to),
        order: word(&mut x, "order", &[("oldest", Order::Oldest), ("newest", Order::Newest)])?.unwrap_or_default(),
        words: x.query("words")?.unwrap_or(paging.is_none()),
    };
    x.no_more_query()?;
    let response = match paging {
        Some((limit, cursor)) => {
            let page = x.pdp.decisions(&x.call, &filter, limit, cursor.as_deref()).await?;
            told(&page, &with_names(&x.pdp, &page_body("decisions", &page.value)?)?)?
        }
        None => {
            let list = x.pdp.decision_list(&x.call, &filter).await?;
            let rows = list.value.pages(ROWS_AT_ONCE).map(|page| {
                let page = page.map_err(std::io::Error::other)?;
                let missing = page.missing.iter().map(|missing| sheet::row(missing_cells(missing)));
                let rows: Result<Vec<Vec<u8>>, _> =
                    page.items.iter().map(|record| sheet::row(cells(record))).chain(missing).collect();
                Ok(rows?.concat())
            });
            let head = std::iter::once(sheet::row(COLUMNS));
            sheet::rows(head.chain(rows), FILE, list.revision, &list.seqs)
        }
    };
    Ok(with_header(response, VARY, "Accept"))
}

/// What stands in the cells of a record's row.
fn cells(record: &Value) -> [String; 16] {
    let text = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let of = |member: &str| text(&record[member]);
    let entity = |place: &str| {
        let entity = &record["question"][place];
        format!("{}::{}", text(&entity["type"]), text(&entity["id"]))
    };
    let deciding = record["deciding"].as_array().into_iter().flatten().map(text).collect::<Vec<_>>().join(" ");
    // What is no record says so in its last cell.
    let words = if record["unreadable"] == true { "this record cannot be read".to_owned() } else { of("words") };
    let caller = serde_json::from_value::<Caller>(record["caller"].clone()).map(|caller| caller.to_string());
    [
        of("seq"),
        of("at"),
        caller.unwrap_or_default(),
        of("callerName"),
        of("asked"),
        entity("subject"),
        text(&record["question"]["action"]["name"]),
        entity("resource"),
        of("decision"),
        of("reason"),
        deciding,
        of("rules"),
        text(&record["facts"]["revision"]),
        of("requestId"),
        of("hash"),
        words,
    ]
}

/// The row of records that belong into the list and cannot be read.
fn missing_cells(missing: &MissingRecords) -> [String; 16] {
    let MissingRecords { first, last, records, archive, why } = missing;
    let mut cells = [const { String::new() }; 16];
    cells[0] = if first == last { first.to_string() } else { format!("{first}-{last}") };
    let archive = archive.as_deref().unwrap_or("unknown");
    cells[15] = format!("not complete: {records} records are missing here; archive `{archive}`: {why}");
    cells
}

/// An entity as it is written on the command line.
fn named(x: &mut Exchange, name: &str) -> Result<Option<String>, Problem> {
    let Some(text) = x.query_id(name)? else { return Ok(None) };
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

pub(super) async fn prove(x: Exchange) -> Result<Response, Problem> {
    x.no_more_query()?;
    let seq: Seq = x.param("seq")?;
    let proved = x.pdp.prove_decision(&x.call, seq).await?;
    let Some(proof) = &proved.value else {
        return Err(Problem::not_found(
            "unknown_decision",
            format!("decision {seq} is not in the ledger; check the number"),
        ));
    };
    let lines = std::iter::once(Ok(proof.to_text().into_bytes()));
    Ok(streamed(lines, "application/x-ndjson", proved.revision, &proved.seqs))
}

pub(super) async fn replay(mut x: Exchange) -> Result<Response, Problem> {
    let by = By::said(x.query("rules")?);
    x.no_more_query()?;
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
