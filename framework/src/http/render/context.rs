//! The values that every template gets from the request: `request`, `user`, `csrf_token`, `csrf_input()`
//! and those that middleware set.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use minijinja::{
    Error as MiniError, State,
    value::{Enumerator, Object, ObjectRepr, Value},
};

use crate::{
    Result,
    http::{CsrfToken, QueryDict, Request},
    sessions::SessionHandle,
    templates::to_value,
};

/// The name under which functions find the request, even if a view passes another value as `request`.
const HIDDEN: &str = "__request__";

/// A value that all templates of one request get.
#[derive(Clone)]
struct TemplateVar {
    name: &'static str,
    value: Value,
    from_session: bool,
}

#[derive(Clone, Default)]
struct TemplateVars(Vec<TemplateVar>);

impl Request {
    /// Gives a value to all templates of this request. A middleware that calls it is what Django calls a
    /// context processor.
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::prelude::*;
    ///
    /// async fn with_version(request: &mut Request, next: Next<'_>) -> Result<Response> {
    ///     request.set_template_var("version", env!("CARGO_PKG_VERSION"));
    ///     next.run(request).await
    /// }
    /// ```
    pub fn set_template_var(&mut self, name: &'static str, value: impl Into<Value>) {
        let vars = self.extensions_mut().get_or_insert_default::<TemplateVars>();
        vars.0.retain(|var| var.name != name);
        vars.0.push(TemplateVar { name, value: value.into(), from_session: false });
    }
}

/// The values of a template: the view's first, then the request's.
#[derive(Debug)]
pub(super) struct Context {
    values: Value,
    request: Arc<RequestObject>,
}

impl Context {
    pub(super) fn new(values: Value, request: RequestObject) -> Self {
        Self { values, request: Arc::new(request) }
    }
}

impl Object for Context {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let given = self.values.get_attr(key).ok().filter(|value| !value.is_undefined());
        given.or_else(|| match key {
            "request" | HIDDEN => Some(Value::from_dyn_object(Arc::clone(&self.request))),
            "csrf_token" => Some(self.request.csrf_token()),
            "csrf_input" => Some(self.request.csrf_input()),
            _ => self.request.var(key),
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let own = ["request", "csrf_token", "csrf_input"].map(Value::from);
        let given = self.values.try_iter().into_iter().flatten();
        Enumerator::Values(given.chain(own).collect())
    }
}

/// `request` in templates.
pub(super) struct RequestObject {
    method: String,
    path: String,
    full_path: String,
    scheme: &'static str,
    host: String,
    query: String,
    /// `request.GET`, parsed when a template first reads it.
    get: OnceLock<Value>,
    route: Option<String>,
    session: SessionHandle,
    token: Option<CsrfToken>,
    vars: TemplateVars,
}

impl RequestObject {
    pub(super) fn of(request: &Request) -> Self {
        let mut vars = request.extension::<TemplateVars>().cloned().unwrap_or_default();
        let request_vars = request.site().request_vars.iter();
        vars.0.extend(request_vars.map(|var| TemplateVar {
            name: var.name,
            value: (var.make)(request.extensions()),
            from_session: var.from_session,
        }));
        Self {
            method: request.method().to_string(),
            path: request.path().to_owned(),
            full_path: request.full_path(),
            scheme: request.scheme(),
            host: request.checked_host().unwrap_or_default().to_owned(),
            query: request.uri().query().unwrap_or_default().to_owned(),
            get: OnceLock::new(),
            route: request.route_name().map(str::to_owned),
            session: SessionHandle::default(),
            token: request.extension::<CsrfToken>().cloned(),
            vars,
        }
    }

    pub(super) fn with_session(self, session: SessionHandle) -> Self {
        Self { session, ..self }
    }

    fn var(&self, name: &str) -> Option<Value> {
        let var = self.vars.0.iter().find(|var| var.name == name)?;
        if var.from_session {
            self.session.with(|session| session.touch());
        }
        Some(var.value.clone())
    }

    fn csrf_token(&self) -> Value {
        Value::from_object(Csrf { token: self.token.clone(), input: false })
    }

    fn csrf_input(&self) -> Value {
        Value::from_object(Csrf { token: self.token.clone(), input: true })
    }
}

impl Object for RequestObject {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        Some(match name {
            "method" => self.method.as_str().into(),
            "path" => self.path.as_str().into(),
            "full_path" | "get_full_path" => self.full_path.as_str().into(),
            "scheme" => self.scheme.into(),
            "host" | "get_host" => self.host.as_str().into(),
            "is_secure" => (self.scheme == "https").into(),
            "GET" | "query" => self
                .get
                .get_or_init(|| {
                    let query = QueryDict::parse(&self.query);
                    // Of several values the last one counts, as with `request.query().get(..)`.
                    Value::from_pairs(query.iter().map(|(name, value)| (name.to_owned(), value.to_owned())))
                })
                .clone(),
            "route_name" => self.route.as_deref().into(),
            "session" => Value::from_object(SessionObject(self.session.clone())),
            "csrf_token" => self.csrf_token(),
            _ => return self.var(name),
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(&["method", "path", "full_path", "scheme", "host", "GET", "route_name"])
    }
}

impl fmt::Debug for RequestObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// `{{ csrf_token }}`, `{{ csrf_token() }}` and `{{ csrf_input() }}`.
#[derive(Debug)]
struct Csrf {
    token: Option<CsrfToken>,
    input: bool,
}

impl Csrf {
    fn text(&self) -> String {
        let token = self.token.as_ref().map(CsrfToken::get).unwrap_or_default();
        if self.input {
            format!("<input type=\"hidden\" name=\"csrfmiddlewaretoken\" value=\"{token}\">")
        } else {
            token
        }
    }
}

impl Object for Csrf {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, _: &[Value]) -> Result<Value, MiniError> {
        Ok(Value::from_safe_string(self.text()))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// `request.session` in templates: read-only.
#[derive(Debug)]
struct SessionObject(SessionHandle);

impl Object for SessionObject {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let key = key.as_str()?;
        self.0.with(|session| session.contains_key(key).then(|| to_value(&session[key])))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.with(|session| session.keys().map(Value::from).collect()))
    }
}

/// The session that the template being rendered has borrowed; `None` outside a request.
pub(crate) fn session_of(state: &State<'_, '_>) -> Option<SessionHandle> {
    let request = state.lookup(HIDDEN)?;
    request.downcast_object_ref::<RequestObject>().map(|request| request.session.clone())
}
