//! What a service manager is told: that a long start goes on, that the server is ready, or that it stops.
//!
//! The protocol is that of `sd_notify(3)`: a datagram to the socket that the environment names. Without one nobody asked.

use std::cell::Cell;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::{Duration, Instant};

use crate::config::notify_socket;

/// How often the same is said again.
const AGAIN: Duration = Duration::from_secs(5);
/// The longest a piece is said to take, whatever is set: no time can be added to without end.
const WITHIN_MAX: Duration = Duration::from_secs(24 * 60 * 60);

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

/// Tells the service manager how long the next piece of the start may take, so that it waits no shorter.
pub(super) fn notify_of_start() -> impl Fn(Duration) + Send {
    let said = Cell::new(None);
    move |within: Duration| {
        let within = within.min(WITHIN_MAX);
        let now = Instant::now();
        let is_said = |(at, until): (Instant, Instant)| now < at + AGAIN && now + within <= until + AGAIN;
        if !said.get().is_some_and(is_said) {
            notify(&format!("EXTEND_TIMEOUT_USEC={}", within.as_micros()));
            said.set(Some((now, now + within)));
        }
    }
}
