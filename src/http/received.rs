//! What came over the wire, before anybody knows whose it is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use warp::http::uri::Authority;
use warp::http::{HeaderMap, Method};

use super::connection::Connection;
use super::document::Document;
use super::incoming::Incoming;

/// How callers connect, which determines the credentials they need.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Listener {
    /// Over the network, with credentials.
    Guarded,
    /// Over the loopback interface, without any.
    Anonymous,
    /// Through the socket in the data directory, which only its owner can open.
    Local,
    /// Without credentials, and nothing but what watches the service: its figures, and whether it is ready.
    Watching,
}

/// The signal that the server stops, so that streams end.
#[derive(Clone, Debug)]
pub struct Shutdown(tokio::sync::watch::Receiver<bool>);

impl Shutdown {
    /// A signal from a channel that says `true`, or is closed, when the server stops.
    #[must_use]
    pub fn on(channel: tokio::sync::watch::Receiver<bool>) -> Self {
        Self(channel)
    }

    /// Waits until the server stops.
    pub async fn stopped(&mut self) {
        // A sender that is gone means the same.
        let _ = self.0.wait_for(|stopped| *stopped).await;
    }
}

/// What all calls of one listener share.
pub(super) struct Serving {
    /// What there is to call.
    pub(super) document: Document,
    pub(super) shutdown: Shutdown,
    /// How often a stream says that it is still there.
    pub(super) heartbeat: Duration,
}

/// A call that a proxy passes on, where it asks with the method and below the path of that call.
pub(super) struct PassedOn {
    pub(super) method: Method,
    /// The path, with the query.
    pub(super) uri: String,
}

/// What came over the wire.
pub(super) struct Received {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) params: BTreeMap<String, String>,
    pub(super) query: String,
    pub(super) passed_on: Option<PassedOn>,
    pub(super) host: Option<Authority>,
    pub(super) headers: HeaderMap,
    pub(super) connection: Connection,
    pub(super) body: Incoming,
    pub(super) serving: Arc<Serving>,
}
