//! A client of a store: opens it here, or asks the server that holds it.
//!
//! redb gives a store to one process. Whoever opens it listens on a socket in the data directory, so every command
//! speaks to it in the same way, whether the store is held by a server or by the command itself.

use std::fs::{self, DirBuilder, File, Permissions};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustix::fs::Mode;
use rustix::process::umask;
use serde_json::Value;
use tokio::net::{UnixListener, UnixStream};

use super::data::Data;
use super::ended::Failure;
use super::rules_dir::RulesFlag;
use super::settings::in_force;
use crate::clock::System;
use crate::config::{Settings, SolverSetting};
use crate::http::{Listener, Shutdown, serve_local, service};
use crate::pdp::{Pdp, PdpError, Terms, opening};
use crate::publish;
use crate::store::{Store, StoreError};
use crate::trust::Trust;

const SOCKET_NAME: &str = "standing.sock";
/// The longest path of a socket the system takes, less the byte that ends it.
const SOCKET_PATH_MAX: usize = 107;
/// How long a command waits for the process that holds the store to answer or to close it.
const ANSWERS_WITHIN: Duration = Duration::from_secs(15);
/// How long it waits before it tries again.
const PAUSE: Duration = Duration::from_millis(25);

/// Why this process does not hold a store.
enum Holding {
    /// Another one does.
    Held(Failure),
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for Holding {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// A body on its way out.
pub(super) type Outgoing = BoxBody<Bytes, std::io::Error>;

/// The terms of a command: those of the settings.
pub(super) fn terms() -> Result<Terms, Failure> {
    let Settings { multichannel, limits, public_url, .. } = in_force()?.settings;
    let public_url = public_url.unwrap_or_else(|| "http://127.0.0.1:8181".to_owned());
    Ok(Terms { multichannel, limits, public_url, solver: SolverSetting::read().program })
}

/// A decision point that knows of people what the settings say of them.
fn configured(pdp: Pdp) -> Result<Pdp, Failure> {
    let settings = in_force()?.settings;
    let trust = Trust::of_people(&settings);
    Ok(opening::with_sessions(opening::trusting(pdp, Arc::new(trust)), settings.sessions))
}

/// Makes the data directory, readable by its owner alone.
pub(super) fn make(data: &Path) -> Result<(), Failure> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data)
        .map_err(|error| Failure::failed(format!("cannot make the data directory `{}`: {error}", data.display())))
}

/// A path to the socket that the system takes, however long the one to the data directory is.
struct SocketPath {
    path: PathBuf,
    _folder: Option<File>,
}

impl SocketPath {
    fn of(data: &Path, name: &str) -> std::io::Result<Self> {
        let path = data.join(name);
        if path.as_os_str().len() <= SOCKET_PATH_MAX {
            return Ok(Self { path, _folder: None });
        }
        let folder = File::open(data)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}/{name}", folder.as_raw_fd()));
        Ok(Self { path, _folder: Some(folder) })
    }
}

/// The socket of a store that this process holds, gone when it is dropped.
pub(super) struct Socket {
    path: SocketPath,
    serving: tokio::task::JoinHandle<()>,
}

impl Socket {
    /// Answers on the server's socket in the data directory, which only its owner can open.
    pub(super) fn listen(data: &Path, pdp: &Arc<Pdp>, shutdown: &Shutdown) -> Result<Self, Failure> {
        Self::listen_as(data, SOCKET_NAME, pdp, shutdown)
    }

    fn listen_as(data: &Path, name: &str, pdp: &Arc<Pdp>, shutdown: &Shutdown) -> Result<Self, Failure> {
        let path = SocketPath::of(data, name)?;
        // This process holds the store, so a socket that is there was left by one that died.
        match fs::remove_file(&path.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Failure::failed(error)),
            _ => {}
        }
        // It is nobody else's from the moment it is there.
        let before = umask(Mode::from_raw_mode(0o077));
        let bound = UnixListener::bind(&path.path);
        umask(before);
        let listener =
            bound.map_err(|error| Failure::failed(format!("cannot listen on `{}`: {error}", path.path.display())))?;
        fs::set_permissions(&path.path, Permissions::from_mode(0o600))?;
        let serving =
            tokio::spawn(serve_local(listener, service(Arc::clone(pdp), Listener::Local, shutdown.clone(), None)));
        Ok(Self { path, serving })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.serving.abort();
        // The next process that opens the store removes what is left.
        let _ = fs::remove_file(&self.path.path);
    }
}

/// A client of a store.
pub(super) struct Client {
    data: PathBuf,
    /// The store, when this process holds it.
    pub(super) here: Option<Arc<Pdp>>,
    /// The name of the socket it is asked through.
    socket: String,
    /// The access token of whoever asks.
    token: Option<String>,
    /// The socket, and the sender whose drop ends its streams.
    _held: Option<(Socket, tokio::sync::watch::Sender<bool>)>,
}

