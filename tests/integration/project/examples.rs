//! The examples, asked with markup as a visitor with bad intent would send it.

use std::{
    env,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

const MARKUP: &str = "<img src=x onerror=alert(1)>";
const ENCODED: &str = "%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E";

struct Example {
    name: String,
    process: Child,
    address: String,
    cookies: Vec<(String, String)>,
    token: String,
}

impl Drop for Example {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Example {
    fn start(program: &Path) -> Self {
        let mut process = Command::new(program)
            .arg("127.0.0.1:0")
            .stderr(Stdio::piped())
            .spawn()
            .expect("the example runs");
        let lines = BufReader::new(process.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
        let address = { lines }
            .find_map(|line| Some(line.strip_prefix("http://")?.trim_end_matches('/').to_owned()))
            .expect("the example says where it listens");
        let name = program.file_name().expect("a name").to_string_lossy().into_owned();
        Self { name, process, address, cookies: Vec::new(), token: String::new() }
    }

    /// Sends a request, keeps the cookies and the CSRF token, and fails if the markup comes back as HTML.
    fn ask(&mut self, method: &str, path: &str, content_type: &str, body: &str) {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAccept: text/html\r\nCookie: {}\r\n\
             Content-Type: {content_type}\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            cookies.join("; "),
            body.len()
        );
        let mut stream = TcpStream::connect(&self.address).expect("the example listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
        stream.write_all(request.as_bytes()).expect("the example reads");
        let mut response = Vec::new();
        stream.read_to_end(&mut response).expect("a response");
        let response = String::from_utf8_lossy(&response);
        let (head, text) = response.split_once("\r\n\r\n").expect("a head");
        for line in head.lines() {
            if let Some((name, rest)) = line
                .split_once(": ")
                .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
                .and_then(|(_, cookie)| cookie.split_once('='))
            {
                self.cookies.retain(|(present, _)| present != name);
                self.cookies.push((name.to_owned(), rest.split(';').next().unwrap_or_default().to_owned()));
            }
        }
        if let Some((_, rest)) = text.split_once("name=\"csrfmiddlewaretoken\" value=\"") {
            self.token = rest.split('"').next().unwrap_or_default().to_owned();
        }
        let html = head.to_ascii_lowercase().contains("content-type: text/html");
        let which = format!("{}: {method} {path}", self.name);
        assert!(!(html && text.contains(MARKUP)), "{which} reflects markup:\n{head}\n\n{text}");
        assert!(!head.contains("onerror"), "{which}: {head}");
    }
}

/// The programs of `framework/examples/`, built with every feature.
fn programs() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--workspace", "--all-features", "--examples", "--locked"])
        .current_dir(root)
        .status();
    assert!(built.expect("cargo runs").success());
    let target = env::current_exe().expect("a program");
    let folder = target.ancestors().nth(2).expect("the profile's folder").join("examples");
    let sources = std::fs::read_dir(root.join("framework/examples")).expect("the examples");
    let names = sources.filter_map(|entry| {
        let path = entry.expect("an entry").path();
        path.extension()
            .is_some_and(|extension| extension == "rs")
            .then(|| folder.join(path.file_stem().expect("a stem")))
    });
    names.collect()
}

#[test]
#[ignore = "builds the examples: tests/run runs it"]
fn no_example_sends_markup_back() {
    let programs = programs();
    assert!(programs.len() >= 8, "{programs:?}");
    for program in programs {
        let mut example = Example::start(&program);
        let form = "application/x-www-form-urlencoded";
        example.ask("GET", "/", form, "");
        for path in
            [format!("/hello/{ENCODED}/"), format!("/{ENCODED}/"), format!("/?q={ENCODED}&next={ENCODED}")]
        {
            example.ask("GET", &path, form, "");
        }
        for path in ["/", "/login/", "/upload/"] {
            let token = example.token.clone();
            let fields = ["name", "email", "size", "title", "lines-0-sku", "description"]
                .map(|field| format!("&{field}={ENCODED}"));
            example.ask("POST", path, form, &format!("csrfmiddlewaretoken={token}{}", fields.concat()));
            let name = "name=\"csrfmiddlewaretoken\"";
            let parts = format!(
                "--b\r\nContent-Disposition: form-data; {name}\r\n\r\n{token}\r\n\
                 --b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\n{MARKUP}\r\n\
                 --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{MARKUP}.png\"\r\n\
                 Content-Type: image/png\r\n\r\n{MARKUP}\r\n--b--\r\n"
            );
            example.ask("POST", path, "multipart/form-data; boundary=b", &parts);
            example.ask("GET", "/", form, "");
        }
    }
}
