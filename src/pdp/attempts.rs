//! What was counted lately by the address it came from.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::clock::SharedClock;
use crate::limits::{GUESSING_ADDRESSES_MAX, LINK_VIEWS_A_MINUTE, WRONG_PROOFS_A_MINUTE};
use crate::store::Store;

/// Time as the store's clock lets it pass, whatever it is set to.
struct Passed(SharedClock);

impl GovernorClock for Passed {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.monotonic()
    }
}

/// From where an attempt came; nothing for all the addresses beyond those that are counted one by one.
type From = Option<IpAddr>;
type Limiter = RateLimiter<From, HashMapStateStore<From>, Passed, NoOpMiddleware<Duration>>;

/// The wrong proofs and the views of links of the last minute, by where they came from.
pub(crate) struct Attempts {
    wrong_proofs: Limiter,
    link_views: Limiter,
    clock: SharedClock,
}

impl Attempts {
    /// None yet, by the clock of a store.
    pub(crate) fn of(store: &Store) -> Self {
        let clock = store.clock();
        let most = |a_minute| {
            let quota = Quota::per_minute(NonZeroU32::new(a_minute).unwrap_or(NonZeroU32::MIN));
            Limiter::hashmap_with_clock(quota, Passed(SharedClock::clone(&clock)))
        };
        Self { wrong_proofs: most(WRONG_PROOFS_A_MINUTE), link_views: most(LINK_VIEWS_A_MINUTE), clock }
    }

    pub(crate) fn wrong_proof_from(&self, address: IpAddr) -> Option<Duration> {
        self.wait(&self.wrong_proofs, address)
    }

    pub(crate) fn link_view_from(&self, address: IpAddr) -> Option<Duration> {
        self.wait(&self.link_views, address)
    }

    fn wait(&self, limiter: &Limiter, address: IpAddr) -> Option<Duration> {
        let from = (limiter.len() < GUESSING_ADDRESSES_MAX).then(|| holder(address));
        limiter.check_key(&from).err().map(|until| until.wait_time_from(self.clock.monotonic()))
    }

    /// Forgets the addresses that have nothing left to wait for.
    pub(crate) fn forget(&self) {
        for limiter in [&self.wrong_proofs, &self.link_views] {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

/// What counts as one address: an address of IPv4, or the half of one of IPv6 that its holder cannot change.
#[must_use]
pub fn holder(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
        address => address,
    }
}
