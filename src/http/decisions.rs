//! What was decided, as it is recorded.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;

use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use warp::http::header::VARY;
use warp::reply::Response;

use super::accept::NDJSON;
use super::format::{Format, format};
use super::names::with_names;
use super::page::page_body;
use super::problem::Problem;
use super::query::{IdText, NameText, invalid, parsed};
use super::request::Request;
use super::response::{read_response, with_header};
use super::rules::Rules;
use super::sheet;
use super::streamed::{in_pieces, streamed};
use super::times::{Begin, End};
use crate::audit::RecordKind;
use crate::caller::Caller;
use crate::caller::named_caller;
use crate::domain::words;
use crate::evidence;
use crate::evidence::decisions::{DecisionFilter, DecisionList, Order, is_digest, is_entity};
use crate::evidence::replay::{By, Run};
use crate::id::Seq;
use crate::limits::{DIGEST_LENGTH, DIGEST_PREFIX_MIN};
use crate::pdp::absent::MissingRecords;
use crate::pdp::call;

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

words! {
    /// The form of a list of records.
    Table {
        /// JSON, in pages.
        Json = "json",
        /// A spreadsheet, whole.
        Csv = "csv",
    }
}

impl Table {
    fn format(self) -> Format {
        match self {
            Self::Json => Format::Json,
            Self::Csv => Format::Csv,
        }
    }
}

/// Which records are listed, and how.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(super) struct Filters {
    /// Those about this subject, `Type::id`.
    #[param(value_type = Option<String>, pattern = "^.+::", example = "Partner::contoso")]
    subject: Option<IdText>,
    /// Those about this action; that of a call begins with `Api::`.
    #[param(value_type = Option<String>)]
    action: Option<NameText>,
    /// Those about this resource, `Type::id`.
    #[param(value_type = Option<String>, pattern = "^.+::", example = "Subscription::s-1")]
    resource: Option<IdText>,
    /// Those with this answer.
    decision: Option<bool>,
    /// Those this caller asked; a partner and a customer may be `Type::id` too.
    #[param(value_type = Option<String>, example = "partner:contoso")]
    caller: Option<IdText>,
    /// Those refused for this reason.
    reason: Option<String>,
    /// Those decided by the set of rules with this digest.
    #[param(pattern = "^[0-9a-f]{8,64}$")]
    rules: Option<String>,
    /// Those this rule decided.
    #[param(value_type = Option<String>, example = "may/remove-seats")]
    rule: Option<IdText>,
    /// Those that were such a question.
    #[param(inline)]
    asked: Option<RecordKind>,
    /// Those of the call the caller named so.
    #[param(value_type = Option<String>)]
    request_id: Option<NameText>,
    /// From this moment on; a day is its beginning in UTC.
    #[param(value_type = Option<String>, example = "2026-11-01T10:00:00Z")]
    #[serde(default, deserialize_with = "parsed")]
    from: Option<Begin>,
    /// Before this moment; a day is its end in UTC, so that all of it is told.
    #[param(value_type = Option<String>, example = "2026-11-01")]
    #[serde(default, deserialize_with = "parsed")]
    to: Option<End>,
    /// Which come first; `oldest` when nothing is said.
    #[param(inline)]
    order: Option<Order>,
    /// Should each be put into words too, in a member `words`?
    words: Option<bool>,
    /// The form of the answer, whatever is accepted.
    #[param(inline)]
    format: Option<Table>,
}

impl Filters {
    /// The same as a filter; what is listed whole is put into words where nothing else is said.
    fn filter(self, is_whole: bool) -> Result<DecisionFilter, Problem> {
        Ok(DecisionFilter {
            subject: entity("subject", self.subject)?,
            action: self.action.map(|NameText(action)| action),
            resource: entity("resource", self.resource)?,
            decision: self.decision,
            caller: caller(self.caller)?,
            reason: self.reason,
            rules: digest(self.rules)?,
            rule: self.rule.map(|IdText(rule)| rule),
            asked: self.asked,
            request_id: self.request_id.map(|NameText(id)| id),
            from: self.from.map(|Begin(from)| from),
            to: self.to.map(|End(to)| to),
            order: self.order.unwrap_or_default(),
            words: self.words.unwrap_or(is_whole),
        })
    }
}

pub(super) async fn list(mut request: Request) -> Result<Response, Problem> {
    let given: Filters = request.query()?;
    let format = format(&request, given.format.map(Table::format), &FORMS)?;
    let paging = if format == Format::Json { Some(request.paging()?) } else { None };
    let filter = given.filter(paging.is_none())?;
    request.no_more_query()?;
    let response = match paging {
        Some((limit, cursor)) => {
            let page =
                evidence::decisions::decisions(&request.pdp, &request.call, &filter, limit, cursor.as_deref()).await?;
            read_response(&page, &with_names(&request.pdp, &page_body("decisions", &page.value)?)?)?
        }
        None => spreadsheet(evidence::decisions::decision_list(&request.pdp, &request.call, &filter).await?),
    };
    Ok(with_header(response, VARY, "Accept"))
}

