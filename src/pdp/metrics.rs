//! Metrics of the service, in the text format of Prometheus. No metric names a partner or a customer.

mod decisions;
mod listener;
mod machine;
mod reviews;
mod routes;
mod text;

pub use listener::{HandshakeFailure, ListenerMetrics, listener_metrics};
pub use routes::{RouteMetrics, route_metrics};

use std::convert::Infallible;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::encoding::{EncodeLabelSet, EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::metrics::{MetricType, TypedMetric};
use prometheus_client::registry::Registry;

use crate::audit::ENGINE;
use crate::clock::{ClockState, Durations, Timestamp};
use crate::config::RulesFrom;
use crate::decide::decided_by_cedar;
use crate::pdp::call::{Call, CallError, CallTarget, Response, read};
use crate::pdp::credentials_minute::WrongCredentials;
use crate::pdp::span_queue::SpanCounters;
use crate::pdp::{Pdp, ready, rules};
use crate::store::StoreError;
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
struct RulesLabels {
    digest: String,
    from: &'static str,
}

/// The metrics of one decision point.
pub(crate) struct Metrics {
    registry: Mutex<Registry>,
    /// The decisions that were given as answers.
    pub(crate) decisions: DecisionMetrics,
    /// The reviews of sets that were to come in force.
    pub(crate) reviews: ReviewMetrics,
    pub(crate) spans: SpanCounters,
    answers: Family<AnswerLabels, Counter>,
    durations: Family<RouteLabels, Durations>,
    listener: ListenerMetrics,
    /// When a checkpoint was last signed, in milliseconds since 1970.
    signed_at: AtomicI64,
    signed: Gauge,
    refusals: Counter,
    pub(crate) swaps: Counter,
    failures: Counter,
    pub(crate) wrong_credentials: Counter,
    /// The minute of wrong credentials that goes on.
    pub(crate) wrong_credentials_now: WrongCredentials,
    /// Answers of the table of decisions that were decided by the rules as well, and those that were others then.
    pub(crate) compared: Counter,
    pub(crate) inconsistent: Counter,
    by_cedar: Gauge,
    rules: Family<RulesLabels, Gauge>,
    refused: Gauge,
    records: Gauge,
    unindexed: Gauge,
    revision: Gauge,
    writable: Gauge,
    waiting: Gauge,
    clock: Gauge,
}

impl Metrics {
    /// None yet, over a store whose writer measures its commits.
    pub(crate) fn new(commits: Durations) -> Self {
        let metrics = Self {
            registry: Mutex::default(),
            decisions: DecisionMetrics::default(),
            reviews: ReviewMetrics::default(),
            spans: SpanCounters::default(),
            answers: Family::default(),
            durations: Family::default(),
            listener: ListenerMetrics::default(),
            signed_at: AtomicI64::default(),
            signed: Gauge::default(),
            refusals: Counter::default(),
            swaps: Counter::default(),
            failures: Counter::default(),
            wrong_credentials: Counter::default(),
            wrong_credentials_now: WrongCredentials::default(),
            compared: Counter::default(),
            inconsistent: Counter::default(),
            by_cedar: Gauge::default(),
            rules: Family::default(),
            refused: Gauge::default(),
            records: Gauge::default(),
            unindexed: Gauge::default(),
            revision: Gauge::default(),
            writable: Gauge::default(),
            waiting: Gauge::default(),
            clock: Gauge::default(),
        };
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
}

/// Counts that a limit was reached. Its name is one of the program, never one that a caller gave.
pub fn limit_reached(pdp: &Pdp, limit: &'static str) {
    pdp.metrics.listener.limit_reached(limit);
}

fn gauge(gauge: &Gauge, value: u64) {
    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
}

/// A text format that metrics can be in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// That of OpenMetrics.
    OpenMetrics,
    /// The one that Prometheus had before.
    PlainText,
}

/// Reads every metric as it is now, if the caller may.
///
/// # Errors
/// [`CallError::Denied`] when the rules do not allow it.
pub async fn read_figures(pdp: &Pdp, call: &Call, format: Format) -> Result<Response<String>, CallError<Infallible>> {
    read(pdp, call, "readMetrics", &CallTarget::Installation, |_, _| Ok(figures(pdp, format)?)).await
}

/// Every metric as it is now.
///
/// # Errors
/// [`StoreError`] when the ledger cannot be read.
pub fn figures(pdp: &Pdp, format: Format) -> Result<String, StoreError> {
    let text = open_metrics(pdp)?;
    Ok(match format {
        Format::OpenMetrics => text,
        Format::PlainText => text::of(&text),
    })
}

fn open_metrics(pdp: &Pdp) -> Result<String, StoreError> {
    let metrics = &pdp.metrics;
    let registry = metrics.registry.lock().unwrap_or_else(PoisonError::into_inner);
    let from = match rules::rules_from(pdp) {
        RulesFrom::Files => "files",
        RulesFrom::Publishing => "publishing",
    };
    metrics.rules.clear();
    metrics.rules.get_or_create(&RulesLabels { digest: pdp.digest().to_string(), from }).set(1);
    metrics.refused.set(i64::from(pdp.rules.current.has_refused()));
    gauge(&metrics.by_cedar, decided_by_cedar(&pdp.rules()).len() as u64);
    let index = ready::index_state(pdp)?;
    gauge(&metrics.unindexed, index.lag);
    gauge(&metrics.records, index.to + index.lag);
    gauge(&metrics.revision, pdp.revision().0);
    metrics.writable.set(i64::from(pdp.store.is_writable()));
    gauge(&metrics.waiting, pdp.store.waiting() as u64);
    metrics.failures.inc_by(pdp.store.failures().saturating_sub(metrics.failures.get()));
    metrics.clock.set(match pdp.store.clock_state() {
        ClockState::Agrees => 0,
        ClockState::Behind { by } => -by.as_secs(),
        ClockState::Ahead { by } => by.as_secs(),
    });
    let signed_at = metrics.signed_at.load(Ordering::Relaxed);
    let age = (pdp.now().as_millisecond() - signed_at) / 1_000;
    metrics.signed.set(if signed_at == 0 { -1 } else { age });
    metrics.reviews.measure(pdp.now());
    let mut text = String::new();
    let unwritable = |error: std::fmt::Error| StoreError::Unusable(error.to_string());
    encode_registry(&mut text, &registry).map_err(unwritable)?;
    if let Some(data) = &pdp.settings.folder {
        machine::disk(&mut text, data);
    }
    machine::process(&mut text);
    encode_eof(&mut text).map_err(unwritable)?;
    Ok(text)
}
