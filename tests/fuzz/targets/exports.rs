//! Exported ledgers, archive files and proofs of single records, as whoever verifies reads them: a public key on the
//! first line, the file after it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use standing::audit::{ProofFile, VerifierKey, verify_lines};

fuzz_target!(|text: &[u8]| {
    let at = text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len());
    let (key, file) = text.split_at(at);
    let Some(Ok(key)) = std::str::from_utf8(key).ok().map(VerifierKey::parse) else { return };
    let file = file.get(1..).unwrap_or_default();
    if let Ok(walked) = verify_lines(file, &key, &[], |_| {}) {
        assert!(!walked.whole || walked.checkpoints > 0, "nothing is whole that nobody signed");
    }
    if let Some(Ok(proof)) = std::str::from_utf8(file).ok().map(ProofFile::parse) {
        assert_eq!(ProofFile::parse(&proof.to_text()).ok().map(|again| again.to_text()), Some(proof.to_text()));
        let _ = proof.verify(&key);
    }
});
