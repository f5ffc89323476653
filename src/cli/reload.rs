//! Reading the settings again on SIGHUP: what can change changes while the server runs, and the rest is named.
//!
//! Everything is read and checked before anything is put in force, so that a broken file leaves all of it as it was.
//! Certificates and the keys of issuers are read beside this, also where no setting changed.

use std::sync::Arc;

use super::settings;
use crate::config::Settings;
use crate::config::sources::{InForce, Resolved};
use crate::pdp::Pdp;
use crate::pdp::reload::put_limits;

/// What puts something in force that was read and checked; it cannot fail any more.
type Ready = Box<dyn FnOnce() + Send>;

/// Something that is read again while the server runs.
pub(super) trait Reloadable: Send {
    /// Its settings; those that name files are read again also where they say the same as before.
    fn keys(&self) -> &'static [&'static str];

    /// Reads and checks it.
    ///
    /// # Errors
    /// Why it cannot be used, in a sentence; then everything stays as it was.
    fn prepare(&self, settings: &Settings) -> Result<Ready, String>;
}

/// The limits an operator may set.
pub(super) struct Limits(pub(super) Arc<Pdp>);

impl Reloadable for Limits {
    fn keys(&self) -> &'static [&'static str] {
        &[
            "limits.body_bytes",
            "limits.evaluations",
            "limits.depth",
            "limits.body_part_seconds",
            "limits.body_seconds",
            "limits.long_seconds",
            "limits.examine_memory_bytes",
            "limits.examine_seconds",
            "limits.examine_nice",
        ]
    }

    fn prepare(&self, settings: &Settings) -> Result<Ready, String> {
        let (pdp, limits) = (Arc::clone(&self.0), settings.limits);
        Ok(Box::new(move || put_limits(&pdp, limits)))
    }
}

/// How much is logged.
pub(super) struct LogLevel;

impl Reloadable for LogLevel {
    fn keys(&self) -> &'static [&'static str] {
        &["log_level"]
    }

    fn prepare(&self, read: &Settings) -> Result<Ready, String> {
        let level = read.log_level;
        Ok(Box::new(move || settings::put_log_level(level)))
    }
}

/// What reading the settings again came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Reloaded {
    /// The settings that changed and are in force.
    pub(super) changed: Vec<&'static str>,
    /// The settings that changed and count at the next start.
    pub(super) need_restart: Vec<&'static str>,
}

/// The settings of a running server, and what of them can be read again.
pub(super) struct Reload {
    in_force: Vec<InForce>,
    flags: Vec<(&'static str, Option<String>)>,
    parts: Vec<Box<dyn Reloadable>>,
}

impl Reload {
    /// What can be read again of settings that are in force, under the flags of the command.
    pub(super) fn of(
        resolved: &Resolved,
        flags: Vec<(&'static str, Option<String>)>,
        parts: Vec<Box<dyn Reloadable>>,
    ) -> Self {
        Self { in_force: resolved.list(), flags, parts }
    }

    /// Reads the settings again and puts in force what can be.
    ///
    /// # Errors
    /// Why they cannot be used; then those of before are in force.
    pub(super) fn again(&mut self) -> Result<Reloaded, String> {
        let mut read = settings::read_again()?;
        for (key, value) in &self.flags {
            read = read.with_flag(key, value.clone()).map_err(|error| error.to_string())?;
        }
        let ready: Vec<Ready> = self.parts.iter().map(|part| part.prepare(&read.settings)).collect::<Result<_, _>>()?;
        ready.into_iter().for_each(|put| put());
        let now = read.list();
        let is_reloadable = |key: &str| self.parts.iter().any(|part| part.keys().contains(&key));
        let mut reloaded = Reloaded::default();
        for (before, now) in self.in_force.iter_mut().zip(now) {
            if before.value == now.value {
                continue;
            }
            if is_reloadable(now.key) {
                reloaded.changed.push(now.key);
                *before = now;
            } else {
                // It differs from what is in force until the next start, and is named each time.
                reloaded.need_restart.push(now.key);
            }
        }
        Ok(reloaded)
    }
}
