//! Writes JSON as Python's `json.dumps(…, separators=(",", ":"))` does: ASCII, without spaces.
//!
//! Used for signed values and session data. Django decodes them as Latin-1, which would garble UTF-8.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Writes `value` as ASCII JSON.
pub(crate) fn to_ascii(value: &(impl Serialize + ?Sized)) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(128);
    value.serialize(&mut Serializer::with_formatter(&mut bytes, Ascii))?;
    Ok(bytes)
}

struct Ascii;

impl Formatter for Ascii {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        // Python's ESCAPE_ASCII escapes everything except space to tilde. serde_json has already escaped
        // quotes, backslashes and control characters below space.
        let plain = |c: char| (' '..='~').contains(&c);
        if fragment.chars().all(plain) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut units = [0u16; 2];
        for letter in fragment.chars() {
            if plain(letter) {
                writer.write_all(&[letter as u8])?;
                continue;
            }
            for unit in letter.encode_utf16(&mut units) {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }

    /// Writes floats as Python's `repr`. Rust's `Debug` has the same digits and uses exponents at the same
    /// magnitudes, but writes `1e16` and `1e-5` for `1e+16` and `1e-05`.
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        let text = format!("{value:?}");
        match text.split_once('e').map(|(digits, exponent)| (digits, exponent.parse::<i32>())) {
            Some((digits, Ok(exponent))) => write!(writer, "{digits}e{exponent:+03}"),
            _ => writer.write_all(text.as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_python_writes_them() {
        let floats = [0.0, -0.0, 1.0, 0.1, 1e15, 1e16, 1.5e300, 1e-4, 1e-5, 1.25e-7, 123456789.125];
        let json = String::from_utf8(to_ascii(&floats).expect("floats")).expect("ASCII");
        let python =
            "[0.0,-0.0,1.0,0.1,1000000000000000.0,1e+16,1.5e+300,0.0001,1e-05,1.25e-07,123456789.125]";
        assert_eq!(json, python);
    }

    #[test]
    fn every_character_outside_ascii_is_escaped_as_python_does() {
        let text = "é\u{7f}\u{80}😀\n\u{1f}\"\\/";
        let json = String::from_utf8(to_ascii(text).expect("text")).expect("ASCII");
        assert_eq!(json, "\"\\u00e9\\u007f\\u0080\\ud83d\\ude00\\n\\u001f\\\"\\\\/\"");
        assert_eq!(serde_json::from_str::<String>(&json).expect("JSON"), text);
    }
}
