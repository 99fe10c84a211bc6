//! Passes one request on to the program, over a connection of its own: bodies are streamed, and an upgraded
//! connection becomes a tunnel.
//!
//! A connection that served several requests could be closed by the program just when the next one is sent.

use std::net::SocketAddr;

use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Version, header};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use nuages::BoxError;
use tokio::net::TcpStream;

use crate::dev_server::{protocol::CLIENT_HEADER, state::RunningProgram};

/// The program could not be reached. The request was not sent and can be sent again.
pub(super) struct Unreachable(pub(super) Request<Incoming>);

/// Headers that concern one connection alone (RFC 9110, section 7.6.1).
const HOP_BY_HOP: [HeaderName; 6] = [
    header::CONNECTION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// Sends the request to the program and returns the head of its response.
///
/// # Errors
///
/// The outer error is that the program cannot be reached, the inner one that it did not answer.
pub(super) async fn forward(
    program: &RunningProgram,
    peer: SocketAddr,
    mut request: Request<Incoming>,
) -> Result<Result<Response<Incoming>, BoxError>, Unreachable> {
    let Ok(stream) = TcpStream::connect(program.address).await else { return Err(Unreachable(request)) };
    // Without it the body of a small request would wait for an acknowledgement.
    let _ = stream.set_nodelay(true);
    let handshake = http1::Builder::new().preserve_header_case(true).handshake(TokioIo::new(stream)).await;
    let Ok((mut sender, connection)) = handshake else { return Err(Unreachable(request)) };
    tokio::spawn(async move {
        // An error ends the response, which the client sees.
        let _ = connection.with_upgrades().await;
    });
    let upgrade = wanted_upgrade(request.headers());
    let client = upgrade.is_some().then(|| hyper::upgrade::on(&mut request));
    prepare(&mut request, program, peer, upgrade);
    Ok(exchange(&mut sender, request, client).await.map_err(Into::into))
}

async fn exchange(
    sender: &mut http1::SendRequest<Incoming>,
    request: Request<Incoming>,
    client: Option<hyper::upgrade::OnUpgrade>,
) -> hyper::Result<Response<Incoming>> {
    let mut response = sender.send_request(request).await?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        if let Some(client) = client {
            let program = hyper::upgrade::on(&mut response);
            tokio::spawn(tunnel(client, program));
        }
    } else {
        HOP_BY_HOP.iter().for_each(|name| drop(response.headers_mut().remove(name)));
    }
    *response.version_mut() = Version::HTTP_11;
    Ok(response)
}

/// Copies bytes both ways until both sides have ended.
async fn tunnel(client: hyper::upgrade::OnUpgrade, program: hyper::upgrade::OnUpgrade) {
    let (Ok(client), Ok(program)) = tokio::join!(client, program) else { return };
    let (mut client, mut program) = (TokioIo::new(client), TokioIo::new(program));
    // An error is the end of one side.
    let _ = tokio::io::copy_bidirectional(&mut client, &mut program).await;
}

/// The protocol that the client wants to change to, if it does.
fn wanted_upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    let connection = headers.get(header::CONNECTION)?.to_str().ok()?;
    let wants = connection.split(',').any(|word| word.trim().eq_ignore_ascii_case("upgrade"));
    headers.get(header::UPGRADE).filter(|_| wants).cloned()
}

fn prepare(
    request: &mut Request<Incoming>,
    program: &RunningProgram,
    peer: SocketAddr,
    upgrade: Option<HeaderValue>,
) {
    *request.version_mut() = Version::HTTP_11;
    // `GET http://host/path` names the host twice; the program reads the header.
    let path = request.uri().path_and_query().filter(|_| request.uri().authority().is_some());
    if let Some(Ok(path)) = path.map(|path| path.as_str().parse()) {
        *request.uri_mut() = path;
    }
    let headers = request.headers_mut();
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .filter(|name| *name != header::HOST && *name != header::CONTENT_LENGTH)
        .collect();
    HOP_BY_HOP.iter().chain(&named).for_each(|name| drop(headers.remove(name)));
    // hyper answers it as soon as the body is read.
    headers.remove(header::EXPECT);
    // A client cannot choose its address.
    headers.remove(CLIENT_HEADER);
    if let Ok(value) = HeaderValue::from_str(&format!("{} {peer}", program.token)) {
        headers.insert(CLIENT_HEADER, value);
    }
    match upgrade {
        Some(protocol) => {
            headers.insert(header::UPGRADE, protocol);
            headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        }
        // The program then closes the connection without waiting for another request.
        None => drop(headers.insert(header::CONNECTION, HeaderValue::from_static("close"))),
    }
}
