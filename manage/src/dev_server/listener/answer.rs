//! Answers one request: waits until there is a program for it, and passes it on; or says what is wrong.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout},
};

use super::{
    access::{accepts_html, host, is_document, is_local, is_repeatable},
    body::{ServerBody, boxed, plain, response},
    forward::{Unreachable, forward},
    inject::{Visit, inject},
    tools,
};
use crate::dev_server::{
    fault::Fault,
    pages::{self, DevPage, Pages},
    state::{DevSite, SitePhase, Unanswered},
    watch::Watcher,
};

/// How long a page waits for the new program before it shows how far the build is.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long to wait for word of a program that cannot be reached.
const WORD_OF_THE_END: Duration = Duration::from_secs(1);

/// What every request needs.
pub(crate) struct Front {
    pub(crate) site: Arc<DevSite>,
    pub(crate) watcher: Arc<Watcher>,
    pub(crate) pages: Pages,
}

/// The facts about a request that decide how it is answered if there is no program.
struct Client {
    /// May see source code: a browser or a tool on this machine.
    local: bool,
    /// A page that may be loaded again.
    patient: bool,
    html: bool,
    path: String,
}

impl Front {
    /// Answers a request.
    pub(super) async fn answer(&self, peer: SocketAddr, request: Request<Incoming>) -> Response<ServerBody> {
        if request.uri().path().starts_with(tools::PREFIX) {
            return tools::answer(&self.site, peer, request).await;
        }
        let client = Client {
            local: is_local(peer, request.headers()),
            patient: is_repeatable(request.method()) && is_document(&request),
            html: accepts_html(request.headers()),
            path: request.uri().path().to_owned(),
        };
        let deadline = Instant::now() + PATIENCE;
        let mut phases = self.site.phases();
        let mut request = request;
        loop {
            // A change that was saved before the request is in its response.
            self.watcher.look().await;
            let entered = match self.wait(&mut phases, &client, deadline).await {
                Ok(entered) => entered,
                Err(response) => return *response,
            };
            match self.pass_on(entered, peer, request, &client).await {
                Ok(response) => return response,
                Err(Unreachable(back)) => {
                    // It has just ended: the phase will say so.
                    request = back;
                    if timeout(WORD_OF_THE_END, phases.changed()).await.is_err() {
                        return plain(StatusCode::BAD_GATEWAY, "The program does not answer.\n");
                    }
                }
            }
        }
    }

    /// Waits until a program runs. The error is the response if there will be none, or not soon.
    async fn wait(
        &self,
        phases: &mut watch::Receiver<SitePhase>,
        client: &Client,
        deadline: Instant,
    ) -> Result<Unanswered, Box<Response<ServerBody>>> {
        loop {
            match DevSite::enter(phases) {
                Ok(entered) => return Ok(entered),
                Err(SitePhase::Broken(fault)) => return Err(Box::new(self.explain(&fault, client))),
                Err(SitePhase::Ending) => {
                    let text = "The development server has ended.\n";
                    return Err(Box::new(closing(plain(StatusCode::SERVICE_UNAVAILABLE, text))));
                }
                Err(_) => {}
            }
            let patience = async {
                if client.patient && client.html {
                    sleep_until(deadline).await
                } else {
                    std::future::pending().await
                }
            };
            tokio::select! {
                changed = phases.changed() => if changed.is_err() {
                    let text = "The development server has ended.\n";
                    return Err(Box::new(closing(plain(StatusCode::SERVICE_UNAVAILABLE, text))));
                },
                () = patience => return Err(Box::new(self.report_build(client))),
            }
        }
    }

    async fn pass_on(
        &self,
        entered: Unanswered,
        peer: SocketAddr,
        mut request: Request<Incoming>,
        client: &Client,
    ) -> Result<Response<ServerBody>, Unreachable> {
        let version = Arc::clone(entered.version());
        let is_page = client.local && version.debug && is_document(&request);
        let visit = host(request.headers()).filter(|_| is_page).map(|host| Visit {
            method: request.method().clone(),
            host: host.to_owned(),
            live: *self.site.live.borrow(),
        });
        if visit.is_some() {
            // The script cannot be added to a compressed page.
            request.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        let answered = forward(&version, peer, request).await?;
        drop(entered);
        let response = match answered {
            Ok(response) => response,
            Err(_) => {
                self.hear_of_the_end().await;
                let text = "The program ended before it answered.\n";
                return Ok(plain(StatusCode::BAD_GATEWAY, text));
            }
        };
        let failed = response.status().is_server_error();
        if let Some(visit) = &visit {
            if failed && client.patient && !version.unapplied.is_empty() {
                let page = self.pages.migrations(&self.site, &version.unapplied, &client.path);
                return Ok(show(response.status(), page));
            }
            return Ok(inject(response, visit).await);
        }
        Ok(response.map(boxed))
    }

    /// Waits until the phase says that the program has ended, so that the next request is not passed on to it.
    async fn hear_of_the_end(&self) {
        let mut phases = self.site.phases();
        if DevSite::enter(&mut phases).is_ok() {
            // A program that closed a connection and runs on says nothing.
            let _ = timeout(WORD_OF_THE_END, phases.changed()).await;
        }
    }

    /// Says how far the build is.
    fn report_build(&self, client: &Client) -> Response<ServerBody> {
        let mut response = if client.local {
            show(StatusCode::SERVICE_UNAVAILABLE, self.pages.building(&self.site))
        } else {
            plain(StatusCode::SERVICE_UNAVAILABLE, "The site is being built. Try again soon.\n")
        };
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        response
    }

    /// Says why there is no program.
    fn explain(&self, fault: &Fault, client: &Client) -> Response<ServerBody> {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        if !client.local {
            return plain(status, "The site cannot be built. Its terminal says why.\n");
        }
        if client.html {
            return show(status, self.pages.fault(&self.site, fault, &client.path));
        }
        plain(status, pages::fault_text(fault))
    }
}

/// Makes the response that shows a page.
fn show(status: StatusCode, page: DevPage) -> Response<ServerBody> {
    let mut response = response(status, "text/html; charset=utf-8", page.html);
    let policy = HeaderValue::from_static(pages::POLICY);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

fn closing(mut response: Response<ServerBody>) -> Response<ServerBody> {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
