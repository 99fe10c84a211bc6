//! A browser without a screen: one connection, one cookie, one request after the other.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use nuages::BoxError;
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};

/// Longer than any answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A visitor of the program.
pub struct Visitor {
    address: SocketAddr,
    connection: Option<SendRequest<Empty<Bytes>>>,
    /// The session cookie's value.
    pub cookie: Option<String>,
}

/// What a visitor was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<String>,
    /// Whether the answer told the browser anything about cookies.
    pub sets_cookie: bool,
    /// The body, if it is JSON.
    pub body: Value,
    pub took: Duration,
}

impl Answer {
    /// The session's counter after `/count/` or `/session/`; 0 where there is none.
    pub fn count(&self) -> u64 {
        self.body["data"]["count"].as_u64().unwrap_or_default()
    }

    /// # Panics
    ///
    /// Unless this is a 503 with Retry-After that leaves the visitor's cookie alone.
    #[track_caller]
    pub fn assert_unavailable(&self) {
        assert_eq!(self.status, 503, "{self:?}");
        let seconds = self.retry_after.as_deref().and_then(|text| text.parse::<u32>().ok());
        assert!(seconds.is_some_and(|seconds| seconds > 0), "{self:?}");
        assert!(!self.sets_cookie, "{self:?}");
    }

    /// # Panics
    ///
    /// As [`Answer::assert_unavailable`], and unless it came in time.
    #[cfg(any(feature = "postgres", feature = "redis"))]
    #[track_caller]
    pub fn assert_unavailable_within(&self, time: Duration) {
        self.assert_unavailable();
        assert!(self.took < time, "{:?}", self.took);
        eprintln!("503 after {:.1?}", self.took);
    }

    /// # Panics
    ///
    /// Unless this is a 200 in whose session the counter stands at `count`.
    #[track_caller]
    pub fn assert_count(&self, count: u64) {
        assert_eq!((self.status, self.count()), (200, count), "{self:?}");
    }
}

impl Visitor {
    pub fn new(address: SocketAddr) -> Self {
        Self { address, connection: None, cookie: None }
    }

    /// The same visitor, to whom the site has moved.
    pub fn moved_to(mut self, other: &Self) -> Self {
        self.address = other.address;
        self.connection = None;
        self
    }

    /// Another visitor with the same cookie, on a connection of its own.
    pub fn twin(&self) -> Self {
        Self { address: self.address, connection: None, cookie: self.cookie.clone() }
    }

    /// Asks for a page that the server must answer.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.try_get(path).await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Asks for a page of a server that may die meanwhile.
    pub async fn try_get(&mut self, path: &str) -> Result<Answer, BoxError> {
        let begun = Instant::now();
        let answer = timeout(PATIENCE, self.ask(path)).await;
        let (status, headers, body) = answer.expect("no answer in half a minute")?;
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let mut sets_cookie = false;
        for cookie in headers.get_all("set-cookie") {
            let text = cookie.to_str()?;
            if let Some((value, _)) = text.strip_prefix("sessionid=").and_then(|rest| rest.split_once(';')) {
                self.cookie = Some(value.to_owned()).filter(|value| value != "\"\"");
                sets_cookie = true;
            }
        }
        Ok(Answer {
            status,
            retry_after: header("retry-after").map(str::to_owned),
            sets_cookie,
            body: serde_json::from_slice(&body).unwrap_or_default(),
            took: begun.elapsed(),
        })
    }

    /// Asks for the session until it is shown, `within` at most.
    ///
    /// # Panics
    ///
    /// Where it is not, and where an answer before it is anything but a 503.
    #[cfg(any(feature = "postgres", feature = "redis"))]
    pub async fn wait_for_the_session(&mut self, within: Duration) -> Answer {
        let begun = Instant::now();
        loop {
            let answer = self.get("/session/").await;
            assert!(begun.elapsed() < within, "not back after {:?}", begun.elapsed());
            if answer.status == 200 {
                eprintln!("back after {:.1?}", begun.elapsed());
                return answer;
            }
            answer.assert_unavailable();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn ask(&mut self, path: &str) -> Result<(u16, http::HeaderMap, Bytes), BoxError> {
        let mut connection = match self.connection.take().filter(|connection| !connection.is_closed()) {
            Some(connection) => connection,
            None => {
                let stream = TcpStream::connect(self.address).await?;
                stream.set_nodelay(true)?;
                let (sender, driver) = handshake(TokioIo::new(stream)).await?;
                // How the connection ends is seen by the request on it.
                tokio::spawn(async move { drop(driver.await) });
                sender
            }
        };
        connection.ready().await?;
        let mut request = http::Request::get(path).header("Host", self.address.to_string());
        if let Some(cookie) = &self.cookie {
            request = request.header("Cookie", format!("sessionid={cookie}"));
        }
        let response = connection.send_request(request.body(Empty::new())?).await?;
        let (head, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        self.connection = Some(connection);
        Ok((head.status.as_u16(), head.headers, body))
    }
}
