//! Fields with given values: `checkbox`, `select`, `multiple`.

use super::{Field, Form, message::FormMessage, widget::Widget};

/// A checkbox.
///
/// # Examples
///
/// ```
/// use nuages::http::{CheckboxKind, Field, Form};
///
/// fn agreed(field: Field<'_, CheckboxKind>) -> bool {
///     field.label("I agree").required()
/// }
/// let mut form = Form::from_json(nuages::json!({ "terms": false }));
/// assert!(!agreed(form.checkbox("terms")));
/// assert!(!form.is_valid());
/// ```
pub struct CheckboxKind(());

/// One of several values.
///
/// # Examples
///
/// ```
/// use nuages::http::{ChoiceKind, Field, Form};
///
/// fn size(form: &mut Form) -> Field<'_, ChoiceKind> {
///     form.select("size", [("s", "Small"), ("l", "Large")])
/// }
/// let mut form = Form::from_json(nuages::json!({ "size": "xl" }));
/// size(&mut form).required();
/// assert_eq!(form.errors()[0].1, "xl is not one of the choices.");
/// ```
pub struct ChoiceKind(Vec<String>);

/// Some of several values.
///
/// # Examples
///
/// ```
/// use nuages::http::{ChoicesKind, Field, Form};
///
/// fn topics(form: &mut Form) -> Field<'_, ChoicesKind> {
///     form.multiple("topics", [("rust", "Rust"), ("web", "The web")])
/// }
/// let mut form = Form::from_json(nuages::json!({ "topics": ["web"] }));
/// assert_eq!(topics(&mut form).required(), ["web"]);
/// ```
pub struct ChoicesKind(Vec<String>);

impl Form {
    /// A checkbox: true if it is checked.
    pub fn checkbox(&mut self, name: &str) -> Field<'_, CheckboxKind> {
        Field::new(self, name, Widget::Checkbox, CheckboxKind(()))
    }

    /// One of these values, each with its label.
    pub fn select<V: Into<String>, L: Into<String>>(
        &mut self,
        name: &str,
        choices: impl IntoIterator<Item = (V, L)>,
    ) -> Field<'_, ChoiceKind> {
        let (values, choices) = listed(choices);
        Field::new(self, name, Widget::Select { choices, multiple: false }, ChoiceKind(values))
    }

    /// Some of these values, each with its label.
    pub fn multiple<V: Into<String>, L: Into<String>>(
        &mut self,
        name: &str,
        choices: impl IntoIterator<Item = (V, L)>,
    ) -> Field<'_, ChoicesKind> {
        let (values, choices) = listed(choices);
        Field::new(self, name, Widget::Select { choices, multiple: true }, ChoicesKind(values))
    }
}

/// The values, and the pairs.
fn listed<V: Into<String>, L: Into<String>>(
    choices: impl IntoIterator<Item = (V, L)>,
) -> (Vec<String>, Vec<(String, String)>) {
    let choices: Vec<(String, String)> =
        choices.into_iter().map(|(value, label)| (value.into(), label.into())).collect();
    (choices.iter().map(|(value, _)| value.clone()).collect(), choices)
}

fn known(values: &[String], sent: &str) -> Result<String, FormMessage> {
    let found = values.iter().find(|value| *value == sent).cloned();
    found.ok_or_else(|| {
        let shown: String = sent.chars().take(100).collect();
        FormMessage::new("invalid_choice", "{value} is not one of the choices.").with("value", shown)
    })
}

impl Field<'_, CheckboxKind> {
    /// Whether it is checked. It must be.
    pub fn required(self) -> bool {
        self.checked(true)
    }

    /// Whether it is checked.
    pub fn optional(self) -> bool {
        self.checked(false)
    }

    fn checked(self, required: bool) -> bool {
        // As Django's CheckboxInput reads it.
        let checked = |value: &String| !matches!(value.as_str(), "false" | "False");
        let is_checked = self.read_all(required, |_, values| match values.last().is_some_and(checked) {
            false if required => Err(FormMessage::required()),
            is_checked => Ok(is_checked),
        });
        is_checked.unwrap_or(false)
    }
}

impl Field<'_, ChoiceKind> {
    /// The value. One must be chosen.
    pub fn required(self) -> String {
        self.read(true, |kind, sent| known(&kind.0, sent)).unwrap_or_default()
    }

    /// The value; `None` if none was chosen.
    pub fn optional(self) -> Option<String> {
        self.read(false, |kind, sent| known(&kind.0, sent))
    }
}

impl Field<'_, ChoicesKind> {
    /// The values. At least one must be chosen.
    pub fn required(self) -> Vec<String> {
        self.chosen(true)
    }

    /// The values.
    pub fn optional(self) -> Vec<String> {
        self.chosen(false)
    }

    fn chosen(self, required: bool) -> Vec<String> {
        let chosen =
            self.read_all(required, |kind, sent| sent.iter().map(|value| known(&kind.0, value)).collect());
        chosen.unwrap_or_default()
    }
}
