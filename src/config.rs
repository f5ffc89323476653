//! Settings, read once at the start: a TOML file, the environment over it, and the command's own flags over both.

pub mod acts_as;
mod advice;
pub mod certificate;
mod forward_auth;
pub mod pages;
mod networks;
mod public_url;
mod listed;
pub mod issuer;
pub mod sign_in;
pub mod sources;

pub use forward_auth::{ForwardAuth, ForwardRoute, Proxy, is_plain_part, placeholder};

use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use jiff::SignedDuration;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::clock::Age;
use crate::domain::grant::Multichannel;
use crate::id::ServiceName;
use crate::limits::{HEAD_BYTES_MIN, Limits, NICE_MAX};
use certificate::CertificateSettings;
use issuer::IssuerSettings;
use pages::{PagesSetting, ServiceSettings, SessionSettings};
use sign_in::SignInSettings;

/// The deepest nesting that may be allowed; beyond it the reader itself would give up.
const DEPTH_MAX: usize = 126;

/// Where the rules in force come from.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RulesFrom {
    /// From the folder of rules, which is watched.
    #[default]
    Files,
    /// From proposals that somebody else approved; the folder counts at the first start alone.
    Publishing,
}

/// Where the files of the rules stand.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum RulesAt {
    /// In a folder, named from the root.
    Folder(PathBuf),
    /// In the program itself.
    BuiltIn,
}

impl RulesAt {
    /// What names the set in the program where a folder can be named.
    pub const BUILT_IN: &str = "built-in";

    /// Where a flag or a setting says the rules stand: `built-in`, or a folder, as seen from the working directory.
    #[must_use]
    pub fn named(name: &Path) -> Self {
        if name == Path::new(Self::BUILT_IN) { Self::BuiltIn } else { Self::folder(name) }
    }

    /// A folder by its name from the root. A link to a folder stays one, so that it can be pointed elsewhere.
    #[must_use]
    pub fn folder(name: &Path) -> Self {
        Self::Folder(std::path::absolute(name).unwrap_or_else(|_| name.to_owned()))
    }

    /// The folder, where it is one.
    #[must_use]
    pub fn as_folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(folder) => Some(folder),
            Self::BuiltIn => None,
        }
    }
}

impl fmt::Display for RulesAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "{}", folder.display()),
            Self::BuiltIn => f.write_str(Self::BUILT_IN),
        }
    }
}

/// The settings of a server; see `standing serve --help` for the file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The data directory.
    pub data: Option<PathBuf>,
    /// The address to listen on.
    pub listen: Option<SocketAddr>,
    /// The address at which the figures are served without credentials; nowhere when nothing is said.
    #[serde(deserialize_with = "address_or_port")]
    pub metrics_listen: Option<SocketAddr>,
    /// The folder of rules, or `built-in`.
    pub rules: Option<PathBuf>,
    /// Where the rules in force come from: `files` or `publishing`.
    pub rules_from: RulesFrom,
    /// Does whoever approves rules have to be known by another issuer than this service's own tokens?
    pub approval_needs_person: bool,
    /// Where callers reach this service: an https URL without a slash at the end; http for this machine alone.
    pub public_url: Option<String>,
    /// The addresses and networks of proxies whose `Forwarded` says whom a call comes from.
    #[serde(deserialize_with = "networks::read")]
    pub trusted_proxies: Vec<IpNet>,
    /// The issuers whose tokens say who calls.
    pub issuer: Vec<IssuerSettings>,
    /// The client certificates whose holders may call.
    pub certificate: Vec<CertificateSettings>,
    /// The providers by which people sign in to the pages.
    pub sign_in: Vec<SignInSettings>,
    /// What a second transacting partner's acceptance does: `displace` or `refuse`.
    pub multichannel: Multichannel,
    /// One answer of the table of decisions in so many is decided by the rules as well; none where it is 0.
    pub compare_one_in: Option<u64>,
    /// The limits.
    pub limits: Limits,
    /// How the log is written: `text` or `json`.
    pub log: LogForm,
    /// Are pages for people served? `on` or `off`.
    pub pages: PagesSetting,
    /// What people call services, by their keys.
    pub services: BTreeMap<ServiceName, ServiceSettings>,
    /// How long somebody stays signed in to the pages.
    pub sessions: SessionSettings,
    /// How much a server logs: `error`, `warn`, `info`, `debug` or `trace`.
    pub log_level: LogLevel,
    /// The settings of the ledger.
    pub ledger: LedgerSettings,
    /// Does a proxy in front of this service speak TLS with callers, so that plain HTTP is served to other machines?
    pub proxy: bool,
    /// The files with which this service speaks TLS itself.
    pub tls: TlsSettings,
    /// The settings of traces.
    pub traces: TracesSettings,
    /// What a proxy may ask about the calls that it passes on; no proxy is answered when nothing is said.
    pub forward_auth: Option<ForwardAuth>,
}

