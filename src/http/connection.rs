//! The connection a call comes in by: from where, whether nobody can listen, and what certificate its other end has.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;

/// The connection a call comes in by; every call of one carries it among its extensions.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// The address of its other end; nothing on the socket of the data directory.
    pub peer: Option<SocketAddr>,
    /// Is it TLS?
    pub is_tls: bool,
    /// The certificate of its other end, verified against the authorities that the settings name.
    pub certificate: Option<Arc<CertificateDer<'static>>>,
}
