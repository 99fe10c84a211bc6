//! The command line against its documents. What the program does is tested in `manage/tests/`.

use std::fs;

fn documents() -> String {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/commands.md");
    fs::read_to_string(file).expect("docs/commands.md")
}

/// The part of the page under `## heading`.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let (_, rest) = page
        .split_once(&format!("\n## {heading}\n"))
        .unwrap_or_else(|| panic!("docs/commands.md has no section {heading:?}"));
    rest.split("\n## ").next().unwrap_or(rest)
}

/// The arguments of a command and of its subcommands.
fn all_arguments(command: &manage::clap::Command) -> Vec<&manage::clap::Arg> {
    let below = command.get_subcommands().flat_map(all_arguments);
    command.get_arguments().chain(below).collect()
}

#[test]
fn every_command_has_its_row_its_section_and_a_row_for_each_argument() {
    let page = documents();
    for command in manage::commands() {
        let name = command.get_name();
        assert!(page.contains(&format!("\n| [`{name}`](#{name}) | ")), "{name} has no row");
        let section = section(&page, name);
        for arg in all_arguments(&command) {
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
    let commands = manage::commands();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| [`")?.split('`').next());
    assert_eq!(rows.clone().count(), commands.len());
    for name in rows {
        let command = commands.iter().find(|command| command.get_name() == name);
        let command = command.unwrap_or_else(|| panic!("no command {name}"));
        let section = section(&page, name);
        for row in section.lines().filter(|line| line.starts_with("| `-")) {
            let cell = row.split('|').nth(1).unwrap_or_default();
            let longs = cell.split('`').filter_map(|text| text.strip_prefix("--"));
            for long in longs.filter_map(|long| long.split(' ').next()) {
                let known = |arg: &manage::clap::Arg| {
                    arg.get_long() == Some(long)
                        || arg.get_visible_aliases().is_some_and(|names| names.contains(&long))
                };
                assert!(all_arguments(command).into_iter().any(known), "{name} has no option --{long}");
            }
        }
    }
}
