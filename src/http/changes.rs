//! The journal of changes, in pages and as a stream.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream;
use serde::Deserialize;
use utoipa::IntoParams;
use warp::http::HeaderMap;
use warp::http::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use warp::reply::{Reply as _, Response};
use warp::sse::Event;

use super::accept::{JSON, chosen};
use super::authenticate::{Entry, identity};
use super::names::with_names;
use super::page::limit as limit_of;
use super::problem::Problem;
use super::query::parsed;
use super::received::Shutdown;
use super::request::Request;
use super::response::{read_response, recorded};
use super::times::{Begin, End};
use crate::caller::Identity;
use crate::evidence;
use crate::evidence::changes::{ChangeFilter, ChangesPage, EventName};
use crate::id::{CustomerId, PartnerId, Revision};
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call};
use crate::work::{Owner, in_turn};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const STREAM: &str = "text/event-stream";

/// Which changes are told.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// The `next` of the page before; the id of an event, too.
    #[param(value_type = Option<u64>)]
    #[serde(default, deserialize_with = "parsed")]
    after: Option<Cursor>,
    /// The most items on the page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<usize>,
    /// From this moment on; a day is its beginning in UTC.
    #[param(value_type = Option<String>, example = "2026-11-01T10:00:00Z")]
    #[serde(default, deserialize_with = "parsed")]
    from: Option<Begin>,
    /// Before this moment; a day is its end in UTC, so that all of it is told.
    #[param(value_type = Option<String>, example = "2026-11-01")]
    #[serde(default, deserialize_with = "parsed")]
    to: Option<End>,
    /// Those of this customer.
    #[param(inline)]
    customer: Option<CustomerId>,
    /// What names this partner, or a subscription that it sold.
    #[param(inline)]
    partner: Option<PartnerId>,
    /// What is such an event.
    #[param(value_type = Option<String>, example = "partner-registered")]
    #[serde(default, deserialize_with = "parsed")]
    event: Option<EventName>,
}

pub(super) async fn list(mut request: Request) -> Result<Response, Problem> {
    let Which { after, limit, from, to, customer, partner, event } = request.query()?;
    let limit = limit_of(limit)?;
    let (from, to) = (from.map(|Begin(from)| from), to.map(|End(to)| to));
    let filter = ChangeFilter { from, to, customer, partner, event };
    request.no_more_query()?;
    let last = last_event_id(&request.headers)?;
    if chosen(&request.headers, &[JSON, STREAM])? == STREAM {
        let cursor = last.or(after).unwrap_or_default();
        if filter.to.is_some() {
            return Err(Problem::bad("invalid_parameter", "a stream does not end, so leave `to` out".to_owned()));
        }
        return follow(request, cursor, limit, filter).await;
    }
    let page =
        evidence::changes::changes_of(&request.pdp, &request.call, after.unwrap_or_default().before(), limit, &filter)
            .await?;
    read_response(&page, &with_names(&request.pdp, &page.value)?)
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<Cursor>, Problem> {
    let Some(id) = headers.get(LAST_EVENT_ID) else { return Ok(None) };
    let text = id.to_str().unwrap_or_default();
    text.parse().map(Some).map_err(|_| {
        Problem::bad("invalid_parameter", format!("`Last-Event-ID` cannot be `{text}`; send the id of the last event"))
    })
}

/// A place in the journal: after a revision, or after one of its events.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
struct Cursor {
    revision: Revision,
    /// How many events of the revision were sent; all of them when absent.
    sent: Option<usize>,
}

impl Cursor {
    /// The last revision that was sent completely.
    fn before(self) -> Revision {
        match self.sent {
            Some(_) => Revision(self.revision.0.saturating_sub(1)),
            None => self.revision,
        }
    }
}

impl FromStr for Cursor {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('.') {
            Some((revision, sent)) => Ok(Self { revision: revision.parse()?, sent: Some(sent.parse()?) }),
            None => Ok(Self { revision: text.parse()?, sent: None }),
        }
    }
}