/// The files with which this service speaks TLS itself, all PEM.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TlsSettings {
    /// The certificate, those that lead to its authority after it.
    pub certificate: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
    /// The authorities whose certificates callers may have.
    pub client_ca: Option<PathBuf>,
    /// What these authorities revoked.
    pub client_crl: Option<PathBuf>,
}

impl TlsSettings {
    fn fault(&self) -> Option<(&'static str, String)> {
        let needs = |key, of: &str| Some((key, format!("`{of}` is named and `{key}` is not; name both or none")));
        match self {
            Self { certificate: Some(_), key: None, .. } => needs("tls.key", "tls.certificate"),
            Self { certificate: None, key: Some(_), .. } => needs("tls.certificate", "tls.key"),
            Self { certificate: None, client_ca: Some(_), .. } => needs("tls.certificate", "tls.client_ca"),
            Self { client_ca: None, client_crl: Some(_), .. } => needs("tls.client_ca", "tls.client_crl"),
            _ => None,
        }
    }
}

/// How the log is written.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogForm {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// How much a server logs.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What failed.
    Error,
    /// What may surprise, too.
    Warn,
    /// What the server does, too.
    #[default]
    Info,
    /// A line for each call, too.
    Debug,
    /// Everything.
    Trace,
}

/// The settings of the ledger.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LedgerSettings {
    /// How old a record is when it moves to an archive file, for example `90d`; never when nothing is said.
    #[serde(deserialize_with = "age")]
    pub archive_after: Option<SignedDuration>,
    /// The folder in which signed heads of the ledger are kept besides, away from the data directory; nowhere when
    /// nothing is said.
    pub checkpoints_to: Option<PathBuf>,
}

/// An address, or a port of the loopback interface.
fn address_or_port<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let port = || text.parse::<u16>().ok().map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let address = text.parse().ok().or_else(port);
    let fault = || format!("`{text}` is no address; write `127.0.0.1:9464`, or `9464` for this machine alone");
    address.map(Some).ok_or_else(|| D::Error::custom(fault()))
}

fn age<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SignedDuration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(|Age(age)| Some(age)).map_err(D::Error::custom)
}

/// The settings of traces.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TracesSettings {
    /// The collector that spans are sent to, as OTLP over HTTP; none are sent when nothing is said.
    pub endpoint: Option<String>,
    /// Of the calls that belong to no trace yet one in so many begins one; none does where it is 0.
    pub one_in: Option<u64>,
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read the settings `{}`: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The file does not hold settings.
    #[error("`{}` does not hold settings: {message}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        message: String,
    },
    /// A setting is not understood or cannot be.
    #[error("{0}")]
    Value(String),
}

