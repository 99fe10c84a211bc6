//! Messages: what a visitor sees, where they are stored, the settings, and Django's own cookies.

mod damage;
mod settings;
mod vectors;

use bytes::Bytes;
use nuages::{
    App,
    contrib::messages::{self, Level, Messages},
    http::Body,
    middleware::BuiltIn,
    prelude::*,
    testing::Client,
    urls::{Route, path},
};

use crate::support::site::{SECRET_KEY, Site};

const PAGE: &str = "{% for message in get_messages() %}\
                    {{ message.tags }}: {{ message.message }};{% endfor %}";

/// `?level=20&text=…&tags=…`, several times: adds messages. The level `20h` is one of HTML.
fn add(request: &mut Request) -> Result<Response> {
    let query: Vec<(String, String)> =
        request.query().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    for group in query.chunks(3) {
        let [(_, level), (_, text), (_, tags)] = group else { return Err(Error::bad_request("three each")) };
        let html = level.strip_suffix('h');
        let number: i64 = html.unwrap_or(level).parse()?;
        match html {
            Some(_) => messages::add_with_tags(request, number, Html(text.as_str()), tags)?,
            None => messages::add_with_tags(request, number, text, tags)?,
        }
    }
    Ok(redirect("/"))
}

fn save(request: &mut Request) -> Result<Response> {
    messages::success(request, "saved & done")?;
    messages::warning(request, Html("<b>look</b> out"))?;
    Ok(redirect("/"))
}

fn show(request: &mut Request) -> Result<Response> {
    render(request, "page.html", context! {})
}

fn list(request: &mut Request) -> Result<Json<Vec<messages::Message>>> {
    Ok(Json(messages::take(request)?))
}

fn routes() -> Vec<Route> {
    vec![path("add/", add), path("save/", save), path("list/", list), path("", show)]
}

/// A site whose front page shows the messages.
fn site(lines: &str) -> Site {
    let lines = format!("ALLOWED_HOSTS = [\"example.com\"]\nSESSION_ENGINE = \"file\"\n{lines}");
    Site::new(&lines).file("templates/page.html", PAGE)
}

fn client(site: &Site) -> Client {
    Client::new(site.app(routes()))
}

/// The query of `add`.
fn query<'a>(level: &'a str, text: &'a str, tags: &'a str) -> [(&'a str, &'a str); 3] {
    [("level", level), ("text", text), ("tags", tags)]
}

#[tokio::test]
async fn messages_are_shown_once_and_leave_no_cookie() {
    let site = site("");
    let client = client(&site);
    let saved = client.get("/save/").await;
    let cookie = saved.cookie("messages").expect("the messages are in a cookie");
    assert_eq!((cookie.path.as_deref(), cookie.httponly, cookie.secure), (Some("/"), true, false));
    assert_eq!((cookie.samesite.as_deref(), cookie.max_age), (Some("Lax"), None));
    assert_eq!((saved.header("cache-control"), saved.header("vary")), (Some("private"), Some("Cookie")));
    assert!(saved.cookie("sessionid").is_none(), "a message needs no session");
    let shown = client.get("/").await;
    assert_eq!(shown.text(), "success: saved &amp; done;warning: <b>look</b> out;");
    assert_eq!((shown.header("cache-control"), shown.header("vary")), (Some("private"), Some("Cookie")));
    assert_eq!(client.cookie("messages"), None);
    let after = client.get("/").await;
    assert_eq!((&*after.text(), after.header("vary"), after.cookies().len()), ("", Some("Cookie"), 0));
}

#[tokio::test]
async fn messages_wait_for_the_page_that_shows_them() {
    let site = site("");
    let client = client(&site);
    client.get("/add/").query(&query("20", "one", "")).await;
    client.get("/add/").query(&query("40", "two", "big red")).await;
    let listed: Value = client.get("/list/").await.json().expect("JSON");
    let message = |text, level, level_tag, extra, tags| {
        json!({ "message": text, "is_html": false, "level": level, "level_tag": level_tag, "extra_tags": extra,
                "tags": tags })
    };
    let expected =
        [message("one", 20, "info", "", "info"), message("two", 40, "error", "big red", "big red error")];
    assert_eq!(listed, Value::from(expected.to_vec()));
    assert_eq!(client.get("/list/").await.text(), "[]");
    // A message that is added and shown by the same request is not stored.
    let site = site.file("templates/page.html", "");
    let both = |request: &mut Request| -> Result<String> {
        messages::info(request, "now")?;
        let count = messages::take(request)?.len();
        Ok(format!("{count} {}", messages::take(request)?.len()))
    };
    let response = Client::new(site.app(vec![path("", both)])).get("/").await;
    assert_eq!((&*response.text(), response.cookies().len()), ("1 0", 0));
}

