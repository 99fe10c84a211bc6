//! The fields of a query string or a form: Django's `QueryDict`.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use crate::{Result, http::forms::parse_form};

/// The names and values of a query string or a form, in the order sent. A name may have several values.
///
/// # Examples
///
/// ```
/// use nuages::http::QueryDict;
///
/// let query = QueryDict::parse("tag=jazz&tag=swing&page=2");
/// assert_eq!(query.get("tag"), Some("swing"));
/// assert_eq!(query.get_list("tag"), ["jazz", "swing"]);
/// assert_eq!(query.get("none"), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryDict {
    pairs: Vec<(String, String)>,
    source: String,
}

impl QueryDict {
    /// Parses `application/x-www-form-urlencoded` text. It never fails: a broken escape stays unchanged,
    /// and bytes that are not UTF-8 become U+FFFD, as in Django.
    pub fn parse(text: &str) -> Self {
        let pairs = serde_html_form::from_str(text).unwrap_or_default();
        Self { pairs, source: text.to_owned() }
    }

    /// The last value of `name`, like Django's `request.GET.get(name)`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All values of `name`, like Django's `getlist`.
    pub fn get_list(&self, name: &str) -> Vec<&str> {
        self.pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }

    /// Whether `name` was sent, even with an empty value.
    pub fn contains_key(&self, name: &str) -> bool {
        self.pairs.iter().any(|(key, _)| key == name)
    }

    /// The names and values, in the order sent.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether nothing was sent.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Deserializes the values: `request.query().to::<Search>()?`.
    ///
    /// # Errors
    ///
    /// A 400 that names the field whose value does not fit.
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::http::QueryDict;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Search {
    ///     q: String,
    ///     #[serde(default)]
    ///     page: u32,
    /// }
    ///
    /// # fn main() -> nuages::Result<()> {
    /// let search: Search = QueryDict::parse("q=jazz&page=2").to()?;
    /// assert_eq!((search.q.as_str(), search.page), ("jazz", 2));
    /// # Ok(()) }
    /// ```
    pub fn to<T: DeserializeOwned>(&self) -> Result<T> {
        parse_form(self.source.as_bytes())
            .map_err(|error| crate::Error::from(error).set_status(http::StatusCode::BAD_REQUEST))
    }
}

impl<'de> Deserialize<'de> for QueryDict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pairs = Vec::<(String, String)>::deserialize(deserializer)?;
        let source = serde_html_form::to_string(&pairs).map_err(serde::de::Error::custom)?;
        Ok(Self { pairs, source })
    }
}
