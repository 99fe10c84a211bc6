//! `Request::form_data`: reads a [`Form`] of each encoding.

use http::Method;
use serde_json::Value;

use super::Form;
use crate::{
    Error, Result,
    http::{
        CsrfToken, FormError, QueryDict, Request, is_form, is_json,
        multipart::{FormParts, is_multipart},
    },
};

impl Request {
    /// Reads the form in the body, urlencoded, multipart or JSON: Django's `request.POST` and
    /// `request.FILES`. A GET or HEAD request gives an unbound form.
    ///
    /// Fields are in memory, at most `DATA_UPLOAD_MAX_MEMORY_SIZE` bytes. Files beyond
    /// `FILE_UPLOAD_MAX_MEMORY_SIZE` are on disk, and are removed when the request ends.
    ///
    /// # Errors
    ///
    /// A 415 for a body that is not a form; a 413 or a 400 over the limits, with the name of the setting; a
    /// 400 for a malformed body.
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::prelude::*;
    ///
    /// async fn upload(request: &mut Request) -> Result<Response> {
    ///     let form = request.form_data().await?;
    ///     for photo in form.uploads("photos") {
    ///         photo.save_in("media/photos").await?;
    ///     }
    ///     Ok(redirect("/photos/"))
    /// }
    /// ```
    pub async fn form_data(&mut self) -> Result<Form> {
        let mut form = match *self.method() {
            Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE => Form::default(),
            _ => self.sent_form().await?,
        };
        form.messages = self.site().form_messages.clone();
        form.csrf = self.extension::<CsrfToken>().cloned();
        Ok(form)
    }

    async fn sent_form(&mut self) -> Result<Form> {
        let kind = self.content_type();
        if is_multipart(&kind) {
            let parts = self.multipart().await.map_err(FormError::into_error)?;
            return Ok(Form::bound(parts));
        }
        if is_json(&kind) {
            let json: Value = self.json().await?;
            if !json.is_object() {
                return Err(Error::bad_request("the JSON of a form is an object"));
            }
            return Ok(Form::from_json(json));
        }
        if kind.is_empty() && self.body().await?.is_empty() {
            return Ok(Form::bound(FormParts::default()));
        }
        if !is_form(&kind) {
            let expected = "application/x-www-form-urlencoded, multipart/form-data or application/json";
            let found =
                if kind.is_empty() { "without a Content-Type".to_owned() } else { format!("{kind:?}") };
            return Err(FormError::ContentType { found, expected }.into_error());
        }
        let query: QueryDict = self.form().await?;
        Ok(Form::bound(&query))
    }
}
