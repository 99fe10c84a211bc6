//! Gives each request its messages and stores them afterwards: Django's `MessageMiddleware`.

use std::sync::Arc;

use super::{
    Messages,
    cookie::{self, CookieFormat},
    queue::MessageFormat,
};
use crate::{
    BoxFuture, Result,
    http::{Request, Response},
    middleware::{Middleware, Next},
    settings::{MessageStorage, Settings},
};

/// Stores messages where `MESSAGE_STORAGE` says. A default middleware.
pub(crate) struct MessageMiddleware(Arc<MessageFormat>);

impl MessageMiddleware {
    /// Without sessions only the cookie can hold messages.
    pub(crate) fn new(settings: &Arc<Settings>, has_sessions: bool) -> Self {
        let storage = match settings.messages.storage {
            MessageStorage::Fallback if !has_sessions => MessageStorage::Cookie,
            storage => storage,
        };
        let cookie = CookieFormat::new(settings);
        Self(Arc::new(MessageFormat { settings: Arc::clone(settings), storage, cookie }))
    }
}

impl Middleware for MessageMiddleware {
    fn call<'a>(&'a self, request: &'a mut Request, next: Next<'a>) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async move {
            let cookie = request.cookies().get(cookie::NAME).map(str::to_owned);
            let messages = Messages::new(Arc::clone(&self.0), cookie);
            request.extensions_mut().insert(messages.clone());
            let mut response = next.run(request).await?;
            if messages.are_changed() {
                let clock = request.clock().clone();
                messages.store(&mut request.session, &mut response, &clock)?;
            }
            Ok(response)
        })
    }
}
