//! Cursors of lists: none that was not sealed opens.
#![no_main]

use libfuzzer_sys::fuzz_target;
use standing::audit::LedgerKey;
use standing::pdp::cursor::open_any;

fuzz_target!(|cursor: &str| {
    let Ok(key) = LedgerKey::of_seed(&[7; 32], "standing/fuzz") else { return };
    assert_eq!(open_any(&key, cursor), None);
});