impl Settings {
    /// What cannot be, with the name of its setting.
    fn fault(&self) -> Option<(&'static str, String)> {
        if let Some(url) = &self.public_url
            && let Some(fault) = public_url::fault_of(url)
        {
            return Some(("public_url", format!("`public_url` `{}` {fault}", public_url::masked(url))));
        }
        if let Some(url) = &self.traces.endpoint
            && let Some(fault) = public_url::fault_of(url)
        {
            return Some(("traces.endpoint", format!("`{}` {fault}", public_url::masked(url))));
        }
        if let Some(folder) =
            self.ledger.checkpoints_to.as_ref().filter(|folder| folder.to_string_lossy().contains("://"))
        {
            let message = format!("`{}` is no folder; name one that is there, on another disk", folder.display());
            return Some(("ledger.checkpoints_to", message));
        }
        if let Some(fault) = self.certificate.iter().find_map(CertificateSettings::fault) {
            return Some(("certificate", fault));
        }
        if let Some(fault) = issuer::fault_of(&self.issuer) {
            return Some(("issuer", fault));
        }
        if let Some(fault) = sign_in::fault_of(&self.sign_in) {
            return Some(("sign_in", fault));
        }
        if let Some(fault) = self.forward_auth.as_ref().and_then(ForwardAuth::fault) {
            return Some(("forward_auth", fault));
        }
        if let Some(fault) = self.tls.fault().or_else(|| self.sessions.fault()) {
            return Some(fault);
        }
        let Limits { depth, long_seconds, examine_memory_bytes, examine_seconds, .. } = self.limits;
        let Limits { decisions_per_second, recorded_bytes_per_second, calls_at_once, held_bytes, .. } = self.limits;
        let limits = [
            ("limits.body_bytes", self.limits.body_bytes),
            ("limits.evaluations", self.limits.evaluations),
            ("limits.depth", depth),
            ("limits.connections", self.limits.connections),
            ("limits.connections_per_address", self.limits.connections_per_address),
            ("limits.head_seconds", self.limits.head_seconds),
            ("limits.idle_seconds", self.limits.idle_seconds),
            ("limits.body_part_seconds", self.limits.body_part_seconds),
            ("limits.body_seconds", self.limits.body_seconds),
            ("limits.streams", self.limits.streams),
            ("limits.unread_seconds", self.limits.unread_seconds),
            ("limits.long_seconds", long_seconds),
            ("limits.examine_memory_bytes", examine_memory_bytes),
            ("limits.examine_seconds", examine_seconds),
            ("limits.decisions_per_second", decisions_per_second),
            ("limits.recorded_bytes_per_second", recorded_bytes_per_second),
            ("limits.calls_at_once", calls_at_once),
            ("limits.held_bytes", held_bytes),
        ];
        if let Some((key, _)) = limits.into_iter().find(|(_, limit)| *limit == 0) {
            return Some((key, format!("`{key}` is at least 1, or nothing would be answered")));
        }
        if self.limits.head_bytes < HEAD_BYTES_MIN {
            return Some(("limits.head_bytes", format!("`limits.head_bytes` is at least {HEAD_BYTES_MIN}")));
        }
        if self.limits.examine_nice > NICE_MAX {
            return Some(("limits.examine_nice", format!("`limits.examine_nice` is at most {NICE_MAX}")));
        }
        (depth > DEPTH_MAX).then(|| ("limits.depth", format!("`limits.depth` is at most {DEPTH_MAX}")))
    }
}

/// The access token of whoever asks on the command line, as `STANDING_TOKEN` says it.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "here alone the environment is read")]
pub fn token_of_environment() -> Option<String> {
    std::env::var("STANDING_TOKEN").ok().map(|token| token.trim().to_owned()).filter(|token| !token.is_empty())
}

/// The socket on which a service manager waits to be told that the server is ready, as `NOTIFY_SOCKET` names it.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "here alone the environment is read")]
pub fn notify_socket() -> Option<String> {
    std::env::var("NOTIFY_SOCKET").ok().filter(|name| !name.is_empty())
}

/// What the environment itself says is logged, in `RUST_LOG`; empty where it says nothing.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "here alone the environment is read")]
pub fn log_named() -> String {
    std::env::var("RUST_LOG").unwrap_or_default()
}

/// The name of whoever is logged in, as the environment says.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn user() -> Option<String> {
    ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok()).filter(|user| !user.trim().is_empty())
}

/// Whether claims can be proved, as the environment says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SolverSetting {
    /// The solver: what `CVC5` names, else `cvc5` on the `PATH`, if it is there.
    pub program: Option<PathBuf>,
    /// Is a proof that cannot be made a failure? So `STANDING_REQUIRE_SOLVER=1`.
    pub is_required: bool,
}

impl SolverSetting {
    /// Reads the environment and looks for the solver.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn read() -> Self {
        let is_required = std::env::var_os("STANDING_REQUIRE_SOLVER").is_some_and(|word| word == "1");
        let named = std::env::var_os("CVC5").filter(|name| !name.is_empty()).map(PathBuf::from);
        let on_path = || {
            let folders = std::env::var_os("PATH").unwrap_or_default();
            std::env::split_paths(&folders).map(|folder| folder.join("cvc5")).find(|program| program.is_file())
        };
        Self { program: named.or_else(on_path), is_required }
    }
}