#[tokio::test]
async fn a_template_may_ask_for_the_messages_twice() {
    let page =
        "{% if get_messages() %}<ul>{% for m in get_messages() %}{{ m.message }}{% endfor %}</ul>{% endif %}";
    let site = site("").file("templates/page.html", page);
    let client = client(&site);
    client.get("/add/").query(&query("20", "one", "")).await;
    assert_eq!(client.get("/").await.text(), "<ul>one</ul>");
    assert_eq!(client.get("/").await.text(), "");
}

#[tokio::test]
async fn messages_that_do_not_fit_the_cookie_are_in_the_session() {
    let site = site("");
    let client = client(&site);
    let texts: Vec<String> = (0..6).map(random_text).collect();
    for text in &texts {
        let added = client.get("/add/").query(&query("20", text, "")).await;
        assert!(added.cookie("messages").expect("a cookie").value.len() <= 2048);
    }
    let session = client.session().await.expect("a session");
    assert!(session.get::<String>("_messages").expect("text").is_some());
    let shown = client.get("/").await.text().into_owned();
    let expected: String = texts.iter().map(|text| format!("info: {text};")).collect();
    assert_eq!(shown, expected);
    assert_eq!(client.get("/").await.text(), "");
    let session = client.session().await.expect("a session");
    assert_eq!((session.contains_key("_messages"), client.cookie("messages")), (false, None));
}

/// 600 characters that zlib cannot compress much.
fn random_text(seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let letters = (0..600).map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b"abcdefghijklmnopqrstuvwxyz0123456789"[(state % 36) as usize])
    });
    letters.collect()
}

#[tokio::test]
async fn messages_of_a_former_key_are_read_and_those_of_another_are_not() {
    let old = site("");
    let giving = client(&old);
    giving.get("/save/").await;
    let cookie = giving.cookie("messages").expect("a cookie");
    let rotated = site(&format!("SECRET_KEY = \"new\"\nSECRET_KEY_FALLBACKS = [{SECRET_KEY:?}]"));
    for (site, text) in [
        (rotated, "success: saved &amp; done;warning: <b>look</b> out;"),
        (self::site("SECRET_KEY = \"another\""), ""),
    ] {
        let taking = client(&site);
        taking.set_cookie("messages", &cookie);
        assert_eq!(taking.get("/").await.text(), text);
        assert_eq!(taking.cookie("messages"), None, "it is removed");
    }
}

#[tokio::test]
async fn the_middleware_can_be_left_out() {
    let site = site("");
    let without = Client::new(site.app(routes()).without(BuiltIn::Messages));
    let failed = without.get("/save/").await;
    assert_eq!(failed.status(), 500);
    assert_eq!((without.get("/").await.status().as_u16(), &*without.get("/").await.text()), (200, ""));
    let bare = || site.app(routes()).without(BuiltIn::Sessions).without(BuiltIn::Authentication);
    let client = Client::new(bare());
    client.get("/save/").await;
    assert!(client.get("/").await.text().starts_with("success: saved"), "the cookie needs no session");
    let in_session = self::site("MESSAGE_STORAGE = \"session\"");
    let app = in_session.app(routes()).without(BuiltIn::Sessions).without(BuiltIn::Authentication);
    let error = app.check().expect_err("no session for the messages").to_string();
    assert!(error.contains("MESSAGE_STORAGE = \"session\": the sessions are left out"), "{error}");
    app.without(BuiltIn::Messages).check().expect("nothing needs the sessions");
}

/// A service that is no view.
#[derive(Clone)]
struct Counter;

impl tower_service::Service<http::Request<Body>> for Counter {
    type Response = http::Response<http_body_util::Full<Bytes>>;
    type Error = std::convert::Infallible;
    type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Self::Error>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let messages = request.extensions().get::<Messages>().expect("the messages");
        let session = request.extensions().get::<nuages::sessions::SessionHandle>().expect("the session");
        let seen = session.with(|session| messages.take(session)).len();
        messages.add(Level::Info, format!("seen {seen}"), "");
        std::future::ready(Ok(http::Response::new(Bytes::new().into())))
    }
}

#[tokio::test]
async fn a_mounted_service_reads_and_adds_messages() {
    let site = site("");
    let app: App = site.app(routes()).mount("counter/", Counter);
    let client = Client::new(app);
    client.get("/save/").await;
    assert_eq!(client.get("/counter/").await.status(), 200);
    assert_eq!(client.get("/").await.text(), "info: seen 2;");
}
