//! A view with middleware of its own, which its route or an enclosing `include` gave it.

use std::sync::Arc;

use super::{Middleware, Next};
use crate::{
    BoxFuture, Result,
    http::{Request, Response},
    view::{View, described_by},
};

/// A view inside middleware.
pub(crate) struct Wrapped {
    chain: Vec<Arc<dyn Middleware>>,
    view: Arc<dyn View>,
}

impl Wrapped {
    /// Puts a view inside this middleware, the outermost first.
    pub(crate) fn around(chain: Vec<Arc<dyn Middleware>>, view: Arc<dyn View>) -> Arc<dyn View> {
        if chain.is_empty() { view } else { Arc::new(Self { chain, view }) }
    }
}

impl View for Wrapped {
    described_by!(view);

    fn call<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<Response>> {
        Box::pin(Next::new(&self.chain, &*self.view).run(request))
    }
}
