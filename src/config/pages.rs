//! The settings of the pages for people: whether they are served, what services are called, and how long sessions last.

use jiff::SignedDuration;
use serde::Deserialize;

use crate::clock::Timestamp;
use crate::limits::{SESSION_FRESH_MINUTES, SESSION_HOURS, SESSION_IDLE_MINUTES};

/// Whether pages for people are served.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PagesSetting {
    /// They are.
    #[default]
    On,
    /// The API alone is served.
    Off,
}

/// What is said of a service besides its key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceSettings {
    /// What people call it.
    pub name: String,
}

/// How long sessions last.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SessionSettings {
    /// How many minutes nobody has to be seen for a session to end.
    pub idle_minutes: u16,
    /// How many hours a session may last in all.
    pub hours: u16,
    /// How many minutes before a change that weighs much somebody may have proved who they are; with 0 no such change
    /// is made on a page.
    pub fresh_minutes: u16,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self { idle_minutes: SESSION_IDLE_MINUTES, hours: SESSION_HOURS, fresh_minutes: SESSION_FRESH_MINUTES }
    }
}

impl SessionSettings {
    /// How long nobody has to be seen for a session to end.
    #[must_use]
    pub fn idle(self) -> SignedDuration {
        SignedDuration::from_mins(self.idle_minutes.into())
    }

    /// How long a session may last in all.
    #[must_use]
    pub fn whole(self) -> SignedDuration {
        SignedDuration::from_hours(self.hours.into())
    }

    /// Did somebody prove a short enough time ago who they are, to make a change that weighs much now?
    #[must_use]
    pub fn is_fresh(self, proved: Timestamp, now: Timestamp) -> bool {
        let age = now.duration_since(proved);
        age < SignedDuration::from_mins(self.fresh_minutes.into())
    }

    /// What cannot be, with the name of its setting.
    pub(super) fn fault(self) -> Option<(&'static str, String)> {
        let settings = [("sessions.idle_minutes", self.idle_minutes), ("sessions.hours", self.hours)];
        let (key, _) = settings.into_iter().find(|(_, value)| *value == 0)?;
        Some((key, format!("`{key}` is at least 1, or nobody could sign in")))
    }
}
