//! A server on a free port, with an application that can be slow, endless, greedy or broken, and a
//! client that speaks bytes.

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use nuages::{
    http::Body,
    server::{Listener, serve_with},
    settings::Settings,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tower_service::Service;

use crate::support::{polling::until, site};

/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn settings(text: &str) -> Settings {
    site::settings(&format!("SESSION_ENGINE = \"signed_cookies\"\n{text}"))
}

/// The application of these tests. It counts the requests that it has been given.
#[derive(Clone, Default)]
pub(crate) struct Sample(Arc<AtomicUsize>);

type Answer = Result<Response<Body>, std::io::Error>;

impl Service<Request<Body>> for Sample {
    type Response = Response<Body>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), std::io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        self.0.fetch_add(1, Relaxed);
        Box::pin(answer(request))
    }
}

async fn answer(request: Request<Body>) -> Answer {
    let millis = request.uri().query().and_then(|text| text.parse().ok()).unwrap_or(0);
    match request.uri().path() {
        "/echo" => echo(request.into_body()).await,
        "/slow" => {
            sleep(Duration::from_millis(millis)).await;
            Ok(Response::new("slow".into()))
        }
        "/peer" => {
            let peer = request.extensions().get::<SocketAddr>().expect("the client's address");
            Ok(Response::new(peer.ip().to_string().into()))
        }
        "/endless" => Ok(Response::new(Body::stream(Endless))),
        "/pieces" => {
            let pieces = ["one ", "two ", "three"].map(|piece| Ok::<_, Infallible>(Bytes::from(piece)));
            Ok(Response::new(Body::stream(Pieces(pieces.into_iter()))))
        }
        "/panic" => panic!("on purpose"),
        "/panic-later" => {
            sleep(Duration::from_millis(1)).await;
            panic!("on purpose, later")
        }
        "/error" => Err(std::io::Error::other("on purpose")),
        path => Ok(Response::new(format!("{} {path}", request.method()).into())),
    }
}

/// Counts what it is sent.
async fn echo(mut body: Body) -> Answer {
    let mut count = 0;
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => count += frame.data_ref().map_or(0, Bytes::len),
            Err(error) => {
                let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
                let mut response = Response::new(format!("{kind:?} after {count}").into());
                *response.status_mut() = match kind {
                    Some(std::io::ErrorKind::TimedOut) => StatusCode::REQUEST_TIMEOUT,
                    _ => StatusCode::BAD_REQUEST,
                };
                return Ok(response);
            }
        }
    }
    Ok(Response::new(format!("{count} bytes").into()))
}

/// A body without an end.
struct Endless;

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        static BLOCK: [u8; 65_536] = [b'x'; 65_536];
        Poll::Ready(Some(Ok(http_body::Frame::data(Bytes::from_static(&BLOCK)))))
    }
}

/// A body in pieces whose length nobody knows.
struct Pieces<I>(I);

impl<I: Iterator<Item = Result<Bytes, Infallible>> + Unpin> http_body::Body for Pieces<I> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.next().map(|piece| piece.map(http_body::Frame::data)))
    }
}

/// A server that runs until it is told to stop.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    /// How many requests [`Sample`] has been given.
    begun: Arc<AtomicUsize>,
    drain: Option<oneshot::Sender<()>>,
    cut: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

pub(crate) async fn start(text: &str) -> Running {
    let sample = Sample::default();
    let begun = sample.0.clone();
    Running { begun, ..start_with(text, sample).await }
}

/// A server for another application.
pub(crate) async fn start_with<S>(text: &str, service: S) -> Running
where
    S: Service<Request<Body>, Response = Response<Body>, Future: Send> + Clone + Send + 'static,
    S::Error: Into<nuages::BoxError> + Send,
{
    let listener = Listener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr();
    let settings = settings(text).server;
    let ((drain, draining), (cut, cutting)) = (oneshot::channel(), oneshot::channel());
    let told = |receiver: oneshot::Receiver<()>| async {
        if receiver.await.is_err() {
            std::future::pending().await
        }
    };
    let task = tokio::spawn(async move {
        serve_with(listener, service, &settings, told(draining), told(cutting)).await;
    });
    Running { address, begun: Arc::default(), drain: Some(drain), cut: Some(cut), task }
}

