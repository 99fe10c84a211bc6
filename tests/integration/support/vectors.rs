//! The data that a real Django made: tests/vectors/*.json (generate.py beside them says how).

use serde_json::Value;

/// A file of vectors.
pub struct Vectors(Value);

impl Vectors {
    pub fn read(name: &str) -> Self {
        let path = format!("{}/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        Self(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}")))
    }

    pub fn text(&self, key: &str) -> &str {
        self.0[key].as_str().unwrap_or_else(|| panic!("no text {key:?} in the vectors"))
    }

    /// The rows; never none, so that a loop over them cannot pass by not running.
    pub fn rows(&self) -> &[Value] {
        self.rows_of("rows")
    }

    /// The rows under another name.
    pub fn rows_of(&self, key: &str) -> &[Value] {
        let rows = self.0[key].as_array().expect("vectors have rows");
        assert!(!rows.is_empty(), "vectors have rows");
        rows
    }
}
