//! The spans of calls on their way to a collector: a short queue that holds up no answer. What finds no room in it is
//! dropped and counted.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use tokio::sync::mpsc::Sender;

use crate::clock::Timestamp;

/// What a call was, as a trace tells it. It names a route and never a path, and nobody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Span {
    /// The trace it belongs to.
    pub trace: [u8; 16],
    /// Its own id.
    pub id: [u8; 8],
    /// The span that it is part of, in the service that called.
    pub parent: Option<[u8; 8]>,
    /// The method of its route.
    pub method: &'static str,
    /// The path of its route, its parts in braces.
    pub route: &'static str,
    /// The status of the answer.
    pub status: u16,
    /// The revision that was answered at, where the answer says it.
    pub revision: Option<u64>,
    /// How many decisions the answer tells.
    pub decisions: u64,
    /// When the answer began.
    pub ended: Timestamp,
    /// How long it took until then.
    pub took: Duration,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct LostLabels {
    why: &'static str,
}

/// Why a span was lost: the collector did not take it, or it found no room in the queue.
const NOT_SENT: &str = "not_sent";
const QUEUE_FULL: &str = "queue_full";

/// How many spans were sent, and how many were not.
#[derive(Clone, Default)]
pub struct SpanCounters {
    sent: Counter,
    lost: Family<LostLabels, Counter>,
}

impl SpanCounters {
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register("spans_sent", "Spans of calls that a collector took", self.sent.clone());
        registry.register(
            "spans_dropped",
            "Spans of calls that no collector got, by why: queue_full, or not_sent",
            self.lost.clone(),
        );
        // Each is there and 0 before the first, so that a query finds it.
        for why in [NOT_SENT, QUEUE_FULL] {
            drop(self.lost.get_or_create(&LostLabels { why }));
        }
    }

    /// Counts spans that were taken.
    pub fn sent(&self, spans: usize) {
        self.sent.inc_by(spans as u64);
    }

    /// Counts one that found no room.
    pub(super) fn queue_full(&self) {
        self.lost.get_or_create(&LostLabels { why: QUEUE_FULL }).inc();
    }

    /// Counts spans that could not be sent.
    pub fn not_sent(&self, spans: usize) {
        self.lost.get_or_create(&LostLabels { why: NOT_SENT }).inc_by(spans as u64);
    }
}

/// Where the spans of calls go.
pub(crate) struct Spans {
    pub(super) queue: Sender<Span>,
    /// Of the calls that belong to no trace yet one in so many begins one.
    pub(super) one_in: u64,
    pub(super) calls: AtomicU64,
}
