//! What the last review of rules that were to come in force came to, and how long ago that was.

use std::sync::atomic::{AtomicI64, Ordering};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::assure::proof::{Proof, Proofs};
use crate::assure::release::Outcome;
use crate::clock::Timestamp;

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct ClaimLabels {
    result: &'static str,
}

/// The reviews of sets that were to come in force.
#[derive(Default)]
pub(crate) struct ReviewMetrics {
    outcomes: Family<OutcomeLabels, Gauge>,
    claims: Family<ClaimLabels, Gauge>,
    /// When the last one ended, in milliseconds since 1970.
    ended_at: AtomicI64,
    age: Gauge,
}

const OUTCOMES: [Outcome; 3] = [Outcome::Proved, Outcome::NotProved, Outcome::Refused];

fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Proved => "proved",
        Outcome::NotProved => "not_proved",
        Outcome::Refused => "refused",
    }
}

/// What becomes of a claim, in words.
const RESULTS: [&str; 4] = ["proved", "checked_on_every_row", "not_proved", "broken"];

fn result_word(proof: &Proof) -> &'static str {
    match proof {
        Proof::Proved => "proved",
        Proof::CheckedOnEveryRow => "checked_on_every_row",
        Proof::NotProved { .. } => "not_proved",
        Proof::Broken { .. } => "broken",
    }
}

impl ReviewMetrics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        let says = "1 for what the last review of rules that were to come in force came to";
        registry.register("rules_review_outcome", says, self.outcomes.clone());
        registry.register(
            "rules_review_claims",
            "The claims of that review, by what became of them",
            self.claims.clone(),
        );
        registry.register(
            "rules_review_age_seconds",
            "How long ago that review ended; -1 while this process made none",
            self.age.clone(),
        );
        self.age.set(-1);
        // Before the first review each is there and 0, so that a query finds it.
        for outcome in OUTCOMES {
            self.outcomes.get_or_create(&OutcomeLabels { outcome: outcome_word(outcome) }).set(0);
        }
        self.no_claims();
    }

    fn no_claims(&self) {
        for result in RESULTS {
            self.claims.get_or_create(&ClaimLabels { result }).set(0);
        }
    }

    /// Keeps what a review came to.
    pub(crate) fn reviewed(&self, at: Timestamp, outcome: Outcome, proofs: Option<&Proofs>) {
        for known in OUTCOMES {
            let labels = OutcomeLabels { outcome: outcome_word(known) };
            self.outcomes.get_or_create(&labels).set(i64::from(known == outcome));
        }
        self.no_claims();
        for claim in proofs.into_iter().flat_map(|proofs| &proofs.claims) {
            self.claims.get_or_create(&ClaimLabels { result: result_word(&claim.proof) }).inc();
        }
        self.ended_at.store(at.as_millisecond(), Ordering::Relaxed);
    }

    /// Says how long ago the last one was.
    pub(crate) fn measure(&self, now: Timestamp) {
        match self.ended_at.load(Ordering::Relaxed) {
            0 => self.age.set(-1),
            ended_at => self.age.set((now.as_millisecond() - ended_at) / 1_000),
        };
    }
}
