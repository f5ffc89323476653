//! The connection a call comes in by: from where, whether nobody can listen, and what certificate its other end has.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use warp::http::HeaderMap;
use warp::http::header::FORWARDED;

use crate::pdp::{Pdp, opening};

/// The connection a call comes in by; every call of one carries it among its extensions.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// The address of its other end; nothing on the socket of the data directory.
    pub peer: Option<SocketAddr>,
    /// Is it TLS?
    pub is_tls: bool,
    /// The certificate of its other end, verified against the authorities that the settings name.
    pub certificate: Option<Arc<CertificateDer<'static>>>,
    /// Did its other end have a certificate that holds no more, because it was revoked or its authority is not named now?
    pub is_certificate_withdrawn: bool,
}

impl Connection {
    /// Did its other end show a certificate, whatever it is worth by now?
    pub(super) fn shows_certificate(&self) -> bool {
        self.certificate.is_some() || self.is_certificate_withdrawn
    }

    /// The address a call comes from: that of the other end, or what the trusted proxies there say; nothing on the socket
    /// of the data directory.
    #[must_use]
    pub fn client(&self, pdp: &Pdp, headers: &HeaderMap) -> Option<IpAddr> {
        // A header that is no text is one that nobody can read.
        let forwarded = headers.get_all(FORWARDED).iter().map(|said| said.to_str().unwrap_or_default());
        self.peer.map(|peer| opening::trust(pdp).proxies().client(peer, forwarded))
    }
}
