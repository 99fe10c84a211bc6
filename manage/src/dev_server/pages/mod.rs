//! The pages of the development server: how far a build is, and why there is no program.

mod ansi;
mod editor;
mod fault;
mod layout;
mod source;

use std::fmt::Write as _;

pub(super) use self::{
    ansi::plain,
    fault::fault_text,
    layout::{DevPage, POLICY, STYLE},
};
use self::{
    editor::Editor,
    layout::{button, escape, layout},
};
use super::{fault::Fault, state::DevSite};

/// Makes the pages.
pub(super) struct Pages {
    editor: Editor,
}

impl Pages {
    /// Reads which editor opens files from the environment.
    pub(super) fn from_environment() -> Self {
        Self { editor: Editor::from_environment() }
    }

    /// The page while cargo runs.
    pub(super) fn building(&self, site: &DevSite) -> DevPage {
        let progress = site.progress.borrow().clone();
        let seconds = progress.since.map_or(0, |since| since.elapsed().as_secs());
        let (done, total) = (progress.done, progress.total.max(1));
        let text = match progress.total {
            0 => format!("Building: {seconds} s"),
            total => format!("{done} of {total} crates, {seconds} s: {}", progress.current),
        };
        let body = format!(
            "<progress data-nuages=\"bar\" value=\"{done}\" max=\"{total}\" aria-label=\"Build\"></progress>\
             <p class=\"progress\" data-nuages=\"progress\">{}</p>\
             <p class=\"note\">This page becomes yours when the program is ready. The first build takes longest; \
             later ones compile what has changed.</p>",
            escape(&text)
        );
        layout(site, "Building the project", "calm", &body, true)
    }

    /// The page that says why there is no program. `path` is that of the request.
    pub(super) fn fault(&self, site: &DevSite, fault: &Fault, path: &str) -> DevPage {
        let mut body = fault::body(fault, &self.editor);
        match fault {
            Fault::Ended(_) => body += &button(site, "restart", path, "Start the program again"),
            Fault::Migrate(_) => body += &button(site, "migrate", path, "Try again"),
            Fault::Compile(_) | Fault::Cargo(_) | Fault::Start(_) => {}
        }
        body += "<p class=\"note\">This page goes away when the mistake is mended: save the file.</p>";
        layout(site, &fault.title(), "wrong", &body, false)
    }

    /// The page for a request that failed while the database lacks tables.
    pub(super) fn migrations(&self, site: &DevSite, unapplied: &[(String, usize)], path: &str) -> DevPage {
        let mut body = String::from(
            "<p>The view failed, and the database lacks migrations that this project has. \
             That is the likely reason.</p><ul class=\"migrations\">",
        );
        for (app, count) in unapplied {
            let noun = if *count == 1 { "migration" } else { "migrations" };
            // Writing to a String cannot fail.
            let _ = write!(body, "<li><code>{}</code> {count} {noun}</li>", escape(app));
        }
        body += "</ul>";
        body += &button(site, "migrate", path, "Apply the migrations");
        body += "<p class=\"note\">The same on the command line: <code>manage migrate</code>, or \
                 <code>cargo run -- migrate</code>. The terminal shows the error of the view.</p>";
        layout(site, "The database is not migrated", "wrong", &body, false)
    }
}
