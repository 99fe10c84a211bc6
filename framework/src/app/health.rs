//! `/healthz` and `/readyz`: whether the process lives, and whether its databases and its session store
//! answer. For load balancers and supervisors; outside of all middleware.
//!
//! `App::health_checks` adds them; `manage serve` calls it.

use std::{
    convert::Infallible,
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderValue, Method, Request, StatusCode, header};
use tower_service::Service;

use crate::{
    BoxError, BoxFuture,
    db::{Database, Databases},
    error_page,
    http::{Body, Response},
    sessions::{SessionEngine, SessionKey},
};

/// How long a database or the session store may take to answer.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// Whether the process lives: always 200.
#[derive(Clone)]
pub(super) struct Health;

/// Whether the site can do its work: 200, or 503 where a database or the session store does not answer.
#[derive(Clone)]
pub(super) struct Readiness {
    pub(super) databases: Databases,
    pub(super) sessions: SessionEngine,
}

impl Readiness {
    /// Returns the name of the first part that does not answer, and why.
    async fn probe(&self) -> Result<(), (String, BoxError)> {
        for alias in self.databases.aliases() {
            if let Some(database) = self.databases.get(alias) {
                within(probe_database(database))
                    .await
                    .map_err(|error| (format!("database {alias}"), error))?;
            }
        }
        // A key that no session has.
        let key = SessionKey::random();
        let probe = async { Ok(self.sessions.exists(&key).await.map(|_| ())?) };
        within(probe).await.map_err(|error| ("the session store".to_owned(), error))
    }
}

async fn probe_database(database: &Database) -> Result<(), BoxError> {
    match database {
        Database::Sqlite(sqlite) => {
            sqlite.read(|connection| connection.query_row("SELECT 1", [], |_| Ok(()))).await?;
        }
        #[cfg(feature = "postgres")]
        Database::Postgres(postgres) => drop(postgres.query_opt("SELECT 1", &[]).await?),
    }
    Ok(())
}

async fn within(probe: impl Future<Output = Result<(), BoxError>>) -> Result<(), BoxError> {
    match tokio::time::timeout(PROBE_TIMEOUT, probe).await {
        Ok(result) => result,
        Err(_) => Err(format!("no answer within {PROBE_TIMEOUT:?}").into()),
    }
}

type Answer = BoxFuture<'static, Result<http::Response<Body>, Infallible>>;

impl Service<Request<Body>> for Health {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Answer {
        let response = answer(request.method(), StatusCode::OK);
        Box::pin(async { Ok(response) })
    }
}

impl Service<Request<Body>> for Readiness {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Answer {
        let readiness = self.clone();
        Box::pin(async move {
            let status = match readiness.probe().await {
                Ok(()) => StatusCode::OK,
                Err((part, error)) => {
                    tracing::warn!(target: "nuages.health", error = &*error as &dyn std::error::Error, "not ready: {part} does not answer");
                    StatusCode::SERVICE_UNAVAILABLE
                }
            };
            Ok(answer(request.method(), status))
        })
    }
}

/// A short text that says no more than the status: the paths are open to everybody.
fn answer(method: &Method, status: StatusCode) -> http::Response<Body> {
    if *method != Method::GET && *method != Method::HEAD {
        let mut refused = error_page::bare(StatusCode::METHOD_NOT_ALLOWED);
        refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refused.into();
    }
    let text = if status == StatusCode::OK { "ok\n" } else { "unavailable\n" };
    let mut response = Response::new(text).with_status(status);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.into()
}
