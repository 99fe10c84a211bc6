//! From session data to signed text.

use std::time::SystemTime;

use serde_json::{Map, Value};

use super::{
    Codec,
    big_integers::{BigIntegers, WithBigIntegers},
};
use crate::json::to_ascii;

impl Codec {
    /// The signed text of `data`, written at `now`.
    pub(in crate::sessions) fn encode(
        &self,
        data: &Map<String, Value>,
        big_integers: &BigIntegers,
        now: SystemTime,
    ) -> String {
        let json = to_ascii(&WithBigIntegers { data, big_integers }).expect("JSON values have a JSON form");
        self.signer.seal(&json, true, now)
    }
}
