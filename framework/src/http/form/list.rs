//! Lists of forms: the same fields in several rows, Django's formsets.

use super::{Form, FormField, field::new_field, message::FormMessage, widget::Widget};

/// The most rows that are read if the view sets no limit: Django's `max_num`.
const MAX_ROWS: usize = 1000;

/// A list of forms while it is declared; [`each`](FormList::each) declares the fields of a row.
///
/// In HTML the fields of the first row are named `lines-0-sku`, `lines-0-count`; in JSON the list is an array
/// of objects.
///
/// # Examples
///
/// ```
/// use nuages::http::Form;
///
/// let mut form = Form::from_json(nuages::json!({ "lines": [{ "sku": "a", "count": 2 }, { "sku": "b" }] }));
/// let lines: Vec<(String, u32)> = form.list("lines").min(1).max(20).each(|line| {
///     (line.text("sku").required(), line.integer("count").range(1..).required())
/// });
/// assert_eq!(lines[0], ("a".to_owned(), 2));
/// assert_eq!(form.errors(), [("lines-1-count".to_owned(), "This field is required.".to_owned())]);
/// ```
#[must_use = "a list is declared by `each()`"]
pub struct FormList<'f> {
    form: &'f mut Form,
    field: FormField,
    rows: usize,
    min: usize,
    max: usize,
}

impl Form {
    /// A list of forms.
    pub fn list(&mut self, name: &str) -> FormList<'_> {
        let field = new_field(self, name, Widget::Rows);
        FormList { form: self, field, rows: 1, min: 0, max: MAX_ROWS }
    }
}

impl FormList<'_> {
    /// Sets the label. Default: the name with spaces and a capital.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.field.label = label.into();
        self
    }

    /// Sets the number of rows that an unbound form shows. Default: one.
    pub fn rows(mut self, rows: usize) -> Self {
        self.rows = rows;
        self
    }

    /// Requires a number of rows.
    pub fn min(mut self, min: usize) -> Self {
        self.min = min;
        self
    }

    /// Limits the number of rows. Default: 1,000.
    pub fn max(mut self, max: usize) -> Self {
        self.max = max;
        self
    }

    /// Declares the fields of each row, and returns the rows. Rows in which nothing was entered are left
    /// out.
    pub fn each<T>(mut self, mut clean: impl FnMut(&mut Form) -> T) -> Vec<T> {
        let prefix = format!("{}-", self.field.html_name);
        self.field.required = self.min > 0;
        let Some(data) = self.form.data.clone() else {
            for index in 0..self.rows.max(self.min) {
                let mut row = self.form.row(format!("{prefix}{index}-"));
                clean(&mut row);
                self.field.rows.push(row);
            }
            self.form.declare(self.field);
            return Vec::new();
        };
        let mut values = Vec::new();
        let sent = data.rows(&prefix);
        for index in sent.into_iter().take(self.max.saturating_add(1)) {
            let row_prefix = format!("{prefix}{index}-");
            let is_blank = data.is_blank(&row_prefix);
            let mut row = self.form.row(row_prefix);
            let value = clean(&mut row);
            if is_blank {
                row.forget_errors();
            } else {
                values.push(value);
            }
            self.field.rows.push(row);
        }
        let limit = |code, text, limit| FormMessage::new(code, text).with("limit", limit);
        if self.field.rows.len() > self.max {
            self.field.rows.truncate(self.max);
            values.truncate(self.max);
            self.field.errors.push(limit(
                "max_rows",
                "Too many rows: at most {limit} are allowed.",
                self.max,
            ));
        } else if values.len() < self.min {
            self.field.errors.push(limit("min_rows", "Fill in at least {limit} of the rows.", self.min));
        }
        self.form.declare(self.field);
        values
    }
}

impl Form {
    fn forget_errors(&mut self) {
        self.errors.clear();
        for field in &mut self.fields {
            field.errors.clear();
            field.rows.iter_mut().for_each(Form::forget_errors);
        }
    }
}
