//! ID tokens (OpenID Connect Core, 3.1.3.7): what a provider says of somebody who has just signed in there.
//!
//! One is taken if it is signed by a key of the provider with an algorithm that has a public key, is of this provider,
//! for this service, for this sign-in, and of now. Each part is looked at, whatever the others are.

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::Value;
use subtle::ConstantTimeEq as _;

use super::acts_as::Claims;
use super::issuer::Issuer;
use super::jwt::{Parts, checked, time};
use crate::clock::Timestamp;
use crate::limits::{JWT_LEEWAY_SECONDS, JWT_LENGTH_MAX, SIGN_IN_TEXT_LENGTH_MAX};

/// What an ID token has to answer.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// What was sent with the question, so that a token of another sign-in is none of this one.
    pub nonce: &'a str,
    /// When the question was sent.
    pub begun: Timestamp,
    /// Was it asked that the person proves anew who they are?
    pub is_fresh: bool,
}

/// What is wrong with an ID token.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum IdTokenError {
    /// It is no token, or says of itself what is not understood.
    #[error("it is no token that is understood")]
    Unreadable,
    /// It is a token for something else.
    #[error("it is no ID token by its `typ`")]
    Kind,
    /// It is not signed by the provider.
    #[error("it is not signed by a key of the provider with an algorithm that is taken")]
    Signature,
    /// The keys of the provider could not be read, and it is signed by none of those of before.
    #[error("the keys of the provider cannot be read, and it is signed by none of those that were")]
    NoKeys,
    /// It is of somebody else.
    #[error("`iss` is not the provider")]
    Issuer,
    /// Whom it is for, when, or of whom is missing or wrong.
    #[error("`aud`, `exp`, `nbf`, `iat` or `sub` is missing or wrong")]
    Claims,
    /// Whom it was made for is somebody else.
    #[error("`azp` is not this service")]
    Party,
    /// It was not issued for this sign-in, by when it was issued.
    #[error("`iat` is missing, or lies before this sign-in began")]
    Issued,
    /// It answers another question.
    #[error("`nonce` is not the one that was sent")]
    Nonce,
    /// The person did not prove anew who they are.
    #[error("`auth_time` is missing, or lies before this sign-in began")]
    Stale,
    /// When the person proved who they are is no moment, or is yet to come.
    #[error("`auth_time` is no moment that was")]
    Proved,
}

/// Somebody whom an ID token is about.
pub(super) struct Verified {
    pub(super) subject: String,
    /// When they proved who they are, if the provider says.
    pub(super) proved: Option<Timestamp>,
    pub(super) claims: Claims,
}

/// Whom an ID token is about.
///
/// # Errors
/// [`IdTokenError`]; then nobody signed in.
pub(super) async fn verified(
    issuer: &Arc<Issuer>,
    client: &str,
    token: &str,
    expected: Expected<'_>,
    now: Timestamp,
) -> Result<Verified, IdTokenError> {
    if token.len() > JWT_LENGTH_MAX {
        return Err(IdTokenError::Unreadable);
    }
    let parts = Parts::read(token).ok_or(IdTokenError::Unreadable)?;
    if parts.kind.as_deref().is_some_and(|kind| kind != "jwt") {
        return Err(IdTokenError::Kind);
    }
    if parts.signer(issuer, now).await.is_none() {
        return Err(if parts.may_lack_key(issuer) { IdTokenError::NoKeys } else { IdTokenError::Signature });
    }
    let Parts { claims, .. } = parts;
    let text = |claim: &str| claims.get(claim).and_then(Value::as_str);
    if text("iss") != Some(issuer.settings.issuer.as_str()) {
        return Err(IdTokenError::Issuer);
    }
    let (subject, _) = checked(issuer, &claims, now).ok_or(IdTokenError::Claims)?;
    if subject.len() > SIGN_IN_TEXT_LENGTH_MAX {
        return Err(IdTokenError::Claims);
    }
    // Where it is for others too, it says that it was made for us.
    let is_shared = claims.get("aud").and_then(Value::as_array).is_some_and(|audiences| audiences.len() > 1);
    if (is_shared || claims.contains_key("azp")) && text("azp") != Some(client) {
        return Err(IdTokenError::Party);
    }
    let earliest = expected.begun.checked_sub(SignedDuration::from_secs(JWT_LEEWAY_SECONDS)).unwrap_or(expected.begun);
    let issued = claims.get("iat").and_then(time).ok_or(IdTokenError::Issued)?;
    if issued < earliest {
        return Err(IdTokenError::Issued);
    }
    if !text("nonce").is_some_and(|nonce| bool::from(nonce.as_bytes().ct_eq(expected.nonce.as_bytes()))) {
        return Err(IdTokenError::Nonce);
    }
    let proved = match claims.get("auth_time") {
        None => None,
        Some(said) => Some(time(said).ok_or(IdTokenError::Proved)?),
    };
    if proved.is_some_and(|proved| proved.duration_since(now) > SignedDuration::from_secs(JWT_LEEWAY_SECONDS)) {
        return Err(IdTokenError::Proved);
    }
    if expected.is_fresh && proved.is_none_or(|proved| proved < earliest) {
        return Err(IdTokenError::Stale);
    }
    Ok(Verified { subject, proved: proved.map(|proved| proved.min(now)), claims })
}
