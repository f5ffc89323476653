//! What a service manager is told: that the server is ready, reads its settings again, or stops.
//!
//! The protocol is that of `sd_notify(3)`: a datagram to the socket that the environment names. Without one nobody asked.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use crate::config::notify_socket;

/// Tells the service manager, if there is one.
pub(super) fn notify(state: &str) {
    let Some(name) = notify_socket() else { return };
    // A name that begins with `@` is none of the file system.
    let address = match name.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(&name),
    };
    let sent = address.and_then(|address| UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address));
    if let Err(error) = sent {
        tracing::warn!(%error, state, "the service manager was not told");
    }
}
