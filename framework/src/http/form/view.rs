//! The form in templates: `{{ form }}`, `{% for field in form %}`, `{{ form.email.widget }}`.
//!
//! The HTML is that of Django's `div.html`: ids such as `id_email`, `id_email_helptext`, `id_email_error`.

use std::{fmt::Write as _, sync::Arc};

use serde::{Serialize, Serializer};

use super::{Form, FormField, message::FormMessage, widget::Widget};
use crate::templates::{Markup, TemplateValue, escape, markup};

impl Serialize for Form {
    /// A form is a value of templates only; elsewhere it is an empty list.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        markup(FormView(Arc::new(self.clone()))).serialize(serializer)
    }
}

#[derive(Debug)]
struct FormView(Arc<Form>);

#[derive(Debug)]
struct FieldView {
    form: Arc<Form>,
    index: usize,
}

impl Markup for FormView {
    fn attribute(&self, name: &str) -> Option<TemplateValue> {
        let form = &self.0;
        Some(match name {
            "errors" | "non_field_errors" => {
                form.errors.iter().map(|error| form.messages.text(error)).collect::<Vec<_>>().into()
            }
            "is_bound" => form.is_bound().into(),
            "fields" => TemplateValue::from_safe_string(form.fields_html()),
            "csrf_input" => TemplateValue::from_safe_string(form.csrf_html()),
            "enctype" => form.enctype().into(),
            "has_files" | "is_multipart" => form.has_files().into(),
            name => {
                let index = form.fields.iter().position(|field| field.name == name)?;
                markup(FieldView { form: Arc::clone(form), index })
            }
        })
    }

    fn items(&self) -> Vec<TemplateValue> {
        let view = |index| markup(FieldView { form: Arc::clone(&self.0), index });
        (0..self.0.fields.len()).map(view).collect()
    }

    fn html(&self) -> String {
        self.0.html()
    }
}

impl FieldView {
    fn field(&self) -> &FormField {
        &self.form.fields[self.index]
    }
}

impl Markup for FieldView {
    fn attribute(&self, name: &str) -> Option<TemplateValue> {
        let (form, field) = (&self.form, self.field());
        Some(match name {
            "name" => field.name.as_str().into(),
            "html_name" => field.html_name.as_str().into(),
            "id" => field.id().into(),
            "type" => field.widget.kind().into(),
            "label" => field.label.as_str().into(),
            "help_text" => field.help_text.as_str().into(),
            "required" => field.required.into(),
            "is_hidden" => field.widget.is_hidden().into(),
            "value" => match &field.widget {
                Widget::Select { multiple: true, .. } => field.shown.clone().into(),
                Widget::Checkbox => field.is_checked().into(),
                _ => field.shown.last().map_or("", String::as_str).into(),
            },
            "errors" => form.texts(&field.errors).into(),
            "widget" => TemplateValue::from_safe_string(form.widget_html(field)),
            "forms" => {
                let rows = field.rows.iter().map(|row| markup(FormView(Arc::new(row.clone()))));
                rows.collect::<Vec<_>>().into()
            }
            _ => return None,
        })
    }

    fn items(&self) -> Vec<TemplateValue> {
        Vec::new()
    }

    fn html(&self) -> String {
        self.form.field_html(self.field())
    }
}

impl FormField {
    fn id(&self) -> String {
        format!("id_{}", self.html_name)
    }

    fn is_checked(&self) -> bool {
        self.shown.last().is_some_and(|value| !matches!(value.as_str(), "" | "false" | "False"))
    }

    fn has_files(&self) -> bool {
        self.widget.is_file() || self.rows.iter().any(Form::has_files)
    }

    /// The attributes that all elements have, each with a space before it.
    fn common(&self) -> String {
        let mut html = format!(" name=\"{}\" id=\"{}\"", escape(&self.html_name), escape(&self.id()));
        for (name, value) in &self.attributes {
            let _ = write!(html, " {name}=\"{}\"", escape(value));
        }
        if self.required && !self.widget.is_hidden() {
            html.push_str(" required");
        }
        if !self.errors.is_empty() {
            html.push_str(" aria-invalid=\"true\"");
        }
        let parts = [("helptext", !self.help_text.is_empty()), ("error", !self.errors.is_empty())];
        let ids: Vec<String> = parts
            .iter()
            .filter(|(_, is_there)| *is_there)
            .map(|(part, _)| format!("{}_{part}", self.id()))
            .collect();
        if !ids.is_empty() {
            let _ = write!(html, " aria-describedby=\"{}\"", escape(&ids.join(" ")));
        }
        html
    }
}

impl Form {
    fn texts(&self, messages: &[FormMessage]) -> Vec<String> {
        messages.iter().map(|message| self.messages.text(message)).collect()
    }