impl Running {
    pub(crate) async fn connect(&self) -> Client {
        Client { stream: TcpStream::connect(self.address).await.expect("a connection"), read: Vec::new() }
    }

    /// Waits until the application has been given so many requests.
    pub(crate) async fn begun(&self, requests: usize) {
        until(PATIENCE, async || self.begun.load(Relaxed) >= requests).await;
    }

    /// Waits until the server has accepted every connection made so far: it accepts them in turn.
    pub(crate) async fn accepted(&self) {
        self.connect().await.get("/").await;
    }

    /// A whole exchange on a connection of its own.
    pub(crate) async fn exchange(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut client = self.connect().await;
        client.send(bytes).await;
        client.until_closed().await
    }

    pub(crate) fn drain(&mut self) {
        self.drain.take().expect("told once").send(()).expect("the server runs");
    }

    pub(crate) fn cut(&mut self) {
        self.cut.take().expect("told once").send(()).expect("the server runs");
    }

    /// Waits for the server's end.
    pub(crate) async fn ended(self) {
        timeout(PATIENCE, self.task).await.expect("it ends").expect("without a panic");
    }
}

/// A client that speaks bytes.
pub(crate) struct Client {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Client {
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.expect("the server reads");
    }

    /// Sends as long as the server takes it.
    pub(crate) async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).await.is_ok()
    }

    pub(crate) async fn close_writing(&mut self) {
        self.stream.shutdown().await.expect("half a close");
    }

    /// GET on this connection, kept alive.
    pub(crate) async fn get(&mut self, path: &str) -> String {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
        self.response().await
    }

    /// The next response whose length is given, head and body.
    pub(crate) async fn response(&mut self) -> String {
        loop {
            let text = String::from_utf8_lossy(&self.read).into_owned();
            if let Some((head, rest)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                let length = length.map_or(0, |length| length.parse().expect("a number"));
                if rest.len() >= length {
                    let end = head.len() + 4 + length;
                    self.read.drain(..end);
                    return text[..end].to_owned();
                }
            }
            let count = timeout(PATIENCE, self.stream.read_buf(&mut self.read)).await.expect("in time");
            assert_ne!(count.expect("no reset"), 0, "closed after {text:?}");
        }
    }

    /// Reads until this text has arrived, and forgets everything so far.
    pub(crate) async fn until(&mut self, text: &str) {
        while !String::from_utf8_lossy(&self.read).contains(text) {
            let count = timeout(PATIENCE, self.stream.read_buf(&mut self.read)).await.expect("in time");
            assert_ne!(count.expect("no reset"), 0, "closed before {text:?}");
        }
        self.read.clear();
    }

    /// Everything up to the end of the connection, however it ends.
    pub(crate) async fn until_closed(&mut self) -> String {
        let reading = async { while matches!(self.stream.read_buf(&mut self.read).await, Ok(1..)) {} };
        timeout(PATIENCE, reading).await.expect("the server closes");
        String::from_utf8_lossy(&std::mem::take(&mut self.read)).into_owned()
    }

    /// Takes so many bytes and forgets them.
    pub(crate) async fn skip(&mut self, mut bytes: usize) {
        let mut buffer = vec![0; 65_536];
        while bytes > 0 {
            let count = timeout(PATIENCE, self.stream.read(&mut buffer)).await.expect("in time");
            let count = count.expect("no reset");
            assert_ne!(count, 0, "closed");
            bytes = bytes.saturating_sub(count);
        }
    }

    /// Whether the server closes within `within`, saying nothing.
    pub(crate) async fn closed_within(&mut self, within: Duration) -> bool {
        timeout(within, self.until_closed()).await.is_ok_and(|said| said.is_empty())
    }
}

/// How many responses are in there.
pub(crate) fn responses(text: &str) -> usize {
    text.matches("HTTP/1.").count()
}
