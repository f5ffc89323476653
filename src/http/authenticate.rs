//! Authentication: who calls, by how the call came in and by what proof came with it.
//!
//! Every wrong proof has the same answer, is counted, and is recorded in a bounded form; whoever sends many of them is
//! told to wait.

use data_encoding::BASE64;
use percent_encoding::percent_decode_str;
use warp::http::HeaderMap;
use warp::http::header::AUTHORIZATION;
use warp::http::uri::Authority;

use super::connection::Connection;
use super::origin::{from_this_machine, not_from_another_site};
use super::problem::Problem;
use super::received::Listener;
use crate::caller::Identity;
use crate::change;
use crate::change::tokens::note_token_use;
use crate::id::TokenId;
use crate::pdp::guessing::wrong_proof_from;
use crate::pdp::wrong_credentials::note_wrong_credentials;
use crate::pdp::{Pdp, opening};

/// Whether a route asks for credentials.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Anybody may call it.
    Public,
    /// Whoever calls has to prove who they are.
    Caller,
}

/// How a call came in: through which listener, to a route of which access, for which host, and by which connection.
pub(super) struct Entry {
    pub(super) listener: Listener,
    pub(super) access: Access,
    pub(super) host: Option<Authority>,
    pub(super) connection: Connection,
}

/// Who makes a call that came in so.
///
/// # Errors
/// 401 for credentials that are missing or wrong, and 429 for many wrong ones from one address.
pub(super) async fn authenticate(pdp: &Pdp, entry: &Entry, headers: &HeaderMap) -> Result<Identity, Problem> {
    let shows_proof = headers.contains_key(AUTHORIZATION) || entry.connection.shows_certificate();
    let problem = match identity(pdp, entry, headers).await {
        Err(problem) if shows_proof && (problem.is_unauthenticated() || problem.is_roleless()) => problem,
        Ok(identity) => {
            if let Some(id) = identity.proof.token() {
                note_token_use(pdp, id);
            }
            return Ok(identity);
        }
        Err(problem) => return Err(problem),
    };
    let noted = note_wrong_credentials(pdp, named(headers).as_ref()).await;
    noted.map_err(|error| Problem::unavailable(&error))?;
    if problem.is_roleless() {
        return Err(problem);
    }
    let Some(address) = entry.connection.client(pdp, headers) else { return Err(problem) };
    Err(wrong_proof_from(pdp, address).map_or(problem, Problem::too_many_wrong_proofs))
}

/// Who makes a call that came in so; nothing is counted.
///
/// # Errors
/// 401 for credentials that are missing or wrong.
pub(super) async fn identity(pdp: &Pdp, entry: &Entry, headers: &HeaderMap) -> Result<Identity, Problem> {
    match (entry.listener, entry.access) {
        // Whatever credentials come are ignored, where none are asked for.
        (Listener::Anonymous, _) => from_this_machine(entry.host.as_ref(), headers).map(|()| Identity::anonymous()),
        (Listener::Guarded, Access::Public) | (Listener::Watching, _) => Ok(Identity::visitor()),
        // A token identifies the caller here, too; a wrong one is refused.
        (Listener::Local, _) if headers.contains_key(AUTHORIZATION) => authenticated(pdp, headers).await,
        (Listener::Local, _) => Ok(Identity::local()),
        // A token that comes besides says who calls, and a wrong one is refused whoever holds the certificate.
        (Listener::Guarded, Access::Caller) if headers.contains_key(AUTHORIZATION) => authenticated(pdp, headers).await,
        (Listener::Guarded, Access::Caller) => match &entry.connection.certificate {
            Some(certificate) => {
                opening::trust(pdp).of_certificate(certificate, pdp.now()).ok_or_else(Problem::unauthenticated)
            }
            None => Err(Problem::unauthenticated()),
        },
    }
}

async fn authenticated(pdp: &Pdp, headers: &HeaderMap) -> Result<Identity, Problem> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let (Some(credentials), None) = (given.next(), given.next()) else { return Err(Problem::unauthenticated()) };
    let credentials = credentials.to_str().map_err(|_| Problem::unauthenticated())?;
    let (scheme, rest) = credentials.split_once(' ').ok_or_else(Problem::unauthenticated)?;
    let identity = if scheme.eq_ignore_ascii_case("bearer") {
        let token = rest.trim();
        // No token of this service has a dot, and a JSON Web Token has two.
        if token.contains('.') {
            return opening::trust(pdp).of_jwt(token, pdp.now()).await.map_err(Problem::from);
        }
        change::tokens::authenticate(pdp, token)
    } else if scheme.eq_ignore_ascii_case("basic") {
        // A browser adds these by itself, whatever page made it send the call.
        not_from_another_site(headers)?;
        let (id, secret) = basic(rest.trim()).ok_or_else(Problem::unauthenticated)?;
        change::tokens::authenticate_pair(pdp, &id, &secret)
    } else {
        return Err(Problem::unauthenticated());
    };
    identity.map_err(|error| Problem::unavailable(&error))?.ok_or_else(Problem::unauthenticated)
}

/// The token that credentials name, whatever they are worth.
fn named(headers: &HeaderMap) -> Option<TokenId> {
    let (_, rest) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let id = match basic(rest.trim()) {
        Some((id, _)) => id,
        None => rest.trim().split('_').nth(1)?.to_owned(),
    };
    id.parse().ok()
}

/// Name and secret of Basic credentials, each URL-encoded as RFC 6749 §2.3.1 says.
fn basic(encoded: &str) -> Option<(String, String)> {
    let bytes = BASE64.decode(encoded.as_bytes()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned);
    Some((decoded(id)?, decoded(secret)?))
}
