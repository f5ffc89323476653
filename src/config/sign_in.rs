//! The company's own sign-in for people on the pages (OpenID Connect), as the settings name it.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;

use super::acts_as::ActsAs;
use super::issuer::issuer_fault;
use super::public_url::{host, masked};
use crate::limits::SIGN_IN_NAME_LENGTH_MAX;

/// What is asked of every provider: who it is, and what they are called.
const SCOPES: [&str; 3] = ["openid", "profile", "email"];

/// A provider by which people sign in.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInSettings {
    /// What people call it.
    pub name: String,
    /// What `iss` of its tokens is, letter by letter; below it lies its `/.well-known/openid-configuration`.
    pub issuer: String,
    /// What it calls this service.
    pub client_id: String,
    /// The secret it knows this service by.
    pub client_secret: Option<String>,
    /// The file that holds that secret, which nobody else may read.
    pub client_secret_file: Option<PathBuf>,
    /// The domains of the work emails of its people.
    #[serde(default)]
    pub domains: Vec<String>,
    /// Is it shown by its name to whoever opens the page, where there are several?
    #[serde(default)]
    pub listed: bool,
    /// What is asked for besides `openid profile email`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The hosts besides its own that it may name for its endpoints and keys.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// The certificates of the authorities that vouch for its hosts; those of the system when nothing is said.
    pub ca: Option<PathBuf>,
    /// What its people may act as.
    pub acts_as: Vec<ActsAs>,
}

impl fmt::Debug for SignInSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignInSettings").field("name", &self.name).field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// Is it the domain of an email, in small letters?
fn is_domain(text: &str) -> bool {
    let is_part = |part: &str| {
        let is_plain =
            part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte >= 0x80);
        is_plain && !part.is_empty() && !part.starts_with('-') && !part.ends_with('-')
    };
    text.contains('.') && text.split('.').all(is_part)
}

/// Is it a scope as it can be asked for (RFC 6749, 3.3)?
fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
}

impl SignInSettings {
    /// Everything that is asked for, each once.
    #[must_use]
    pub fn scope(&self) -> String {
        let mut all = SCOPES.map(str::to_owned).to_vec();
        all.extend(self.scopes.iter().filter(|scope| !SCOPES.contains(&scope.as_str())).cloned());
        all.join(" ")
    }

    /// What cannot be.
    fn fault(&self) -> Option<String> {
        let Self { name, issuer, client_id, client_secret, client_secret_file, domains, scopes, hosts, ca, .. } = self;
        let of = |fault: String| Some(format!("sign-in `{name}`: {fault}"));
        if name.trim().is_empty() || name.len() > SIGN_IN_NAME_LENGTH_MAX || name.chars().any(char::is_control) {
            return of(format!(
                "`name` is what people call it, in one line of at most {SIGN_IN_NAME_LENGTH_MAX} bytes"
            ));
        }
        if let Some(fault) = issuer_fault(issuer) {
            return of(fault);
        }
        if let Some(fault) = super::public_url::fault_of(issuer.trim_end_matches('/')) {
            return of(format!("`issuer` `{}` {fault}", masked(issuer)));
        }
        if client_id.is_empty() || client_id.chars().any(char::is_control) {
            return of("`client_id` is what the provider calls this service; register it there".to_owned());
        }
        if client_secret.is_some() && client_secret_file.is_some() {
            return of("its secret is `client_secret` or in a `client_secret_file`; name one of the two".to_owned());
        }
        if client_secret.as_ref().is_some_and(|secret| secret.trim().is_empty()) {
            return of("`client_secret` is empty; leave it out where the provider asks for none".to_owned());
        }
        if let Some(domain) = domains.iter().find(|domain| !is_domain(domain)) {
            return of(format!("`domains`: `{domain}` is no domain of an email; write `adatum.example`"));
        }
        if let Some(scope) = scopes.iter().find(|scope| !is_scope(scope)) {
            return of(format!("`scopes`: `{scope}` is no scope; write one in each text"));
        }
        if let Some(other) = hosts.iter().find(|other| host(other).is_none()) {
            return of(format!(
                "`hosts`: `{other}` is no host; write a name and a port if need be, without `https://`"
            ));
        }
        if (ca.is_some() || !hosts.is_empty()) && issuer.starts_with("http://") {
            return of("`ca` and `hosts` are for hosts of https, and `issuer` is plain http".to_owned());
        }
        if self.acts_as.is_empty() {
            return of("`acts_as` is empty, so nobody could act as anything".to_owned());
        }
        self.acts_as.iter().find_map(ActsAs::fault).and_then(of)
    }
}

/// What cannot be of several providers.
pub(super) fn fault_of(all: &[SignInSettings]) -> Option<String> {
    let (mut names, mut issuers, mut domains) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for one in all {
        if let Some(fault) = one.fault() {
            return Some(fault);
        }
        let name = &one.name;
        if !names.insert(name) || !issuers.insert(&one.issuer) {
            return Some(format!("sign-in `{name}` stands more than once, or its issuer `{}` does", one.issuer));
        }
        if let Some(domain) = one.domains.iter().find(|domain| !domains.insert(domain.as_str())) {
            return Some(format!("sign-in `{name}`: the domain `{domain}` stands more than once; whose is it?"));
        }
        if all.len() > 1 && one.domains.is_empty() && !one.listed {
            let way = "name `domains` of its people, or `listed = true`";
            return Some(format!("sign-in `{name}`: nobody could find it among several; {way}"));
        }
    }
    None
}
