//! The widgets: which element of HTML a field is.

/// The element of a field.
#[derive(Clone, Debug)]
pub(super) enum Widget {
    /// `<input>` of this type.
    Input(&'static str),
    Textarea,
    Checkbox,
    /// `<select>` with these values and labels.
    Select {
        choices: Vec<(String, String)>,
        multiple: bool,
    },
    /// The rows of a list.
    Rows,
}

impl Widget {
    pub(super) fn is_hidden(&self) -> bool {
        matches!(self, Self::Input("hidden"))
    }

    pub(super) fn is_file(&self) -> bool {
        matches!(self, Self::Input("file"))
    }

    /// Whether what was sent is shown again: passwords and files are not.
    pub(super) fn is_shown_again(&self) -> bool {
        !matches!(self, Self::Input("file" | "password"))
    }

    /// The name of its kind, for templates.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Input(kind) => kind,
            Self::Textarea => "textarea",
            Self::Checkbox => "checkbox",
            Self::Select { .. } => "select",
            Self::Rows => "list",
        }
    }
}
