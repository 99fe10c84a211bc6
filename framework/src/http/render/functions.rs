//! The function `url()` of templates.

use std::sync::Arc;

use minijinja::{
    Environment, Error as MiniError, ErrorKind,
    value::{Kwargs, Rest, Value},
};

use crate::http::{ReverseUrls, UrlValues};

/// Adds `url(name, value, …)` and `url(name, key=value, …)` to templates.
pub(crate) fn add_url_function(environment: &mut Environment<'static>, urls: Arc<dyn ReverseUrls>) {
    type Result<T> = std::result::Result<T, MiniError>;
    environment.add_function(
        "url",
        move |name: String, args: Rest<Value>, named: Kwargs| -> Result<String> {
            let wrong = |message: String| MiniError::new(ErrorKind::InvalidOperation, message);
            let pair = |key: &str| Ok((key.to_owned(), named.get::<Value>(key)?.to_string()));
            let pairs: Vec<(String, String)> = named.args().map(pair).collect::<Result<_>>()?;
            let values = match (args.is_empty(), pairs.is_empty()) {
                (false, false) => {
                    return Err(wrong("url() takes values by position or by name, not both".to_owned()));
                }
                (true, false) => UrlValues::Keyword(pairs),
                (_, true) => UrlValues::Positional(args.iter().map(Value::to_string).collect()),
            };
            urls.reverse(&name, values).map_err(|error| wrong(error.chain().join(": ")))
        },
    );
}
