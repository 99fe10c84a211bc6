//! `context!`: the values of a template.

use serde::Serialize;

use super::TemplateValue;

/// Converts any `Serialize` value for templates.
///
/// # Examples
///
/// ```
/// use nuages::templates::to_value;
///
/// assert_eq!(to_value(vec![1, 2, 3]).len(), Some(3));
/// ```
pub fn to_value(value: impl Serialize) -> TemplateValue {
    TemplateValue::from(minijinja::value::Serde(value))
}

/// Makes the values of a template, by name. A value may be anything that is `Serialize`.
///
/// # Examples
///
/// ```
/// use nuages::context;
///
/// let visits = 3;
/// let with_names = context! { visits, title => "Home", user => context! { name => "Django" } };
/// assert_eq!(with_names.get_attr("visits").unwrap().to_string(), "3");
/// assert!(context! {}.get_attr("none").unwrap().is_undefined());
/// ```
#[macro_export]
macro_rules! context {
    () => {
        $crate::templates::TemplateValue::from_pairs(::std::iter::empty::<(&str, $crate::templates::TemplateValue)>())
    };
    ($($name:ident $(=> $value:expr)?),+ $(,)?) => {
        $crate::templates::TemplateValue::from_pairs([
            $((stringify!($name), $crate::__context_value!($name $(=> $value)?))),+
        ])
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __context_value {
    ($name:ident) => {
        $crate::templates::to_value(&$name)
    };
    ($name:ident => $value:expr) => {
        $crate::templates::to_value(&$value)
    };
}
