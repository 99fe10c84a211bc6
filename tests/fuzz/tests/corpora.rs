//! Every file of `corpus/` keeps the promise of its target.

use std::{fs, path::Path};

fn run(target: &str, property: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let mut files = 0;
    for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("an entry").path();
        println!("{}", path.display());
        let data = fs::read(&path).expect("a readable file");
        property(&data);
        // Cut anywhere, and with one byte changed: near to what fuzzing tries first.
        for cut in (0..data.len()).step_by(1 + data.len() / 64) {
            property(&data[..cut]);
            let mut changed = data.clone();
            changed[cut] ^= 0x15;
            property(&changed);
        }
        files += 1;
    }
    assert!(files >= 5, "{} has {files} files", folder.display());
}

#[test]
fn cookie_headers_of_the_corpus_are_read_and_written_alike() {
    run("cookie_header", nuages_fuzz::cookie_header);
}

#[test]
fn session_data_of_the_corpus_decodes_as_it_was_encoded() {
    run("session_codec", nuages_fuzz::session_codec);
}

#[test]
fn url_patterns_of_the_corpus_match_with_all_their_captures() {
    run("url_pattern", nuages_fuzz::url_pattern);
}

#[test]
fn settings_files_of_the_corpus_are_read_or_refused_with_a_message() {
    run("settings", nuages_fuzz::settings_file);
}

#[test]
fn form_bodies_of_the_corpus_give_pairs_or_a_400() {
    run("form_body", nuages_fuzz::form_body);
}

#[test]
fn multipart_bodies_of_the_corpus_give_parts_or_a_400() {
    run("multipart_body", nuages_fuzz::multipart_body);
}
