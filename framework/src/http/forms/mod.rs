//! The body of a request as a form or as JSON.
//!
//! The limits are Django's: a body over `DATA_UPLOAD_MAX_MEMORY_SIZE` bytes is a 413, more than
//! `DATA_UPLOAD_MAX_NUMBER_FIELDS` fields are a 400.

mod error;
mod fields;

use http::header;
use serde::de::DeserializeOwned;

pub use error::FormError;
pub(crate) use fields::{check_fields, parse_form};

use super::Request;
use crate::Result;

impl Request {
    /// Reads the urlencoded form in the body, as any `Deserialize` type or as a
    /// [`QueryDict`](super::QueryDict).
    ///
    /// # Errors
    ///
    /// A 415 for a body that is not an urlencoded form, a 413 or a 400 over the limits, a 400 if a field
    /// is missing or does not fit.
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::prelude::*;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Greeting {
    ///     name: String,
    /// }
    ///
    /// async fn greet(request: &mut Request) -> Result<Response> {
    ///     let form: Greeting = request.form().await?;
    ///     request.session.insert("name", form.name)?;
    ///     Ok(redirect("/"))
    /// }
    /// ```
    pub async fn form<T: DeserializeOwned>(&mut self) -> Result<T> {
        self.expect_type("application/x-www-form-urlencoded", is_form)?;
        let bytes = self.body().await?;
        let limit = self.settings().server.data_upload_max_number_fields;
        check_fields(&bytes, limit).map_err(FormError::into_error)?;
        parse_form(&bytes).map_err(FormError::into_error)
    }

    /// Reads the JSON in the body.
    ///
    /// # Errors
    ///
    /// A 415 for a `Content-Type` that is not JSON, a 413 over the limit, a 400 if the JSON does not fit.
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::prelude::*;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Order {
    ///     sku: String,
    ///     count: u32,
    /// }
    ///
    /// async fn order(request: &mut Request) -> Result<Json<Value>> {
    ///     let order: Order = request.json().await?;
    ///     Ok(Json(json!({ "ordered": order.count, "sku": order.sku })))
    /// }
    /// ```
    pub async fn json<T: DeserializeOwned>(&mut self) -> Result<T> {
        self.expect_type("application/json", is_json)?;
        let bytes = self.body().await?;
        serde_json::from_slice(&bytes).map_err(|error| FormError::Json(error).into_error())
    }

    /// The media type of the body in lower case, without parameters; empty without a `Content-Type`.
    pub fn content_type(&self) -> String {
        let value = self.header(header::CONTENT_TYPE.as_str()).unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    fn expect_type(&self, expected: &'static str, fits: impl Fn(&str) -> bool) -> Result<()> {
        let kind = self.content_type();
        if fits(&kind) {
            return Ok(());
        }
        let found = if kind.is_empty() { "without a Content-Type".to_owned() } else { format!("{kind:?}") };
        Err(FormError::ContentType { found, expected }.into_error())
    }
}

pub(crate) fn is_form(kind: &str) -> bool {
    kind == "application/x-www-form-urlencoded"
}

pub(crate) fn is_json(kind: &str) -> bool {
    kind == "application/json" || kind.ends_with("+json")
}
