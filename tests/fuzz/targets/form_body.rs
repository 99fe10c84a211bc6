//! `cargo +nightly fuzz run form_body --features libfuzzer`; the property is `nuages_fuzz::form_body`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| nuages_fuzz::form_body(data));
