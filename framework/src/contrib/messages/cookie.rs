//! The cookie with messages, as Django's `CookieStorage` writes and reads it
//! (`django/contrib/messages/storage/cookie.py`).
//!
//! Bytes of compressed cookies differ from Django's, whose zlib packs a little differently; each side reads
//! what the other wrote.

use std::time::SystemTime;

use serde_json::Value;

use super::message::Stored;
use crate::{json, settings::Settings, signing::Signer};

/// The cookie's name, which no setting of Django changes.
pub(super) const NAME: &str = "messages";
/// `CookieStorage.max_cookie_size`, in bytes.
const MAX_BYTES: usize = 2048;
/// The last element of a cookie that does not hold all messages.
const NOT_FINISHED: &str = "__messagesnotfinished__";
const SALT: &str = "django.contrib.messages";
/// The beginning of the keys of Django's `get_cookie_signer`.
const KEY_PREFIX: &str = "django.http.cookies";

/// Which messages give way if not all fit.
#[derive(Clone, Copy)]
pub(super) enum Leave {
    Oldest,
    Newest,
}

/// Signs and reads the cookie.
pub(super) struct CookieFormat(Signer);

impl CookieFormat {
    pub(super) fn new(settings: &Settings) -> Self {
        let key = |secret: &String| format!("{KEY_PREFIX}{secret}");
        let fallbacks: Vec<String> = settings.secret_key_fallbacks.iter().map(key).collect();
        Self(Signer::new(&key(&settings.secret_key), &fallbacks, SALT))
    }

    /// Returns the messages of a cookie: none if it was not signed with the site's key, or holds anything
    /// but a list.
    pub(super) fn read(&self, cookie: &str) -> Vec<Stored> {
        let json = self.0.unseal(cookie).ok().map(|(json, _)| json);
        let list: Option<Vec<Value>> = json.and_then(|json| serde_json::from_slice(&json).ok());
        list.unwrap_or_default().iter().filter_map(Stored::read).collect()
    }

    /// Returns the value of a cookie with as many messages as fit, and the others.
    pub(super) fn write(
        &self,
        messages: Vec<Stored>,
        leave: Leave,
        now: SystemTime,
    ) -> (String, Vec<Stored>) {
        let parts: Vec<Vec<u8>> = messages.iter().map(|message| bytes(&message.to_json())).collect();
        let all = self.seal(&parts, None, now);
        if all.len() <= MAX_BYTES {
            return (all, Vec::new());
        }
        let sentinel = bytes(&Value::from(NOT_FINISHED));
        let seal = |parts: &[Vec<u8>]| self.seal(parts, Some(&sentinel), now);
        let too_large = |parts: &[Vec<u8>]| seal(parts).len() > MAX_BYTES;
        let (mut low, mut high) = (0, parts.len());
        // Django's `bisect_keep_left` and `bisect_keep_right`.
        while low < high {
            let middle = usize::midpoint(low, high);
            let goes_up = match leave {
                Leave::Newest => !too_large(&parts[..=middle]),
                Leave::Oldest => too_large(&parts[middle..]),
            };
            if goes_up {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let mut messages = messages;
        match leave {
            Leave::Newest => (seal(&parts[..low]), messages.split_off(low)),
            Leave::Oldest => {
                messages.truncate(low);
                (seal(&parts[low..]), messages)
            }
        }
    }

    /// Signs a list of elements that are JSON already.
    fn seal(&self, parts: &[Vec<u8>], last: Option<&Vec<u8>>, now: SystemTime) -> String {
        let parts: Vec<&[u8]> = parts.iter().chain(last).map(Vec::as_slice).collect();
        let json = [b"[".as_slice(), &parts.join(b",".as_slice()), b"]"].concat();
        self.0.seal(&json, true, now)
    }
}

fn bytes(value: &Value) -> Vec<u8> {
    json::to_ascii(value).expect("a JSON value can be written as JSON")
}
