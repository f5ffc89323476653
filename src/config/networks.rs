//! The networks of proxies, as the settings write them.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};
use serde::de::{Deserialize as _, Deserializer, Error as _};

/// How many bits of an address of IPv6 say that it is one of IPv4.
const MAPPED_BITS: u8 = 96;

pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    Vec::<String>::deserialize(deserializer)?.iter().map(|text| network(text).map_err(D::Error::custom)).collect()
}

/// A network, or the one address of it. Addresses of IPv4 are compared as such however they come, so that a network of
/// them is one of IPv4 however it is written.
fn network(text: &str) -> Result<IpNet, String> {
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    let network =
        network.map_err(|_| format!("`{text}` is no address and no network; write `192.0.2.1` or `10.0.0.0/8`"))?;
    let IpNet::V6(written) = network else { return Ok(network) };
    let Some(mapped) = written.addr().to_ipv4_mapped() else { return Ok(network) };
    let length = written.prefix_len().checked_sub(MAPPED_BITS);
    let mapped = length.and_then(|length| Ipv4Net::new(mapped, length).ok());
    mapped.map(IpNet::V4).ok_or_else(|| {
        format!("`{text}` is a network of IPv4 and of more; write `0.0.0.0/0` for every address of IPv4, `::/0` for every one of IPv6")
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::network;

    #[test]
    fn a_network_of_ipv4_is_one_however_it_is_written() {
        for (written, meant) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("192.0.2.1", "192.0.2.1/32"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:a00:0/104", "10.0.0.0/8"),
            ("::FFFF:192.0.2.1", "192.0.2.1/32"),
            ("::ffff:192.0.2.1/128", "192.0.2.1/32"),
            ("::ffff:0.0.0.0/96", "0.0.0.0/0"),
            // These are none of IPv4, whatever they begin with.
            ("fd00::/8", "fd00::/8"),
            ("::/0", "::/0"),
            ("::10.0.0.0/104", "::10.0.0.0/104"),
            ("64:ff9b::10.0.0.0/104", "64:ff9b::10.0.0.0/104"),
        ] {
            assert_eq!(network(written), Ok(meant.parse().unwrap()), "{written}");
        }
    }

    #[test]
    fn what_is_no_network_of_either_kind_is_refused_with_what_to_write() {
        for (written, hint) in [
            ("::ffff:10.0.0.0/95", "write `0.0.0.0/0` for every address of IPv4"),
            ("::ffff:0:0/80", "write `0.0.0.0/0` for every address of IPv4"),
            ("10.0.0.0/33", "is no address and no network"),
            ("::ffff:10.0.0.0/129", "is no address and no network"),
            ("proxy.example", "is no address and no network"),
        ] {
            let fault = network(written).map(|network| network.to_string());
            assert!(fault.as_ref().is_err_and(|fault| fault.contains(hint)), "{written}: {fault:?}");
        }
    }
}
