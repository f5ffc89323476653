//! What proxies say of where a call comes from: whoever is none says it in vain, and no more is believed than the last
//! proxy of ours can know.
#![no_main]

use std::net::SocketAddr;

use libfuzzer_sys::fuzz_target;
use standing::trust::proxies::Proxies;

fuzz_target!(|text: &str| {
    let networks = ["10.0.0.0/8", "fd00::/8"].iter().filter_map(|network| network.parse().ok()).collect();
    let proxies = Proxies::of(networks);
    let (Ok(stranger), Ok(proxy)) = ("192.0.2.1:1".parse::<SocketAddr>(), "10.0.0.1:1".parse()) else { return };
    let said: Vec<&str> = text.split('\n').collect();
    assert_eq!(proxies.client(stranger, said.iter().copied()), stranger.ip());
    let client = proxies.client(proxy, said.iter().copied());
    // Whatever a caller wrote before what a proxy adds, it never says where the call comes from.
    let added = [&said[..], &["for=198.51.100.7"]].concat();
    assert_eq!(proxies.client(proxy, added.into_iter()).to_string(), "198.51.100.7");
    let joined = proxies.client(proxy, [format!("{text}, for=198.51.100.7").as_str()]);
    assert!(joined == proxy.ip() || joined.to_string() == "198.51.100.7", "{joined}");
    assert_eq!(client, client.to_canonical());
});
