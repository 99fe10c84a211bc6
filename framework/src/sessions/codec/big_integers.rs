//! JSON numbers that `serde_json::Value` cannot hold exactly: integers beyond 64 bits, which Python writes.
//!
//! They read as floats, or as the largest float if they are larger than all floats. Their original text is kept here, so that they survive a round trip unless they
//! are changed themselves. (serde_json's `arbitrary_precision` would do it too, but cargo would switch it on
//! for the whole program, where it breaks `#[serde(flatten)]` and untagged enums.)

use std::collections::HashMap;

use serde::{Serialize, Serializer, de::DeserializeOwned, ser::SerializeMap as _};
use serde_json::{Map, Value, value::RawValue};

use crate::json::to_ascii;

/// The original text of the top-level values that hold an inexact number. Nearly always empty.
#[derive(Clone, Debug, Default)]
pub(in crate::sessions) struct BigIntegers(Option<HashMap<String, Box<RawValue>>>);

impl BigIntegers {
    /// Finds the values that lost precision when `json` was parsed into `data`, and keeps their text.
    pub(in crate::sessions) fn find(json: &[u8], data: &Map<String, Value>) -> Self {
        if !data.values().any(inexact) {
            return Self(None);
        }
        let mut raw: HashMap<String, Box<RawValue>> = match serde_json::from_slice(json) {
            Ok(raw) => raw,
            Err(_) => unreachable!("the same bytes were just parsed"),
        };
        raw.retain(|key, _| data.get(key).is_some_and(inexact));
        Self(Some(raw))
    }

    /// The exact text of `value`, the current value of `key`, if it holds such numbers.
    pub(in crate::sessions) fn original_text(&self, key: &str, value: &Value) -> Option<Box<RawValue>> {
        let raw = self.0.as_ref()?.get(key)?;
        let text = String::from_utf8(merge(value, raw)).ok()?;
        RawValue::from_string(text).ok()
    }

    /// Forgets `key`, which was set to a new value or removed.
    pub(in crate::sessions) fn forget(&mut self, key: &str) {
        if let Some(raw) = &mut self.0 {
            raw.remove(key);
        }
    }

    /// Forgets all keys.
    pub(in crate::sessions) fn clear(&mut self) {
        self.0 = None;
    }
}

/// Parses JSON. Numbers larger than all floats are read as the largest float.
pub(super) fn parse<T: DeserializeOwned>(json: &[u8]) -> serde_json::Result<T> {
    serde_json::from_slice(json).or_else(|error| match saturate(json) {
        Some(json) => serde_json::from_slice(&json),
        None => Err(error),
    })
}

/// Replaces each number larger than all floats by the largest float. `None` if there is no such number.
fn saturate(json: &[u8]) -> Option<Vec<u8>> {
    let mut fitting = Vec::with_capacity(json.len());
    let (mut found, mut in_text, mut place) = (false, false, 0);
    while let Some(&byte) = json.get(place) {
        let mut length = 1;
        if in_text {
            in_text = byte != b'"';
            length += usize::from(byte == b'\\');
        } else if byte == b'-' || byte.is_ascii_digit() {
            let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
            length = json[place..].iter().take_while(|byte| is_part(byte)).count();
            let number =
                str::from_utf8(&json[place..place + length]).ok().and_then(|n| n.parse::<f64>().ok());
            if let Some(number) = number.filter(|number| number.is_infinite()) {
                fitting.extend(format!("{:e}", f64::MAX.copysign(number)).into_bytes());
                (found, place) = (true, place + length);
                continue;
            }
        } else {
            in_text = byte == b'"';
        }
        fitting.extend(&json[place..json.len().min(place + length)]);
        place += length;
    }
    found.then_some(fitting)
}

