//! The request as a handler sees it.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use warp::http::header::HeaderName;
use warp::http::{HeaderMap, Method};

use super::authenticate::Entry;
use super::body::{collected, content_type, media_type};
use super::conditions::{Conditions, Known};
use super::incoming::Incoming;
use super::page::Paging;
use super::problem::Problem;
use super::query::Query;
use super::received::{PassedOn, Received, Serving};
use super::trace::trace;
use crate::caller::Identity;
use crate::json;
use crate::limits::{IDEMPOTENCY_KEY_LENGTH_MAX, REQUEST_ID_LENGTH_MAX, RULES_BODY_BYTES_MAX};
use crate::pdp::Pdp;
use crate::pdp::call::{Call, Idempotency};

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A request as a handler sees it.
pub struct Request {
    pub(super) pdp: Arc<Pdp>,
    pub(super) call: Call,
    pub(super) headers: HeaderMap,
    /// How it came in, for streams that authenticate again.
    pub(super) entry: Entry,
    /// What the caller knows of the noun it reads.
    pub(super) known: Option<Known>,
    pub(super) serving: Arc<Serving>,
    /// The call that a proxy asks about, where it asks with that call itself.
    pub(super) passed_on: Option<PassedOn>,
    method: Method,
    path: String,
    params: BTreeMap<String, String>,
    query_text: String,
    query: Query,
    /// Behind a lock only so that a request can be shared across an await; nobody ever waits for it.
    body: Mutex<Option<Incoming>>,
}

impl Request {
    pub(super) fn new(
        pdp: Arc<Pdp>,
        entry: Entry,
        identity: Identity,
        Conditions { writing, known }: Conditions,
        received: Received,
    ) -> Result<Self, Problem> {
        let Received { method, path, params, query: query_text, passed_on, headers, body, serving, .. } = received;
        let query = Query::read(&query_text)?;
        let mut call = Call::by(identity);
        call.request_id = headers.get(REQUEST_ID).map(|id| {
            let id = String::from_utf8_lossy(id.as_bytes());
            id.chars().take(REQUEST_ID_LENGTH_MAX).collect()
        });
        call.trace = trace(&headers);
        call.conditions = writing;
        let body = Mutex::new(Some(body));
        Ok(Self { pdp, call, headers, entry, known, serving, passed_on, method, path, params, query_text, query, body })
    }

    /// A part of the path as what it names.
    pub(super) fn param<T: FromStr>(&self, name: &str) -> Result<T, Problem>
    where
        T::Err: std::fmt::Display,
    {
        let text = self.params.get(name).map(String::as_str).unwrap_or_default();
        text.parse().map_err(|error: T::Err| Problem::bad("invalid_id", error.to_string()))
    }

    /// A part of the path as it is written.
    pub(super) fn param_text(&self, name: &str) -> &str {
        self.params.get(name).map(String::as_str).unwrap_or_default()
    }

    /// The parameters of the query that are members of a type.
    pub(super) fn query<T: DeserializeOwned>(&mut self) -> Result<T, Problem> {
        self.query.take(self.pdp.has_world())
    }

    /// Does the query say nothing?
    pub(super) fn has_no_query(&self) -> bool {
        self.query.unknown().is_none()
    }

    /// Refuses parameters that no one asked for: one misspelt would silently widen what a call does.
    pub(super) fn no_more_query(&self) -> Result<(), Problem> {
        match self.query.unknown() {
            Some(name) => Err(Problem::bad(
                "unknown_parameter",
                format!("`{name}` is not a parameter of `{} {}`; leave it out", self.method, self.path),
            )),
            None => Ok(()),
        }
    }

    /// The `limit` and `cursor` of a list.
    pub(super) fn paging(&mut self) -> Result<(usize, Option<String>), Problem> {
        let paging: Paging = self.query()?;
        Ok((paging.limit()?, paging.cursor))
    }

    /// Refuses the headers that would make a promise this call does not keep.
    pub(super) fn takes_no(&self, headers: &[HeaderName]) -> Result<(), Problem> {
        match headers.iter().find(|name| self.headers.contains_key(*name)) {
            Some(name) => Err(Problem::bad(
                "header_not_taken",
                format!("`{} {}` does not take `{name}`; leave it out", self.method, self.path),
            )),
            None => Ok(()),
        }
    }

