//! Writes the tables of docs/settings.md from the settings that the framework declares.
//!
//! `cargo run -p nuages-tests --bin settings_docs` writes the file; with `--check` it only reports whether the
//! file is current. A table stands between `<!-- table: AREA -->` and `<!-- end of table -->`.

use std::{path::Path, process::ExitCode};

use nuages::settings::{Setting, known};

const END: &str = "<!-- end of table -->";

fn main() -> ExitCode {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/settings.md");
    match update(&path, std::env::args().any(|argument| argument == "--check")) {
        Ok(report) => {
            println!("docs/settings.md: {report}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("docs/settings.md: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn update(path: &Path, only_check: bool) -> Result<&'static str, String> {
    let old = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let new = with_tables(&old)?;
    if new == old {
        return Ok("the tables are current");
    }
    if only_check {
        let command = "cargo run -p nuages-tests --bin settings_docs";
        return Err(format!("the tables are not current; write them with `{command}`"));
    }
    std::fs::write(path, new).map_err(|error| error.to_string())?;
    Ok("the tables are written")
}

/// The document with all tables written anew.
fn with_tables(text: &str) -> Result<String, String> {
    let mut areas: Vec<_> = known().map(Setting::area).collect();
    areas.sort_unstable();
    areas.dedup();
    let mut document = text.to_owned();
    for area in areas {
        let begin = format!("<!-- table: {area} -->\n");
        let start =
            document.find(&begin).ok_or(format!("there is no line {}", begin.trim_end()))? + begin.len();
        let length = document[start..].find(END).ok_or(format!("the table {area} has no line {END}"))?;
        document.replace_range(start..start + length, &table(area));
    }
    Ok(document)
}

fn table(area: &str) -> String {
    let rows = known().filter(|setting| setting.area() == area).map(|setting| {
        let default = match setting.default_text() {
            words @ ("required" | "none") => words.to_owned(),
            value => format!("`{value}`"),
        };
        format!("| `{}` | {} | {default} | {} |\n", setting.name(), setting.value_type(), setting.doc())
    });
    let head = "\n| setting | value | default | what it does |\n| --- | --- | --- | --- |\n".to_owned();
    [head].into_iter().chain(rows).chain(["\n".to_owned()]).collect()
}
