//! Who calls: what the credentials of a call say.

use std::net::IpAddr;

use data_encoding::BASE64;
use percent_encoding::percent_decode_str;
use warp::http::header::{AUTHORIZATION, HOST, ORIGIN};
use warp::http::{HeaderMap, StatusCode};

use super::exchange::Door;
use super::problem::Problem;
use super::routes::Access;
use crate::caller::Identity;
use crate::id::TokenId;
use crate::pdp::Pdp;

/// The caller of a route that came in by a door.
pub(super) fn caller(pdp: &Pdp, door: Door, access: Access, headers: &HeaderMap) -> Result<Identity, Problem> {
    match (door, access) {
        // Whatever credentials come are ignored, where none are asked for.
        (Door::Anonymous, _) => from_this_machine(headers).map(|()| Identity::anonymous()),
        (Door::Guarded, Access::Public) => Ok(Identity::visitor()),
        // Whoever says who it is comes in as that, and with a wrong token as nobody.
        (Door::Local, _) if headers.contains_key(AUTHORIZATION) => authenticated(pdp, headers),
        (Door::Local, _) => Ok(Identity::local()),
        (Door::Guarded, Access::Caller) => authenticated(pdp, headers),
    }
}

fn authenticated(pdp: &Pdp, headers: &HeaderMap) -> Result<Identity, Problem> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let (Some(credentials), None) = (given.next(), given.next()) else { return Err(Problem::unauthenticated()) };
    let credentials = credentials.to_str().map_err(|_| Problem::unauthenticated())?;
    let (scheme, rest) = credentials.split_once(' ').ok_or_else(Problem::unauthenticated)?;
    let identity = if scheme.eq_ignore_ascii_case("bearer") {
        pdp.authenticate(rest.trim())
    } else if scheme.eq_ignore_ascii_case("basic") {
        let (id, secret) = basic(rest.trim()).ok_or_else(Problem::unauthenticated)?;
        pdp.authenticate_pair(&id, &secret)
    } else {
        return Err(Problem::unauthenticated());
    };
    identity.map_err(|error| Problem::unavailable(&error))?.ok_or_else(Problem::unauthenticated)
}

/// The token that credentials name, whatever they are worth.
pub(super) fn named(headers: &HeaderMap) -> Option<TokenId> {
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

/// Refuses what a page of another site makes a browser send to a server that asks for no credentials.
fn from_this_machine(headers: &HeaderMap) -> Result<(), Problem> {
    let origin = headers.get(ORIGIN).map(|origin| origin.to_str().unwrap_or_default());
    let origin = origin.map(|origin| origin.split_once("://").map_or(origin, |(_, host)| host));
    let host = headers.get(HOST).map(|host| host.to_str().unwrap_or_default());
    match [host, origin].into_iter().flatten().find(|named| !is_loopback(named)) {
        None => Ok(()),
        Some(named) => Err(Problem::of(
            StatusCode::FORBIDDEN,
            "foreign_origin",
            format!(
                "`{named}` is not this machine, and no credentials are asked here; call it by `127.0.0.1` or `localhost`"
            ),
        )),
    }
}

fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
