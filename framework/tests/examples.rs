//! Each program in `examples/` runs on a free port and is asked over real HTTP.

use std::{
    env,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

/// A running example. It ends with the test.
struct Example {
    process: Child,
    address: String,
    /// The cookies of one browser.
    cookies: Vec<(String, String)>,
}

impl Example {
    fn start(name: &str) -> Self {
        // Cargo builds the examples beside the tests: `target/debug/examples` and `target/debug/deps`.
        let test = env::current_exe().expect("the test's path");
        let folder = test.parent().and_then(|deps| deps.parent()).expect("the profile's folder");
        let program = folder.join("examples").join(format!("{name}{}", env::consts::EXE_SUFFIX));
        let mut process = Command::new(&program)
            .arg("127.0.0.1:0")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let mut line = String::new();
        let output = process.stderr.take().expect("the output of the example");
        BufReader::new(output).read_line(&mut line).expect("the first line");
        let address = line.trim().trim_start_matches("http://").trim_end_matches('/').to_owned();
        Self { process, address, cookies: Vec::new() }
    }

    fn get(&mut self, path: &str) -> (u16, String) {
        self.send("GET", path, "")
    }

    fn post(&mut self, path: &str, form: &str) -> u16 {
        self.send("POST", path, form).0
    }

    /// Status and body; the cookies are kept.
    fn send(&mut self, method: &str, path: &str, form: &str) -> (u16, String) {
        self.send_as("application/x-www-form-urlencoded", method, path, form)
    }

    fn send_as(&mut self, kind: &str, method: &str, path: &str, form: &str) -> (u16, String) {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: {}\r\n\
             Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{form}",
            pairs.join("; "),
            form.len()
        )
        .expect("a request");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("a response");
        let (head, body) = text.split_once("\r\n\r\n").expect("head and body");
        for line in head.lines() {
            if let Some((header, cookie)) = line.split_once(": ")
                && header.eq_ignore_ascii_case("set-cookie")
                && let Some((name, value)) = cookie.split(';').next().and_then(|pair| pair.split_once('='))
            {
                self.cookies.retain(|(known, _)| known != name);
                if !cookie.contains("Max-Age=0") {
                    self.cookies.push((name.to_owned(), value.to_owned()));
                }
            }
        }
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, body.to_owned())
    }

    fn has_session(&self) -> bool {
        self.cookies.iter().any(|(name, _)| name == "sessionid")
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        self.process.kill().expect("the example can be ended");
        self.process.wait().expect("the example has ended");
        // The pictures of `upload`, which removes them when it ends by itself.
        let media = env::temp_dir().join(format!("nuages-example-upload-{}", self.process.id()));
        drop(std::fs::remove_dir_all(media));
    }
}

#[test]
fn hello_greets_and_sets_no_cookie() {
    let mut hello = Example::start("hello");
    assert_eq!(hello.get("/"), (200, "Hello, world!".to_owned()));
    assert_eq!(hello.get("/hello/Django/"), (200, "Hello, Django!".to_owned()));
    assert_eq!(hello.get("/nowhere/").0, 404);
    assert!(hello.cookies.is_empty());
}

fn counts_and_forgets(name: &str, redirect: u16) {
    let mut counter = Example::start(name);
    assert_eq!(counter.get("/"), (200, "visits: 1".to_owned()));
    assert_eq!(counter.get("/"), (200, "visits: 2".to_owned()));
    assert_eq!(counter.post("/forget/", ""), redirect);
    assert!(!counter.has_session());
    assert_eq!(counter.get("/"), (200, "visits: 1".to_owned()));
}

#[test]
fn counter_counts_the_visits_of_a_browser_and_forgets_them() {
    counts_and_forgets("counter", 302);
}

#[cfg(feature = "axum")]
#[test]
fn axum_counts_the_visits_of_a_browser_and_forgets_them() {
    counts_and_forgets("axum", 303);
}

#[test]
fn login_needs_the_token_and_escapes_the_name() {
    let mut login = Example::start("login");
    let (status, page) = login.get("/");
    assert_eq!(status, 200);
    let (_, token) = page.split_once("value=\"").expect("a token in the form");
    let token = token.split('"').next().unwrap_or_default();
    assert_eq!(login.post("/login/", "name=Eve"), 403);
    assert_eq!(login.post("/login/", &format!("name=%3Cb%3EJohn&csrfmiddlewaretoken={token}")), 302);
    let (_, page) = login.get("/");
    assert!(page.contains("Hello, &lt;b&gt;John!"), "{page}");
    assert_eq!(login.post("/logout/", &format!("csrfmiddlewaretoken={token}")), 302);
    assert!(!login.has_session());
}

/// The CSRF token in a page's form.
fn token(page: &str) -> &str {
    let (_, rest) = page.split_once("csrfmiddlewaretoken\" value=\"").expect("a token in the form");
    rest.split('"').next().unwrap_or_default()
}

#[test]
fn forms_shows_errors_and_takes_an_order() {
    let mut forms = Example::start("forms");
    let (_, page) = forms.get("/");
    let token = format!("csrfmiddlewaretoken={}", token(&page));
    let wrong = format!("{token}&email=ann&size=s&lines-0-sku=a&lines-0-count=100");
    let (status, page) = forms.send("POST", "/", &wrong);
    assert_eq!(status, 200);
    assert!(page.contains("Enter an e-mail address") && page.contains("Enter 99 or less."), "{page}");
    assert!(page.contains("value=\"ann\""), "{page}");
    let right = format!("{token}&email=ann@example.com&size=s&lines-0-sku=a&lines-0-count=2");
    let expected = "ann@example.com orders [(\"a\", 2)] in s";
    assert_eq!(forms.send("POST", "/", &right), (200, expected.to_owned()));
}

#[test]
fn upload_takes_a_picture_and_serves_it() {
    let mut upload = Example::start("upload");
    let (_, page) = upload.get("/");
    let token = token(&page).to_owned();
    let send = |upload: &mut Example, content: &str| {
        let body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"csrfmiddlewaretoken\"\r\n\r\n{token}\r\n--b\r\n\
             Content-Disposition: form-data; name=\"picture\"; filename=\"my cat.gif\"\r\n\
             Content-Type: image/gif\r\n\r\n{content}\r\n--b--\r\n"
        );
        upload.send_as("multipart/form-data; boundary=b", "POST", "/", &body)
    };
    let (status, page) = send(&mut upload, "not a picture");
    assert!(status == 200 && page.contains("Choose a file of the type"), "{page}");
    assert_eq!(send(&mut upload, "GIF89a cat").0, 302);
    assert_eq!(upload.get("/media/my_cat.gif"), (200, "GIF89a cat".to_owned()));
}
