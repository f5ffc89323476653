//! Tokens of relationship requests: none that this service did not sign is taken, and one that it did names whom it was
//! made for.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use standing::clock::{SharedClock, Stopped, Timestamp};
use standing::domain::invitation::token_of_any;
use standing::id::PartnerId;
use standing::pdp::links::LinkRing;

const SEED: [u8; 32] = [7; 32];

fuzz_target!(|bytes: &[u8]| {
    let clock: SharedClock = Arc::new(Stopped::at(Timestamp::UNIX_EPOCH));
    let ring = LinkRing::of_seed(SEED, &clock);
    let text = String::from_utf8_lossy(bytes);
    if let Ok(invitation) = ring.verify(&text) {
        assert_eq!(ring.token(&invitation.partner).as_str(), text, "only what was signed is taken");
    }
    // Past the signature, whatever stands where the partner does.
    let named = std::str::from_utf8(bytes).ok().and_then(|name| name.parse::<PartnerId>().ok());
    assert_eq!(ring.verify(&token_of_any(SEED, bytes)).ok().map(|invitation| invitation.partner), named);
});