/// Whether the value holds a float so large that it may have been an integer.
fn inexact(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64() && number.as_f64().is_some_and(|n| n.abs() >= 9.0e18),
        Value::Array(items) => items.iter().any(inexact),
        Value::Object(fields) => fields.values().any(inexact),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

/// The JSON of `new`, with the original text of every part that is the same as in `raw`.
fn merge(new: &Value, raw: &RawValue) -> Vec<u8> {
    if parse::<Value>(raw.get().as_bytes()).is_ok_and(|old| old == *new) {
        return raw.get().as_bytes().to_vec();
    }
    let fresh = |value: &Value| to_ascii(value).expect("a JSON value has a JSON form");
    match new {
        Value::Object(fields) => {
            let Ok(old) = serde_json::from_str::<HashMap<String, &RawValue>>(raw.get()) else {
                return fresh(new);
            };
            let parts = fields.iter().map(|(key, value)| {
                let mut part = to_ascii(key).expect("text has a JSON form");
                part.push(b':');
                part.extend(old.get(key).map_or_else(|| fresh(value), |raw| merge(value, raw)));
                part
            });
            wrap(b'{', parts, b'}')
        }
        Value::Array(items) => {
            let Ok(old) = serde_json::from_str::<Vec<&RawValue>>(raw.get()) else {
                return fresh(new);
            };
            let parts = items
                .iter()
                .enumerate()
                .map(|(index, value)| old.get(index).map_or_else(|| fresh(value), |raw| merge(value, raw)));
            wrap(b'[', parts, b']')
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => fresh(new),
    }
}

fn wrap(open: u8, parts: impl Iterator<Item = Vec<u8>>, close: u8) -> Vec<u8> {
    let mut bytes = vec![open];
    for (index, part) in parts.enumerate() {
        if index > 0 {
            bytes.push(b',');
        }
        bytes.extend(part);
    }
    bytes.push(close);
    bytes
}

/// Session data with its exact numbers, for serialization.
pub(in crate::sessions) struct WithBigIntegers<'a> {
    pub(in crate::sessions) data: &'a Map<String, Value>,
    pub(in crate::sessions) big_integers: &'a BigIntegers,
}

impl Serialize for WithBigIntegers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.data.len()))?;
        for (key, value) in self.data {
            match self.big_integers.original_text(key, value) {
                Some(raw) => map.serialize_entry(key, &raw)?,
                None => map.serialize_entry(key, value)?,
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(json: &str) -> (Map<String, Value>, BigIntegers) {
        let data = super::parse(json.as_bytes()).expect("JSON");
        let big_integers = BigIntegers::find(json.as_bytes(), &data);
        (data, big_integers)
    }

    fn encode(data: &Map<String, Value>, big_integers: &BigIntegers) -> String {
        String::from_utf8(to_ascii(&WithBigIntegers { data, big_integers }).expect("JSON")).expect("ASCII")
    }

    #[test]
    fn a_huge_integer_survives_a_change_beside_it_at_every_level() {
        let big = "1000000000000000000000000000012";
        let text = format!(r#"{{"a":1,"big":{big},"in":{{"x":[{big},1],"y":"é","z":{big}}}}}"#)
            .replace('é', "\\u00e9");
        let (mut data, big_integers) = parse(&text);
        assert_eq!(encode(&data, &big_integers), text);
        data["a"] = json!(2);
        data["in"]["x"][1] = json!(7);
        data["in"]["z"] = json!(0);
        let expected =
            text.replace("\"a\":1", "\"a\":2").replace(&format!("[{big},1]"), &format!("[{big},7]"));
        let expected = expected.replace(&format!("\"z\":{big}"), "\"z\":0");
        assert_eq!(encode(&data, &big_integers), expected);
    }

    #[test]
    fn a_number_larger_than_all_floats_reads_as_the_largest_and_survives() {
        let digits = "9".repeat(400);
        let text = format!(r#"{{"text":"\\\"{digits}","low":-{digits},"in":[1,{digits}],"n":1}}"#);
        let (mut data, big_integers) = parse(&text);
        assert_eq!((&data["low"], &data["in"][1]), (&json!(f64::MIN), &json!(f64::MAX)));
        assert_eq!(data["text"], format!("\\\"{digits}"));
        data["n"] = json!(2);
        assert_eq!(encode(&data, &big_integers), text.replace("\"n\":1", "\"n\":2"));
        assert!(super::parse::<Value>(b"[1e999, NaN]").is_err());
    }

    #[test]
    fn ordinary_data_keeps_no_second_copy() {
        assert!(parse(r#"{"n":18446744073709551615,"f":1.5}"#).1.0.is_none());
    }
}
