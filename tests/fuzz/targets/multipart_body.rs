//! `cargo +nightly fuzz run multipart_body --features libfuzzer`; the property is `nuages_fuzz::multipart_body`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| nuages_fuzz::multipart_body(data));
