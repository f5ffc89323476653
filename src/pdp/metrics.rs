//! Metrics of the service, in the text format of Prometheus. No metric names a partner or a customer.

mod machine;
mod text;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::encoding::{EncodeLabelSet, EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::metrics::{MetricType, TypedMetric};
use prometheus_client::registry::Registry;

use crate::audit::ENGINE;
use crate::clock::{ClockState, Timestamp};
use crate::config::RulesFrom;
use crate::decide::{Decision, Reason, decided_by_cedar};
use crate::pdp::wrong_credentials::WrongCredentials;
use crate::pdp::{Pdp, ready, rules};
use crate::store::StoreError;

/// The upper bounds of the buckets of durations, in microseconds.
const BOUNDS_US: [u64; 14] =
    [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 1_000_000, 10_000_000];

/// The status of most answers.
const OK: u16 = 200;

/// The most reasons that are counted by their names.
const REASONS_MAX: usize = 100;

/// A histogram of durations: a few atomics, so that counting never blocks.
#[derive(Clone, Debug, Default)]
struct Durations(Arc<Buckets>);

#[derive(Debug, Default)]
struct Buckets {
    /// One for each bound, and one for what took longer.
    counts: [AtomicU64; BOUNDS_US.len() + 1],
    sum_us: AtomicU64,
}

impl Durations {
    fn observe(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_US.partition_point(|bound| *bound < us);
        if let Some(count) = self.0.counts.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.0.sum_us.fetch_add(us, Ordering::Relaxed);
    }
}

impl EncodeMetric for Durations {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), std::fmt::Error> {
        let counts = self.0.counts.iter().map(|count| count.load(Ordering::Relaxed));
        let bounds = BOUNDS_US.iter().map(|bound| Duration::from_micros(*bound).as_secs_f64());
        let buckets: Vec<(f64, u64)> = bounds.chain([f64::INFINITY]).zip(counts).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        let sum = Duration::from_micros(self.0.sum_us.load(Ordering::Relaxed)).as_secs_f64();
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

impl TypedMetric for Durations {
    const TYPE: MetricType = MetricType::Histogram;
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct RouteLabels {
    method: &'static str,
    route: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct AnswerLabels {
    method: &'static str,
    route: &'static str,
    status: u16,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct OutcomeLabels {
    decision: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct ReasonLabels {
    reason: String,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct RulesLabels {
    digest: String,
    from: &'static str,
}

/// The metrics of one decision point.
pub(crate) struct Metrics {
    registry: Mutex<Registry>,
    yes: Counter,
    no: Counter,
    answers: Family<AnswerLabels, Counter>,
    durations: Family<RouteLabels, Durations>,
    reasons: Family<ReasonLabels, Counter>,
    /// The reasons that were counted by their names.
    named: Mutex<BTreeSet<String>>,
    /// When a checkpoint was last signed, in milliseconds since 1970.
    signed_at: AtomicI64,
    signed: Gauge,
    refusals: Counter,
    pub(crate) swaps: Counter,
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
    pub(crate) fn new() -> Self {
        let decisions = Family::<OutcomeLabels, Counter>::default();
        let metrics = Self {
            registry: Mutex::default(),
            yes: decisions.get_or_create_owned(&OutcomeLabels { decision: "yes" }),
            no: decisions.get_or_create_owned(&OutcomeLabels { decision: "no" }),
            answers: Family::default(),
            durations: Family::default(),
            reasons: Family::default(),
            named: Mutex::default(),
            signed_at: AtomicI64::default(),
            signed: Gauge::default(),
            refusals: Counter::default(),
            swaps: Counter::default(),
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
        registry.register("decisions", "Questions answered", decisions);
        registry.register("decisions_refused", "Questions answered with no, by the reason", metrics.reasons.clone());
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
        registry.register("store_writable", "1 while writes reach the disk", metrics.writable.clone());
        registry.register("store_writes_waiting", "Writes that wait for the disk", metrics.waiting.clone());
        registry.register(
            "clock_difference_seconds",
            "0 while the machine's clock can be true; less by how much it was set back, more by how much it was set ahead",
            metrics.clock.clone(),
        );
        Self { registry: Mutex::new(registry), ..metrics }
    }

    pub(crate) fn decided(&self, decision: &Decision) {
        if decision.is_allowed() {
            self.yes.inc();
            return;
        }
        self.no.inc();
        let reason = decision.reason().map_or("not_permitted", Reason::as_str);
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        // Rules define reasons of their own, and other rules others.
        let is_named = named.contains(reason) || (named.len() < REASONS_MAX && named.insert(reason.to_owned()));
        let reason = if is_named { reason } else { "other" }.to_owned();
        self.reasons.get_or_create(&ReasonLabels { reason }).inc();
    }

    pub(crate) fn signed(&self, at: Timestamp) {
        self.signed_at.store(at.as_millisecond(), Ordering::Relaxed);
    }

    pub(crate) fn refused(&self) {
        self.refusals.inc();
    }
}

/// Where the durations of one route are counted.
pub struct RouteMetrics {
    method: &'static str,
    route: &'static str,
    /// There once the route has answered, so that routes nobody calls fill no page.
    own: OnceLock<Durations>,
    /// The answers with the status that most have, there once one had.
    ok: OnceLock<Counter>,
    durations: Family<RouteLabels, Durations>,
    answers: Family<AnswerLabels, Counter>,
}

impl RouteMetrics {
    /// Counts an answer.
    pub fn answered(&self, status: u16, took: Duration) {
        let (method, route) = (self.method, self.route);
        self.own.get_or_init(|| self.durations.get_or_create_owned(&RouteLabels { method, route })).observe(took);
        let labels = AnswerLabels { method, route, status };
        if status == OK {
            self.ok.get_or_init(|| self.answers.get_or_create_owned(&labels)).inc();
        } else {
            self.answers.get_or_create(&labels).inc();
        }
    }
}

fn gauge(gauge: &Gauge, value: u64) {
    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
}

/// Where the answers of a route are counted.
#[must_use]
pub fn route_metrics(pdp: &Pdp, method: &'static str, route: &'static str) -> RouteMetrics {
    let (durations, answers) = (pdp.metrics.durations.clone(), pdp.metrics.answers.clone());
    RouteMetrics { method, route, own: OnceLock::new(), ok: OnceLock::new(), durations, answers }
}

/// Every metric as it is now, in the text format of OpenMetrics.
///
/// # Errors
/// [`StoreError`] when the ledger cannot be read.
pub fn figures(pdp: &Pdp) -> Result<String, StoreError> {
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
    metrics.clock.set(match pdp.store.clock_state() {
        ClockState::Agrees => 0,
        ClockState::Behind { by } => -by.as_secs(),
        ClockState::Ahead { by } => by.as_secs(),
    });
    let signed_at = metrics.signed_at.load(Ordering::Relaxed);
    let age = (pdp.now().as_millisecond() - signed_at) / 1_000;
    metrics.signed.set(if signed_at == 0 { -1 } else { age });
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

/// Like [`figures`], in the text format that Prometheus had before OpenMetrics.
///
/// # Errors
/// As [`figures`].
pub fn figures_as_text(pdp: &Pdp) -> Result<String, StoreError> {
    Ok(text::of(&figures(pdp)?))
}
