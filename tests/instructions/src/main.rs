//! Sends requests through an `App` without a socket: `nuages-instructions WORKLOAD NUMBER FOLDER`.
//!
//! `tests/instructions/run` runs it under callgrind with two numbers of requests. The difference is what
//! requests cost, without the start. The application has Django's default middleware and sessions on SQLite,
//! in the given empty folder. One thread runs one request after the other; SQLite's writer is a second
//! thread. Prints how many allocations the requests made.

mod allocator;

use std::{env, path::Path};

use allocator::{Counting, allocations};
use bytes::Bytes;
use http::header;
use http_body_util::{BodyExt, Empty};
use nuages::{
    App, BoxError,
    migrations::{MigrationTarget, Migrations, Mode},
    prelude::*,
    settings::Settings,
    urls::path,
};
use tower_service::Service;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const SETTINGS: &str = r#"
SECRET_KEY = "only for measurements: 7c2e4a6f8b0d1e3c5a7f9b2d4e6c8a0f3b5d"
ALLOWED_HOSTS = ["localhost"]

[DATABASES.default]
ENGINE = "sqlite3"
NAME = "db.sqlite3"
OPTIONS = { synchronous = "NORMAL" }
"#;

/// The requests use these sessions in turn.
const SESSIONS: usize = 100;
/// All counts that are measured have this many digits.
const FIRST_COUNT: u64 = 100_000;
/// Requests before the measurement: they fill caches and prepare statements.
const WARM_UP: usize = 200;

fn plain(_: &mut Request) -> &'static str {
    "Hello, World!"
}

fn read(request: &mut Request) -> Result<String> {
    Ok(request.session.get::<u64>("count")?.unwrap_or(0).to_string())
}

fn count(request: &mut Request) -> Result<String> {
    let count = request.session.get::<u64>("count")?.unwrap_or(FIRST_COUNT) + 1;
    request.session.insert("count", count)?;
    Ok(count.to_string())
}

type Answer = http::Response<String>;

/// An application, and the cookies of its visitors.
struct Site {
    app: App,
    cookies: Vec<String>,
}

impl Site {
    async fn new(folder: &Path) -> Result<Self, BoxError> {
        let settings = Settings::from_toml(SETTINGS, folder)?;
        let routes = vec![path("plain", plain), path("read", read), path("count", count)];
        let app = App::new(settings.clone()).urls(routes);
        let databases = app.databases()?;
        let database = databases.get("default").ok_or("no database")?;
        Migrations::discover(&settings)?
            .apply(database, &MigrationTarget::All, Mode::Run, &mut |_| {})
            .await?;
        let mut site = Self { app, cookies: Vec::new() };
        for _ in 0..SESSIONS {
            let answer = site.send("/count", None).await?;
            let cookie = answer.headers()[header::SET_COOKIE].to_str()?;
            site.cookies.push(cookie.split(';').next().unwrap_or_default().to_owned());
        }
        Ok(site)
    }

    async fn send(&mut self, path: &str, cookie: Option<usize>) -> Result<Answer, BoxError> {
        let request = self.request(path, cookie)?;
        let (head, body) = self.app.call(request).await?.into_parts();
        let body = String::from_utf8(body.collect().await?.to_bytes().to_vec())?;
        Ok(Answer::from_parts(head, body))
    }

    fn request(&self, path: &str, cookie: Option<usize>) -> http::Result<http::Request<Empty<Bytes>>> {
        let mut request = http::Request::get(path).header(header::HOST, "localhost");
        if let Some(number) = cookie {
            request = request.header(header::COOKIE, &self.cookies[number % SESSIONS]);
        }
        request.body(Empty::new())
    }

    /// Sends so many requests and checks each answer.
    async fn run(&mut self, workload: &str, requests: std::ops::Range<usize>) -> Result<(), BoxError> {
        let first = requests.start;
        for number in requests {
            let (path, expected) = match workload {
                "plain" => ("/plain", None),
                "read" => ("/read", Some(FIRST_COUNT + 1)),
                "count" => ("/count", Some(FIRST_COUNT + 2 + (number / SESSIONS) as u64)),
                // The cost of the requests themselves, which `run` subtracts from the others.
                "nothing" => {
                    std::hint::black_box(self.request("/plain", None)?);
                    continue;
                }
                other => return Err(format!("unknown workload {other:?}").into()),
            };
            let answer = self.send(path, expected.map(|_| number)).await?;
            let right = match expected {
                None => answer.body() == "Hello, World!",
                Some(count) => answer.body().parse() == Ok(count),
            };
            if answer.status() != StatusCode::OK || !right {
                return Err(
                    format!("request {} of {workload}: wrong answer {answer:?}", number - first).into()
                );
            }
        }
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [workload, number, folder] = arguments.as_slice() else {
        return Err("usage: nuages-instructions plain|read|count|nothing NUMBER FOLDER".into());
    };
    let number: usize = number.parse()?;
    let mut site = Site::new(folder.as_ref()).await?;
    site.run(workload, 0..WARM_UP).await?;
    let before = allocations();
    site.run(workload, WARM_UP..WARM_UP + number).await?;
    println!("{}", allocations() - before);
    Ok(())
}
