//! The values that [`Request::reverse`](crate::http::Request::reverse) puts into a URL.

use std::fmt::{self, Display};

/// The values for the captures of a URL pattern, as text.
///
/// # Examples
///
/// ```
/// use nuages::http::{UrlArgs, UrlValues};
///
/// assert_eq!((7,).into_values(), UrlValues::Positional(vec!["7".into()]));
/// assert_eq!(UrlValues::Positional(vec!["7".into()]).to_string(), "(\"7\")");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UrlValues {
    /// Values in the order of the captures.
    Positional(Vec<String>),
    /// Values by the names of the captures, in any order.
    Keyword(Vec<(String, String)>),
}

impl Display for UrlValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values: Vec<String> = match self {
            Self::Positional(values) => values.iter().map(|value| format!("{value:?}")).collect(),
            Self::Keyword(pairs) => pairs.iter().map(|(name, value)| format!("{name} = {value:?}")).collect(),
        };
        if values.is_empty() { f.write_str("no values") } else { write!(f, "({})", values.join(", ")) }
    }
}

/// The values that `reverse` puts into a URL: `()`, a tuple of up to six values in the order of the
/// pattern's captures, or an array of pairs of names and values.
///
/// # Examples
///
/// ```
/// use nuages::http::{UrlArgs, UrlValues};
///
/// let ordered = UrlValues::Positional(vec!["2026".into(), "hello".into()]);
/// assert_eq!((2026, "hello").into_values(), ordered);
/// let named = UrlValues::Keyword(vec![("year".into(), "2026".into())]);
/// assert_eq!([("year", 2026)].into_values(), named);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be put into a URL",
    note = "pass `()`, a tuple (`(year, &slug)`; of one value: `(year,)`) or pairs (`[(\"year\", year)]`); each value is `Display`"
)]
pub trait UrlArgs {
    /// The values as text.
    fn into_values(self) -> UrlValues;
}

impl UrlArgs for UrlValues {
    fn into_values(self) -> UrlValues {
        self
    }
}

impl<K: Into<String>, V: Display, const N: usize> UrlArgs for [(K, V); N] {
    fn into_values(self) -> UrlValues {
        UrlValues::Keyword(self.into_iter().map(|(name, value)| (name.into(), value.to_string())).collect())
    }
}

macro_rules! url_args {
    ($($value:ident)*) => {
        impl<$($value: Display),*> UrlArgs for ($($value,)*) {
            #[allow(non_snake_case, reason = "the type parameters name the values")]
            fn into_values(self) -> UrlValues {
                let ($($value,)*) = self;
                UrlValues::Positional(vec![$($value.to_string()),*])
            }
        }
    };
}

url_args!();
url_args!(A);
url_args!(A B);
url_args!(A B C);
url_args!(A B C D);
url_args!(A B C D E);
url_args!(A B C D E F);
