//! JSON Web Tokens (RFC 7519) of the issuers that the settings name, as proof of who calls.
//!
//! A token is taken if every part of it is understood: one of the issuer's algorithms, a key of the issuer that is for
//! it, an audience that is this service, times that fit. Anything else makes it wrong, whatever else is right.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::BASE64URL_NOPAD;
use jiff::SignedDuration;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::acts_as::{Claims, callers};
use super::issuer::Issuer;
use super::keys::KeyName;
use crate::caller::{Identity, Person, Proof};
use crate::clock::Timestamp;
use crate::config::issuer::SigningAlgorithm;
use crate::json;
use crate::limits::{
    JWT_DEPTH_MAX, JWT_LEEWAY_SECONDS, JWT_LENGTH_MAX, JWT_SUBJECT_LENGTH_MAX, KNOWN_JWT_SECONDS, KNOWN_JWTS_MAX,
};

/// The kinds of token that may prove who calls; others are for something else.
const KINDS: [&str; 4] = ["jwt", "at+jwt", "application/at+jwt", "jose"];

/// Why a token lets nobody in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum JwtError {
    /// It is wrong; how is nobody's business.
    Wrong,
    /// It is right, and no rule of the settings says what its person may act as.
    NoRole(Person),
    /// It is right, and its person might act as several; a token cannot say which.
    SeveralRoles(Person),
}

/// A token that was verified.
struct Verified {
    issuer: String,
    key: KeyName,
    identity: Identity,
    until: Timestamp,
}

/// Tokens that were verified lately, by their SHA-256: neither they nor their parts are kept.
#[derive(Default)]
pub(super) struct KnownJwts(Mutex<BTreeMap<[u8; 32], Verified>>);

/// A token as it is written.
pub(super) struct Parts<'a> {
    message: &'a [u8],
    signature: &'a str,
    algorithm: SigningAlgorithm,
    key: Option<String>,
    /// What kind of token it says it is, in small letters.
    pub(super) kind: Option<String>,
    pub(super) claims: Claims,
}

/// Who a token proves to call.
///
/// # Errors
/// [`JwtError`].
pub(super) async fn identity(
    issuers: &[Arc<Issuer>],
    known: &KnownJwts,
    token: &str,
    now: Timestamp,
) -> Result<Identity, JwtError> {
    if issuers.is_empty() || token.len() > JWT_LENGTH_MAX {
        return Err(JwtError::Wrong);
    }
    let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
    if let Some(identity) = known.get(&digest, issuers, now) {
        return Ok(identity);
    }
    let parts = Parts::read(token).ok_or(JwtError::Wrong)?;
    let issuer = issuer_of(issuers, &parts.claims).ok_or(JwtError::Wrong)?;
    let key = parts.signer(issuer, now).await.ok_or(JwtError::Wrong)?;
    let (subject, ends) = checked(issuer, &parts.claims, now).ok_or(JwtError::Wrong)?;
    let person = Person { issuer: issuer.settings.issuer.clone(), subject };
    let mut callers = callers(&issuer.settings.acts_as, &parts.claims, &person.to_string()).into_iter();
    let caller = match (callers.next(), callers.next()) {
        (Some(caller), None) => caller,
        (None, _) => return Err(JwtError::NoRole(person)),
        (Some(_), Some(_)) => return Err(JwtError::SeveralRoles(person)),
    };
    let proof = Proof::Jwt { issuer: person.issuer.clone() };
    let until = ends.checked_add(SignedDuration::from_secs(JWT_LEEWAY_SECONDS)).ok();
    let identity = Identity { caller, person: Some(person), proof, until };
    let lately = now.checked_add(SignedDuration::from_secs(KNOWN_JWT_SECONDS)).unwrap_or(now);
    let issuer = issuer.settings.issuer.clone();
    known.keep(digest, Verified { issuer, key, identity: identity.clone(), until: lately.min(ends) }, now);
    Ok(identity)
}

impl KnownJwts {
    /// Who a token was verified to be of, while it may be kept and the key that signed it is there.
    fn get(&self, digest: &[u8; 32], issuers: &[Arc<Issuer>], now: Timestamp) -> Option<Identity> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let verified = known.get(digest)?;
        let has_key =
            |issuer: &Arc<Issuer>| issuer.settings.issuer == verified.issuer && issuer.keys().holds(&verified.key);
        if now < verified.until && issuers.iter().any(has_key) {
            return Some(verified.identity.clone());
        }
        known.remove(digest);
        None
    }

    fn keep(&self, digest: [u8; 32], verified: Verified, now: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_JWTS_MAX {
            known.retain(|_, verified| now < verified.until);
        }
        if known.len() >= KNOWN_JWTS_MAX {
            known.clear();
        }
        known.insert(digest, verified);
    }
}

