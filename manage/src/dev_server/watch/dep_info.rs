//! Reads the file in which cargo lists what a program was made from: `target/debug/mysite.d`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Returns the source files of a program, from the `.d` file beside it.
///
/// # Errors
///
/// Where cargo has written no such file.
pub(crate) fn dependencies(program: &Path) -> io::Result<Vec<PathBuf>> {
    let text = fs::read_to_string(program.with_extension("d"))?;
    Ok(parse(&text))
}

/// The form is that of make: `program: file file`, with `\ ` for a space in a name.
fn parse(text: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in text.lines() {
        let Some((_, list)) = line.split_once(": ") else { continue };
        let mut name = String::new();
        let mut characters = list.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '\\' if characters.peek() == Some(&' ') => name.extend(characters.next()),
                ' ' if name.is_empty() => {}
                ' ' => files.push(PathBuf::from(std::mem::take(&mut name))),
                other => name.push(other),
            }
        }
        if !name.is_empty() {
            files.push(name.into());
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_spaces_are_read() {
        let files = parse("/t/debug/site: /a/main.rs /my\\ site/b.html\n\n/t/debug/other: /c.rs\n");
        assert_eq!(files, ["/a/main.rs", "/my site/b.html", "/c.rs"].map(PathBuf::from));
    }
}
