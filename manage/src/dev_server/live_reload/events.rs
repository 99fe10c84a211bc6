//! The events of open pages, as server-sent events: the state of the site, and how far a build is.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame};
use serde_json::json;
use tokio::sync::mpsc;

use crate::dev_server::state::{DevSite, SitePhase};

/// How often a line shows a connection that it is alive, and us that the page is gone.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How often the progress of a build is sent.
const PROGRESS: Duration = Duration::from_millis(250);

/// The body of a stream of events. It ends when the page closes its connection.
pub(crate) struct ReloadEvents(mpsc::Receiver<String>);

impl ReloadEvents {
    /// Begins with the state now.
    pub(crate) fn new(site: &DevSite) -> Self {
        let (sender, receiver) = mpsc::channel(8);
        let (mut phases, mut live) = (site.phases(), site.live.subscribe());
        let progress = site.progress.subscribe();
        tokio::spawn(async move {
            loop {
                let phase = phases.borrow_and_update().clone();
                let state = *live.borrow_and_update();
                let building = match phase {
                    SitePhase::Building => {
                        let progress = progress.borrow();
                        json!({
                            "done": progress.done, "total": progress.total, "current": progress.current,
                            "blocked": progress.blocked,
                            "seconds": progress.since.map(|since| since.elapsed().as_secs_f64()),
                        })
                    }
                    SitePhase::Starting => json!({ "starting": true }),
                    SitePhase::Ending => return,
                    SitePhase::Running(_) | SitePhase::Broken(_) => json!(null),
                };
                let pause = if building.is_null() { KEEP_ALIVE } else { PROGRESS };
                let event = json!({ "page": state.page, "css": state.css, "building": building });
                if sender.send(format!("data: {event}\n\n")).await.is_err() {
                    return;
                }
                tokio::select! {
                    changed = phases.changed() => if changed.is_err() { return },
                    changed = live.changed() => if changed.is_err() { return },
                    () = tokio::time::sleep(pause) => {}
                    () = sender.closed() => return,
                }
            }
        });
        Self(receiver)
    }
}

impl HttpBody for ReloadEvents {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.poll_recv(cx).map(|event| event.map(|event| Ok(Frame::data(event.into()))))
    }
}
