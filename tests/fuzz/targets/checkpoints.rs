//! Public keys and signed checkpoints that were kept elsewhere: a key, an empty line, and a note. The note is read as it
//! is, and as one that its ledger did sign.
#![no_main]

use libfuzzer_sys::fuzz_target;
use signed_note::{Note, StandardSigner};
use standing::audit::{LedgerKey, VerifierKey};

fuzz_target!(|text: &str| {
    let (key, note) = text.split_once("\n\n").unwrap_or((text, text));
    if let Ok(key) = VerifierKey::parse(key) {
        let _ = key.open(note);
    }
    let Ok(own) = LedgerKey::of_seed(&[7; 32], "standing/fuzz") else { return };
    assert!(own.public().open(note).is_err(), "only what was signed is a checkpoint");
    let Ok(signer) = StandardSigner::new(own.text()) else { return };
    let Ok(mut signed) = Note::new(note.as_bytes(), &[]) else { return };
    if signed.add_sigs(&[&signer]).is_err() {
        return;
    }
    let Ok(signed) = String::from_utf8(signed.to_bytes()) else { return };
    if let Ok(checkpoint) = own.public().open(&signed) {
        let says = format!("standing/fuzz\n{}\n", checkpoint.size);
        assert!(note.starts_with(&says), "a checkpoint says what was signed: {note}");
    }
});
