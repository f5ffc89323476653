//! The URL under which callers reach this service.

use std::net::{IpAddr, Ipv6Addr};

/// What is wrong with a URL as the public one, if anything is.
///
/// Callers compare it byte for byte with the one they know, and everything they call is appended to it: so it has no
/// query, no fragment and no closing slash. Plain http is for this machine alone.
pub(super) fn fault_of(url: &str) -> Option<&'static str> {
    let (is_plain, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (false, rest),
        (_, Some(rest)) => (true, rest),
        _ => return Some("is no URL; write `https://`, a host, and a path if there is one"),
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let Some(host) = host(authority) else {
        return Some("names no host; write a name or an address, a port if need be, and nothing else before the path");
    };
    if is_plain && !is_loopback(host) {
        return Some("is plain http to another machine; write `https://`");
    }
    if path.contains(['?', '#']) {
        return Some("has a query or a fragment; leave it out");
    }
    if path.ends_with('/') {
        return Some("ends with a slash; leave it out");
    }
    let is_plain_path = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:@".contains(&byte));
    let is_resolved = path.split('/').skip(1).all(|part| !part.is_empty() && part != "." && part != "..");
    (!is_plain_path || !is_resolved)
        .then_some("has a path that callers would write otherwise; write it as it is called")
}

/// The host of an authority without a user, and with a port that is one if there is any.
pub(super) fn host(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            address.parse::<Ipv6Addr>().ok()?;
            (address, port)
        }
        None => {
            let (host, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
            let is_name = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
            (Some(host).filter(|host| is_name && !host.is_empty())?, port)
        }
    };
    let is_port =
        |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0);
    (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)).then_some(host)
}

pub(super) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A text without what stands before the `@` of an address: it may be a password.
pub(super) fn masked(text: &str) -> String {
    match text.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?.1))) {
        Some((scheme, rest)) => format!("{scheme}://***@{rest}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_reaches_any_host_and_plain_http_this_machine_alone() {
        for url in [
            "https://pdp.example.com",
            "https://pdp.example.com:8443/tenant1",
            "https://h/a/b%20c",
            "https://192.0.2.7",
            "https://[2001:db8::7]:8443",
            "http://localhost",
            "http://localhost:8181",
            "http://LOCALHOST:8181/tenant1",
            "http://127.0.0.1:8181",
            "http://[::1]:8181/tenant1",
        ] {
            assert_eq!(fault_of(url), None, "{url}");
        }
        for url in [
            "",
            "https://",
            "https:///tenant1",
            "h",
            "ftp://localhost",
            "HTTP://localhost",
            "http://pdp.example.com",
            "http://192.0.2.7",
            "http://[2001:db8::7]",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://localhost@example.com",
            "http://localhost:80@example.com",
            "http://example.com#@localhost",
            "http://0.0.0.0:8181",
            "http://[::1",
            "http://[localhost]",
            "https://user:word@h",
            "https://h:",
            "https://h:0",
            "https://h:65536",
            "https://h:+80",
            "https://h/",
            "https://h?",
            "https://h?a=b",
            "https://h/a?b",
            "https://h/a#b",
            "https://h/a/",
            "https://h/a//b",
            "https://h/a/../b",
            "https://h/{tenant}",
            "https://h/a b",
            "https://h/t\u{e9}",
            "https://h\n",
            " https://h",
        ] {
            assert!(fault_of(url).is_some(), "{url}");
        }
    }
}
