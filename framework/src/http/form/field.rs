//! [`Field`]: a field while it is declared.

use std::fmt::Display;

use super::{Form, FormField, message::FormMessage, widget::Widget};

/// A field while it is declared. `required()` or `optional()` ends the declaration and returns the value.
///
/// The parameter `K` is the kind of the field, which the method of [`Form`] chooses.
///
/// # Examples
///
/// ```
/// use nuages::http::Form;
///
/// let mut form = Form::from_json(nuages::json!({ "name": "  Ann " }));
/// let name = form.text("name").label("Your name").help_text("As on your card").max_length(100).required();
/// assert_eq!(form.valid(name).as_deref(), Some("Ann"));
/// ```
#[must_use = "a field is declared by `required()` or `optional()`"]
pub struct Field<'f, K> {
    form: &'f mut Form,
    field: FormField,
    pub(super) kind: K,
    initial: Option<Vec<String>>,
}

impl<'f, K> Field<'f, K> {
    pub(super) fn new(form: &'f mut Form, name: &str, widget: Widget, kind: K) -> Self {
        Self { field: new_field(form, name, widget), form, kind, initial: None }
    }

    /// Sets the label. Default: the name with spaces and a capital, as in Django.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.field.label = label.into();
        self
    }

    /// Sets the text that explains the field.
    pub fn help_text(mut self, text: impl Into<String>) -> Self {
        self.field.help_text = text.into();
        self
    }

    /// Sets the value that an unbound form shows. A checkbox is checked by any text that is not `false`.
    pub fn initial(mut self, value: impl Display) -> Self {
        self.initial.get_or_insert_default().push(value.to_string());
        self
    }

    pub(super) fn attribute(&mut self, name: &'static str, value: impl Display) {
        self.field.attributes.push((name, value.to_string()));
    }

    pub(super) fn set_widget(&mut self, widget: Widget) {
        self.field.widget = widget;
    }

    /// Ends the declaration of a field with one value. `read` gets the value, which is not empty.
    pub(super) fn read<T>(
        self,
        required: bool,
        read: impl FnOnce(&K, &str) -> Result<T, FormMessage>,
    ) -> Option<T> {
        self.read_all(required, |kind, values| match values.last() {
            Some(value) => read(kind, value).map(Some),
            None => Ok(None),
        })
        .flatten()
    }

    /// Ends the declaration. `read` gets the values that are not empty: at least one if it is required.
    pub(super) fn read_all<T>(
        mut self,
        required: bool,
        read: impl FnOnce(&K, &[String]) -> Result<T, FormMessage>,
    ) -> Option<T> {
        self.field.required = required;
        let Some(data) = &self.form.data else {
            self.field.shown = self.initial.unwrap_or_default();
            self.form.declare(self.field);
            return None;
        };
        let sent = data.values(&self.field.html_name);
        if self.field.widget.is_shown_again() {
            self.field.shown = sent.to_vec();
        }
        let given: Vec<String> = sent.iter().filter(|value| !value.trim().is_empty()).cloned().collect();
        let result = if data.is_object(&self.field.html_name) {
            Err(FormMessage::new("invalid", "Enter a single value."))
        } else if given.iter().any(|value| value.contains('\0')) {
            Err(FormMessage::new("null_characters", "Null characters are not allowed."))
        } else if required && given.is_empty() {
            Err(FormMessage::required())
        } else {
            read(&self.kind, &given)
        };
        self.end(result)
    }

    /// The files that were sent; `None` for an unbound form.
    pub(super) fn files(&self) -> Option<Vec<crate::http::UploadedFile>> {
        let data = self.form.data.as_ref()?;
        Some(data.files(&self.field.html_name).to_vec())
    }

    /// Ends the declaration with a result.
    pub(super) fn end<T>(mut self, result: Result<T, FormMessage>) -> Option<T> {
        let value = match result {
            Ok(value) => Some(value),
            Err(message) => {
                self.field.errors.push(message);
                None
            }
        };
        self.form.declare(self.field);
        value
    }

    pub(super) fn set_required(&mut self, required: bool) {
        self.field.required = required;
    }

    /// Ends the declaration in an unbound form.
    pub(super) fn end_unbound(self) {
        self.form.declare(self.field);
    }
}

/// A field without checks.
pub(super) fn new_field(form: &Form, name: &str, widget: Widget) -> FormField {
    FormField {
        html_name: format!("{}{name}", form.prefix),
        label: pretty(name),
        name: name.to_owned(),
        help_text: String::new(),
        required: false,
        widget,
        attributes: Vec::new(),
        shown: Vec::new(),
        errors: Vec::new(),
        rows: Vec::new(),
    }
}

/// The label of a name, like Django's `pretty_name`.
fn pretty(name: &str) -> String {
    let spaced = name.replace('_', " ");
    let mut chars = spaced.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
