//! Exported ledgers and archive files, as whoever verifies reads them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use standing::audit::{LedgerKey, verify_lines};

fuzz_target!(|file: &[u8]| {
    let Ok(key) = LedgerKey::of_seed(&[7; 32], "standing/fuzz") else { return };
    if let Ok(walked) = verify_lines(file, key.public(), &[], |_| {}) {
        assert!(!walked.whole || walked.checkpoints > 0, "nothing is whole that nobody signed");
    }
});
