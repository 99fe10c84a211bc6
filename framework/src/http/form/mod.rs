//! [`Form`]: what a visitor has sent with a form, urlencoded or multipart.

mod read;

use super::{UploadedFile, multipart::FormParts};

/// A form that a visitor has sent: its fields and its files.
///
/// [`Request::form_data`](super::Request::form_data) reads it. A form that a GET request asks for is
/// unbound: nothing was sent yet.
///
/// # Examples
///
/// ```
/// use nuages::prelude::*;
///
/// async fn upload(request: &mut Request) -> Result<String> {
///     let form = request.form_data().await?;
///     let title = form.value("title").unwrap_or("without a title");
///     let files: Vec<&str> = form.uploads("photo").into_iter().map(UploadedFile::name).collect();
///     Ok(format!("{title}: {files:?}"))
/// }
/// # let _ = upload;
/// ```
#[derive(Clone, Debug, Default)]
pub struct Form {
    data: Option<FormParts>,
}

impl Form {
    /// Whether something was sent: false for a GET request.
    pub fn is_bound(&self) -> bool {
        self.data.is_some()
    }

    /// The last value that was sent under this name: Django's `request.POST.get(name)`.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values(name).pop()
    }

    /// All values that were sent under this name, in order: Django's `getlist`.
    pub fn values(&self, name: &str) -> Vec<&str> {
        let fields = self.data.iter().flat_map(|data| &data.fields);
        fields.filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The files that were sent under this name, in order: Django's `request.FILES.getlist(name)`.
    pub fn uploads(&self, name: &str) -> Vec<&UploadedFile> {
        let files = self.data.iter().flat_map(|data| &data.files);
        files.filter(|(known, _)| known == name).map(|(_, file)| file).collect()
    }
}
