//! Values of templates that are HTML themselves, such as forms: they are written without escaping.

use std::{fmt, sync::Arc};

use minijinja::{
    AutoEscape, Error, Output, State, escape_formatter,
    value::{Enumerator, Object, ObjectRepr, Value},
};

/// A value with attributes and items that is written as HTML.
pub(crate) trait Markup: fmt::Debug + Send + Sync + 'static {
    /// The attribute of this name.
    fn attribute(&self, name: &str) -> Option<Value>;
    /// The values that `{% for %}` visits.
    fn items(&self) -> Vec<Value>;
    /// The HTML. Everything in it that a visitor sent must be escaped.
    fn html(&self) -> String;
}

/// Makes a value of templates.
pub(crate) fn markup(value: impl Markup) -> Value {
    Value::from_object(MarkupObject(Box::new(value)))
}

#[derive(Debug)]
struct MarkupObject(Box<dyn Markup>);

impl Object for MarkupObject {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Iterable
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.attribute(key.as_str()?)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.items())
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.html())
    }
}

/// Writes a value into a template: markup unchanged, everything else escaped.
pub(super) fn write_value(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Value,
) -> Result<(), Error> {
    match value.downcast_object_ref::<MarkupObject>() {
        Some(markup) if matches!(state.auto_escape(), AutoEscape::Html) => {
            out.write_str(&markup.0.html()).map_err(Error::from)
        }
        _ => escape_formatter(out, state, value),
    }
}
