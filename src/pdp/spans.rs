//! Spans of calls, for whoever follows a trace through several services.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use data_encoding::HEXLOWER;
use tokio::sync::mpsc::{Receiver, channel};

use crate::limits::SPANS_WAITING_MAX;
use crate::pdp::Pdp;
use crate::pdp::span_queue::{Span, SpanCounters, Spans};

/// Has the calls of a decision point be followed: their spans come out of the queue that is returned.
#[must_use]
pub fn with_spans(mut pdp: Pdp, one_in: u64) -> (Pdp, Receiver<Span>, SpanCounters) {
    let (queue, spans) = channel(SPANS_WAITING_MAX);
    pdp.settings.spans = Some(Spans { queue, one_in, calls: AtomicU64::default() });
    let counters = pdp.metrics.spans.clone();
    (pdp, spans, counters)
}

/// What a call says of the trace it belongs to, as `traceparent` of W3C Trace Context has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parent {
    trace: [u8; 16],
    span: [u8; 8],
    /// Does whoever called keep the spans of the trace?
    is_kept: bool,
}

/// The flag of a trace whose spans are kept.
const KEPT: u8 = 1;

impl Parent {
    /// Reads a `traceparent`; nothing of one that is not whole.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('-');
        let (version, trace, span) = (parts.next()?, parts.next()?, parts.next()?);
        let version: [u8; 1] = bytes(version)?;
        let (trace, span) = (bytes(trace)?, bytes(span)?);
        let is_named = version != [u8::MAX] && trace != [0; 16] && span != [0; 8];
        let flags = parts.next().and_then(bytes::<1>).unwrap_or_default();
        is_named.then_some(Self { trace, span, is_kept: flags.iter().any(|flags| flags & KEPT != 0) })
    }

    /// The trace, as 32 hexadecimal digits.
    #[must_use]
    pub fn trace(&self) -> String {
        HEXLOWER.encode(&self.trace)
    }
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}

/// The span of a call that goes on.
#[derive(Debug)]
pub struct Begun {
    trace: [u8; 16],
    id: [u8; 8],
    parent: Option<[u8; 8]>,
}

/// What an answer says that its span tells.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// The method of its route, and the path.
    pub route: (&'static str, &'static str),
    /// The status.
    pub status: u16,
    /// The revision that was answered at.
    pub revision: Option<u64>,
    /// How many decisions it tells.
    pub decisions: u64,
    /// How long it took until it began.
    pub took: Duration,
}

/// Begins the span of a call, if calls are followed and this one is: its trace is kept by whoever called, or it begins
/// one.
#[must_use]
pub fn begun(pdp: &Pdp, parent: Option<&Parent>) -> Option<Begun> {
    let Spans { one_in, calls, .. } = pdp.settings.spans.as_ref()?;
    match parent {
        Some(Parent { is_kept: false, .. }) => None,
        Some(Parent { trace, span, .. }) => Some(Begun { trace: *trace, id: random_id(pdp)?, parent: Some(*span) }),
        None => {
            let begins = *one_in > 0 && calls.fetch_add(1, Ordering::Relaxed).is_multiple_of(*one_in);
            begins.then_some(Begun { trace: random_id(pdp)?, id: random_id(pdp)?, parent: None })
        }
    }
}

/// Random bytes for an id; nothing where the system gives none.
fn random_id<const N: usize>(pdp: &Pdp) -> Option<[u8; N]> {
    let mut id = [0; N];
    pdp.store.random().fill(&mut id).ok()?;
    // An id of nothing but zeros is none.
    (id != [0; N]).then_some(id)
}

impl Begun {
    /// The `traceparent` of what belongs to it.
    #[must_use]
    pub fn traceparent(&self) -> String {
        format!("00-{}-{}-01", HEXLOWER.encode(&self.trace), HEXLOWER.encode(&self.id))
    }

    /// Ends it with the answer to its call.
    pub fn end(self, pdp: &Pdp, Ended { route: (method, route), status, revision, decisions, took }: Ended) {
        let Self { trace, id, parent } = self;
        let ended = pdp.now();
        finished(pdp, Span { trace, id, parent, method, route, status, revision, decisions, ended, took });
    }
}

/// Passes a span on, if there is room for it.
fn finished(pdp: &Pdp, span: Span) {
    let Some(spans) = &pdp.settings.spans else { return };
    if spans.queue.try_send(span).is_err() {
        pdp.metrics.spans.queue_full();
    }
}
