//! Cursors of lists: none that was not sealed opens, and one that was leads nowhere but to a place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use standing::audit::LedgerKey;
use standing::id::{CustomerId, PartnerId, SubscriptionId};
use standing::pdp::page::read_any_cursor;

fuzz_target!(|text: &str| {
    let Ok(key) = LedgerKey::of_seed(&[7; 32], "standing/fuzz") else { return };
    read_any_cursor::<u64>(&key, text);
    read_any_cursor::<PartnerId>(&key, text);
    read_any_cursor::<CustomerId>(&key, text);
    read_any_cursor::<SubscriptionId>(&key, text);
});