impl<'a> Parts<'a> {
    /// Reads a token in its compact form; nothing for what is none, or says of itself what is not understood.
    pub(super) fn read(token: &'a str) -> Option<Self> {
        let (message, signature) = token.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let (header, claims) = (object(header)?, object(claims)?);
        BASE64URL_NOPAD.decode(signature.as_bytes()).ok().filter(|signature| !signature.is_empty())?;
        // Whatever is said to be critical would have to be understood (RFC 7515, 4.1.11), and nothing is.
        if header.contains_key("crit") || header.contains_key("b64") {
            return None;
        }
        let is_kind = |kind: &str| KINDS.iter().any(|known| kind.eq_ignore_ascii_case(known));
        let kind = match header.get("typ") {
            None => None,
            Some(kind) => Some(kind.as_str().filter(|kind| is_kind(kind))?.to_ascii_lowercase()),
        };
        let algorithm = header.get("alg")?.as_str()?.parse().ok()?;
        let key = match header.get("kid") {
            None => None,
            Some(key) => Some(key.as_str()?.to_owned()),
        };
        Some(Self { message: message.as_bytes(), signature, algorithm, key, kind, claims })
    }

    /// The key of an issuer that it is signed by, with an algorithm that is taken from it.
    pub(super) async fn signer(&self, issuer: &Arc<Issuer>, now: Timestamp) -> Option<KeyName> {
        if !issuer.settings.algorithms.contains(&self.algorithm) {
            return None;
        }
        let id = self.key.as_deref();
        let keys = issuer.keys_for(id, self.algorithm, now).await;
        keys.signer(id, self.algorithm, self.message, self.signature).map(|key| key.name.clone())
    }

    /// Would the key that it means be there, had the keys of the issuer been read the last time?
    pub(super) fn may_lack_key(&self, issuer: &Issuer) -> bool {
        issuer.may_lack(self.key.as_deref(), self.algorithm)
    }
}

fn object(part: &str) -> Option<Claims> {
    let bytes = BASE64URL_NOPAD.decode(part.as_bytes()).ok()?;
    match json::read(&bytes, JWT_DEPTH_MAX).ok()? {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

/// The issuer that a token says it is of; one of SPIFFE may say it by its subject alone.
fn issuer_of<'a>(issuers: &'a [Arc<Issuer>], claims: &Claims) -> Option<&'a Arc<Issuer>> {
    match claims.get("iss") {
        Some(named) => {
            let named = named.as_str()?;
            issuers.iter().find(|issuer| issuer.settings.issuer == named)
        }
        None => {
            let subject = claims.get("sub")?.as_str()?;
            issuers.iter().find(|issuer| issuer.settings.trust_domain.is_some() && is_in_domain(issuer, subject))
        }
    }
}

/// Is somebody in the trust domain of an issuer, if it has one?
fn is_in_domain(issuer: &Issuer, subject: &str) -> bool {
    issuer.settings.trust_domain.as_deref().is_none_or(|domain| {
        let path = subject.strip_prefix("spiffe://").and_then(|rest| rest.strip_prefix(domain)?.strip_prefix('/'));
        path.is_some_and(|path| path.split('/').all(|part| !part.is_empty() && part != "." && part != ".."))
    })
}

/// Whom the claims of a token are about, and when it ends; nothing where one of them is missing or wrong.
pub(super) fn checked(issuer: &Issuer, claims: &Claims, now: Timestamp) -> Option<(String, Timestamp)> {
    let leeway = SignedDuration::from_secs(JWT_LEEWAY_SECONDS);
    let ends = time(claims.get("exp")?)?;
    let has_begun = |claim: &str| match claims.get(claim) {
        None => Some(true),
        Some(value) => Some(time(value)?.duration_since(now) <= leeway),
    };
    if now.duration_since(ends) >= leeway || !has_begun("nbf")? || !has_begun("iat")? {
        return None;
    }
    let is_ours =
        |audience: &Value| audience.as_str().is_some_and(|text| issuer.settings.audience.iter().any(|our| our == text));
    let is_for_us = match claims.get("aud")? {
        Value::Array(audiences) => audiences.iter().all(Value::is_string) && audiences.iter().any(is_ours),
        audience => is_ours(audience),
    };
    let subject = claims.get("sub")?.as_str()?;
    let is_readable = (1..=JWT_SUBJECT_LENGTH_MAX).contains(&subject.len()) && !subject.chars().any(char::is_control);
    (is_for_us && is_readable && is_in_domain(issuer, subject)).then(|| (subject.to_owned(), ends))
}

/// A time as JWTs say it: seconds since 1970, perhaps with a fraction.
pub(super) fn time(value: &Value) -> Option<Timestamp> {
    let seconds = value.as_f64().filter(|seconds| seconds.is_finite() && *seconds >= 0.0)?;
    let latest = Timestamp::MAX.as_second() as f64;
    // What ends later than there are times ends with them.
    Timestamp::from_millisecond((seconds.min(latest) * 1_000.0) as i64).ok()
}
