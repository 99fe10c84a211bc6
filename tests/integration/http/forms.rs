//! Bodies: urlencoded forms, JSON, limits.

use bytes::Bytes;
use http::{Method, StatusCode, header};
use nuages::{App, http::QueryDict, prelude::*, urls::path, view::csrf_exempt};

use crate::support::asking::{Answer, app, get, post_form, request, send};

#[derive(serde::Deserialize)]
struct Order {
    name: String,
    count: u32,
    #[serde(default)]
    tags: Vec<String>,
}

async fn order(request: &mut Request) -> Result<String> {
    let order: Order = request.form().await?;
    Ok(format!("{} x {} {:?}", order.count, order.name, order.tags))
}

async fn pairs(request: &mut Request) -> Result<String> {
    let form: QueryDict = request.form().await?;
    let again: QueryDict = request.form().await?;
    assert_eq!(form, again, "the body is remembered");
    Ok(format!("{:?} {:?}", form.get_list("a"), form.get("b")))
}

async fn add(request: &mut Request) -> Result<Json<i64>> {
    let numbers: Vec<i64> = request.json().await?;
    Ok(Json(numbers.iter().sum()))
}

async fn length(request: &mut Request) -> Result<String> {
    Ok(request.body().await?.len().to_string())
}

fn forms(extra: &str) -> App {
    app(
        extra,
        vec![
            path("order/", csrf_exempt(order)),
            path("pairs/", csrf_exempt(pairs)),
            path("add/", csrf_exempt(add)),
            path("length/", csrf_exempt(length)),
        ],
    )
}

async fn post(app: &App, target: &str, kind: &str, body: impl Into<Bytes>) -> Answer {
    let request = request(Method::POST, target).header(header::CONTENT_TYPE, kind).body(body.into());
    send(app, request.expect("a request")).await
}

#[tokio::test]
async fn a_form_becomes_the_projects_type() {
    let app = forms("");
    let answer = post_form(&app, "/order/", "name=J%C3%BCrgen+X&count=3&tags=a&tags=b").await;
    assert_eq!(answer.body, "3 x Jürgen X [\"a\", \"b\"]");
    assert_eq!(post_form(&app, "/pairs/", "a=1&b=&a=2&c").await.body, "[\"1\", \"2\"] Some(\"\")");
    for broken in ["name=x", "name=x&count=many", ""] {
        assert_eq!(post_form(&app, "/order/", broken).await.status, StatusCode::BAD_REQUEST, "{broken}");
    }
    let with_charset = "application/x-www-form-urlencoded; charset=UTF-8";
    assert_eq!(post(&app, "/order/", with_charset, "name=x&count=1").await.status, StatusCode::OK);
}

#[tokio::test]
async fn json_becomes_the_projects_type() {
    let app = forms("");
    assert_eq!(post(&app, "/add/", "application/json", "[1, 2]").await.body, "3");
    assert_eq!(post(&app, "/add/", "application/vnd.api+json; x=y", "[4]").await.body, "4");
    assert_eq!(post(&app, "/add/", "application/json", "[1, ").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(post(&app, "/add/", "application/json", "{}").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_body_of_another_kind_is_told_so() {
    let app = forms("DEBUG = true");
    let answer = post(&app, "/order/", "application/json", "{}").await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert!(answer.body.contains("expected application&#x2f;x-www-form-urlencoded"), "{}", answer.body);
    let none = request(Method::POST, "/add/").body("[1]").expect("a request");
    assert_eq!(send(&app, none).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn bodies_and_fields_have_limits() {
    let app = forms("DATA_UPLOAD_MAX_MEMORY_SIZE = 1000\nDATA_UPLOAD_MAX_NUMBER_FIELDS = 3");
    let ask = async |size: usize| post(&app, "/length/", "text/plain", vec![b'x'; size]).await;
    assert_eq!(ask(1000).await.body, "1000");
    assert_eq!(ask(1001).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(post_form(&app, "/pairs/", "a=1&a=2&a=3").await.status, StatusCode::OK);
    assert_eq!(post_form(&app, "/pairs/", "a=1&a=2&a=3&a=4").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(get(&app, "/length/?a&b&c").await.status, StatusCode::OK);
    assert_eq!(get(&app, "/length/?a&b&c&d").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_stream_past_the_limit_is_cut_off() {
    use http_body::Frame;
    let pieces =
        (0..1_000_000).map(|_| Ok::<_, std::io::Error>(Frame::data(Bytes::from_static(&[b'x'; 100]))));
    struct Endless<I>(I);
    impl<I: Iterator<Item = std::io::Result<Frame<Bytes>>> + Unpin> http_body::Body for Endless<I> {
        type Data = Bytes;
        type Error = std::io::Error;
        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<std::io::Result<Frame<Bytes>>>> {
            std::task::Poll::Ready(self.0.next())
        }
    }
    use tower_service::Service as _;
    let mut app = forms("DATA_UPLOAD_MAX_MEMORY_SIZE = 1000");
    let request = request(Method::POST, "/length/").body(Endless(pieces)).expect("a request");
    let Ok(response) = app.call(request).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[test]
fn a_query_becomes_the_projects_type() {
    let query = QueryDict::parse("name=a&count=2&tags=x&tags=y");
    let order: Order = query.to().expect("it fits");
    assert_eq!((order.count, order.tags.len(), query.len()), (2, 2, 5 - 1));
    assert!(QueryDict::parse("name=a").to::<Order>().is_err());
    assert_eq!(QueryDict::parse("a=%zz&b=%ff&=c&&d").get("b"), Some("\u{fffd}"));
}
