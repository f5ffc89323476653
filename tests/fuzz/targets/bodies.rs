//! Evaluation bodies: the strict reader never fails badly, and the quick one never says what it does not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use standing::http::evaluation_readers_agree;
use standing::limits::Limits;

fuzz_target!(|body: &[u8]| {
    evaluation_readers_agree(body, &Limits::default());
    evaluation_readers_agree(body, &Limits { evaluations: 2, depth: 3, ..Limits::default() });
});
