//! Lines of an import.
#![no_main]

use libfuzzer_sys::fuzz_target;
use standing::change::line::Line;
use standing::json::read;

fuzz_target!(|line: &[u8]| {
    if let Ok(value) = read(line, 64)
        && let Some(members) = value.as_object()
    {
        let _ = Line::of(members.clone());
    }
});
