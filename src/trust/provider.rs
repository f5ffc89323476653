//! Providers by which people sign in (OpenID Connect, code flow with PKCE): what they say of themselves, the way there,
//! and who comes back.
//!
//! Everything is fetched from the provider's own host, or from hosts that the settings name; the browser is sent to no
//! other either. What a provider hands out besides the ID token is thrown away.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use hyper::Uri;
use jiff::SignedDuration;
use rustls::ClientConfig;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;

use super::acts_as::callers;
use super::fetch::{FetchError, Posted, authorities, encoded, fetch, form, post, with_query};
use super::id_token::{Expected, verified};
use super::issuer::{Issuer, IssuerError};
use super::provider_error::{ProviderError, ProviderSettingsError};
use crate::caller::{Caller, Person};
use crate::clock::Timestamp;
use crate::config::issuer::{IssuerSettings, usual};
use crate::config::sign_in::SignInSettings;
use crate::files::check_secret;
use crate::json;
use crate::limits::{
    DISCOVERY_AGAIN_SECONDS, DISCOVERY_KEPT_SECONDS, DISCOVERY_WAITED_FOR_MILLISECONDS, JWKS_DEPTH_MAX,
    SIGN_IN_MINUTES, SIGN_IN_TEXT_LENGTH_MAX,
};

/// Where a provider says what it is, below its issuer.
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// What a provider says of itself.
struct Metadata {
    authorization: Uri,
    token: Uri,
    end_session: Option<Uri>,
    says_issuer: bool,
    takes_basic: bool,
    keys: Arc<Issuer>,
    read: Timestamp,
}

/// What is known of a provider by now.
#[derive(Default)]
struct Known {
    metadata: Option<Arc<Metadata>>,
    failed: Option<Timestamp>,
}

/// What says what time it is: asking a provider may take seconds.
pub type Now<'a> = &'a (dyn Fn() -> Timestamp + Sync);

fn is_within(now: Timestamp, at: Timestamp, seconds: i64) -> bool {
    now.duration_since(at) < SignedDuration::from_secs(seconds)
}

/// A provider by which people sign in.
pub struct Provider {
    /// The provider as the settings name it.
    pub settings: SignInSettings,
    secret: Option<String>,
    tls: Option<Arc<ClientConfig>>,
    known: Mutex<Known>,
    /// Held by whoever asks the provider what it is: one asks for all.
    asking: tokio::sync::Mutex<()>,
}

/// What is sent along to a provider.
#[derive(Clone, Debug)]
pub struct Asking<'a> {
    /// Where the browser is to come back to.
    pub back: &'a str,
    /// What it is to bring back.
    pub state: &'a str,
    /// What the ID token is to hold.
    pub nonce: &'a str,
    /// What the code is changed for, besides itself.
    pub verifier: &'a str,
    /// Does the person have to prove anew who they are?
    pub is_fresh: bool,
    /// Is it to be somebody else than who is signed in there?
    pub is_other: bool,
}

/// Somebody who signed in at a provider.
#[derive(Clone, Debug)]
pub struct Account {
    /// Who it is.
    pub person: Person,
    /// What they are called there.
    pub name: Option<String>,
    /// Their email, as the provider knows it.
    pub email: Option<String>,
    /// When they proved who they are, if the provider says.
    pub proved: Option<Timestamp>,
    /// Everything they may act as.
    pub callers: BTreeSet<Caller>,
}

impl Provider {
    /// A provider, as the settings name it; nothing is fetched yet.
    ///
    /// # Errors
    /// [`ProviderSettingsError`].
    pub(super) fn of(settings: SignInSettings) -> Result<Self, ProviderSettingsError> {
        let name = || settings.name.clone();
        let secret = match &settings.client_secret_file {
            None => settings.client_secret.clone(),
            Some(path) => {
                check_secret(path).map_err(|cause| ProviderSettingsError::Secret { name: name(), cause })?;
                let read = std::fs::read_to_string(path);
                let read =
                    read.map_err(|cause| ProviderSettingsError::File { name: name(), path: path.clone(), cause })?;
                if read.trim().is_empty() {
                    return Err(ProviderSettingsError::Empty { name: name(), path: path.clone() });
                }
                Some(read.trim().to_owned())
            }
        };
        let is_https = settings.issuer.starts_with("https://");
        let tls = is_https.then(|| authorities(settings.ca.as_deref())).transpose();
        let tls = tls.map_err(|cause| ProviderSettingsError::Authorities { name: name(), cause })?;
        Ok(Self { secret, tls, ..Self::named(settings) })
    }

