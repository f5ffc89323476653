//! Sends the spans of calls to a collector, as OTLP over HTTP in its JSON form: in batches, beside everything else.

mod collector;

use std::time::Duration;

use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use tokio::sync::mpsc::Receiver;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::ended::Failure;
use crate::clock::OnceAMinute;
use crate::config::TracesSettings;
use crate::pdp::Pdp;
use crate::pdp::span_queue::{Span, SpanCounters};
use crate::pdp::spans::with_spans;
use collector::Collector;

/// The most spans that are sent at once.
const BATCH_MAX: usize = 512;
/// How long spans wait for others to be sent with.
const BATCH_WITHIN: Duration = Duration::from_secs(1);
/// How long a stop waits for what was not sent yet.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// The kind of a span that answers a call, and the state of one that failed here, as OTLP numbers them.
const SERVER: u8 = 2;
const FAILED: u8 = 2;
/// The first status that is a fault of the server; a refusal is none.
const FIRST_FAULT: u16 = 500;

/// What is said of a collector that takes nothing.
static NOT_SENT: OnceAMinute = OnceAMinute::new();

/// The sending of spans, while it goes on.
pub(super) struct Traces {
    stop: watch::Sender<bool>,
    sending: JoinHandle<()>,
}

/// Has the calls of a decision point be followed, if the settings name a collector.
pub(super) fn follow(pdp: Pdp, settings: &TracesSettings) -> Result<(Pdp, Option<Traces>), Failure> {
    let Some(endpoint) = &settings.endpoint else { return Ok((pdp, None)) };
    let collector = Collector::at(endpoint)
        .map_err(|error| Failure::failed(format!("cannot send traces to `{endpoint}`: {error}")))?;
    let (pdp, spans, counters) = with_spans(pdp, settings.one_in.unwrap_or(1));
    let (stop, stopped) = watch::channel(false);
    let sending = tokio::spawn(send(collector, spans, counters, stopped));
    tracing::info!(endpoint, "the spans of calls are sent to a collector");
    Ok((pdp, Some(Traces { stop, sending })))
}

impl Traces {
    /// Sends what waits, and ends.
    pub(super) async fn finish(self) {
        self.stop.send_replace(true);
        if tokio::time::timeout(STOP_WITHIN, self.sending).await.is_err() {
            tracing::warn!("the last spans of calls were not sent in time");
        }
    }
}

/// Sends spans as they come, until it is stopped and none is left.
async fn send(
    collector: Collector,
    mut spans: Receiver<Span>,
    counters: SpanCounters,
    mut stopped: watch::Receiver<bool>,
) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    loop {
        let until = tokio::time::sleep(BATCH_WITHIN);
        tokio::pin!(until);
        let mut is_over = false;
        while batch.len() < BATCH_MAX {
            let room = BATCH_MAX - batch.len();
            tokio::select! {
                received = spans.recv_many(&mut batch, room) => if received == 0 {
                    is_over = true;
                    break;
                },
                () = &mut until => break,
                _ = stopped.wait_for(|stopped| *stopped), if !spans.is_closed() => spans.close(),
            }
        }
        if !batch.is_empty() {
            match collector.post(request_of(&batch).to_string().into()).await {
                Ok(()) => counters.sent(batch.len()),
                Err(error) => {
                    counters.not_sent(batch.len());
                    if let Some(earlier) = NOT_SENT.due() {
                        tracing::warn!(%error, earlier, "spans of calls were not sent and are dropped; said once a minute");
                    }
                }
            }
            batch.clear();
        }
        if is_over {
            return;
        }
    }
}

/// A batch as the collector reads it: `ExportTraceServiceRequest` in the JSON form of OTLP.
fn request_of(batch: &[Span]) -> Value {
    let version = env!("CARGO_PKG_VERSION");
    let spans: Vec<Value> = batch.iter().map(json_of).collect();
    json!({ "resourceSpans": [{
        "resource": { "attributes": [text("service.name", "standing"), text("service.version", version)] },
        "scopeSpans": [{ "scope": { "name": "standing", "version": version }, "spans": spans }],
    }] })
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

/// Whole numbers of 64 bits are texts there.
fn number(key: &str, value: u64) -> Value {
    json!({ "key": key, "value": { "intValue": value.to_string() } })
}

/// A span in the words of OpenTelemetry's conventions.
fn json_of(span: &Span) -> Value {
    let ended = span.ended.as_nanosecond();
    let began = ended - i128::try_from(span.took.as_nanos()).unwrap_or_default();
    let mut attributes = vec![
        text("http.request.method", span.method),
        text("http.route", span.route),
        number("http.response.status_code", span.status.into()),
        number("standing.decisions", span.decisions),
    ];
    attributes.extend(span.revision.map(|revision| number("standing.revision", revision)));
    json!({
        "traceId": HEXLOWER.encode(&span.trace),
        "spanId": HEXLOWER.encode(&span.id),
        "parentSpanId": span.parent.map(|parent| HEXLOWER.encode(&parent)).unwrap_or_default(),
        "name": format!("{} {}", span.method, span.route),
        "kind": SERVER,
        "startTimeUnixNano": began.to_string(),
        "endTimeUnixNano": ended.to_string(),
        "attributes": attributes,
        "status": { "code": if span.status >= FIRST_FAULT { FAILED } else { 0 } },
    })
}
