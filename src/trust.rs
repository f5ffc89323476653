//! Whose word about a caller is taken, besides the tokens of this service: proxies that say where a call comes from.

pub mod proxies;

use proxies::Proxies;

/// Whose word is taken, as the settings name them.
#[derive(Debug, Default)]
pub struct Trust {
    /// The proxies that say for whom they pass a call on.
    pub proxies: Proxies,
}
