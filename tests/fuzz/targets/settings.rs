//! `cargo +nightly fuzz run settings --features libfuzzer`; the property is `nuages_fuzz::settings_file`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| nuages_fuzz::settings_file(data));
