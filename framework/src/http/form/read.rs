//! `Request::form_data`: reads a [`Form`] of either encoding.

use http::Method;

use super::Form;
use crate::{
    Result,
    http::{
        FormError, QueryDict, Request, is_form,
        multipart::{FormParts, is_multipart},
    },
};

impl Request {
    /// Reads the form in the body, urlencoded or multipart: Django's `request.POST` and `request.FILES`.
    /// A GET or HEAD request gives an unbound form.
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
        if matches!(*self.method(), Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE) {
            return Ok(Form::default());
        }
        let kind = self.content_type();
        if is_multipart(&kind) {
            let parts = self.multipart().await.map_err(FormError::into_error)?;
            return Ok(Form { data: Some(parts) });
        }
        if kind.is_empty() && self.body().await?.is_empty() {
            return Ok(Form { data: Some(FormParts::default()) });
        }
        if !is_form(&kind) {
            let expected = "application/x-www-form-urlencoded or multipart/form-data";
            let found =
                if kind.is_empty() { "without a Content-Type".to_owned() } else { format!("{kind:?}") };
            return Err(FormError::ContentType { found, expected }.into_error());
        }
        let query: QueryDict = self.form().await?;
        let fields = query.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(Form { data: Some(FormParts { fields, files: Vec::new() }) })
    }
}
