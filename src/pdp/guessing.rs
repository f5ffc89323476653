//! What is counted by the address it comes from: wrong proofs, so that whoever guesses is told to wait and a right proof
//! never is, and views of a link by somebody who has not signed in.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::clock::SharedClock;
use crate::limits::{GUESSING_ADDRESSES_MAX, LINK_VIEWS_A_MINUTE, WRONG_PROOFS_A_MINUTE};
use crate::pdp::Pdp;
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
pub(crate) struct Guessing {
    wrong_proofs: Limiter,
    link_views: Limiter,
    clock: SharedClock,
}

impl Guessing {
    /// None yet, by the clock of a store.
    pub(crate) fn of(store: &Store) -> Self {
        let clock = store.clock();
        let most = |a_minute| {
            let quota = Quota::per_minute(NonZeroU32::new(a_minute).unwrap_or(NonZeroU32::MIN));
            Limiter::hashmap_with_clock(quota, Passed(SharedClock::clone(&clock)))
        };
        Self { wrong_proofs: most(WRONG_PROOFS_A_MINUTE), link_views: most(LINK_VIEWS_A_MINUTE), clock }
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

/// Counts a wrong proof from an address. How long it has to wait, where it sent more than it may.
pub fn wrong_proof_from(pdp: &Pdp, address: IpAddr) -> Option<Duration> {
    pdp.settings.guessing.wait(&pdp.settings.guessing.wrong_proofs, address)
}

/// Counts a view of a link by somebody who has not signed in. How long the address has to wait, where it had more than it
/// may.
pub fn link_view_from(pdp: &Pdp, address: IpAddr) -> Option<Duration> {
    pdp.settings.guessing.wait(&pdp.settings.guessing.link_views, address)
}

/// What counts as one address: an address of IPv4, or the half of one of IPv6 that its holder cannot change.
#[must_use]
pub fn holder(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
        address => address,
    }
}
