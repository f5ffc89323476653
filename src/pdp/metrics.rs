//! The metrics of a decision point. None names a partner or a customer.

mod decisions;
mod listener;
mod reviews;
mod routes;

pub use listener::{HandshakeFailure, ListenerMetrics};
pub use routes::RouteMetrics;

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use prometheus_client::encoding::{EncodeLabelSet, EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::metrics::{MetricType, TypedMetric};
use prometheus_client::registry::Registry;

use crate::audit::ENGINE;
use crate::clock::{Durations, Timestamp};
use crate::pdp::credentials_minute::WrongCredentials;
use crate::pdp::span_queue::SpanCounters;
use decisions::DecisionMetrics;
use reviews::ReviewMetrics;
use routes::{AnswerLabels, RouteLabels};

impl EncodeMetric for Durations {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), std::fmt::Error> {
        let buckets = self.buckets();
        let count = buckets.iter().map(|(_, count)| count).sum();
        encoder.encode_histogram::<NoLabelSet>(self.seconds(), count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

impl TypedMetric for Durations {
    const TYPE: MetricType = MetricType::Histogram;
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
pub(super) struct RulesLabels {
    pub(super) digest: String,
    pub(super) from: &'static str,
}

/// The metrics of one decision point.
#[derive(Default)]
pub(crate) struct Metrics {
    pub(super) registry: Mutex<Registry>,
    /// The decisions that were given as answers.
    pub(crate) decisions: DecisionMetrics,
    /// The reviews of sets that were to come in force.
    pub(crate) reviews: ReviewMetrics,
    pub(crate) spans: SpanCounters,
    answers: Family<AnswerLabels, Counter>,
    durations: Family<RouteLabels, Durations>,
    listener: ListenerMetrics,
    /// When a checkpoint was last signed, in milliseconds since 1970.
    pub(super) signed_at: AtomicI64,
    pub(super) signed: Gauge,
    refusals: Counter,
    pub(crate) swaps: Counter,
    pub(super) failures: Counter,
    pub(crate) wrong_credentials: Counter,
    /// The minute of wrong credentials that goes on.
    pub(crate) wrong_credentials_now: WrongCredentials,
    /// Answers of the table of decisions that were decided by the rules as well, and those that were others then.
    pub(crate) compared: Counter,
    pub(crate) inconsistent: Counter,
    pub(super) by_cedar: Gauge,
    pub(super) rules: Family<RulesLabels, Gauge>,
    pub(super) refused: Gauge,
    pub(super) records: Gauge,
    pub(super) unindexed: Gauge,
    pub(super) revision: Gauge,
    pub(super) writable: Gauge,
    pub(super) waiting: Gauge,
    pub(super) clock: Gauge,
}

impl Metrics {
    /// None yet, over a store whose writer measures its commits.
    pub(crate) fn new(commits: Durations) -> Self {
        let metrics = Self::default();
        let mut registry = Registry::with_prefix("standing");
        let build = Info::new([("version", env!("CARGO_PKG_VERSION")), ("engine", ENGINE)]);
        registry.register("build", "What is running", build);
        registry.register("rules_in_force", "1 for the rules that decide", metrics.rules.clone());
        registry.register(
            "rules_refused",
            "1 while rules were refused and those of before decide",
            metrics.refused.clone(),
        );
        registry.register("rules_refusals", "How often rules were refused", metrics.refusals.clone());
        let wrong = metrics.wrong_credentials.clone();
        registry.register("wrong_credentials", "How many calls came with credentials that are none", wrong);
        registry.register("rules_swaps", "How often other rules came in force", metrics.swaps.clone());
        metrics.decisions.register(&mut registry);
        metrics.reviews.register(&mut registry);
        metrics.spans.register(&mut registry);
        metrics.listener.register(&mut registry);
        let (compared, inconsistent) = (metrics.compared.clone(), metrics.inconsistent.clone());
        registry.register("decisions_compared", "Answers of the table that the rules decided as well", compared);
        registry.register(
            "decisions_inconsistent",
            "Those that the rules decided otherwise: the question was refused, and the table is not used any more",
            inconsistent,
        );
        registry.register(
            "rules_actions_without_table",
            "Actions whose questions the rules decide each time; the rules in force say why",
            metrics.by_cedar.clone(),
        );
        registry.register(
            "checkpoint_age_seconds",
            "How long ago the ledger was last signed by this process; -1 while it was not yet",
            metrics.signed.clone(),
        );
        registry.register("http_answers", "Answers by route and status", metrics.answers.clone());
        registry.register(
            "http_answer_seconds",
            "How long it took until an answer began, by route",
            metrics.durations.clone(),
        );
        registry.register("ledger_records", "Records in the ledger", metrics.records.clone());
        registry.register(
            "ledger_records_unindexed",
            "Records that lists look at one by one because they are not indexed yet",
            metrics.unindexed.clone(),
        );
        registry.register("revision", "The newest revision of the facts", metrics.revision.clone());
        registry.register(
            "store_commit_seconds",
            "How long it took to write all that waited, until it was on the disk",
            commits,
        );
        registry.register("store_writable", "1 while writes reach the disk", metrics.writable.clone());
        registry.register("store_failed_writes", "Transactions that did not reach the disk", metrics.failures.clone());
        registry.register("store_writes_waiting", "Writes that wait for the disk", metrics.waiting.clone());
        registry.register(
            "clock_difference_seconds",
            "0 while the machine's clock can be true; less by how much it was set back, more by how much it was set ahead",
            metrics.clock.clone(),
        );
        Self { registry: Mutex::new(registry), ..metrics }
    }

    pub(crate) fn signed(&self, at: Timestamp) {
        self.signed_at.store(at.as_millisecond(), Ordering::Relaxed);
    }

    pub(crate) fn refused(&self) {
        self.refusals.inc();
    }

    /// Counts that a limit was reached. Its name is one of the program, never one that a caller gave.
    pub(crate) fn limit_reached(&self, limit: &'static str) {
        self.listener.limit_reached(limit);
    }

    /// Where the listeners of a decision point count.
    pub(crate) fn of_listeners(&self) -> ListenerMetrics {
        self.listener.clone()
    }

    /// Where the answers of a route are counted.
    pub(crate) fn of_route(&self, method: &'static str, route: &'static str) -> RouteMetrics {
        RouteMetrics::of(method, route, self.durations.clone(), self.answers.clone())
    }
}
