//! Fields of text: `text`, `email`, `url`, `regex`, `password`, `hidden`.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use regex::Regex;

use super::{Field, Form, checks, message::FormMessage, widget::Widget};

/// Patterns are compiled once. They are written in the project's code, so there are few of them; beyond this
/// number they are compiled each time.
const MOST_PATTERNS: usize = 1000;

/// A field of text.
///
/// # Examples
///
/// ```
/// use nuages::http::{Field, Form, TextKind};
///
/// fn short(field: Field<'_, TextKind>) -> String {
///     field.min_length(2).max_length(20).required()
/// }
/// let mut form = Form::from_json(nuages::json!({ "name": "A" }));
/// short(form.text("name"));
/// assert_eq!(form.errors()[0].1, "Enter at least 2 characters, not 1.");
/// ```
pub struct TextKind {
    check: TextCheck,
    min: Option<usize>,
    max: Option<usize>,
    strip: bool,
}

enum TextCheck {
    Any,
    Email,
    Url,
    Pattern(Regex),
}

impl Form {
    /// A field of text. White space around it is removed, as in Django.
    pub fn text(&mut self, name: &str) -> Field<'_, TextKind> {
        Field::new(self, name, Widget::Input("text"), TextKind::new(TextCheck::Any, None))
    }

    /// An e-mail address, as browsers check it (HTML's `type=email`), at most 320 characters.
    pub fn email(&mut self, name: &str) -> Field<'_, TextKind> {
        Field::new(self, name, Widget::Input("email"), TextKind::new(TextCheck::Email, Some(320)))
    }

    /// A URL with a scheme of Django's (`http`, `https`, `ftp`, `ftps`) and a host, at most 2,048 characters.
    pub fn url(&mut self, name: &str) -> Field<'_, TextKind> {
        Field::new(self, name, Widget::Input("url"), TextKind::new(TextCheck::Url, Some(2048)))
    }

    /// A text that matches a regular expression as a whole, as HTML's `pattern` does.
    ///
    /// # Panics
    ///
    /// Panics if the expression has a mistake.
    pub fn regex(&mut self, name: &str, pattern: &str) -> Field<'_, TextKind> {
        let kind = TextKind::new(TextCheck::Pattern(compiled(pattern)), None);
        let mut field = Field::new(self, name, Widget::Input("text"), kind);
        field.attribute("pattern", pattern);
        field
    }

    /// A password. It keeps its white space, and is never shown again.
    pub fn password(&mut self, name: &str) -> Field<'_, TextKind> {
        let kind = TextKind { strip: false, ..TextKind::new(TextCheck::Any, None) };
        Field::new(self, name, Widget::Input("password"), kind)
    }

    /// A text that is not shown. The client can change it.
    pub fn hidden(&mut self, name: &str) -> Field<'_, TextKind> {
        Field::new(self, name, Widget::Input("hidden"), TextKind::new(TextCheck::Any, None))
    }
}

impl TextKind {
    fn new(check: TextCheck, max: Option<usize>) -> Self {
        Self { check, min: None, max, strip: true }
    }

    fn read(&self, sent: &str) -> Result<String, FormMessage> {
        // Browsers send line ends as CR LF, and count them as one character.
        let text = sent.replace("\r\n", "\n");
        let text = if self.strip { text.trim().to_owned() } else { text };
        let length = text.chars().count();
        if let Some(limit) = self.min.filter(|limit| length < *limit) {
            let text = "Enter at least {limit} characters, not {length}.";
            return Err(FormMessage::new("min_length", text).with("limit", limit).with("length", length));
        }
        if let Some(limit) = self.max.filter(|limit| length > *limit) {
            let text = "Enter at most {limit} characters, not {length}.";
            return Err(FormMessage::new("max_length", text).with("limit", limit).with("length", length));
        }
        let invalid = |text: &'static str| Err(FormMessage::new("invalid", text));
        match &self.check {
            TextCheck::Email if !checks::is_email(&text) => {
                invalid("Enter an e-mail address such as ann@example.com.")
            }
            TextCheck::Url if !checks::is_url(&text) => invalid("Enter a URL such as https://example.com/."),
            TextCheck::Pattern(pattern) if !pattern.is_match(&text) => invalid("Enter a valid value."),
            _ => Ok(text),
        }
    }
}

impl Field<'_, TextKind> {
    /// Limits the number of characters.
    pub fn max_length(mut self, limit: usize) -> Self {
        self.kind.max = Some(limit);
        self
    }

    /// Requires a number of characters.
    pub fn min_length(mut self, limit: usize) -> Self {
        self.kind.min = Some(limit);
        self
    }

    /// Shows a `<textarea>`.
    pub fn multiline(mut self) -> Self {
        self.set_widget(Widget::Textarea);
        self
    }

    /// The text. It must not be empty.
    pub fn required(self) -> String {
        self.text(true).unwrap_or_default()
    }

    /// The text; `None` if it is empty.
    pub fn optional(self) -> Option<String> {
        self.text(false)
    }

    fn text(mut self, required: bool) -> Option<String> {
        if let Some(limit) = self.kind.max {
            self.attribute("maxlength", limit);
        }
        if let Some(limit) = self.kind.min {
            self.attribute("minlength", limit);
        }
        self.read(required, TextKind::read)
    }
}

fn compiled(pattern: &str) -> Regex {
    static COMPILED: LazyLock<Mutex<HashMap<String, Regex>>> = LazyLock::new(Mutex::default);
    let known = COMPILED.lock().unwrap_or_else(PoisonError::into_inner).get(pattern).cloned();
    known.unwrap_or_else(|| {
        let regex = Regex::new(&format!("^(?:{pattern})$"))
            .unwrap_or_else(|error| panic!("the pattern {pattern:?} has a mistake: {error}"));
        let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
        if compiled.len() < MOST_PATTERNS {
            compiled.insert(pattern.to_owned(), regex.clone());
        }
        regex
    })
}
