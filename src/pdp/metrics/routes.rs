//! Answers and how long they took, by route.

use std::sync::OnceLock;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use crate::clock::Durations;

/// The status of most answers.
const OK: u16 = 200;

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
pub(crate) struct RouteLabels {
    method: &'static str,
    route: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
pub(crate) struct AnswerLabels {
    method: &'static str,
    route: &'static str,
    status: u16,
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
    pub(super) fn of(
        method: &'static str,
        route: &'static str,
        durations: Family<RouteLabels, Durations>,
        answers: Family<AnswerLabels, Counter>,
    ) -> Self {
        Self { method, route, own: OnceLock::new(), ok: OnceLock::new(), durations, answers }
    }

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
