//! `Content-Disposition` (RFC 6266), as Django's `content_disposition_header` writes it
//! (`django/utils/http.py`).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The characters that Python's `quote` leaves unescaped.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-').remove(b'~').remove(b'/');

/// The header for a file of this name. A name of other than printable ASCII is percent-encoded.
pub(super) fn content_disposition(attachment: bool, name: &str) -> String {
    let kind = if attachment { "attachment" } else { "inline" };
    if name.is_empty() {
        return kind.to_owned();
    }
    if name.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
        format!("{kind}; filename=\"{escaped}\"")
    } else {
        format!("{kind}; filename*=utf-8''{}", utf8_percent_encode(name, PLAIN))
    }
}
