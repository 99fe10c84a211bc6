//! Generates the SECRET_KEY of a new project.

use crate::CommandError;

/// `get_random_secret_key` in django/core/management/utils.py: 50 of these 50 characters, 282 bits.
const ALPHABET: &[u8; 50] = b"abcdefghijklmnopqrstuvwxyz0123456789!@#$%^&*(-_=+)";
const LENGTH: usize = 50;

/// Returns a key from the system's random source.
pub(super) fn random() -> Result<String, CommandError> {
    let mut key = String::with_capacity(LENGTH);
    while key.len() < LENGTH {
        let mut bytes = [0u8; 64];
        getrandom::fill(&mut bytes).map_err(|error| {
            CommandError::because("the system gives no random numbers for SECRET_KEY", error)
        })?;
        // 250 is the largest multiple of 50 in a byte: values past it would favour some characters.
        let unbiased = bytes.iter().filter(|&&byte| byte < 250);
        let characters = unbiased.map(|&byte| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]));
        key.extend(characters.take(LENGTH - key.len()));
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_fresh_and_fit_between_quotes() {
        let key = random().expect("random numbers");
        assert_eq!(key.len(), 50);
        assert_ne!(key, random().expect("random numbers"));
        assert!(!ALPHABET.contains(&b'"') && !ALPHABET.contains(&b'\\'));
    }
}
