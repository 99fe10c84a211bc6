//! The values and files that a client has sent with a form, by the names of the fields, from each of the three encodings.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::http::{QueryDict, UploadedFile, multipart::FormParts};

/// The values and files of a form.
#[derive(Debug, Default)]
pub(super) struct FormData {
    values: BTreeMap<String, Vec<String>>,
    files: BTreeMap<String, Vec<UploadedFile>>,
    /// Names whose JSON value is an object, although a field has one value.
    objects: BTreeSet<String>,
}

impl FormData {
    pub(super) fn values(&self, name: &str) -> &[String] {
        self.values.get(name).map_or(&[], Vec::as_slice)
    }

    pub(super) fn files(&self, name: &str) -> &[UploadedFile] {
        self.files.get(name).map_or(&[], Vec::as_slice)
    }

    pub(super) fn is_object(&self, name: &str) -> bool {
        self.objects.contains(name)
    }

    /// The numbers of the rows of a list: the `n` in all `<prefix>n-<name>`.
    pub(super) fn rows(&self, prefix: &str) -> BTreeSet<usize> {
        let number = |name: &str| name.strip_prefix(prefix)?.split_once('-')?.0.parse().ok();
        let below = |name: &&String| name.starts_with(prefix);
        let start = prefix.to_owned();
        let values = self.values.range(start.clone()..).map(|(name, _)| name).take_while(below);
        let files = self.files.range(start..).map(|(name, _)| name).take_while(below);
        values.chain(files).filter_map(|name| number(name)).collect()
    }

    /// Whether everything that was sent under names with this prefix is empty.
    pub(super) fn is_blank(&self, prefix: &str) -> bool {
        let start = prefix.to_owned();
        let mut values = self.values.range(start.clone()..).take_while(|(name, _)| name.starts_with(prefix));
        let mut files = self.files.range(start..).take_while(|(name, _)| name.starts_with(prefix));
        values.all(|(_, values)| values.iter().all(|value| value.trim().is_empty())) && files.next().is_none()
    }

    fn add(&mut self, name: String, value: String) {
        self.values.entry(name).or_default().push(value);
    }

    /// Adds a JSON value under the names that a form would use.
    fn add_json(&mut self, name: String, value: &Value) {
        match value {
            Value::Null | Value::Bool(false) => {}
            Value::Bool(true) => self.add(name, "on".to_owned()),
            Value::Number(number) => self.add(name, number.to_string()),
            Value::String(text) => self.add(name, text.clone()),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    match item {
                        Value::Object(fields) => {
                            // An empty row is a row, too.
                            self.add(format!("{name}-{index}-"), "row".to_owned());
                            self.add_fields(&format!("{name}-{index}-"), fields);
                        }
                        Value::Array(_) => drop(self.objects.insert(name.clone())),
                        other => self.add_json(name.clone(), other),
                    }
                }
            }
            Value::Object(_) => drop(self.objects.insert(name)),
        }
    }

    fn add_fields(&mut self, prefix: &str, fields: &serde_json::Map<String, Value>) {
        for (name, value) in fields {
            self.add_json(format!("{prefix}{name}"), value);
        }
    }
}

impl From<&Value> for FormData {
    fn from(json: &Value) -> Self {
        let mut data = Self::default();
        if let Value::Object(fields) = json {
            data.add_fields("", fields);
        }
        data
    }
}

impl From<FormParts> for FormData {
    fn from(parts: FormParts) -> Self {
        let mut data = Self::default();
        parts.fields.into_iter().for_each(|(name, value)| data.add(name, value));
        parts.files.into_iter().for_each(|(name, file)| data.files.entry(name).or_default().push(file));
        data
    }
}

impl From<&QueryDict> for FormData {
    fn from(query: &QueryDict) -> Self {
        let mut data = Self::default();
        query.iter().for_each(|(name, value)| data.add(name.to_owned(), value.to_owned()));
        data
    }
}