    /// A provider that is known by its settings alone, and never asked.
    pub(super) fn named(settings: SignInSettings) -> Self {
        Self { settings, secret: None, tls: None, known: Mutex::default(), asking: tokio::sync::Mutex::default() }
    }

    /// What its people may act as by the settings, in one number: a session that began under another opens nothing.
    #[must_use]
    pub fn rules(&self) -> [u8; 32] {
        let SignInSettings { issuer, client_id, acts_as, .. } = &self.settings;
        Sha256::digest(format!("{issuer}\n{client_id}\n{acts_as:?}")).into()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what the provider said of itself, so that it is asked again.
    pub(super) fn forget(&self) {
        *self.known() = Known::default();
    }

    /// What is known of the provider without asking it; nothing where it is to be asked.
    fn known_at(&self, now: Timestamp) -> Option<Result<Arc<Metadata>, ProviderError>> {
        let known = self.known();
        let metadata = known.metadata.as_ref().filter(|found| is_within(now, found.read, DISCOVERY_KEPT_SECONDS));
        let has_failed = known.failed.is_some_and(|failed| is_within(now, failed, DISCOVERY_AGAIN_SECONDS));
        metadata.map(|found| Ok(Arc::clone(found))).or_else(|| has_failed.then_some(Err(ProviderError::DownLately)))
    }

    /// What the provider says of itself, asked by one at a time and at most once in a while. Whoever comes meanwhile has
    /// what it said before, or waits a moment: one that hangs keeps nobody else.
    async fn metadata(&self, now: Now<'_>) -> Result<Arc<Metadata>, ProviderError> {
        if let Some(known) = self.known_at(now()) {
            return known;
        }
        let _asking = match self.asking.try_lock() {
            Ok(asking) => asking,
            Err(_) => {
                // Whoever comes back began with what it said then, and their answer is good for once.
                let until = SIGN_IN_MINUTES * 60;
                let before = self.known().metadata.clone().filter(|found| is_within(now(), found.read, until));
                if let Some(before) = before {
                    return Ok(before);
                }
                let moment = Duration::from_millis(DISCOVERY_WAITED_FOR_MILLISECONDS);
                timeout(moment, self.asking.lock()).await.map_err(|_| ProviderError::DownLately)?
            }
        };
        // Whoever asked before knows by now.
        if let Some(known) = self.known_at(now()) {
            return known;
        }
        let before = self.known().metadata.clone();
        match self.discovered(before.as_deref(), now).await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                *self.known() = Known { metadata: Some(Arc::clone(&metadata)), failed: None };
                Ok(metadata)
            }
            Err(error) => {
                self.known().failed = Some(now());
                Err(error)
            }
        }
    }

    /// Asks the provider what it is. Its keys are those of before where they are at the same place.
    async fn discovered(&self, before: Option<&Metadata>, now: Now<'_>) -> Result<Metadata, ProviderError> {
        let unusable = |why: &str| ProviderError::Metadata(why.to_owned());
        let issuer = &self.settings.issuer;
        let at = format!("{}{WELL_KNOWN}", issuer.trim_end_matches('/'));
        let at = at.parse::<Uri>().map_err(|_| unusable("its issuer is no URL"))?;
        let said = fetch(&at, self.tls.as_ref()).await.map_err(ProviderError::Down)?;
        let said = object(&said).ok_or_else(|| unusable("it is no JSON object"))?;
        if said.get("issuer").and_then(Value::as_str) != Some(issuer) {
            return Err(unusable("it names another `issuer` than the settings"));
        }
        let keys_at = self.endpoint(&said, "jwks_uri")?.to_string();
        let keys = match before.filter(|before| before.keys.settings.jwks_url.as_ref() == Some(&keys_at)) {
            Some(before) => Arc::clone(&before.keys),
            None => {
                Arc::new(Issuer::of(self.signing(keys_at)).map_err(|error: IssuerError| unusable(&error.to_string()))?)
            }
        };
        let methods = said.get("token_endpoint_auth_methods_supported").and_then(Value::as_array);
        Ok(Metadata {
            authorization: self.endpoint(&said, "authorization_endpoint")?,
            token: self.endpoint(&said, "token_endpoint")?,
            end_session: said
                .contains_key("end_session_endpoint")
                .then(|| self.endpoint(&said, "end_session_endpoint"))
                .transpose()?,
            says_issuer: said.get("authorization_response_iss_parameter_supported") == Some(&Value::Bool(true)),
            // What is taken where nothing is said (Discovery, 3).
            takes_basic: methods.is_none_or(|methods| methods.iter().any(|one| one == "client_secret_basic")),
            keys,
            read: now(),
        })
    }

    /// Where the provider says something is, if that may be: on its own host, or on one that the settings name.
    fn endpoint(&self, said: &Map<String, Value>, name: &str) -> Result<Uri, ProviderError> {
        let unusable = |why: &str| ProviderError::Metadata(format!("`{name}` {why}"));
        let url = said.get(name).and_then(Value::as_str).ok_or_else(|| unusable("is missing"))?;
        let url = url.parse::<Uri>().map_err(|_| unusable("is no URL"))?;
        let own = self.settings.issuer.parse::<Uri>().map_err(|_| unusable("has an issuer that is no URL"))?;
        if url.scheme() != own.scheme() {
            return Err(unusable("is not reached as its issuer is"));
        }
        let plain = |authority: &str| authority.to_ascii_lowercase().trim_end_matches(":443").to_owned();
        let host = url.authority().map(|host| plain(host.as_str())).ok_or_else(|| unusable("names no host"))?;
        let own = own.authority().map(|own| plain(own.as_str()));
        if own.as_ref() != Some(&host) && !self.settings.hosts.iter().any(|known| plain(known) == host) {
            return Err(unusable("is at a host that is not the issuer's and not among `hosts` of the settings"));
        }
        Ok(url)
    }

    /// The provider as an issuer of tokens for this service.
    fn signing(&self, keys: String) -> IssuerSettings {
        let SignInSettings { issuer, client_id, ca, acts_as, .. } = &self.settings;
        IssuerSettings {
            issuer: issuer.clone(),
            audience: vec![client_id.clone()],
            jwks_url: Some(keys),
            jwks_file: None,
            ca: ca.clone(),
            algorithms: usual(),
            trust_domain: None,
            acts_as: acts_as.clone(),
        }
    }

    /// Where the browser of somebody is sent to sign in.
    ///
    /// # Errors
    /// [`ProviderError`] when the provider cannot be reached or used now.
    pub async fn way(&self, asking: &Asking<'_>, now: Now<'_>) -> Result<String, ProviderError> {
        let metadata = self.metadata(now).await?;
        let scope = self.settings.scope();
        let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(asking.verifier.as_bytes()));
        let mut pairs = vec![
            ("response_type", "code"),
            ("client_id", &self.settings.client_id),
            ("redirect_uri", asking.back),
            ("scope", &scope),
            ("state", asking.state),
            ("nonce", asking.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        pairs.extend(asking.is_fresh.then_some(("max_age", "0")));
        pairs.extend(asking.is_other.then_some(("prompt", "login")));
        Ok(with_query(&metadata.authorization, &form(&pairs)))
    }

    /// Does the provider say of its answers that they are its own (RFC 9207)?
    ///
    /// # Errors
    /// [`ProviderError`] when the provider cannot be reached or used now.
    pub async fn says_issuer(&self, now: Now<'_>) -> Result<bool, ProviderError> {
        Ok(self.metadata(now).await?.says_issuer)
    }

    /// What names the provider in an address.
    #[must_use]
    pub fn key(&self) -> String {
        HEXLOWER.encode(&Sha256::digest(&self.settings.issuer)[..8])
    }

    /// Where somebody ends what the provider itself remembers of them, if it says where.
    pub async fn way_out(&self, now: Now<'_>) -> Option<String> {
        let metadata = self.metadata(now).await.ok()?;
        let url = metadata.end_session.as_ref()?;
        Some(with_query(url, &form(&[("client_id", &self.settings.client_id)])))
    }

    /// Is the answer to a sign-in of this provider, by the issuer that it names (RFC 9207)?
    ///
    /// # Errors
    /// [`ProviderError`] when the provider cannot be reached or used now.
    pub async fn is_of(&self, issuer: Option<&str>, now: Now<'_>) -> Result<bool, ProviderError> {
        let metadata = self.metadata(now).await?;
        Ok(issuer.map_or(!metadata.says_issuer, |issuer| issuer == self.settings.issuer))
    }

    /// Who it is that came back with a code.
    ///
    /// # Errors
    /// [`ProviderError`]; then nobody signed in.
    pub async fn account(
        &self,
        (code, verifier, back): (&str, &str, &str),
        expected: Expected<'_>,
        now: Now<'_>,
    ) -> Result<Account, ProviderError> {
        let metadata = self.metadata(now).await?;
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", back),
            ("code_verifier", verifier),
        ];
        let client = self.settings.client_id.as_str();
        let authorization = match &self.secret {
            Some(secret) if metadata.takes_basic => {
                let pair = format!("{}:{}", encoded(client), encoded(secret));
                Some(format!("Basic {}", BASE64.encode(pair.as_bytes())))
            }
            Some(secret) => {
                pairs.extend([("client_id", client), ("client_secret", secret.as_str())]);
                None
            }
            None => {
                pairs.push(("client_id", client));
                None
            }
        };
        let posted = Posted { authorization, form: form(&pairs) };
        let answer = post(&metadata.token, self.tls.as_ref(), posted).await.map_err(|error| match error {
            FetchError::Status(status) if status.is_client_error() => ProviderError::Code(status),
            error => ProviderError::Down(error),
        })?;
        let answer = object(&answer).ok_or(ProviderError::NoIdToken)?;
        let token = answer.get("id_token").and_then(Value::as_str).ok_or(ProviderError::NoIdToken)?;
        let found = verified(&metadata.keys, client, token, expected, now()).await?;
        let person = Person { issuer: self.settings.issuer.clone(), subject: found.subject };
        let is_verified = matches!(found.claims.get("email_verified"), Some(Value::Bool(true)));
        let mut claims = found.claims.clone();
        // Whoever can write any email there would be whoever they like.
        if !is_verified {
            claims.remove("email");
        }
        let callers = callers(&self.settings.acts_as, &claims, &person.to_string());
        let text = |claim: &str| found.claims.get(claim).and_then(Value::as_str).and_then(said_of);
        let is_unverified = found.claims.contains_key("email_verified") && !is_verified;
        Ok(Account {
            person,
            name: text("name").or_else(|| text("preferred_username")),
            email: text("email").filter(|_| !is_unverified),
            proved: found.proved,
            callers,
        })
    }
}

/// What a provider says of somebody, as it may stand on a page.
fn said_of(text: &str) -> Option<String> {
    let text = text.trim();
    let is_plain = !text.is_empty() && text.len() <= SIGN_IN_TEXT_LENGTH_MAX && !text.chars().any(char::is_control);
    is_plain.then(|| text.to_owned())
}

fn object(bytes: &Bytes) -> Option<Map<String, Value>> {
    match json::read(bytes, JWKS_DEPTH_MAX).ok()? {
        Value::Object(members) => Some(members),
        _ => None,
    }
}
