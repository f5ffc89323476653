//! Whose word about a caller is taken, besides the tokens of this service: proxies that say where a call comes from,
//! issuers whose tokens say who makes it, providers by which people sign in, and client certificates.

pub mod proxies;
pub mod acts_as;
mod certificate;
mod fetch;
mod keys;
mod issuer;
mod jwt;
pub mod id_token;
pub mod provider_error;
pub mod provider;

pub use fetch::{AuthoritiesError, FetchError};
pub use issuer::IssuerError;
pub use jwt::JwtError;
pub use keys::KeySetError;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::caller::Identity;
use crate::clock::Timestamp;
use crate::config::Settings;
use crate::config::certificate::CertificateSettings;
use crate::limits::JWKS_SECONDS_MAX;
use crate::work::start_goes_on;
use issuer::Issuer;
use jwt::KnownJwts;
use provider::Provider;
use provider_error::ProviderSettingsError;
use proxies::Proxies;

/// Why nobody's word is taken: the settings name somebody whose word can never be.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// An issuer of tokens.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    /// A provider by which people sign in.
    #[error(transparent)]
    Provider(#[from] ProviderSettingsError),
}

/// Whose word is taken, as the settings name them.
#[derive(Default)]
pub struct Trust {
    proxies: Proxies,
    issuers: Vec<Arc<Issuer>>,
    certificates: Vec<CertificateSettings>,
    providers: Vec<Arc<Provider>>,
    known: KnownJwts,
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").field("proxies", &self.proxies).field("issuers", &self.issuers.len()).finish()
    }
}

impl Trust {
    /// Those whom the settings name. Their keys are read at once: one whose file cannot be read is an error, and one
    /// that cannot be reached now is asked again when a token of it comes. A provider is asked when somebody signs in.
    ///
    /// # Errors
    /// [`TrustError`].
    pub async fn open(settings: &Settings, now: Timestamp) -> Result<Self, TrustError> {
        let mut issuers = Vec::new();
        for settings in &settings.issuer {
            let issuer = Issuer::of(settings.clone())?;
            start_goes_on(Duration::from_secs(JWKS_SECONDS_MAX));
            match issuer.read(now).await {
                Err(error) if issuer.has_file() => return Err(error.into()),
                Err(error) => tracing::warn!(%error, "none of its tokens is taken until they can be"),
                Ok(()) => {}
            }
            issuers.push(Arc::new(issuer));
        }
        let proxies = Proxies::of(settings.trusted_proxies.clone());
        let certificates = settings.certificate.clone();
        let mut providers = Vec::new();
        for settings in &settings.sign_in {
            providers.push(Arc::new(Provider::of(settings.clone())?));
        }
        Ok(Self { proxies, issuers, certificates, providers, known: KnownJwts::default() })
    }

    /// Those alone by whom people sign in to the pages, for a command that asks nobody and needs no secret.
    #[must_use]
    pub fn of_people(settings: &Settings) -> Self {
        let providers = settings.sign_in.iter().map(|one| Arc::new(Provider::named(one.clone()))).collect();
        Self { providers, ..Self::default() }
    }

    /// Reads the keys of every issuer again; those of before stay where that fails.
    pub async fn read_again(&self, now: Timestamp) {
        for issuer in &self.issuers {
            match issuer.read(now).await {
                Ok(()) => tracing::info!(issuer = issuer.settings.issuer, "the keys of an issuer were read again"),
                Err(error) => tracing::warn!(%error, "the keys of before are used"),
            }
        }
        for provider in &self.providers {
            provider.forget();
        }
    }

    /// The providers by which people sign in.
    #[must_use]
    pub fn providers(&self) -> &[Arc<Provider>] {
        &self.providers
    }

    /// The provider that is an issuer.
    #[must_use]
    pub fn provider_of(&self, issuer: &str) -> Option<&Arc<Provider>> {
        self.providers.iter().find(|provider| provider.settings.issuer == issuer)
    }

    /// The proxies that say for whom they pass a call on.
    #[must_use]
    pub fn proxies(&self) -> &Proxies {
        &self.proxies
    }

    /// Who holds a client certificate that was verified; nothing once it is over, and where the settings do not say or say
    /// several things.
    #[must_use]
    pub fn of_certificate(&self, der: &[u8], now: Timestamp) -> Option<Identity> {
        certificate::identity(&self.certificates, der, now)
    }

    /// Who a JSON Web Token proves to call.
    ///
    /// # Errors
    /// [`JwtError`] when it lets nobody in.
    pub async fn of_jwt(&self, token: &str, now: Timestamp) -> Result<Identity, JwtError> {
        jwt::identity(&self.issuers, &self.known, token, now).await
    }
}
