//! `cargo +nightly fuzz run session_codec --features libfuzzer`; the property is `nuages_fuzz::session_codec`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| nuages_fuzz::session_codec(data));
