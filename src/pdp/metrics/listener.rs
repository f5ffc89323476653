//! What meets a listener before anybody calls, or instead of a call.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// Why a handshake of TLS came to nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HandshakeFailure {
    /// The certificate of the caller is of no authority that the settings name, over, or revoked.
    Certificate,
    /// What came was no TLS.
    NotTls,
    /// It was not gone through with, or nothing was found that both sides speak.
    Broken,
}

impl HandshakeFailure {
    const ALL: [Self; 3] = [Self::Certificate, Self::NotTls, Self::Broken];

    fn word(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::NotTls => "not_tls",
            Self::Broken => "broken",
        }
    }
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct LimitLabels {
    limit: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct WhyLabels {
    why: &'static str,
}

/// What a listener counts; nobody is named.
#[derive(Clone, Debug, Default)]
pub struct ListenerMetrics {
    limits: Family<LimitLabels, Counter>,
    handshakes: Family<WhyLabels, Counter>,
}

impl ListenerMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("limits_reached", "How often a limit was reached, by its name", self.limits.clone());
        registry.register(
            "handshakes_failed",
            "Handshakes of TLS that came to nothing, by why: certificate, not_tls or broken",
            self.handshakes.clone(),
        );
        // Each is there and 0 before the first, so that a query finds it.
        for why in HandshakeFailure::ALL {
            drop(self.handshakes.get_or_create(&WhyLabels { why: why.word() }));
        }
    }

    /// Counts that a limit was reached. Its name is one of the program, never one that a caller gave.
    pub fn limit_reached(&self, limit: &'static str) {
        self.limits.get_or_create(&LimitLabels { limit }).inc();
    }

    /// Counts a handshake that came to nothing.
    pub fn handshake_failed(&self, why: HandshakeFailure) {
        self.handshakes.get_or_create(&WhyLabels { why: why.word() }).inc();
    }
}
