//! What all pages of a server share, and the cookies they set.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::sealed::Sealing;
use crate::config::pages::SessionSettings;
use crate::http::Listener;
use crate::http::waiting::Waiting;
use crate::id::ServiceName;
use crate::pdp::Pdp;

/// What all pages of a server share.
pub struct Setting {
    /// The decision point.
    pub pdp: Arc<Pdp>,
    /// How callers connect.
    pub listener: Listener,
    /// Is it a demonstration, whose cast one can be by pressing a button?
    pub is_demo: bool,
    /// What services are called; by their key where nothing is said.
    pub services: BTreeMap<ServiceName, String>,
    /// How long sessions last.
    pub sessions: SessionSettings,
    /// What seals what a browser keeps while somebody signs in at a provider.
    pub sealing: Sealing,
    /// What goes on while nobody waits for it.
    pub waiting: Waiting,
    /// The key of the sentence that says why no page is shown.
    pub closed: Option<&'static str>,
}

impl Setting {
    /// Are pages reached over https?
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.pdp.public_url().starts_with("https://")
    }

    /// The name of the cookie that holds a session.
    #[must_use]
    pub fn cookie(&self) -> &'static str {
        if self.is_secure() { "__Host-standing" } else { "standing" }
    }

    /// A cookie as it is set: read by no script, sent by no other site's form.
    #[must_use]
    pub fn set_cookie(&self, name: &str, value: &str, seconds: Option<u64>) -> String {
        let secure = if self.is_secure() { "; Secure" } else { "" };
        let lasts = seconds.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{lasts}")
    }

    /// The name of the cookie that says what was done.
    #[must_use]
    pub fn done_cookie(&self) -> &'static str {
        if self.is_secure() { "__Host-standing-done" } else { "standing-done" }
    }

    /// The name of the cookie that holds a sign-in at a provider while it goes on.
    #[must_use]
    pub fn sign_in_cookie(&self) -> &'static str {
        if self.is_secure() { "__Host-standing-sign-in" } else { "standing-sign-in" }
    }

    /// The name of the cookie that holds whom somebody may act for while they choose.
    #[must_use]
    pub fn acting_as_cookie(&self) -> &'static str {
        if self.is_secure() { "__Host-standing-acting-as" } else { "standing-acting-as" }
    }

    /// The name of the cookie that holds the language.
    #[must_use]
    pub fn language_cookie(&self) -> &'static str {
        if self.is_secure() { "__Host-standing-language" } else { "standing-language" }
    }
}
