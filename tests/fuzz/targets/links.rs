//! Tokens of relationship requests: none that this service did not sign is taken.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use standing::clock::{SharedClock, Stopped, Timestamp};
use standing::pdp::links::LinkRing;

fuzz_target!(|token: &str| {
    let clock: SharedClock = Arc::new(Stopped::at(Timestamp::UNIX_EPOCH));
    let ring = LinkRing::of_seed([7; 32], &clock);
    if let Ok(invitation) = ring.verify(token) {
        assert_eq!(ring.token(&invitation.partner).as_str(), token, "only what was signed is taken");
    }
});
