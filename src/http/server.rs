//! The listener: takes connections, over TLS where it has a certificate, and serves the calls that come in by them.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Incoming};
use hyper::service::{Service, service_fn};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::time::{MissedTickBehavior, interval};
use tokio_rustls::TlsAcceptor;

use super::connection::Connection;
use super::connections::{Admitted, ConnectionLimits, Connections, Course, Full, InFlight};
use super::problem::Problem;
use super::received::Shutdown;
use super::tls::{CallerCertificate, Tls};
use super::watched::{Answering, Watched};
use crate::clock::OnceAMinute;
use crate::limits::Limits;
use crate::pdp::metrics::{HandshakeFailure, ListenerMetrics};

/// How often it is looked for connections that are overdue.
const LOOKED_EVERY: Duration = Duration::from_millis(500);
/// How long nothing is taken when the system has no file descriptor left.
const PAUSE: Duration = Duration::from_millis(100);
/// How often the other end of an HTTP/2 connection is asked whether it is there, and how long it may take to answer.
const PING_EVERY: Duration = Duration::from_secs(30);
const PONG_WITHIN: Duration = Duration::from_secs(20);
/// How every record of TLS begins in which somebody says hello.
const HELLO: u8 = 0x16;

static UNTAKEN: OnceAMinute = OnceAMinute::new();

/// Serves the calls of a listener until it is told to stop, and then those that are under way.
pub async fn serve<S, B>(
    listener: TcpListener,
    service: S,
    tls: Option<Arc<Tls>>,
    limits: ConnectionLimits,
    metrics: ListenerMetrics,
    mut shutdown: Shutdown,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Unpin + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let builder = builder(limits.head_bytes, limits.streams);
    let connections = Connections::new(limits, metrics);
    let mut looking = interval(LOOKED_EVERY);
    looking.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = looking.tick() => {
                connections.close_overdue();
                continue;
            }
            () = shutdown.stopped() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                // An answer is written whole: nothing is gained by waiting for more of it.
                let _ = stream.set_nodelay(true);
                match connections.admit(Some(peer.ip())) {
                    Ok(admitted) => {
                        let (builder, service) = (builder.clone(), service.clone());
                        tokio::spawn(converse(builder, stream, peer, service, tls.clone(), admitted));
                    }
                    Err(Full) => drop(tokio::spawn(refuse(stream, tls.is_some()))),
                }
            }
            Err(error) if is_of_the_connection(&error) => {}
            Err(error) => {
                if let Some(earlier) = UNTAKEN.due() {
                    tracing::error!(%error, earlier, "no connection can be taken; said once a minute");
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.drain();
    let mut emptied = pin!(connections.emptied());
    loop {
        tokio::select! {
            () = &mut emptied => return,
            _ = looking.tick() => connections.close_overdue(),
        }
    }
}

/// Serves the calls of the socket in the data directory, whose callers are its owner's own.
pub async fn serve_local<S, B>(listener: UnixListener, service: S)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Unpin + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let limits = Limits::default();
    let builder = builder(limits.head_bytes, limits.streams);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let (service, builder) = (service.clone(), builder.clone());
                let served = async move { builder.serve_connection(TokioIo::new(stream), service).await };
                tokio::spawn(async move { noted(served.await, &ListenerMetrics::default()) });
            }
            Err(error) if is_of_the_connection(&error) => {}
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// Did the connection fail that was taken, and not the taking?
fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionRefused | ConnectionAborted | ConnectionReset)
}

fn builder(head_bytes: usize, streams: usize) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().max_buf_size(head_bytes);
    let mut http2 = builder.http2();
    http2.timer(TokioTimer::new()).keep_alive_interval(PING_EVERY).keep_alive_timeout(PONG_WITHIN);
    let bounded = |limit| u32::try_from(limit).unwrap_or(u32::MAX);
    http2.max_concurrent_streams(bounded(streams)).max_header_list_size(bounded(head_bytes));
    builder
}

/// A caller that goes away is no error of this service.
fn noted(ended: Result<(), Box<dyn std::error::Error + Send + Sync>>, metrics: &ListenerMetrics) {
    if let Err(error) = ended {
        if error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse_too_large) {
            metrics.limit_reached("head_bytes");
        }
        tracing::debug!(%error, "a connection broke off");
    }
}

