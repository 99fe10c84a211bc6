//! Builds an application from its configuration, once, before the first request.
//!
//! `App`'s builder methods fill a [`Plan`]; the first use turns it into a [`Ready`], or into all errors
//! that it finds.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    health::{Health, Readiness},
    layers::Wrap,
    mount::Outside,
    running::Hook,
};
use crate::{
    Clock,
    cache::Caches,
    contrib::{self, auth::AuthenticationMiddleware, messages::MessageMiddleware},
    db::Databases,
    error::capture_call_stacks,
    error_page::ErrorHandler,
    http::{CspNonce, FormMessages, Lifecycle, ReverseUrls, Site, States, add_url_function},
    middleware::{
        BuiltIn, CommonMiddleware, ContentSecurityPolicyMiddleware, CsrfMiddleware, Middleware,
        SecurityMiddleware, SessionMiddleware, XFrameOptionsMiddleware,
    },
    sessions::{EngineParts, SessionEngine, StoreFactory},
    settings::{ConfigError, MessageStorage, Settings, SettingsErrors},
    templates::Templates,
    urls::{Converter, Resolver, Route},
};

/// The configuration that the builder methods of `App` collect.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) settings: Arc<Settings>,
    pub(super) routes: Vec<Route>,
    pub(super) middleware: Vec<Arc<dyn Middleware>>,
    pub(super) outer_middleware: Vec<Arc<dyn Middleware>>,
    pub(super) left_out: Vec<BuiltIn>,
    pub(super) layers: Vec<Wrap>,
    pub(super) outside: Vec<Arc<Outside>>,
    pub(super) engines: BTreeMap<String, StoreFactory>,
    pub(super) converters: Vec<Converter>,
    pub(super) clock: Clock,
    pub(super) health_checks: bool,
    pub(super) form_messages: FormMessages,
    pub(super) error_handler: Option<ErrorHandler>,
    pub(super) states: States,
    pub(super) on_start: Vec<Hook>,
    pub(super) on_stop: Vec<Hook>,
}

/// A built application, ready to answer requests.
pub(super) struct Ready {
    pub(super) chain: Vec<Arc<dyn Middleware>>,
    pub(super) resolver: Arc<Resolver>,
    pub(super) outside: Vec<Arc<Outside>>,
    pub(super) sessions: SessionEngine,
    pub(super) site: Arc<Site>,
    pub(super) error_handler: Option<ErrorHandler>,
}

