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
use crate::config::{LogForm, LogLevel, log_named};

/// Has the log say more or less.
type PutFilter = Box<dyn Fn(EnvFilter) -> bool + Send + Sync>;

/// How the log is changed while the program runs.
static LOG_FILTER: OnceLock<PutFilter> = OnceLock::new();

/// Libraries that speak with whoever connects, and from which level on they are heard: what they warn of is in the words
/// of the other end, as often as it likes. A caller that goes away is no error of this program, and `warp` calls it one.
const QUIET: [(&str, &str); 6] = [
    ("h2", "error"),
    ("hyper", "error"),
    ("hyper_util", "error"),
    ("rustls", "error"),
    ("tokio_rustls", "error"),
    ("warp::server", "off"),
];

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
    if !log_named().is_empty() {
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
    filter(&log_named(), level)
}

/// The filter for what was asked for, with the libraries of [`QUIET`] as they are there unless one is asked for by name.
fn filter(asked: &str, level: Level) -> EnvFilter {
    let filter = EnvFilter::builder().with_default_directive(level.into()).parse_lossy(asked);
    let is_asked = |library: &str| {
        asked
            .split(',')
            .any(|directive| directive.split(['=', '[']).next().is_some_and(|named| named.trim() == library))
    };
    let quiet = QUIET.iter().filter(|(library, _)| !is_asked(library));
    let quiet = quiet.filter_map(|(library, level)| format!("{library}={level}").parse().ok());
    quiet.fold(filter, EnvFilter::add_directive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_speaks_with_callers_warns_of_nothing_unless_it_is_asked_for_by_name() {
        for asked in ["", "debug", "standing=trace,rustls::msgs=warn"] {
            let said = filter(asked, Level::INFO).to_string();
            for (library, level) in QUIET {
                assert!(said.split(',').any(|one| one == format!("{library}={level}")), "{asked}: {said}");
            }
        }
        let said = filter("info,rustls=debug,h2", Level::INFO).to_string();
        assert!(said.contains("rustls=debug") && !said.contains("h2=error"), "{said}");
        assert!(said.contains("hyper=error"), "{said}");
    }
}
