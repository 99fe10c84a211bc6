//! `routes`: lists the URL patterns of the project, or finds the one that answers a path.

use clap::{Arg, ArgAction, ArgMatches};
use nuages::urls::Match;
use serde_json::json;

use crate::{
    BoxFuture, Command, CommandError, Project,
    text_table::{Column, TextTable},
};

/// `manage routes [PATH]`.
pub(crate) struct Routes;

impl Command for Routes {
    fn define(&self) -> clap::Command {
        clap::Command::new("routes")
            .about("List the URL patterns, their views and names")
            .arg(
                Arg::new("path")
                    .value_name("PATH")
                    .help("Show the pattern that answers this path, and the values that it captures"),
            )
            .arg(
                Arg::new("json")
                    .long("json")
                    .action(ArgAction::SetTrue)
                    .help("Print one JSON object per pattern"),
            )
            .after_help(
                "The first pattern that matches answers a request: they are listed in that order.\n\n\
                 Examples:\n  manage routes\n  manage routes /articles/2026/",
            )
    }

    fn run<'a>(
        &'a self,
        project: &'a Project,
        args: &'a ArgMatches,
    ) -> BoxFuture<'a, Result<(), CommandError>> {
        Box::pin(async move {
            let app = project.checked_app()?;
            let as_json = args.get_flag("json");
            if let Some(path) = args.get_one::<String>("path") {
                let path = format!("/{}", path.trim_start_matches('/'));
                let found = app.resolve(&path).map_err(|errors| project.unusable(errors))?;
                let Some(found) = found else {
                    return Err(CommandError::new(format!("no URL pattern matches {path:?}"))
                        .hint("`manage routes` lists all of them"));
                };
                print_match(project, &found, as_json);
                return Ok(());
            }
            let patterns = app.url_patterns().map_err(|errors| project.unusable(errors))?;
            if as_json {
                for pattern in &patterns {
                    project.say(json!({
                        "pattern": url(pattern.pattern), "view": pattern.view, "name": pattern.name,
                    }));
                }
            } else if patterns.is_empty() {
                project.say("This project has no URL patterns.");
            } else {
                let mut table = TextTable::new(project, COLUMNS);
                for pattern in &patterns {
                    let name = pattern.name.unwrap_or("-").to_owned();
                    table.push([url(pattern.pattern), pattern.view.to_owned(), name], false);
                }
                table.flush();
            }
            Ok(())
        })
    }
}

const COLUMNS: [Column; 3] = [Column::Left("URL pattern"), Column::Left("view"), Column::Left("name")];

fn print_match(project: &Project, found: &Match, as_json: bool) {
    let pattern = url(&found.route_pattern);
    if as_json {
        let captured: serde_json::Map<_, _> =
            found.params.iter().map(|(name, value)| (name.to_string(), value.as_str().into())).collect();
        project.say(json!({
            "pattern": pattern, "view": found.view.name(), "name": found.name.as_deref(),
            "captured": captured,
        }));
        return;
    }
    let style = project.style();
    let line = |label: &str, value: &dyn std::fmt::Display| {
        project.say(format_args!("{} {value}", style.label(format!("{label:<9}"))));
    };
    line("pattern", &pattern);
    line("view", &found.view.name());
    line("name", &found.name.as_deref().unwrap_or("-"));
    for (name, value) in &found.params {
        line("captured", &format_args!("{name} = {value:?}"));
    }
}

/// The pattern as a URL shows it, with its leading slash.
fn url(pattern: &str) -> String {
    format!("/{pattern}")
}
