//! Templates: minijinja with automatic escaping, the project's folders, and Django's filters.
//!
//! [`http::render`](crate::http::render()) renders them with the values of a request. Under `DEBUG` a template
//! is read again when its file changes; otherwise it is read once.

mod context;
mod dates;
mod error;
mod escape;
mod filters;
mod local_time;
mod markup;

use std::path::{Path, PathBuf};

use minijinja::{AutoEscape, Environment, ErrorKind, path_loader};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

pub use context::to_value;
pub use error::{Line, TemplateError};
pub use escape::escape;
pub(crate) use markup::{Markup, markup};
pub use minijinja;

use crate::settings::Settings;

/// A value as templates see it; [`context!`](crate::context!) makes one.
///
/// # Examples
///
/// ```
/// use nuages::{context, templates::TemplateValue};
///
/// let value: TemplateValue = context! { title => "Home" };
/// assert_eq!(value.get_attr("title").unwrap().as_str(), Some("Home"));
/// ```
pub type TemplateValue = minijinja::Value;

/// The characters that stay unescaped in the path of a static file: Django's `filepath_to_uri`.
const FILE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'~')
    .remove(b'!')
    .remove(b'*')
    .remove(b'(')
    .remove(b')')
    .remove(b'\'')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.');

/// The templates of an application.
#[derive(Debug)]
pub(crate) struct Templates {
    environment: Environment<'static>,
    folders: Vec<PathBuf>,
}

impl Templates {
    /// Sets up the engine. No file is read yet.
    pub(crate) fn new(settings: &Settings) -> Self {
        let mut environment = Environment::new();
        environment.set_debug(settings.debug);
        environment.set_auto_reload(settings.debug);
        environment.set_auto_escape_callback(auto_escape);
        environment.set_formatter(markup::write_value);
        let loaders: Vec<_> = settings.template_dirs.iter().map(path_loader).collect();
        environment.set_loader(move |name| {
            for load in &loaders {
                if let Some(source) = load(name)? {
                    return Ok(Some(source));
                }
            }
            Ok(None)
        });
        filters::register(&mut environment);
        environment.add_filter("date", local_time::date_filter(settings));
        let static_url = static_url(settings);
        environment.add_function("static", move |path: String| static_link(&static_url, &path));
        Self { environment, folders: settings.template_dirs.clone() }
    }

    /// The engine's environment, to which functions are added before the first request.
    pub(crate) fn environment_mut(&mut self) -> &mut Environment<'static> {
        &mut self.environment
    }

    /// Renders a template.
    pub(crate) fn render(&self, name: &str, context: TemplateValue) -> Result<String, TemplateError> {
        let render = || self.environment.get_template(name)?.render(context);
        render().map_err(|error| TemplateError::new(name, error, &self.folders))
    }

    /// Whether there is a template of this name, even one that does not compile.
    pub(crate) fn contains(&self, name: &str) -> bool {
        match self.environment.get_template(name) {
            Ok(_) => true,
            Err(error) => error.kind() != ErrorKind::TemplateNotFound,
        }
    }

    /// Compiles every `.html` and `.txt` file in the project's folders and returns the errors.
    pub(crate) fn check(&self) -> Vec<TemplateError> {
        let mut names = Vec::new();
        for folder in &self.folders {
            list(folder, "", &mut names);
        }
        let broken = |name: &String| {
            let error = self.environment.get_template(name).err()?;
            Some(TemplateError::new(name, error, &self.folders))
        };
        names.iter().filter_map(broken).collect()
    }
}

/// Values are escaped as HTML, except in `.txt` files, and in JSON and YAML, which have their own escapes.
fn auto_escape(name: &str) -> AutoEscape {
    match minijinja::default_auto_escape_callback(name) {
        AutoEscape::None if !name.ends_with(".txt") => AutoEscape::Html,
        known => known,
    }
}

/// Adds the names of the templates in a folder. A folder that cannot be read is skipped: its templates are
/// reported as missing when they are used.
fn list(folder: &Path, prefix: &str, names: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let Ok(file) = entry.file_name().into_string() else { continue };
        let name = format!("{prefix}{file}");
        if file.starts_with('.') {
            continue;
        }
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            list(&entry.path(), &format!("{name}/"), names);
        } else if name.ends_with(".html") || name.ends_with(".txt") {
            names.push(name);
        }
    }
}

/// `STATIC_URL` as the beginning of a link, with a leading slash unless it names another host.
fn static_url(settings: &Settings) -> String {
    let url = &settings.static_url;
    if url.starts_with('/') || url.contains("://") { url.clone() } else { format!("/{url}") }
}

fn static_link(static_url: &str, path: &str) -> String {
    format!("{static_url}{}", utf8_percent_encode(path.trim_start_matches('/'), FILE))
}
