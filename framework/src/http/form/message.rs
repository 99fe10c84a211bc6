//! The messages of forms: plain English with placeholders, and the function that translates them.

use std::{borrow::Cow, fmt, sync::Arc};

/// A message of a form, such as the reason why a value is refused.
///
/// Its text has placeholders such as `{limit}`. [`App::form_messages`](crate::App::form_messages) replaces
/// the texts; `Display` fills the placeholders of the English one.
///
/// # Examples
///
/// ```
/// use nuages::{App, http::FormMessage, settings::Settings};
///
/// fn french(message: &FormMessage) -> Option<String> {
///     let text = match message.code() {
///         "required" => "Ce champ est obligatoire.",
///         "max_length" => "Au plus {limit} caractères, pas {length}.",
///         _ => return None, // stays English
///     };
///     Some(text.to_owned())
/// }
///
/// fn app(settings: Settings) -> App {
///     App::new(settings).form_messages(french)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormMessage {
    code: &'static str,
    text: Cow<'static, str>,
    values: Vec<(&'static str, String)>,
}

impl FormMessage {
    pub(super) fn new(code: &'static str, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code, text: text.into(), values: Vec::new() }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.values.push((name, value.to_string()));
        self
    }

    pub(super) fn required() -> Self {
        Self::new("required", "This field is required.")
    }

    /// The meaning of the message as one word: `required`, `max_length`, `invalid`, … The messages of
    /// [`Form::check`](super::Form::check) have `check`, the text of the button `submit`.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The English text with its placeholders.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names and values of the placeholders.
    pub fn values(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.values.iter().map(|(name, value)| (*name, value.as_str()))
    }

    fn filled(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let known = after.split_once('}').and_then(|(name, rest)| {
                let (_, value) = self.values.iter().find(|(known, _)| *known == name)?;
                Some((value, rest))
            });
            rest = match known {
                Some((value, rest)) => {
                    filled.push_str(value);
                    rest
                }
                None => {
                    filled.push('{');
                    after
                }
            };
        }
        filled + rest
    }
}

impl fmt::Display for FormMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.filled(&self.text))
    }
}

type Translate = dyn Fn(&FormMessage) -> Option<String> + Send + Sync;

/// The function that replaces the texts of messages.
#[derive(Clone, Default)]
pub(crate) struct FormMessages(Option<Arc<Translate>>);

impl FormMessages {
    pub(crate) fn new(translate: impl Fn(&FormMessage) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(translate)))
    }

    pub(super) fn text(&self, message: &FormMessage) -> String {
        match self.0.as_ref().and_then(|translate| translate(message)) {
            Some(text) => message.filled(&text),
            None => message.to_string(),
        }
    }
}

impl fmt::Debug for FormMessages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FormMessages")
    }
}
