//! Every metric as it is now, in the text formats of Prometheus.

mod machine;
mod text;

use std::convert::Infallible;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::gauge::Gauge;

use crate::clock::ClockState;
use crate::config::RulesFrom;
use crate::decide::decided_by_cedar;
use crate::pdp::call::{Call, CallError, CallTarget, Response, read};
use crate::pdp::metrics::RulesLabels;
use crate::pdp::{Pdp, ready, rules};
use crate::store::StoreError;

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
