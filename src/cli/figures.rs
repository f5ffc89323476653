//! The listener for whoever watches the service: its figures and its readiness, without credentials.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::ended::Failure;
use crate::http::{ConnectionLimits, Listener, Shutdown, serve, service};
use crate::pdp::Pdp;

/// Listens where the settings say that figures are served.
pub(super) async fn listen_for_figures(at: Option<SocketAddr>) -> Result<Option<TcpListener>, Failure> {
    let Some(at) = at else { return Ok(None) };
    let listener = TcpListener::bind(at).await.map_err(|error| {
        Failure::failed(format!(
            "cannot listen on `{at}` for figures: {error}; stop what holds it or name another with `metrics_listen`"
        ))
    })?;
    Ok(Some(listener))
}

/// Serves the figures there until the server stops.
pub(super) fn serve_figures(
    listener: TcpListener,
    pdp: &Arc<Pdp>,
    connections: ConnectionLimits,
    shutdown: Shutdown,
) -> Result<(), Failure> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        tracing::warn!(%address, "figures are served to whoever reaches this address, without credentials");
    }
    tracing::info!(%address, "figures are served");
    let served = service(Arc::clone(pdp), Listener::Watching, shutdown.clone(), None);
    tokio::spawn(serve(listener, served, None, connections, pdp.metrics.of_listeners(), shutdown));
    Ok(())
}