    /// The body as it comes in.
    pub(super) fn incoming(&mut self) -> Option<Incoming> {
        self.body.get_mut().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The body's JSON; also takes note of what makes a retry safe.
    pub(super) async fn json(&mut self) -> Result<Value, Problem> {
        self.json_within(self.pdp.limits().body_bytes).await
    }

    /// A body with a set of rules as a wire type; it may be larger than others.
    pub(super) async fn rules_body<T: DeserializeOwned>(&mut self) -> Result<T, Problem> {
        let limit = self.pdp.limits().body_bytes.max(RULES_BODY_BYTES_MAX);
        Ok(json::of(self.json_within(limit).await?)?)
    }

    /// The body as a wire type, or what it is when nothing is sent.
    pub(super) async fn body_or_none<T: DeserializeOwned + Default>(&mut self) -> Result<T, Problem> {
        let bytes = self.body_bytes(self.pdp.limits().body_bytes).await?;
        if bytes.is_empty() {
            self.note_idempotency(&bytes)?;
            return Ok(T::default());
        }
        self.is_json_body(&bytes)?;
        Ok(json::of(self.read_json(&bytes)?)?)
    }

    /// The body that is said to be JSON, unread; also takes note of what makes a retry safe.
    pub(super) async fn json_text(&mut self) -> Result<Bytes, Problem> {
        let bytes = self.body_bytes(self.pdp.limits().body_bytes).await?;
        self.is_json_body(&bytes)?;
        Ok(bytes)
    }

    /// The JSON of the body's text.
    pub(super) fn read_json(&self, text: &[u8]) -> Result<Value, Problem> {
        Ok(json::read(text, self.pdp.limits().depth)?)
    }

    async fn json_within(&mut self, limit: usize) -> Result<Value, Problem> {
        let bytes = self.body_bytes(limit).await?;
        self.is_json_body(&bytes)?;
        self.read_json(&bytes)
    }

    fn is_json_body(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.is_json()?;
        self.note_idempotency(bytes)
    }

    /// The body's JSON as a noun or a wire type.
    pub(super) async fn body<T: DeserializeOwned>(&mut self) -> Result<T, Problem> {
        Ok(json::of(self.json().await?)?)
    }

    /// A noun of the body, whose id is the one of the path.
    ///
    /// The body may name it too, as `id` or by the noun's own name where that is no other member of it.
    pub(super) async fn noun<T: DeserializeOwned>(&mut self, noun: &str, id: &str) -> Result<T, Problem> {
        let mut value = self.json().await?;
        let Value::Object(members) = &mut value else {
            return Err(Problem::bad("invalid_body", "the body is not an object".to_owned()));
        };
        let named = if members.contains_key("id") { "id" } else { noun };
        match members.remove(named).or_else(|| members.remove("id")) {
            None | Some(Value::Null) => {
                members.insert("id".to_owned(), id.into());
            }
            Some(Value::String(named)) if named == id => {}
            Some(_) => {
                return Err(Problem::bad(
                    "invalid_body",
                    format!("`id` is not `{id}`, as the path says; leave it out"),
                ));
            }
        }
        Ok(json::of(value)?)
    }

    async fn body_bytes(&mut self, limit: usize) -> Result<Bytes, Problem> {
        match self.incoming() {
            Some(body) => collected(body, limit).await,
            None => Ok(Bytes::new()),
        }
    }

    fn is_json(&self) -> Result<(), Problem> {
        let given = content_type(&self.headers);
        if media_type(given).eq_ignore_ascii_case("application/json") {
            return Ok(());
        }
        Err(Problem::bad(
            "content_type",
            format!("the content type is `{given}`; send `Content-Type: application/json`"),
        ))
    }

    /// Records what makes a retry safe; the body of a call without one is empty.
    pub(super) fn note_idempotency(&mut self, body: &[u8]) -> Result<(), Problem> {
        let Some(key) = self.headers.get(IDEMPOTENCY_KEY) else { return Ok(()) };
        let key = key.to_str().ok().filter(|key| (1..=IDEMPOTENCY_KEY_LENGTH_MAX).contains(&key.len()));
        let key = key.filter(|key| key.bytes().all(|byte| byte.is_ascii_graphic()));
        let Some(key) = key else {
            return Err(Problem::bad(
                "invalid_idempotency_key",
                format!("`Idempotency-Key` is 1 to {IDEMPOTENCY_KEY_LENGTH_MAX} visible ASCII characters"),
            ));
        };
        let mut request = Sha256::new();
        for part in [self.method.as_str().as_bytes(), self.path.as_bytes(), self.query_text.as_bytes(), body] {
            request.update((part.len() as u64).to_be_bytes());
            request.update(part);
        }
        self.call.idempotency = Some(Idempotency { key: key.to_owned(), request: request.finalize().into() });
        Ok(())
    }
}
