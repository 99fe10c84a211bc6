//! Compares docs/commands.md with the definitions of the commands. `manage/tests/` tests the program.

mod full_disk;
mod log_reader;
mod no_count;
mod serve;
mod shutdown;

use std::fs;

use manage::clap::{Arg, Command};

fn documents() -> String {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/commands.md");
    fs::read_to_string(file).expect("docs/commands.md")
}

/// Returns every command and subcommand with its words (`sessions list`) and the heading of its section.
fn sections() -> Vec<(String, String, Command)> {
    let mut found = Vec::new();
    for command in manage::commands() {
        let name = command.get_name().to_owned();
        for below in command.get_subcommands() {
            let words = format!("{name} {}", below.get_name());
            found.push((words.clone(), format!("### {words}"), below.clone()));
        }
        found.push((name.clone(), format!("## {name}"), command));
    }
    found
}

/// Returns the part of the page under a heading, up to the next heading.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let (_, rest) = page
        .split_once(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("docs/commands.md has no section {heading:?}"));
    rest.split("\n#").next().unwrap_or(rest)
}

#[test]
fn every_command_has_its_row_its_section_and_a_row_for_each_argument() {
    let page = documents();
    for (name, heading, command) in sections() {
        let has_row = page.contains(&format!("\n| [`{name}`](#{name}) | "));
        assert!(has_row || heading.starts_with("### "), "{name} has no row");
        let section = section(&page, &heading);
        for arg in command.get_arguments() {
            let shown = match arg.get_long() {
                Some(long) => format!("`--{long}"),
                None => {
                    let id = arg.get_id().as_str().to_uppercase();
                    let value = arg.get_value_names().and_then(|names| names.first());
                    format!("`{}`", value.map_or(id, |name| name.to_string().to_uppercase()))
                }
            };
            let mut rows = section.lines().filter(|line| line.starts_with('|'));
            assert!(rows.any(|row| row.contains(&shown)), "{name} has no row for {shown}");
        }
    }
}

#[test]
fn every_row_is_a_command_and_every_option_of_a_section_is_the_commands() {
    let page = documents();
    let commands: Vec<String> =
        manage::commands().iter().map(|command| command.get_name().to_owned()).collect();
    let rows: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| [`")?.split('`').next()).collect();
    assert_eq!(rows.len(), commands.len());
    assert!(rows.iter().all(|row| commands.iter().any(|name| name == row)), "{rows:?} {commands:?}");
    for (name, heading, command) in sections() {
        let section = section(&page, &heading);
        for row in section.lines().filter(|line| line.starts_with("| `-")) {
            let cell = row.split('|').nth(1).unwrap_or_default();
            let longs = cell.split('`').filter_map(|text| text.strip_prefix("--"));
            for long in longs.filter_map(|long| long.split(' ').next()) {
                let known = |arg: &Arg| {
                    arg.get_long() == Some(long)
                        || arg.get_visible_aliases().is_some_and(|names| names.contains(&long))
                };
                assert!(command.get_arguments().any(known), "{name} has no option --{long}");
            }
        }
    }
}
