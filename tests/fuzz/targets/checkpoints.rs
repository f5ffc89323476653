//! Public keys and signed checkpoints that were kept elsewhere: a key, an empty line, and a note.
#![no_main]

use libfuzzer_sys::fuzz_target;
use standing::audit::{LedgerKey, VerifierKey};

fuzz_target!(|text: &str| {
    let (key, note) = text.split_once("\n\n").unwrap_or((text, text));
    if let Ok(key) = VerifierKey::parse(key) {
        let _ = key.open(note);
    }
    let Ok(own) = LedgerKey::of_seed(&[7; 32], "standing/fuzz") else { return };
    assert!(own.public().open(note).is_err(), "only what was signed is a checkpoint");
});