/// A whole list as a spreadsheet, which is made while it is sent.
pub(crate) fn spreadsheet(list: call::Response<DecisionList>) -> Response {
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
fn entity(name: &str, given: Option<IdText>) -> Result<Option<String>, Problem> {
    match given {
        Some(IdText(text)) if !is_entity(&text) => {
            Err(invalid(name, &text, "give a type and an id, for example `Partner::contoso`"))
        }
        given => Ok(given.map(|IdText(text)| text)),
    }
}

fn caller(given: Option<IdText>) -> Result<Option<String>, Problem> {
    let Some(IdText(text)) = given else { return Ok(None) };
    let hint = "give a caller as records name it: `partner:contoso`, `customer:adatum`, `visitor`, or a role and its token's \
                public name as in `operator:anonymous`";
    named_caller(&text).map(Some).ok_or_else(|| invalid("caller", &text, hint))
}

fn digest(given: Option<String>) -> Result<Option<String>, Problem> {
    match given {
        Some(text) if !is_digest(&text) => Err(invalid(
            "rules",
            &text,
            &format!(
                "give the digest of a set of rules, {DIGEST_LENGTH} hexadecimal digits, or its first {DIGEST_PREFIX_MIN} or more"
            ),
        )),
        given => Ok(given),
    }
}

pub(super) async fn get(request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let seq: Seq = request.param("seq")?;
    let found = evidence::ledger::decision(&request.pdp, &request.call, seq).await?;
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
    read_response(&found, &with_names(&request.pdp, &record)?)
}

/// Describes, in the document of the API, the members next to a record wherever one is answered: the bytes of a record
/// do not say where they are.
pub(super) fn describe_place(document: &mut Value) {
    let Some(record) = document.pointer_mut("/components/schemas/DecisionRecord") else { return };
    let hash = "The hash of the record's leaf in the ledger's tree, in base64: `SHA-256(0x00 || record)`";
    let members = [
        ("seq", "integer", "The place in the ledger"),
        ("hash", "string", hash),
        ("archive", "string", "The archive file it was read from"),
        ("words", "string", "The record in a sentence, where that was asked for"),
    ];
    for (member, kind, says) in members {
        record["properties"][member] = json!({ "type": kind, "description": says });
    }
    record["properties"]["seq"]["minimum"] = 0.into();
    if let Some(required) = record["required"].as_array_mut() {
        required.extend(["seq".into(), "hash".into()]);
    }
}

pub(super) async fn prove(request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let seq: Seq = request.param("seq")?;
    let proved = evidence::ledger::prove::prove_decision(&request.pdp, &request.call, seq).await?;
    let Some(proof) = &proved.value else {
        return Err(Problem::not_found(
            "unknown_decision",
            format!("decision {seq} is not in the ledger; check the number"),
        ));
    };
    let lines = std::iter::once(Ok::<_, Infallible>(proof.to_text().into_bytes()));
    Ok(streamed(lines, NDJSON, proved.revision, &proved.seqs))
}

pub(super) async fn replay(mut request: Request) -> Result<Response, Problem> {
    let by = By::said(request.query::<Rules>()?.rules);
    request.no_more_query()?;
    let seq: Seq = request.param("seq")?;
    let replayed = evidence::replay::replay(&request.pdp, &request.call, seq, by).await?;
    read_response(&replayed, &replayed.value)
}

/// Which records to decide again, and by which rules.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplayBody {
    /// A set of rules that need not be in force: texts by path, the whole set.
    files: Option<BTreeMap<String, String>>,
    /// The digest of a set of rules that is or was in force, or `current`; without it those that decided.
    rules: Option<String>,
    /// The first record.
    #[schema(format = "uint64")]
    from: Option<u64>,
    /// The last record.
    #[schema(format = "uint64")]
    to: Option<u64>,
    /// Is every record told, and not only those with something to tell?
    #[serde(default)]
    all: bool,
}

pub(super) async fn replay_all(mut request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let ReplayBody { files, rules, from, to, all } = request.body().await?;
    if files.is_some() && rules.is_some() {
        return Err(Problem::bad("invalid_body", "`files` and `rules` are both given; give one of them".to_owned()));
    }
    let replaying = evidence::replay::run::replay_all(&request.pdp, &request.call, |pdp| {
        let by = match files {
            Some(files) => evidence::replay::run::replay_candidate(pdp, files)?,
            None => By::said(rules),
        };
        Ok(Run { by, from: from.map(Seq), to: to.map(Seq), all })
    });
    let replaying = replaying.await?;
    let (revision, seqs) = (replaying.revision, replaying.seqs);
    let lines = replaying.value.map(|line| {
        let mut bytes = serde_json::to_vec(&line.map_err(io::Error::other)?)?;
        bytes.push(b'\n');
        Ok::<_, io::Error>(bytes)
    });
    Ok(streamed(in_pieces(lines), NDJSON, revision, &seqs))
}
