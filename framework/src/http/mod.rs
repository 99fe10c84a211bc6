//! Requests, responses, forms and URLs.
//!
//! Built on `sessions` and `templates`; `view`, `middleware`, `urls` and `app` use it.

mod accept;
mod body;
mod csp_nonce;
mod file;
mod form;
mod forms;
mod multipart;
mod render;
mod request;
mod response;
mod server_link;
mod site;
mod state;
mod stop;
mod stream;
pub(crate) mod url;

pub use body::Body;
pub(crate) use csp_nonce::CspNonce;
pub use file::FileResponse;
pub(crate) use file::{OpenFile, blocking, with_file};
pub(crate) use form::FormMessages;
pub use form::{
    CheckboxKind, ChoiceKind, ChoicesKind, DecimalKind, Field, FileKind, FloatKind, Form, FormList,
    FormMessage, IntegerKind, MomentKind, TextKind,
};
pub use forms::FormError;
pub(crate) use forms::{check_fields, is_form, is_json};
pub(crate) use multipart::is_multipart;
pub use multipart::{SaveError, UploadedFile};
pub(crate) use render::{add_url_function, session_of};
pub use render::{redirect, render, render_to_string};
pub use request::{Cookies, CsrfToken, HostError, QueryDict, Request, Secure};
pub(crate) use request::{MatchedRoute, csrf_token, host};
pub(crate) use response::join;
pub use response::{
    CookieError, DisallowedRedirect, HeaderError, Html, IntoResponse, Json, Response, SetCookie, Validators,
    http_date, parse_http_date,
};
pub(crate) use server_link::{RequestLink, ServerLink};
pub(crate) use site::{RequestVar, ReverseUrls, Site};
pub use state::MissingState;
pub(crate) use state::States;
pub(crate) use stop::Lifecycle;
pub use stop::Stop;
pub use stream::{Event, EventError, EventSender, Events, StreamSender};
pub(crate) use url::encoding;
pub use url::{UrlArgs, UrlValues, url_has_allowed_host_and_scheme};
