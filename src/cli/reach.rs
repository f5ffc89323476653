//! Reaching a store: opening it here, or asking the server that holds it.
//!
//! redb gives a store to one process. Whoever opens it listens on a socket in the data directory, so every command
//! speaks to it in the same way, whether the store is held by a server or by the command itself.

use std::fs::{self, DirBuilder, File, Permissions};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{UnixListener, UnixStream};

use super::Failure;
use super::rules_dir::RulesFlag;
use crate::clock::System;
use crate::config::Settings;
use crate::http::{Door, Stopping, surface};
use crate::pdp::{Pdp, Terms};
use crate::store::StoreError;

const SOCKET_NAME: &str = "standing.sock";
/// The longest path of a socket the system takes, less the byte that ends it.
const SOCKET_PATH_MAX: usize = 107;
/// How long a command waits for a server that holds the store and does not listen yet.
const LISTENS_WITHIN: Duration = Duration::from_secs(5);

/// A body on its way out.
pub(super) type Outgoing = BoxBody<Bytes, std::io::Error>;

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
    fn of(data: &Path) -> std::io::Result<Self> {
        let path = data.join(SOCKET_NAME);
        if path.as_os_str().len() <= SOCKET_PATH_MAX {
            return Ok(Self { path, _folder: None });
        }
        let folder = File::open(data)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}/{SOCKET_NAME}", folder.as_raw_fd()));
        Ok(Self { path, _folder: Some(folder) })
    }
}

/// The socket of a store that this process holds, gone when it is dropped.
pub(super) struct Socket {
    path: SocketPath,
    serving: tokio::task::JoinHandle<()>,
}

impl Socket {
    /// Answers on the socket in the data directory, which only its owner can open.
    pub(super) fn listen(data: &Path, pdp: &Arc<Pdp>, stopping: &Stopping) -> Result<Self, Failure> {
        let path = SocketPath::of(data)?;
        // This process holds the store, so a socket that is there was left by one that died.
        match fs::remove_file(&path.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Failure::failed(error)),
            _ => {}
        }
        let listener = UnixListener::bind(&path.path)
            .map_err(|error| Failure::failed(format!("cannot listen on `{}`: {error}", path.path.display())))?;
        fs::set_permissions(&path.path, Permissions::from_mode(0o600))?;
        let served = surface(Arc::clone(pdp), Door::Local, stopping.clone());
        let serving = tokio::spawn(warp::serve(served).incoming(listener).run());
        Ok(Self { path, serving })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.serving.abort();
        // Whoever opens the store next removes what is left.
        let _ = fs::remove_file(&self.path.path);
    }
}

/// A store that can be asked.
pub(super) struct Reached {
    data: PathBuf,
    /// The store, when this process holds it.
    pub(super) here: Option<Arc<Pdp>>,
    /// The socket, and what tells its streams to end when this is dropped.
    _socket: Option<(Socket, tokio::sync::watch::Sender<bool>)>,
}

/// Whether a store has to be there already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    There,
    ThereOrNew,
}

impl Reached {
    /// Opens the store in `data`, or finds the server that holds it.
    pub(super) async fn open(data: &Path, wanted: Wanted) -> Result<Self, Failure> {
        if wanted == Wanted::There && !data.join("standing.redb").exists() {
            return Err(Failure::failed(format!(
                "there is no store in `{}`; name its folder with `--data`, or begin one with `standing serve`",
                data.display()
            )));
        }
        make(data)?;
        let settings = Settings::default();
        let terms = Terms {
            multichannel: settings.multichannel,
            limits: settings.limits,
            public_url: "https://localhost:8181".to_owned(),
        };
        let rules = RulesFlag { rules: None }.bundle()?;
        match Pdp::open(data, Arc::new(System), rules, terms) {
            Ok(pdp) => {
                let pdp = Arc::new(pdp);
                pdp.keep_rules("command").await?;
                let (stop, stopped) = tokio::sync::watch::channel(false);
                let socket = Socket::listen(data, &pdp, &Stopping::told_by(stopped))?;
                Ok(Self { data: data.to_owned(), here: Some(pdp), _socket: Some((socket, stop)) })
            }
            Err(crate::pdp::PdpError::Store(StoreError::Held { .. })) => {
                Ok(Self { data: data.to_owned(), here: None, _socket: None })
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn connect(&self) -> Result<SendRequest<Outgoing>, Failure> {
        let path = SocketPath::of(&self.data)?;
        let started = std::time::Instant::now();
        let stream = loop {
            match UnixStream::connect(&path.path).await {
                Ok(stream) => break stream,
                Err(_) if started.elapsed() < LISTENS_WITHIN => tokio::time::sleep(Duration::from_millis(50)).await,
                Err(error) => {
                    return Err(Failure::failed(format!(
                        "the store in `{}` is held by a process that does not answer on its socket: {error}; stop it and try again",
                        self.data.display()
                    )));
                }
            }
        };
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
        let mut sender = self.connect().await?;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "standing")
            .header("content-type", content_type)
            .body(body)?;
        Ok(sender.send_request(request).await?)
    }

    /// Makes a call and returns its answer; a problem is a failure with the problem's own sentence.
    pub(super) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let bytes = body.map(Value::to_string).unwrap_or_default();
        let response = self.send(method, path, "application/json", whole(bytes)).await?;
        answered(response).await
    }
}

/// A body that is known whole.
pub(super) fn whole(bytes: impl Into<Bytes>) -> Outgoing {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed()
}

/// The JSON of an answer; a problem is a failure with the problem's own sentence.
pub(super) async fn answered(response: Response<Incoming>) -> Result<Value, Failure> {
    let status = response.status();
    let bytes = response.into_body().collect().await?.to_bytes();
    let value: Value = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes)? };
    if status.is_success() {
        return Ok(value);
    }
    let detail = value.get("detail").and_then(Value::as_str).unwrap_or("no reason given");
    let code = if status == StatusCode::BAD_REQUEST { super::WRONG_USAGE } else { super::FAILED };
    Err(Failure { code, message: detail.to_owned() })
}
