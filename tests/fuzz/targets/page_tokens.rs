//! Tokens of the pages of a search, whose check holds for whatever they say.
#![no_main]

use libfuzzer_sys::fuzz_target;
use standing::answer::search::read_any_page_token;

fuzz_target!(|body: &[u8]| read_any_page_token(body));
