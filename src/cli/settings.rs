//! The settings of whatever command runs, read once before its flags are.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::OnceLock;

use tracing::Level;
use tracing_subscriber::EnvFilter;

use super::ended::Failure;
use super::print;
use crate::config::sources::{Resolved, environment, file, resolve};
use crate::config::{LogForm, LogLevel, is_log_named};

/// Has the log say more or less.
type PutFilter = Box<dyn Fn(EnvFilter) -> bool + Send + Sync>;

/// How the log is changed while the program runs.
static LOG_FILTER: OnceLock<PutFilter> = OnceLock::new();

/// The settings, or why they cannot be used.
static IN_FORCE: OnceLock<Result<Resolved, String>> = OnceLock::new();

/// The file that `--config` names among the arguments of the process.
pub(super) fn named(arguments: impl Iterator<Item = OsString>) -> Option<PathBuf> {
    let mut arguments = arguments.take_while(|argument| argument != "--");
    while let Some(argument) = arguments.next() {
        if argument == "--config" {
            return arguments.next().map(PathBuf::from);
        }
        if let Some(file) = argument.to_str().and_then(|argument| argument.strip_prefix("--config=")) {
            return Some(file.into());
        }
    }
    None
}

fn read() -> &'static Result<Resolved, String> {
    IN_FORCE.get_or_init(read_again)
}

/// The settings as they are written now.
pub(super) fn read_again() -> Result<Resolved, String> {
    let environment = environment();
    let file = file(named(std::env::args_os()), &environment);
    resolve(file, &environment).map_err(|error| error.to_string())
}

/// How much a server logs, as the settings say.
pub(super) fn log_level() -> Level {
    level_of(read().as_ref().map(|resolved| resolved.settings.log_level).unwrap_or_default())
}

fn level_of(level: LogLevel) -> Level {
    match level {
        LogLevel::Error => Level::ERROR,
        LogLevel::Warn => Level::WARN,
        LogLevel::Info => Level::INFO,
        LogLevel::Debug => Level::DEBUG,
        LogLevel::Trace => Level::TRACE,
    }
}

/// Logs as much as the settings say from now on, unless the environment says otherwise.
pub(super) fn put_log_level(level: LogLevel) {
    if is_log_named() {
        tracing::warn!("RUST_LOG says how much is logged, and `log_level` counts where it does not");
    } else if !LOG_FILTER.get().is_some_and(|put| put(filter_of(level_of(level)))) {
        tracing::warn!("how much is logged cannot be changed in this process");
    }
}

/// The settings of the file and the environment.
pub(super) fn in_force() -> Result<Resolved, Failure> {
    read().clone().map_err(Failure::failed)
}

/// The data directory, unless a flag names another.
pub(super) fn data() -> PathBuf {
    let named = read().as_ref().ok().and_then(|resolved| resolved.settings.data.clone());
    named.unwrap_or_else(|| "./standing-data".into())
}

/// The folder of rules, unless a flag names another.
pub(super) fn rules() -> Option<PathBuf> {
    read().as_ref().ok().and_then(|resolved| resolved.settings.rules.clone())
}

/// Logs to the standard error: what `RUST_LOG` says, else what is of `level` or graver.
pub(super) fn log_to_stderr(level: Level) {
    let form = read().as_ref().map(|resolved| resolved.settings.log).unwrap_or_default();
    let log = tracing_subscriber::fmt().with_env_filter(filter_of(level)).with_writer(print::log);
    // Something else may log already, as when tests run in one process.
    let _ = match form {
        LogForm::Json => {
            let log = log.json().flatten_event(true).with_filter_reloading();
            let handle = log.reload_handle();
            let _ = LOG_FILTER.set(Box::new(move |filter| handle.reload(filter).is_ok()));
            log.try_init()
        }
        LogForm::Text => {
            let log = log.with_ansi(std::io::stderr().is_terminal()).with_filter_reloading();
            let handle = log.reload_handle();
            let _ = LOG_FILTER.set(Box::new(move |filter| handle.reload(filter).is_ok()));
            log.try_init()
        }
    };
}

/// What `RUST_LOG` says is logged, else what is of `level` or graver.
fn filter_of(level: Level) -> EnvFilter {
    let filter = EnvFilter::builder().with_default_directive(level.into()).from_env_lossy();
    // A caller that goes away is no error of this program, and the server's library calls it one.
    let quiet = "warp::server=off".parse().ok();
    quiet.into_iter().fold(filter, EnvFilter::add_directive)
}
