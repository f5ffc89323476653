//! The connection to a collector: plain HTTP on this machine, else TLS whose certificate an authority that this machine
//! trusts stands for.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::handshake;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::http::uri::Authority;
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Where a collector takes traces, below its address.
const TRACES_PATH: &str = "/v1/traces";
/// How long a collector may take for a batch.
const SENT_WITHIN: Duration = Duration::from_secs(5);
/// The longest answer of a collector that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Why a batch was not taken.
type PostError = Box<dyn Error + Send + Sync>;

/// A collector, by where it is reached.
pub(super) struct Collector {
    authority: Authority,
    host: String,
    port: u16,
    path: String,
    tls: Option<TlsConnector>,
}

impl Collector {
    /// The collector at a URL, which the settings have looked at.
    pub(super) fn at(endpoint: &str) -> Result<Self, String> {
        let uri: Uri = endpoint.parse().map_err(|error| format!("it is no URL: {error}"))?;
        let authority = uri.authority().ok_or("it names no host")?.clone();
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let is_plain = uri.scheme_str() == Some("http");
        let port = authority.port_u16().unwrap_or(if is_plain { 80 } else { 443 });
        let path = format!("{}{TRACES_PATH}", uri.path().trim_end_matches('/'));
        let tls = if is_plain { None } else { Some(tls()?) };
        Ok(Self { authority, host, port, path, tls })
    }

    /// Sends a batch, on a connection of its own.
    pub(super) async fn post(&self, batch: Bytes) -> Result<(), PostError> {
        match tokio::time::timeout(SENT_WITHIN, self.send(batch)).await {
            Ok(sent) => sent,
            Err(_) => Err(format!("no answer came within {} s", SENT_WITHIN.as_secs()).into()),
        }
    }

    async fn send(&self, batch: Bytes) -> Result<(), PostError> {
        let request = Request::post(self.path.as_str())
            .header(HOST, self.authority.as_str())
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(batch))?;
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        match &self.tls {
            None => over(stream, request).await,
            Some(tls) => {
                let name = ServerName::try_from(self.host.clone())?;
                over(tls.connect(name, stream).await?, request).await
            }
        }
    }
}

/// What is TLS to a collector: the authorities that this machine trusts.
fn tls() -> Result<TlsConnector, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err("this machine trusts no authority for https; install its certificates".to_owned());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| error.to_string())?.with_root_certificates(roots).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Sends a request and reads its answer.
async fn over<S>(stream: S, request: Request<Full<Bytes>>) -> Result<(), PostError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    // It ends with the sender; what goes wrong on it the answer says.
    let driven = tokio::spawn(connection);
    let (head, body) = sender.send_request(request).await?.into_parts();
    Limited::new(body, ANSWER_BYTES_MAX).collect().await?;
    drop(sender);
    driven.abort();
    if head.status.is_success() { Ok(()) } else { Err(format!("the collector answered {}", head.status).into()) }
}