/// A stream that sends each change once and in order, from a cursor on, until the caller or the server goes, or the
/// caller may not read the journal any more.
async fn follow(request: Request, cursor: Cursor, limit: usize, filter: ChangeFilter) -> Result<Response, Problem> {
    // That the caller may read the journal is recorded once, when the stream opens; that it may not any more, as well.
    let opened = evidence::changes::changes(&request.pdp, &request.call, cursor.before(), 1).await?;
    let Request { pdp, call, entry, headers, serving, .. } = request;
    let looking = Owner::new(&call.caller.to_string(), None);
    let following = Following {
        newest: evidence::changes::watch(&pdp),
        reader: Reader { pdp, call, entry, headers, admitted: None },
        shutdown: serving.shutdown.clone(),
        heartbeat: serving.heartbeat,
        cursor,
        limit,
        filter,
        looking,
        ready: VecDeque::new(),
    };
    let events = stream::unfold(following, |mut following| async move {
        let event = following.next().await?;
        Some((Ok::<_, Infallible>(event), following))
    });
    let mut response = recorded(warp::sse::reply(events).into_response(), &opened.seqs);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The caller that reads a stream, and its permission.
struct Reader {
    pdp: Arc<Pdp>,
    call: Call,
    entry: Entry,
    headers: HeaderMap,
    /// The rules and the revision by which the caller was let in last.
    admitted: Option<(String, Revision)>,
}

impl Reader {
    /// May the caller still read? Its credentials are looked at each time. The rules are asked when they or a fact
    /// changed, and at each heartbeat, as time alone can end a right.
    async fn may_go_on(&mut self, is_heartbeat: bool) -> bool {
        let identity = identity(&self.pdp, &self.entry, &self.headers).await;
        let is_same = |now: Identity| now.caller == self.call.caller && now.person == self.call.person;
        if !identity.is_ok_and(is_same) {
            return false;
        }
        let admitted_under = (self.pdp.rules().digest().to_string(), self.pdp.revision());
        if !is_heartbeat && self.admitted.as_ref() == Some(&admitted_under) {
            return true;
        }
        let is_admitted = call::may::<Infallible>(&self.pdp, &self.call, "readChanges").await.is_ok();
        self.admitted = is_admitted.then_some(admitted_under);
        is_admitted
    }
}

struct Following {
    reader: Reader,
    shutdown: Shutdown,
    heartbeat: Duration,
    newest: tokio::sync::watch::Receiver<Revision>,
    cursor: Cursor,
    limit: usize,
    /// Which events are sent; the number of an event counts the sent events of its revision.
    filter: ChangeFilter,
    looking: Owner,
    ready: VecDeque<Event>,
}

impl Following {
    /// The next event or heartbeat; nothing once the caller may not read any more.
    async fn next(&mut self) -> Option<Event> {
        let event = self.upcoming().await?;
        let (event, is_heartbeat) = event.map_or_else(|| (Event::default().comment(""), true), |event| (event, false));
        self.reader.may_go_on(is_heartbeat).await.then_some(event)
    }

    /// What comes next: an event, or a while without any. Nothing when it all ends.
    async fn upcoming(&mut self) -> Option<Option<Event>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(Some(event));
            }
            // Seen before the page is read: a change that comes in between wakes this up again.
            self.newest.borrow_and_update();
            let (pdp, filter) = (Arc::clone(&self.reader.pdp), self.filter.clone());
            let (before, limit) = (self.cursor.before(), self.limit);
            let page = move || evidence::changes::changes_page(&pdp, before, limit, &filter);
            // What is filtered may be looked for in the whole journal.
            let page = match self.filter.takes_all() {
                true => page(),
                false => in_turn(&self.looking, page).await.ok()?,
            };
            let page = match page {
                Ok(page) => page,
                Err(error) => {
                    // The caller comes back with the id of the last event it got.
                    tracing::warn!(%error, "a stream of changes ends");
                    return None;
                }
            };
            self.fill(&page);
            if self.ready.is_empty() && page.complete {
                tokio::select! {
                    changed = self.newest.changed() => changed.ok()?,
                    () = self.shutdown.stopped() => return None,
                    () = tokio::time::sleep(self.heartbeat) => return Some(None),
                }
            }
        }
    }

    fn fill(&mut self, page: &ChangesPage) {
        let mut place = Cursor { revision: Revision(0), sent: Some(0) };
        for change in &page.changes {
            if place.revision != change.revision {
                place = Cursor { revision: change.revision, sent: Some(0) };
            }
            let number = place.sent.map_or(1, |sent| sent + 1);
            place.sent = Some(number);
            let is_sent = change.revision == self.cursor.revision && self.cursor.sent.is_none_or(|sent| number <= sent);
            if is_sent || change.revision < self.cursor.revision {
                continue;
            }
            let event = Event::default().id(format!("{}.{number}", change.revision)).event("change");
            let change = with_names(&self.reader.pdp, change).map_err(|_| ());
            if let Ok(Ok(event)) = change.map(|change| event.json_data(change)) {
                self.ready.push_back(event);
            }
        }
        if page.next >= self.cursor.revision {
            self.cursor = Cursor { revision: page.next, sent: None };
        }
    }
}