    fn has_files(&self) -> bool {
        self.fields.iter().any(FormField::has_files)
    }

    fn enctype(&self) -> &'static str {
        if self.has_files() { "multipart/form-data" } else { "application/x-www-form-urlencoded" }
    }

    fn csrf_html(&self) -> String {
        let token = self.csrf.as_ref().map(crate::http::CsrfToken::get);
        let input =
            |token| format!("<input type=\"hidden\" name=\"csrfmiddlewaretoken\" value=\"{token}\">\n");
        token.map(input).unwrap_or_default()
    }

    /// The whole form.
    fn html(&self) -> String {
        let enctype = if self.has_files() { " enctype=\"multipart/form-data\"" } else { "" };
        let send = FormMessage::new("submit", "Send");
        let button = self.submit.clone().unwrap_or_else(|| self.messages.text(&send));
        format!(
            "<form method=\"post\"{enctype}>\n{}{}<div><button type=\"submit\">{}</button></div>\n</form>\n",
            self.csrf_html(),
            self.fields_html(),
            escape(&button)
        )
    }

    /// The errors of the form and of its hidden fields, then the fields.
    fn fields_html(&self) -> String {
        let (hidden, shown): (Vec<_>, Vec<_>) =
            self.fields.iter().partition(|field| field.widget.is_hidden());
        let mut errors = self.texts(&self.errors);
        for field in &hidden {
            let texts = self.texts(&field.errors).into_iter();
            errors.extend(texts.map(|text| format!("{}: {text}", field.label)));
        }
        let mut html = error_list(&errors, "errorlist nonfield", None);
        hidden.iter().for_each(|field| html += &format!("{}\n", self.widget_html(field)));
        shown.iter().for_each(|field| html += &self.field_html(field));
        html
    }

    fn field_html(&self, field: &FormField) -> String {
        let (id, label) = (field.id(), escape(&field.label).to_string());
        let id = escape(&id).to_string();
        let mut below = String::new();
        if !field.help_text.is_empty() {
            let text = escape(&field.help_text);
            let _ = writeln!(below, "<div class=\"helptext\" id=\"{id}_helptext\">{text}</div>");
        }
        below += &error_list(&self.texts(&field.errors), "errorlist", Some(&format!("{id}_error")));
        if matches!(field.widget, Widget::Rows) {
            let rows = self.widget_html(field);
            return format!("<fieldset id=\"{id}\">\n<legend>{label}</legend>\n{below}{rows}</fieldset>\n");
        }
        let widget = self.widget_html(field);
        match field.widget {
            Widget::Checkbox => {
                format!("<div>\n{widget}\n<label for=\"{id}\">{label}</label>\n{below}</div>\n")
            }
            _ => format!("<div>\n<label for=\"{id}\">{label}</label>\n{below}{widget}\n</div>\n"),
        }
    }

    fn widget_html(&self, field: &FormField) -> String {
        let common = field.common();
        let value = field.shown.last().map(String::as_str);
        match &field.widget {
            Widget::Input(kind) => {
                let value = value.map(|value| format!(" value=\"{}\"", escape(value))).unwrap_or_default();
                format!("<input type=\"{kind}\"{common}{value}>")
            }
            Widget::Checkbox => {
                let checked = if field.is_checked() { " checked" } else { "" };
                format!("<input type=\"checkbox\"{common}{checked}>")
            }
            // A browser removes the first line end.
            Widget::Textarea => format!(
                "<textarea cols=\"40\" rows=\"10\"{common}>\n{}</textarea>",
                escape(value.unwrap_or_default())
            ),
            Widget::Select { choices, multiple } => {
                let multiple_html = if *multiple { " multiple" } else { "" };
                let mut html = format!("<select{common}{multiple_html}>\n");
                if !multiple && !choices.iter().any(|(value, _)| value.is_empty()) {
                    // `required` needs an empty first option (HTML, the select element).
                    html.push_str("<option value=\"\">---------</option>\n");
                }
                for (value, label) in choices {
                    let selected = if field.shown.contains(value) { " selected" } else { "" };
                    let (value, label) = (escape(value), escape(label));
                    let _ = writeln!(html, "<option value=\"{value}\"{selected}>{label}</option>");
                }
                html + "</select>"
            }
            Widget::Rows => {
                let row = |row: &Form| format!("<fieldset>\n{}</fieldset>\n", row.fields_html());
                field.rows.iter().map(row).collect()
            }
        }
    }
}

fn error_list(errors: &[String], class: &str, id: Option<&str>) -> String {
    if errors.is_empty() {
        return String::new();
    }
    let id = id.map(|id| format!(" id=\"{id}\"")).unwrap_or_default();
    let items: String = errors.iter().map(|text| format!("<li>{}</li>", escape(text))).collect();
    format!("<ul class=\"{class}\"{id}>{items}</ul>\n")
}
