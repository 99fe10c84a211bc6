//! The reason why a value of a setting is refused.

/// Why a value is refused, and how to mend it.
#[derive(Debug, PartialEq)]
pub(in crate::settings) struct Refused {
    pub(in crate::settings) message: String,
    pub(in crate::settings) hint: Option<String>,
}

impl Refused {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}
