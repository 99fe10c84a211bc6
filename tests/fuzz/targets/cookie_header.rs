//! `cargo +nightly fuzz run cookie_header --features libfuzzer`; the property is `nuages_fuzz::cookie_header`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| nuages_fuzz::cookie_header(data));
