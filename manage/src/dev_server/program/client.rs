//! Takes the address of the client from the supervisor, which stands between.
//!
//! Each request carries the token of this run. Other programs on the machine do not know it: what they send to
//! the private port is rejected, so that no address can be forged.

use std::{
    net::SocketAddr,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response, StatusCode};
use nuages::{App, BoxFuture, http::Body};
use tower_service::Service;

use crate::dev_server::protocol::{CLIENT_HEADER, same_token};

/// The application, behind a supervisor.
#[derive(Clone)]
pub(crate) struct Handed {
    app: App,
    token: Arc<str>,
}

impl Handed {
    pub(crate) fn new(app: App, token: &str) -> Self {
        Self { app, token: token.into() }
    }

    /// Returns the client's address, if the request comes from the supervisor.
    fn client(&self, request: &Request<Body>) -> Option<SocketAddr> {
        let (token, client) = request.headers().get(CLIENT_HEADER)?.to_str().ok()?.split_once(' ')?;
        if !same_token(token, &self.token) {
            return None;
        }
        client.parse().ok()
    }
}

impl Service<Request<Body>> for Handed {
    type Response = Response<Body>;
    type Error = std::convert::Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        match self.client(&request) {
            Some(client) => {
                request.headers_mut().remove(CLIENT_HEADER);
                request.extensions_mut().insert(client);
                Box::pin(self.app.call(request))
            }
            None => Box::pin(async {
                let mut response =
                    Response::new(Body::from("This port is for the development server alone.\n"));
                *response.status_mut() = StatusCode::FORBIDDEN;
                Ok(response)
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use nuages::{http as web, settings::Settings, urls::path};

    use super::*;

    /// Sends a request with this header, and returns the status and the address that the view saw.
    async fn ask(header: Option<&str>) -> (StatusCode, String) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("settings.toml");
        let text = "SECRET_KEY = \"x\"\nDEBUG = true\nSESSION_ENGINE = \"signed_cookies\"\n";
        std::fs::write(&file, text).expect("written");
        let settings = Settings::load_with(&file, []).expect("sound settings");
        let view = |request: &mut web::Request| {
            let hidden = request.headers().get(CLIENT_HEADER).is_none();
            format!("{:?} {hidden}", request.remote_addr())
        };
        let mut service = Handed::new(App::new(settings).urls(vec![path("", view)]), "secret");
        let mut request = Request::builder().uri("/").header("host", "localhost");
        if let Some(header) = header {
            request = request.header(CLIENT_HEADER, header);
        }
        let answered = service.call(request.body(Body::default()).expect("a request")).await;
        let response = answered.expect("it never fails");
        let text = response.body().as_bytes().unwrap_or_default();
        (response.status(), String::from_utf8_lossy(text).into_owned())
    }

    #[tokio::test]
    async fn the_client_is_the_one_that_the_supervisor_names() {
        let (status, text) = ask(Some("secret 192.0.2.7:4000")).await;
        assert_eq!((status, text.as_str()), (StatusCode::OK, "Some(192.0.2.7) true"));
    }

    #[tokio::test]
    async fn requests_without_the_token_are_rejected() {
        for wrong in [None, Some(""), Some("secret"), Some("guess 127.0.0.1:1"), Some("secret nowhere")] {
            assert_eq!(ask(wrong).await.0, StatusCode::FORBIDDEN, "{wrong:?}");
        }
    }
}
