//! The names of uploaded files: what the client sent, made safe.
//!
//! The rules are those of `sanitize_file_name` (django/http/multipartparser.py) and `get_valid_filename`
//! (django/utils/text.py). References of HTML are not decoded.

/// The most bytes that file systems take for a name.
const MAX_BYTES: usize = 255;
/// The characters that are added to a name that is taken, with their underscore.
const SUFFIX: usize = 8;

/// Returns the last component of the name, without invisible characters; `None` if nothing is left.
pub(super) fn sanitized(sent: &str) -> Option<String> {
    let last = sent.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = last.chars().filter(|char| !is_invisible(*char)).collect();
    let name = name.trim();
    (!matches!(name, "" | "." | "..")).then(|| shortened(name, MAX_BYTES))
}

/// Control characters, and those that change the direction of text or have no width: they disguise names.
fn is_invisible(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// Returns the name of a file in a folder: spaces become underscores, and only letters, digits, `_`, `-`
/// and `.` stay. `None` if nothing is left.
pub(super) fn valid(name: &str) -> Option<String> {
    let kept = |char: &char| char.is_alphanumeric() || matches!(char, '_' | '-' | '.');
    let name: String = name.trim().replace(' ', "_").chars().filter(kept).collect();
    (!matches!(name.as_str(), "" | "." | "..")).then(|| shortened(&name, MAX_BYTES - SUFFIX))
}

/// Returns another name for a file whose name is taken: `name_xxxxxxx.ext`.
pub(super) fn alternative(name: &str, random: &str) -> String {
    let (root, extension) = split(name);
    format!("{root}_{random}{extension}")
}

/// The root and the extension with its dot, like Python's `os.path.splitext`.
fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if name[..dot].contains(|char| char != '.') => name.split_at(dot),
        _ => (name, ""),
    }
}

/// The name with at most `most` bytes. The extension is kept.
fn shortened(name: &str, most: usize) -> String {
    let (root, extension) = split(name);
    let extension = cut(extension, most / 2);
    format!("{}{extension}", cut(root, most - extension.len()))
}

fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_component_of_a_name_is_kept() {
        for (sent, name) in [
            ("a.png", Some("a.png")),
            ("../../etc/passwd", Some("passwd")),
            ("C:\\fakepath\\photo one.jpg", Some("photo one.jpg")),
            ("a\u{202e}gnp.exe\r\n", Some("agnp.exe")),
            ("..", None),
            ("a/", None),
            ("\u{200b} ", None),
        ] {
            assert_eq!(sanitized(sent).as_deref(), name, "{sent:?}");
        }
    }

    #[test]
    fn names_in_folders_are_djangos() {
        assert_eq!(valid("john's portrait in 2004.jpg").as_deref(), Some("johns_portrait_in_2004.jpg"));
        assert_eq!(valid("$.$.$").as_deref(), None);
        assert_eq!(valid("été: 100%.txt").as_deref(), Some("été_100.txt"));
        assert_eq!(alternative("a.tar.gz", "1234567"), "a.tar_1234567.gz");
        assert_eq!(alternative(".htaccess", "1234567"), ".htaccess_1234567");
        let long = valid(&format!("{}.jpeg", "é".repeat(300))).expect("a name");
        assert!(long.len() <= 247 && long.ends_with("é.jpeg"), "{long}");
    }
}
