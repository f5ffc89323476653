//! An issuer whose tokens are taken as proof of who calls, as the settings name it.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

use super::acts_as::ActsAs;
use super::public_url::{host, is_loopback, masked};
use crate::domain::words;

words! {
    /// An algorithm by which an issuer signs. All have a public key: none is a secret that both sides know.
    SigningAlgorithm {
        /// RSA, PKCS #1 v1.5, SHA-256.
        Rs256 = "RS256",
        /// RSA, PKCS #1 v1.5, SHA-384.
        Rs384 = "RS384",
        /// RSA, PKCS #1 v1.5, SHA-512.
        Rs512 = "RS512",
        /// RSA-PSS, SHA-256.
        Ps256 = "PS256",
        /// RSA-PSS, SHA-384.
        Ps384 = "PS384",
        /// RSA-PSS, SHA-512.
        Ps512 = "PS512",
        /// ECDSA over P-256.
        Es256 = "ES256",
        /// ECDSA over P-384.
        Es384 = "ES384",
        /// Ed25519.
        EdDsa = "EdDSA",
    }
}

/// An issuer of JWTs.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerSettings {
    /// What `iss` of its tokens is, letter by letter.
    pub issuer: String,
    /// For whom its tokens have to be: one of these is in `aud`.
    #[serde(deserialize_with = "one_or_more")]
    pub audience: Vec<String>,
    /// Where it publishes its keys.
    pub jwks_url: Option<String>,
    /// The file that holds its keys.
    pub jwks_file: Option<PathBuf>,
    /// The certificates of the authorities that vouch for the host of `jwks_url`; those of the system when nothing is
    /// said.
    pub ca: Option<PathBuf>,
    /// The algorithms that are taken.
    #[serde(default = "usual")]
    pub algorithms: Vec<SigningAlgorithm>,
    /// The SPIFFE trust domain it issues for: `sub` of its tokens is below it, and `iss` may be missing.
    pub trust_domain: Option<String>,
    /// What those whom it names may act as.
    pub acts_as: Vec<ActsAs>,
}

/// The algorithms that are taken where nothing is said.
pub(crate) fn usual() -> Vec<SigningAlgorithm> {
    vec![SigningAlgorithm::Rs256, SigningAlgorithm::Ps256, SigningAlgorithm::Es256, SigningAlgorithm::EdDsa]
}

fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        One(String),
        More(Vec<String>),
    }
    Ok(match Written::deserialize(deserializer)? {
        Written::One(one) => vec![one],
        Written::More(more) => more,
    })
}

impl IssuerSettings {
    /// What cannot be.
    pub(super) fn fault(&self) -> Option<String> {
        let Self { issuer, audience, jwks_url, jwks_file, ca, algorithms, trust_domain, acts_as } = self;
        let of = |fault: String| Some(format!("issuer `{issuer}`: {fault}"));
        if let Some(fault) = issuer_fault(issuer) {
            return of(fault);
        }
        if audience.is_empty() || audience.iter().any(String::is_empty) {
            return of(
                "`audience` names for whom its tokens have to be; name this service as the issuer does".to_owned()
            );
        }
        if algorithms.is_empty() {
            return of("`algorithms` is empty, so no token would be taken; leave it out for the usual ones".to_owned());
        }
        match (jwks_url, jwks_file) {
            (Some(url), None) => {
                if let Some(fault) = url_fault(url) {
                    return of(format!("`jwks_url` `{}` {fault}", masked(url)));
                }
                if ca.is_some() && url.starts_with("http://") {
                    return of("`ca` vouches for a host of https, and `jwks_url` is plain http".to_owned());
                }
            }
            (None, Some(_)) if ca.is_some() => {
                return of("`ca` vouches for the host of a `jwks_url`; leave it out beside `jwks_file`".to_owned());
            }
            (None, Some(_)) => {}
            _ => return of("its keys are at a `jwks_url` or in a `jwks_file`; name one of the two".to_owned()),
        }
        let is_domain = |domain: &str| {
            !domain.is_empty()
                && domain
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._".contains(&byte))
        };
        if let Some(domain) = trust_domain.as_deref().filter(|domain| !is_domain(domain)) {
            return of(format!(
                "`trust_domain` `{domain}` is no trust domain; write `example.org`, without `spiffe://`"
            ));
        }
        if acts_as.is_empty() {
            return of("`acts_as` is empty, so nobody could act as anything".to_owned());
        }
        acts_as.iter().find_map(ActsAs::fault).and_then(of)
    }
}

/// What is wrong with what an issuer is called. It stands in names of callers, from which it has to be told.
pub(super) fn issuer_fault(issuer: &str) -> Option<String> {
    if issuer.is_empty() || issuer.contains(|c: char| !c.is_ascii_graphic() || c == '(' || c == ')') {
        return Some("`issuer` is what `iss` of its tokens is, without blanks and parentheses".to_owned());
    }
    (issuer == "standing").then(|| "that is this service itself; an issuer has a name of its own".to_owned())
}

/// What is wrong with the place of an issuer's keys.
fn url_fault(url: &str) -> Option<&'static str> {
    let (is_plain, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (false, rest),
        (_, Some(rest)) => (true, rest),
        _ => return Some("is no URL; write `https://`, a host and a path"),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let Some(host) = host(authority) else { return Some("names no host") };
    if is_plain && !is_loopback(host) {
        return Some("is plain http to another machine; write `https://`");
    }
    (url.contains('#') || url.parse::<hyper::Uri>().is_err()).then_some("is no URL that can be fetched")
}

/// What cannot be of several issuers.
pub(super) fn fault_of(issuers: &[IssuerSettings]) -> Option<String> {
    for (at, one) in issuers.iter().enumerate() {
        if let Some(fault) = one.fault() {
            return Some(fault);
        }
        let mut before = issuers.iter().take(at);
        if before.any(|other| {
            other.issuer == one.issuer || (one.trust_domain.is_some() && other.trust_domain == one.trust_domain)
        }) {
            return Some(format!("issuer `{}` stands more than once, or its trust domain does", one.issuer));
        }
    }
    None
}
