//! Whose address counts: that of the other end of the connection, unless that is a proxy which the settings trust and
//! which says in `Forwarded` (RFC 7239) for whom it passes the call on.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

/// The proxies whose `Forwarded` is believed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    /// The proxies with these addresses.
    #[must_use]
    pub fn of(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    fn has(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The address a call comes from: the last one that a trusted proxy says and that is no trusted proxy itself.
    /// Where such a proxy says nothing that is an address, its own counts.
    pub fn client<'a>(&self, peer: SocketAddr, forwarded: impl IntoIterator<Item = &'a str>) -> IpAddr {
        let mut nearest = peer.ip().to_canonical();
        if !self.has(nearest) {
            return nearest;
        }
        let hops: Vec<Option<IpAddr>> = forwarded.into_iter().flat_map(hops_of).collect();
        for hop in hops.into_iter().rev() {
            // Whatever stands before something that cannot be read may have been written by anybody.
            let Some(address) = hop else { return nearest };
            nearest = address;
            if !self.has(nearest) {
                return nearest;
            }
        }
        nearest
    }
}

/// The addresses that one header says, one an element; nothing for one that cannot be read.
fn hops_of(header: &str) -> Vec<Option<IpAddr>> {
    // Within a quote that nobody closes may stand what a proxy added to the header of a caller.
    split(header, ',').map_or_else(|| vec![None], |elements| elements.iter().map(|element| hop_of(element)).collect())
}

/// Splits a text, but not within quotes; nothing for one with a quote that is not closed.
fn split(text: &str, at: char) -> Option<Vec<String>> {
    let (mut parts, mut is_quoted, mut is_escaped) = (vec![String::new()], false, false);
    for c in text.chars() {
        if c == at && !is_quoted {
            parts.push(String::new());
            continue;
        }
        if c == '"' && !is_escaped {
            is_quoted = !is_quoted;
        }
        is_escaped = is_quoted && c == '\\' && !is_escaped;
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    (!is_quoted).then_some(parts)
}

/// The address that one element says in its one `for`; nothing for one that is hidden or cannot be read.
fn hop_of(element: &str) -> Option<IpAddr> {
    let pairs = split(element, ';')?;
    let mut named = pairs.iter().filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| value.trim())
    });
    let (value, None) = (named.next()?, named.next()) else { return None };
    let bare = match value.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"')?,
        None => value,
    };
    let (address, port) = match bare.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            (IpAddr::V6(address.parse().ok()?), port)
        }
        // Without brackets nobody knows where an address of IPv6 ends.
        None => {
            let (address, port) = bare.split_at(bare.find(':').unwrap_or(bare.len()));
            (IpAddr::V4(address.parse().ok()?), port)
        }
    };
    (port.is_empty() || is_port(port.strip_prefix(':')?)).then(|| address.to_canonical())
}

/// Is it a port, or the name of one that is hidden?
fn is_port(text: &str) -> bool {
    let is_number = (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_hidden = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    is_number || text.strip_prefix('_').is_some_and(|name| !name.is_empty() && is_hidden(name))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn only_what_trusted_proxies_say_of_where_a_call_comes_from_counts() {
        let proxies = Proxies::of(vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        for (peer, forwarded, client) in [
            // Whoever is no proxy says it in vain.
            ("192.0.2.1:1", &["for=198.51.100.7"][..], "192.0.2.1"),
            ("[::ffff:192.0.2.1]:1", &["for=198.51.100.7"], "192.0.2.1"),
            ("10.0.0.1:1", &[], "10.0.0.1"),
            ("10.0.0.1:1", &["for=198.51.100.7"], "198.51.100.7"),
            ("[::ffff:10.0.0.1]:1", &["for=198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1:1", &["for=198.51.100.7:4711;proto=https"], "198.51.100.7"),
            ("10.0.0.1:1", &["proto=https; FOR=\"198.51.100.7:4711\""], "198.51.100.7"),
            ("10.0.0.1:1", &["for=\"[2001:db8::7]:4711\""], "2001:db8::7"),
            ("10.0.0.1:1", &["for=\"[2001:db8::7]\""], "2001:db8::7"),
            // The last one before the proxies, however many the caller invented before it.
            ("10.0.0.1:1", &["for=203.0.113.1, for=198.51.100.7, for=10.0.0.2"], "198.51.100.7"),
            ("10.0.0.1:1", &["for=203.0.113.1", "for=198.51.100.7", "for=\"[fd00::2]\""], "198.51.100.7"),
            ("10.0.0.1:1", &["for=10.0.0.3, for=10.0.0.2"], "10.0.0.3"),
            // What cannot be read, or is hidden, leaves the proxy that said it.
            ("10.0.0.1:1", &["for=198.51.100.7, for=unknown"], "10.0.0.1"),
            ("10.0.0.1:1", &["for=198.51.100.7, for=_hidden, for=10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1:1", &["for=198.51.100.7;for=203.0.113.1"], "10.0.0.1"),
            ("10.0.0.1:1", &["by=198.51.100.7"], "10.0.0.1"),
            ("10.0.0.1:1", &["for=\"198.51.100.7"], "10.0.0.1"),
            ("10.0.0.1:1", &["for=\"a, for=198.51.100.7\""], "10.0.0.1"),
            // An address of IPv6 stands in brackets, or its end might be a port; one of IPv4 stands in none.
            ("10.0.0.1:1", &["for=2001:db8::7"], "10.0.0.1"),
            ("10.0.0.1:1", &["for=\"2001:db8::7:8\""], "10.0.0.1"),
            ("10.0.0.1:1", &["for=\"[198.51.100.7]\""], "10.0.0.1"),
            ("10.0.0.1:1", &["for=\"[::ffff:198.51.100.7]:4711\""], "198.51.100.7"),
            ("10.0.0.1:1", &["for=\"198.51.100.7:_hidden\""], "198.51.100.7"),
            ("10.0.0.1:1", &["for=198.51.100.7:"], "10.0.0.1"),
            ("10.0.0.1:1", &["for=198.51.100.7:4711x"], "10.0.0.1"),
            ("10.0.0.1:1", &["for=\"[2001:db8::7]4711\""], "10.0.0.1"),
            ("10.0.0.1:1", &["for=\"[2001:db8::7\""], "10.0.0.1"),
            ("10.0.0.1:1", &[""], "10.0.0.1"),
            // A quote that a caller opens holds nothing that a proxy adds to its header.
            ("10.0.0.1:1", &["for=203.0.113.1;x=\", for=198.51.100.7"], "10.0.0.1"),
            ("10.0.0.1:1", &["for=203.0.113.1;x=\"a\\\", for=\"[2001:db8::7]\""], "10.0.0.1"),
            ("10.0.0.1:1", &["for=203.0.113.1;x=\"", "for=198.51.100.7"], "198.51.100.7"),
        ] {
            let found = proxies.client(peer.parse().unwrap(), forwarded.iter().copied());
            assert_eq!(found, client.parse::<IpAddr>().unwrap(), "{peer} {forwarded:?}");
        }
        assert_eq!(
            Proxies::default().client("10.0.0.1:1".parse().unwrap(), ["for=198.51.100.7"]),
            "10.0.0.1".parse::<IpAddr>().unwrap()
        );
    }
}
