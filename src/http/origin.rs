//! Where a call comes from: which host it names, and whether a page of another site made a browser send it.
//!
//! A browser sends whatever any page asks it to. Where a server asks for no credentials, or takes those a browser adds
//! by itself, only a page of that very server may make it do something.

use warp::http::header::{HOST, HeaderName, ORIGIN};
use warp::http::uri::Authority;
use warp::http::{HeaderMap, StatusCode, Uri};
use warp::{Filter, Rejection};

use super::problem::Problem;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whom a call is for, as its target and its `Host` say.
#[derive(Clone, Debug)]
pub(super) enum Named {
    /// One and the same in every place; nothing where no place says it.
    One(Option<Authority>),
    /// Something that is no host, or another in each place.
    Unclear,
}

/// Reads whom a call is for: the target of HTTP/1.1, `:authority` of HTTP/2, and `Host`.
pub(super) fn named() -> impl Filter<Extract = (Named,), Error = std::convert::Infallible> + Clone {
    let clear = warp::host::optional().map(Named::One);
    clear.or_else(|_: Rejection| async { Ok::<_, std::convert::Infallible>((Named::Unclear,)) })
}

/// The same of a request as it came.
pub(super) fn named_in(uri: &Uri, headers: &HeaderMap) -> Named {
    let in_header = headers.get(HOST).map(|host| Authority::try_from(host.as_bytes()));
    match (uri.authority(), in_header) {
        (target, None) => Named::One(target.cloned()),
        (None, Some(Ok(host))) => Named::One(Some(host)),
        (Some(target), Some(Ok(host))) if *target == host => Named::One(Some(host)),
        _ => Named::Unclear,
    }
}

/// The one host a call names; nothing for a call that names none.
///
/// # Errors
/// 400 `invalid_host` for one that names several, or none that can be.
pub(super) fn host(named: Named, headers: &HeaderMap) -> Result<Option<Authority>, Problem> {
    let invalid = |says: &str| Problem::bad("invalid_host", says.to_owned());
    if headers.get_all(HOST).iter().count() > 1 {
        return Err(invalid("`Host` stands more than once; send it once"));
    }
    match named {
        Named::Unclear => Err(invalid("`Host` is no host, or another than the target of the call names; send one")),
        Named::One(Some(authority)) if authority.as_str().contains('@') => {
            Err(invalid("`Host` holds the name of a user; send the host alone"))
        }
        Named::One(authority) => Ok(authority),
    }
}

/// Refuses what does not come from this machine, or from a page of another site, to a server that asks for no
/// credentials.
///
/// # Errors
/// 403 `foreign_origin`.
pub(super) fn from_this_machine(host: Option<&Authority>, headers: &HeaderMap) -> Result<(), Problem> {
    if let Some(host) = host.filter(|host| !is_loopback(host)) {
        return Err(foreign(&format!(
            "`{host}` is not this machine, and no credentials are asked here; call it by `127.0.0.1` or `localhost`"
        )));
    }
    let mut origins = headers.get_all(ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => {}
        (Some(origin), None) if is_of(origin.to_str().unwrap_or_default(), host) => {}
        (Some(origin), _) => {
            return Err(foreign(&format!(
                "`{}` is another site than this server, and no credentials are asked here; call it from a page of its own",
                String::from_utf8_lossy(origin.as_bytes())
            )));
        }
    }
    not_from_another_site(headers)
}

/// Refuses what a browser says another site made it send.
///
/// # Errors
/// 403 `foreign_origin`.
pub(super) fn not_from_another_site(headers: &HeaderMap) -> Result<(), Problem> {
    let mut sites = headers.get_all(SEC_FETCH_SITE).iter();
    match (sites.next(), sites.next()) {
        (None, _) => Ok(()),
        (Some(site), None) if site == "same-origin" || site == "none" => Ok(()),
        (Some(site), _) => Err(foreign(&format!(
            "a browser says that a page of another site sent this (`Sec-Fetch-Site: {}`); call it from a page of this server",
            String::from_utf8_lossy(site.as_bytes())
        ))),
    }
}

fn foreign(says: &str) -> Problem {
    Problem::of(StatusCode::FORBIDDEN, "foreign_origin", says.to_owned())
}

/// Is an origin that of the host, whatever their scheme is?
fn is_of(origin: &str, host: Option<&Authority>) -> bool {
    let Some((scheme, origin)) = origin.split_once("://") else { return false };
    let port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return false,
    };
    let bare = |authority: &str| authority.strip_suffix(port).unwrap_or(authority).to_ascii_lowercase();
    host.is_some_and(|host| bare(host.as_str()) == bare(origin))
}

fn is_loopback(authority: &Authority) -> bool {
    let host = authority.host();
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let is_address = address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    is_address || host.eq_ignore_ascii_case("localhost")
}