impl Plan {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings: Arc::new(settings),
            routes: Vec::new(),
            middleware: Vec::new(),
            outer_middleware: Vec::new(),
            left_out: Vec::new(),
            layers: Vec::new(),
            outside: Vec::new(),
            engines: BTreeMap::new(),
            converters: Vec::new(),
            clock: Clock::system(),
            health_checks: false,
            form_messages: FormMessages::default(),
            error_handler: None,
            states: States::default(),
            on_start: Vec::new(),
            on_stop: Vec::new(),
        }
    }

    /// Builds the application, or returns everything that is wrong with its configuration.
    pub(super) fn build(&self) -> Result<Ready, SettingsErrors> {
        let settings = &self.settings;
        if settings.debug {
            capture_call_stacks();
        }
        let mut errors = Vec::new();
        let databases = keep(&mut errors, self.databases());
        let caches = keep(&mut errors, Caches::open(settings, self.clock.clone()));
        let (clock, registered) = (self.clock.clone(), &self.engines);
        let parts = EngineParts {
            settings,
            databases: databases.as_ref(),
            caches: caches.as_ref(),
            clock,
            registered,
        };
        let sessions = SessionEngine::open(&parts).map_err(|error| errors.extend(error)).ok();
        let resolver = self.resolver(&mut errors);
        let security = keep(&mut errors, SecurityMiddleware::new(settings));
        let frames = keep(&mut errors, XFrameOptionsMiddleware::new(settings));
        let temp_dir = &settings.uploads.temp_dir;
        // The system's own folder may be missing in a container that takes no uploads.
        if *temp_dir != std::env::temp_dir() && !temp_dir.is_dir() {
            let message = format!("{} is not a folder", temp_dir.display());
            errors.push(ConfigError::new("FILE_UPLOAD_TEMP_DIR", message));
        }
        let mut templates = Templates::new(settings);
        if !settings.debug {
            let broken = templates.check().into_iter();
            errors.extend(broken.map(|error| ConfigError::new("TEMPLATE_DIRS", error.to_string())));
        }
        let (Some(databases), Some(caches), Some(sessions), Some(resolver), Some(security), Some(frames)) =
            (databases, caches, sessions, resolver, security, frames)
        else {
            return Err(SettingsErrors(errors));
        };
        let urls: Arc<dyn ReverseUrls> = Arc::clone(&resolver) as _;
        add_url_function(templates.environment_mut(), Arc::clone(&urls));
        contrib::messages::add_function(templates.environment_mut());
        // The order is that of Django's startproject.
        let left_out = |middleware: &BuiltIn| self.left_out.contains(middleware);
        let policies = ContentSecurityPolicyMiddleware::new(settings);
        let without_policies = policies.is_idle();
        let messages = MessageMiddleware::new(settings, !left_out(&BuiltIn::Sessions));
        let default: [(BuiltIn, Arc<dyn Middleware>); 8] = [
            (BuiltIn::Security, Arc::new(security)),
            (BuiltIn::ContentSecurityPolicy, Arc::new(policies)),
            (BuiltIn::Sessions, Arc::new(SessionMiddleware::new(sessions.clone(), Arc::clone(settings)))),
            (BuiltIn::Common, Arc::new(CommonMiddleware)),
            (BuiltIn::Csrf, Arc::new(CsrfMiddleware::new(settings))),
            (BuiltIn::Authentication, Arc::new(AuthenticationMiddleware)),
            (BuiltIn::Messages, Arc::new(messages)),
            (BuiltIn::Clickjacking, Arc::new(frames)),
        ];
        if left_out(&BuiltIn::Sessions) && !left_out(&BuiltIn::Authentication) {
            let message = "the users come from the sessions, which are left out";
            let hint = "add .without(BuiltIn::Authentication), or remove .without(BuiltIn::Sessions)";
            errors.push(ConfigError::new("middleware", message).with_hint(hint));
        }
        if settings.csrf.use_sessions && left_out(&BuiltIn::Sessions) && !left_out(&BuiltIn::Csrf) {
            let message = "the sessions are left out, which the CSRF secret would be kept in";
            let hint = "remove it, add .without(BuiltIn::Csrf), or remove .without(BuiltIn::Sessions)";
            errors.push(settings.error("CSRF_USE_SESSIONS", message).with_hint(hint));
        }
        let in_session = settings.messages.storage == MessageStorage::Session;
        if in_session && left_out(&BuiltIn::Sessions) && !left_out(&BuiltIn::Messages) {
            let message = "the sessions are left out, which messages would be kept in";
            let hint =
                "write \"cookie\", add .without(BuiltIn::Messages), or remove .without(BuiltIn::Sessions)";
            errors.push(settings.error("MESSAGE_STORAGE", message).with_hint(hint));
        }
        let mut chain = self.outer_middleware.clone();
        let skipped =
            |name: &BuiltIn| left_out(name) || (without_policies && *name == BuiltIn::ContentSecurityPolicy);
        chain
            .extend(default.into_iter().filter(|(name, _)| !skipped(name)).map(|(_, middleware)| middleware));
        chain.extend(self.middleware.iter().cloned());
        let site = Site {
            settings: Arc::clone(settings),
            urls,
            templates,
            request_vars: vec![
                contrib::auth::TEMPLATE_VAR,
                contrib::messages::TEMPLATE_VAR,
                CspNonce::TEMPLATE_VAR,
            ],
            databases,
            caches,
            clock: self.clock.clone(),
            form_messages: self.form_messages.clone(),
            states: self.states.clone(),
            lifecycle: Lifecycle::default(),
        };
        let mut outside = self.outside.clone();
        for (prefix, files) in contrib::staticfiles::StaticFiles::from_settings(settings) {
            outside.push(Arc::new(Outside::new(&prefix, files)));
        }
        if self.health_checks {
            let readiness = Readiness { databases: site.databases.clone(), sessions: sessions.clone() };
            let free =
                |path: &str| !resolver.is_valid_path(path) && !resolver.is_valid_path(&format!("{path}/"));
            outside.extend(free("healthz").then(|| Arc::new(Outside::new("healthz", Health))));
            outside.extend(free("readyz").then(|| Arc::new(Outside::new("readyz", readiness))));
        }
        SettingsErrors(errors).or(Ready {
            chain,
            resolver,
            outside,
            sessions,
            site: Arc::new(site),
            error_handler: self.error_handler.clone(),
        })
    }

    fn databases(&self) -> Result<Databases, SettingsErrors> {
        Databases::open(&self.settings)
            .map_err(|error| ConfigError::new("DATABASES", error.to_string()).into())
    }

    fn resolver(&self, errors: &mut Vec<ConfigError>) -> Option<Arc<Resolver>> {
        match Resolver::new(self.routes.clone(), self.converters.clone()) {
            Ok(resolver) => {
                for warning in
                    resolver.warnings().iter().filter(|warning| !self.settings.is_silenced(warning.id))
                {
                    tracing::warn!(target: "nuages.urls", "{warning}");
                }
                Some(Arc::new(resolver))
            }
            Err(found) => {
                errors.extend(found.0.iter().map(|error| ConfigError::new("URLs", error.to_string())));
                None
            }
        }
    }
}

fn keep<T>(errors: &mut Vec<ConfigError>, made: Result<T, impl Into<SettingsErrors>>) -> Option<T> {
    match made {
        Ok(value) => Some(value),
        Err(error) => {
            errors.extend(error.into().0);
            None
        }
    }
}
