//! The wording of the framework's errors, held by snapshots: a change of it is seen in review.
//!
//! The snapshots are in `snapshots/`. `INSTA_UPDATE=always cargo test -p nuages-tests wording` accepts a new
//! wording.

mod migrations;
mod runserver;
mod settings;
mod urls;

/// Compares a text with its snapshot.
fn assert_wording(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// An error and its causes, `error: cause: cause`.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text += &format!(": {cause}");
        next = cause.source();
    }
    text
}
