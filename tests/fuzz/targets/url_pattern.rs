//! `cargo +nightly fuzz run url_pattern --features libfuzzer`; the property is `nuages_fuzz::url_pattern`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| nuages_fuzz::url_pattern(data));