/// Whether a store has to be there already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    There,
    ThereOrNew,
}

impl Client {
    /// Opens the store of a command, or finds the server that holds it; what is asked then is asked by whoever the
    /// command names.
    pub(super) async fn open(data: &Data, wanted: Wanted) -> Result<Self, Failure> {
        let token = data.token()?;
        Ok(Self { token, ..Self::at(&data.data, wanted).await? })
    }

    /// Opens the store in `data`, or finds the server that holds it.
    pub(super) async fn at(data: &Path, wanted: Wanted) -> Result<Self, Failure> {
        if wanted == Wanted::There && !Store::is_in(data) {
            return Err(Failure::failed(format!(
                "there is no store in `{}`; name its folder with `--data`, or begin one with `standing serve` or `standing import`",
                data.display()
            )));
        }
        make(data)?;
        let started = Instant::now();
        loop {
            match Self::hold(data).await {
                Ok(client) => return Ok(client),
                Err(Holding::Failed(failure)) => return Err(failure),
                // Held by a server, which answers on its socket, or by a command, which is soon done.
                Err(Holding::Held(held)) => {
                    let socket = SOCKET_NAME.to_owned();
                    let there = Self { data: data.to_owned(), here: None, socket, token: None, _held: None };
                    match there.connect().await {
                        Ok(_) => return Ok(there),
                        Err(_) if started.elapsed() < ANSWERS_WITHIN => tokio::time::sleep(PAUSE).await,
                        Err(_) => return Err(held),
                    }
                }
            }
        }
    }

    /// Opens the store, with the rules that were last in force over it, and answers on a socket of this process's own.
    async fn hold(data: &Path) -> Result<Self, Holding> {
        let here = || RulesFlag { rules: None }.files();
        let pdp = match publish::begin::reopen(data, Arc::new(System), here, terms()?).await {
            Ok(pdp) => Arc::new(configured(pdp)?),
            Err(error @ PdpError::Store(StoreError::Held { .. })) => return Err(Holding::Held(error.into())),
            Err(error) => return Err(Holding::Failed(error.into())),
        };
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let name = format!("command-{}.sock", std::process::id());
        let socket = Socket::listen_as(data, &name, &pdp, &Shutdown::on(stopped))?;
        let _held = Some((socket, stop));
        Ok(Self { data: data.to_owned(), here: Some(pdp), socket: name, token: None, _held })
    }

    async fn connect(&self) -> Result<SendRequest<Outgoing>, Failure> {
        let path = SocketPath::of(&self.data, &self.socket)?;
        let stream = UnixStream::connect(&path.path).await?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    /// Sends a call and returns the answer as it comes.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Outgoing,
    ) -> Result<Response<Incoming>, Failure> {
        self.send_accepting(method, path, content_type, "*/*", body).await
    }

    /// Like the one above, for an answer of a media type.
    pub(super) async fn send_accepting(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        accept: &str,
        body: Outgoing,
    ) -> Result<Response<Incoming>, Failure> {
        let mut sender = self.connect().await?;
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "standing")
            .header("content-type", content_type)
            .header("accept", accept);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(body)?;
        Ok(sender.send_request(request).await?)
    }

    /// Makes a call and returns the answer, a problem too.
    pub(super) async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Said, Failure> {
        let bytes = body.map(Value::to_string).unwrap_or_default();
        said(self.send(method, path, "application/json", whole(bytes)).await?).await
    }

    /// Makes a call and returns its answer; a problem is a failure with the problem's own sentence.
    pub(super) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        self.ask(method, path, body).await?.answered()
    }
}

/// A body that is known whole.
pub(super) fn whole(bytes: impl Into<Bytes>) -> Outgoing {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed()
}

/// The answer to a call, or a problem.
pub(super) struct Said {
    pub(super) status: StatusCode,
    pub(super) body: Value,
}

impl Said {
    /// The answer; a problem is a failure with the problem's own sentence.
    pub(super) fn answered(self) -> Result<Value, Failure> {
        if self.status.is_success() { Ok(self.body) } else { Err(self.failure()) }
    }

    /// A problem as a failure, with the problem's own sentence.
    pub(super) fn failure(&self) -> Failure {
        let detail = self.body.get("detail").and_then(Value::as_str).unwrap_or("no reason given");
        let code =
            if self.status == StatusCode::BAD_REQUEST { super::ended::WRONG_USAGE } else { super::ended::FAILED };
        Failure { code, message: detail.to_owned() }
    }
}

async fn said(response: Response<Incoming>) -> Result<Said, Failure> {
    let status = response.status();
    let bytes = response.into_body().collect().await?.to_bytes();
    let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes)? };
    Ok(Said { status, body })
}

/// The JSON of an answer; a problem is a failure with the problem's own sentence.
pub(super) async fn answered(response: Response<Incoming>) -> Result<Value, Failure> {
    said(response).await?.answered()
}
