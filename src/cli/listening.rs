//! How the server listens: over TLS or plainly, with how many connections, and with certificates that are kept up to
//! date.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, getrlimit, setrlimit};

use super::ended::Failure;
use crate::config::TlsSettings;
use crate::http::{ConnectionLimits, Tls, TlsFiles};
use crate::limits::Limits;

/// How often it is looked whether the certificate's files changed.
const CERTIFICATES_READ_EVERY: Duration = Duration::from_secs(10);
/// How many open files are kept back for the store, the socket and the archive.
const FILES_KEPT_BACK: u64 = 128;

/// What the listener needs to speak TLS, where the settings name a certificate.
pub(super) fn tls(settings: &TlsSettings) -> Result<Option<Arc<Tls>>, Failure> {
    let TlsSettings { certificate: Some(certificate), key: Some(key), client_ca, client_crl } = settings.clone() else {
        return Ok(None);
    };
    let files = TlsFiles { certificate, key, client_ca, client_crl };
    Ok(Some(Arc::new(Tls::read(files).map_err(Failure::failed)?)))
}

/// Refuses to serve credentials in the clear to other machines, unless a proxy speaks TLS with them.
pub(super) fn plain_or_not(listen: SocketAddr, is_tls: bool, proxy: bool) -> Result<(), Failure> {
    if is_tls || listen.ip().is_loopback() {
        return Ok(());
    }
    if !proxy {
        return Err(Failure::failed(format!(
            "`{listen}` is not a loopback address, and credentials would go over the network in the clear; name a certificate with `tls.certificate` and `tls.key`, or say `proxy = true` where a proxy in front speaks TLS"
        )));
    }
    tracing::warn!(
        %listen,
        "`proxy = true`: HTTP is served in the clear, so only the proxy that speaks TLS with callers may reach this address"
    );
    Ok(())
}

/// Reads the certificate's files again whenever they changed.
pub(super) async fn keep_certificates(tls: Arc<Tls>) {
    let mut often = tokio::time::interval(CERTIFICATES_READ_EVERY);
    loop {
        often.tick().await;
        read_certificates(&tls);
    }
}

/// Reads the certificate's files again; what cannot be used leaves what was.
pub(super) fn read_certificates(tls: &Tls) {
    match tls.read_again() {
        Ok(true) => tracing::info!("the certificate's files changed: new connections use what they hold"),
        Ok(false) => {}
        Err(error) => tracing::error!(%error, "the certificate's files cannot be used, so those from before stay"),
    }
}

/// What is taken of connections: what the settings say, as far as the system gives open files for it.
pub(super) fn connection_limits(limits: &Limits) -> ConnectionLimits {
    let seconds = |seconds: usize| Duration::from_secs(seconds as u64);
    let files = open_files().saturating_sub(FILES_KEPT_BACK).max(1);
    let files = usize::try_from(files).unwrap_or(usize::MAX);
    if files < limits.connections {
        tracing::warn!(
            connections = files,
            "the limit of open files allows fewer connections than `limits.connections`"
        );
    }
    ConnectionLimits {
        all: limits.connections.min(files),
        per_address: limits.connections_per_address,
        head: seconds(limits.head_seconds),
        idle: seconds(limits.idle_seconds),
        unread: seconds(limits.unread_seconds),
        head_bytes: limits.head_bytes,
        streams: limits.streams,
    }
}

/// How many files this process may have open, after asking for as many as it may ask for.
fn open_files() -> u64 {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let wanted = rustix::process::Rlimit { current: limit.maximum, ..limit };
        if setrlimit(Resource::Nofile, wanted).is_ok() {
            limit = getrlimit(Resource::Nofile);
        }
    }
    limit.current.unwrap_or(u64::MAX)
}
