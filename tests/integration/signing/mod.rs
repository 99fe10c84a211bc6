//! Signed text against what a real Django signed.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nuages::signing::{Signer, SigningError};
use serde_json::Value;

use crate::support::vectors::Vectors;

fn moment(row: &Value) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(row["timestamp"].as_u64().expect("a timestamp"))
}

#[test]
fn text_is_signed_byte_for_byte_as_django_signs_it() {
    let vectors = Vectors::read("signing");
    for row in vectors.rows() {
        let value = row["value"].as_str().expect("a value");
        let signer =
            |default| Signer::new(vectors.text("secret_key"), &[], row["salt"].as_str().unwrap_or(default));
        let plain = signer(Signer::DEFAULT_SALT);
        assert_eq!(plain.sign(value), row["signed"], "{row}");
        assert_eq!(plain.unsign(row["signed"].as_str().expect("text")).expect("signed by Django"), value);
        let stamped = signer(Signer::DEFAULT_TIMESTAMP_SALT);
        assert_eq!(stamped.sign_at(value, moment(row)), row["timestamp_signed"], "{row}");
        let signed = row["timestamp_signed"].as_str().expect("text");
        assert_eq!(stamped.unsign_at(signed).expect("signed by Django"), (value, moment(row)));
    }
}

#[test]
fn a_signature_ends_with_its_age() {
    let signer = Signer::new("secret", &[], "salt");
    let signed = signer.sign_at("value", UNIX_EPOCH + Duration::from_secs(1_000));
    let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
    let within = |now| signer.unsign_within(&signed, Duration::from_secs(60), at(now));
    assert_eq!(within(1_060).expect("in time"), "value");
    assert_eq!(within(900).expect("a clock that went back"), "value");
    let late = within(1_061).expect_err("too late");
    assert!(matches!(late, SigningError::Expired { .. }));
    assert_eq!(late.to_string(), "the signature is 61 s old, more than 60 s");
}

#[test]
fn fallback_secrets_verify_and_never_sign() {
    let vectors = Vectors::read("secret_rotation");
    let (secret, old) = (vectors.text("secret_key"), vectors.text("old_secret_key").to_owned());
    let salt = Signer::DEFAULT_OBJECT_SALT;
    let (alone, rotating) = (Signer::new(secret, &[], salt), Signer::new(secret, &[old], salt));
    for row in vectors.rows() {
        let data: Value = serde_json::from_str(row["data_json"].as_str().expect("text")).expect("JSON");
        let (signed_old, signed_new) =
            (row["old"].as_str().expect("text"), row["new"].as_str().expect("text"));
        let now = moment(row);
        assert!(matches!(alone.loads::<Value>(signed_old, None, now), Err(SigningError::BadSignature)));
        assert_eq!(rotating.loads::<Value>(signed_old, None, now).expect("a fallback"), data);
        assert_eq!(rotating.loads::<Value>(signed_new, None, now).expect("our own"), data);
        let ours = rotating.dumps(&data, row["compress"] == true, now).expect("JSON");
        assert_eq!(alone.loads::<Value>(&ours, None, now).expect("signed with the first secret"), data);
        if !signed_new.starts_with('.') {
            // What is compressed may differ from zlib's in a byte, and is read all the same.
            assert_eq!(ours, signed_new);
        }
    }
}
