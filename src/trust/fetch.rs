//! Fetches the keys of an issuer, and what a provider answers, from the places that the settings name: no redirects, a
//! bound on time and bytes.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::limits::{JWKS_BYTES_MAX, JWKS_SECONDS_MAX};

/// A form of so many fields.
pub(super) fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// A text as it stands in a form.
pub(super) fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// An address with more in its query.
pub(super) fn with_query(url: &Uri, query: &str) -> String {
    let url = url.to_string();
    format!("{url}{}{query}", if url.contains('?') { '&' } else { '?' })
}

/// Why something cannot be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// It takes too long.
    #[error("no answer came within {JWKS_SECONDS_MAX} s")]
    TooLong,
    /// The host cannot be reached, or is not whom it should be.
    #[error("the host cannot be reached: {0}")]
    Unreachable(#[from] std::io::Error),
    /// What comes is no answer, or a longer one than is read.
    #[error("what came is no answer of at most {JWKS_BYTES_MAX} bytes: {0}")]
    Unreadable(Box<dyn std::error::Error + Send + Sync>),
    /// The answer is no 200; a redirect is not followed.
    #[error("the answer was {0}; only 200 is taken, and no redirect is followed")]
    Status(StatusCode),
    /// The URL names no host.
    #[error("the URL names no host")]
    NoHost,
}

/// Whose certificates are believed when something is fetched.
#[derive(Debug, thiserror::Error)]
pub enum AuthoritiesError {
    /// A file holds no certificates.
    #[error("`{file}` holds no certificates that can be used: {cause}")]
    Unusable {
        /// The file, or where the system keeps its own.
        file: String,
        /// What is wrong.
        cause: String,
    },
}

/// How a host of https is believed: by the authorities in a file, else by those of the system.
///
/// # Errors
/// [`AuthoritiesError`] when there are none.
pub(super) fn authorities(file: Option<&Path>) -> Result<Arc<ClientConfig>, AuthoritiesError> {
    let mut roots = RootCertStore::empty();
    let from = file.map_or_else(|| "the system's store".to_owned(), |file| file.display().to_string());
    let unusable = |cause: String| AuthoritiesError::Unusable { file: from.clone(), cause };
    match file {
        Some(file) => {
            let read = CertificateDer::pem_file_iter(file).map_err(|error| unusable(error.to_string()))?;
            for certificate in read {
                let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
                roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if roots.is_empty() {
        return Err(unusable("there is none in it".to_owned()));
    }
    let config =
        ClientConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions();
    let config = config.map_err(|error| unusable(error.to_string()))?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

/// A form that is sent, and by what right.
pub(super) struct Posted {
    pub(super) authorization: Option<String>,
    pub(super) form: String,
}

/// Fetches what is at a URL.
///
/// # Errors
/// [`FetchError`].
pub(super) async fn fetch(url: &Uri, tls: Option<&Arc<ClientConfig>>) -> Result<Bytes, FetchError> {
    within_time(url, tls, None).await
}

/// Sends a form to a URL, and fetches what it is answered with.
///
/// # Errors
/// [`FetchError`].
pub(super) async fn post(url: &Uri, tls: Option<&Arc<ClientConfig>>, posted: Posted) -> Result<Bytes, FetchError> {
    within_time(url, tls, Some(posted)).await
}

async fn within_time(url: &Uri, tls: Option<&Arc<ClientConfig>>, posted: Option<Posted>) -> Result<Bytes, FetchError> {
    let within = Duration::from_secs(JWKS_SECONDS_MAX);
    tokio::time::timeout(within, fetched(url, tls, posted)).await.map_err(|_| FetchError::TooLong)?
}

async fn fetched(url: &Uri, tls: Option<&Arc<ClientConfig>>, posted: Option<Posted>) -> Result<Bytes, FetchError> {
    let host = url.host().ok_or(FetchError::NoHost)?;
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let port = url.port_u16().unwrap_or(if tls.is_some() { 443 } else { 80 });
    let stream = TcpStream::connect((address, port)).await?;
    match tls {
        None => answer(url, stream, posted).await,
        Some(config) => {
            let name = ServerName::try_from(address.to_owned()).map_err(|_| FetchError::NoHost)?;
            answer(url, TlsConnector::from(Arc::clone(config)).connect(name, stream).await?, posted).await
        }
    }
}

async fn answer(
    url: &Uri,
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    posted: Option<Posted>,
) -> Result<Bytes, FetchError> {
    let unreadable = |error: hyper::Error| FetchError::Unreadable(error.into());
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(unreadable)?;
    let authority = url.authority().ok_or(FetchError::NoHost)?;
    let mut request = Request::builder()
        .method(if posted.is_some() { Method::POST } else { Method::GET })
        .uri(url.path_and_query().map_or("/", |path| path.as_str()))
        .header(HOST, authority.as_str())
        .header(ACCEPT, "application/json")
        .header(USER_AGENT, concat!("standing/", env!("CARGO_PKG_VERSION")))
        .header(CONNECTION, "close");
    let mut body = Bytes::new();
    if let Some(Posted { authorization, form }) = posted {
        request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        body = form.into();
    }
    let request = request.body(Full::new(body)).map_err(|error| FetchError::Unreadable(error.into()))?;
    let answered = async {
        let response = sender.send_request(request).await.map_err(unreadable)?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status()));
        }
        let body = Limited::new(response.into_body(), JWKS_BYTES_MAX).collect().await;
        Ok(body.map_err(FetchError::Unreadable)?.to_bytes())
    };
    // The connection is driven beside it, and ends with it.
    let mut answered = std::pin::pin!(answered);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        answer = &mut answered => answer,
        ended = &mut connection => {
            ended.map_err(unreadable)?;
            answered.await
        }
    }
}