/// Serves the calls of one connection.
async fn converse<S, B>(
    builder: Builder<TokioExecutor>,
    stream: TcpStream,
    peer: SocketAddr,
    service: S,
    tls: Option<Arc<Tls>>,
    admitted: Admitted,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Unpin + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let connection = Connection { peer: Some(peer), is_tls: tls.is_some(), ..Connection::default() };
    let Some(tls) = tls else {
        let stream = Watched { stream, life: Arc::clone(admitted.life()) };
        return calls(builder, stream, connection, None, service, admitted).await;
    };
    let in_force = tls.in_force();
    let handshake = async {
        let mut first = [0];
        if matches!(stream.peek(&mut first).await, Ok(1)) && first != [HELLO] {
            let says = "this port speaks TLS; call it by `https`".to_owned();
            admitted.metrics().handshake_failed(HandshakeFailure::NotTls);
            reply(stream, "", Problem::bad("not_tls", says)).await;
            return None;
        }
        let stream = Watched { stream, life: Arc::clone(admitted.life()) };
        TlsAcceptor::from(Arc::clone(&in_force.config))
            .accept(stream)
            .await
            .inspect_err(|error| {
                tracing::debug!(%error, "no TLS");
                admitted.metrics().handshake_failed(failure(error));
            })
            .ok()
    };
    let stream = tokio::select! {
        stream = handshake => stream,
        // Nothing is under way before it.
        _ = admitted.turned_from(Course::On) => None,
    };
    let Some(stream) = stream else { return };
    let certificate = CallerCertificate::of(&tls, in_force, stream.get_ref().1.peer_certificates());
    calls(builder, stream, connection, certificate, service, admitted).await;
}

/// Why a handshake came to nothing.
fn failure(error: &io::Error) -> HandshakeFailure {
    use rustls::Error::{InvalidCertRevocationList, InvalidCertificate};
    match error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>()) {
        Some(InvalidCertificate(_) | InvalidCertRevocationList(_)) => HandshakeFailure::Certificate,
        _ => HandshakeFailure::Broken,
    }
}

async fn calls<S, B>(
    builder: Builder<TokioExecutor>,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    connection: Connection,
    certificate: Option<CallerCertificate>,
    service: S,
    admitted: Admitted,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Unpin + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let life = Arc::clone(admitted.life());
    let service = service_fn(move |mut request: Request<Incoming>| {
        let call = InFlight::begin(&life);
        let held = certificate.as_ref().map(CallerCertificate::held);
        let is_certificate_withdrawn = matches!(held, Some(None));
        let certificate = held.flatten();
        request.extensions_mut().insert(Connection { certificate, is_certificate_withdrawn, ..connection.clone() });
        let answer = service.call(request);
        async move {
            let Ok(response) = answer.await;
            call.note_offered(true);
            Ok::<_, Infallible>(response.map(|body| Answering { body, call }))
        }
    });
    let mut served = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let course = tokio::select! {
        biased;
        ended = served.as_mut() => return noted(ended, admitted.metrics()),
        course = admitted.turned_from(Course::On) => course,
    };
    if course == Course::Draining {
        served.as_mut().graceful_shutdown();
        tokio::select! {
            ended = served => noted(ended, admitted.metrics()),
            _ = admitted.turned_from(Course::Draining) => {}
        }
    }
}

/// Says that there is no room for a connection; over TLS it is closed, which says the same and costs nothing.
async fn refuse(stream: TcpStream, is_tls: bool) {
    if !is_tls {
        let says = "too many connections are open; try again in a second".to_owned();
        let problem = Problem::of(StatusCode::SERVICE_UNAVAILABLE, "too_many_connections", says);
        reply(stream, "retry-after: 1\r\n", problem).await;
    }
}

/// Writes a problem to whoever is not served, and closes the connection.
async fn reply(mut stream: TcpStream, headers: &str, problem: Problem) {
    let response = problem.into_response();
    let status = response.status();
    let Ok(body) = response.into_body().collect().await else { return };
    let body = body.to_bytes();
    let mut text = format!(
        "HTTP/1.1 {status}\r\n{headers}content-type: application/problem+json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    )
    .into_bytes();
    text.extend_from_slice(&body);
    let written = async {
        stream.write_all(&text).await?;
        stream.shutdown().await
    };
    let _ = tokio::time::timeout(PAUSE, written).await;
}
