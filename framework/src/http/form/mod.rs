//! Forms: one declaration reads what was sent, checks it, and says how the field looks.
//!
//! [`Form`] holds what was sent and the fields that a view has declared. The kinds of fields add their
//! methods to it: `text`, `number`, `moment`, `choice`, `upload`, `list`. `read` makes a form of a request,
//! `problem` answers JSON clients, `view` is the form in templates.

mod checks;
mod choice;
mod data;
mod field;
mod list;
mod message;
mod moment;
mod number;
mod problem;
mod read;
mod text;
mod upload;
mod view;
mod widget;

use std::sync::Arc;

use data::FormData;

pub use choice::{CheckboxKind, ChoiceKind, ChoicesKind};
pub use field::Field;
pub use list::FormList;
pub use message::FormMessage;
pub(crate) use message::FormMessages;
pub use moment::MomentKind;
pub use number::{DecimalKind, FloatKind, IntegerKind};
pub use text::TextKind;
pub use upload::FileKind;
use widget::Widget;

use super::{CsrfToken, UploadedFile};

/// A form: what a visitor has sent, and the fields that the view has declared.
///
/// [`Request::form_data`](super::Request::form_data) reads it. Each field is declared once, by a method
/// that names its kind, and returns its value. `required` returns a placeholder for a value that is missing
/// or wrong; [`Form::valid`] then returns `None`.
///
/// # Examples
///
/// ```
/// use nuages::prelude::*;
///
/// struct Contact {
///     name: String,
///     email: String,
///     age: Option<u8>,
/// }
///
/// fn clean(form: &mut Form) -> Option<Contact> {
///     let contact = Contact {
///         name: form.text("name").max_length(100).required(),
///         email: form.email("email").label("E-mail").required(),
///         age: form.integer("age").range(18..=130).optional(),
///     };
///     form.check("email", !contact.email.ends_with(".invalid"), "Where can we reach you?");
///     form.valid(contact)
/// }
///
/// async fn contact(request: &mut Request) -> Result<Response> {
///     let mut form = request.form_data().await?;
///     if let Some(contact) = clean(&mut form) {
///         println!("{} {} {:?}", contact.name, contact.email, contact.age);
///         return Ok(redirect("/thanks/"));
///     }
///     render(request, "contact.html", context! { form })
/// }
/// # let _ = contact;
/// ```
#[derive(Clone, Debug, Default)]
pub struct Form {
    data: Option<Arc<FormData>>,
    /// The beginning of the fields' names in HTML: `lines-0-` in a row of a list.
    prefix: String,
    fields: Vec<FormField>,
    errors: Vec<FormMessage>,
    messages: FormMessages,
    csrf: Option<CsrfToken>,
    submit: Option<String>,
}

/// A declared field.
#[derive(Clone, Debug)]
struct FormField {
    name: String,
    html_name: String,
    label: String,
    help_text: String,
    required: bool,
    widget: Widget,
    /// The attributes of the widget that the checks imply: `maxlength`, `min`, …
    attributes: Vec<(&'static str, String)>,
    /// The values that the widget shows.
    shown: Vec<String>,
    errors: Vec<FormMessage>,
    /// The rows of a list.
    rows: Vec<Form>,
}

impl Form {
    fn bound(data: impl Into<FormData>) -> Self {
        Self { data: Some(Arc::new(data.into())), ..Self::default() }
    }

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
        let name = format!("{}{name}", self.prefix);
        self.data.iter().flat_map(|data| data.values(&name)).map(String::as_str).collect()
    }

    /// The files that were sent under this name, in order: Django's `request.FILES.getlist(name)`.
    pub fn uploads(&self, name: &str) -> Vec<&UploadedFile> {
        let name = format!("{}{name}", self.prefix);
        self.data.iter().flat_map(|data| data.files(&name)).collect()
    }

    /// Adds an error to a field unless `holds`. A field that already has an error gets no other one, since
    /// its value is only a placeholder. If no field has this name, the error is one of the whole form.
    pub fn check(&mut self, name: &str, holds: bool, message: impl Into<String>) {
        if holds || !self.is_bound() {
            return;
        }
        let message = FormMessage::new("check", message.into());
        match self.fields.iter_mut().find(|field| field.name == name) {
            Some(field) if field.has_errors() => {}
            Some(field) => field.errors.push(message),
            None => self.errors.push(message),
        }
    }

    /// Adds an error to the whole form unless `holds`, for what concerns several fields: Django's
    /// `non_field_errors`. A form that already has an error gets no other one.
    pub fn check_all(&mut self, holds: bool, message: impl Into<String>) {
        if !holds && self.is_bound() && !self.has_errors() {
            self.errors.push(FormMessage::new("check", message.into()));
        }
    }

    /// Returns the value if the form is bound and has no error.
    pub fn valid<T>(&self, value: T) -> Option<T> {
        self.is_valid().then_some(value)
    }

    /// Whether the form is bound and has no error.
    pub fn is_valid(&self) -> bool {
        self.is_bound() && !self.has_errors()
    }

    /// The errors: the name of the field, empty for one of the whole form, and the text. The names in rows of
    /// a list are those of the HTML: `lines-0-count`.
    pub fn errors(&self) -> Vec<(String, String)> {
        let whole = self.errors.iter().map(|error| (self.prefix.clone(), error));
        let mut errors: Vec<(String, String)> =
            whole.map(|(name, error)| (name, self.messages.text(error))).collect();
        for field in &self.fields {
            let texts = field.errors.iter().map(|error| self.messages.text(error));
            errors.extend(texts.map(|text| (field.html_name.clone(), text)));
            errors.extend(field.rows.iter().flat_map(Form::errors));
        }
        errors
    }

    /// Replaces the texts of this form's messages, in place of
    /// [`App::form_messages`](crate::App::form_messages). For texts that depend on the visitor.
    #[must_use]
    pub fn translated(
        mut self,
        translate: impl Fn(&FormMessage) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.messages = FormMessages::new(translate);
        self
    }

    /// Sets the text of the button of `{{ form }}`. Default: `Send`.
    pub fn submit(&mut self, text: impl Into<String>) {
        self.submit = Some(text.into());
    }

    fn has_errors(&self) -> bool {
        !self.errors.is_empty() || self.fields.iter().any(FormField::has_errors)
    }

    /// Adds a declared field, in place of one of the same name.
    fn declare(&mut self, field: FormField) {
        match self.fields.iter_mut().find(|known| known.name == field.name) {
            Some(known) => *known = field,
            None => self.fields.push(field),
        }
    }

    /// A row of a list.
    fn row(&self, prefix: String) -> Self {
        Self { data: self.data.clone(), prefix, messages: self.messages.clone(), ..Self::default() }
    }
}

impl FormField {
    fn has_errors(&self) -> bool {
        !self.errors.is_empty() || self.rows.iter().any(Form::has_errors)
    }
}
