//! The state that the views of an application share: one value of each type.

use std::{
    any::{Any, TypeId, type_name},
    collections::HashMap,
    fmt,
    sync::Arc,
};

/// No `App::state` call gave a value of this type.
///
/// # Examples
///
/// ```
/// use nuages::http::{MissingState, Response};
///
/// fn lacks_state(response: &Response) -> bool {
///     response.error().is_some_and(|error| error.downcast_ref::<MissingState>().is_some())
/// }
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[error("no state of the type `{0}`: add `.state(..)` with such a value to the App, in src/main.rs")]
pub struct MissingState(&'static str);

/// The values, by their types.
#[derive(Clone, Default)]
pub(crate) struct States(HashMap<TypeId, Arc<dyn Any + Send + Sync>>);

impl States {
    pub(crate) fn insert<T: Send + Sync + 'static>(&mut self, value: T) {
        self.0.insert(TypeId::of::<T>(), Arc::new(value));
    }

    pub(crate) fn get<T: Send + Sync + 'static>(&self) -> Result<Arc<T>, MissingState> {
        let value = self.0.get(&TypeId::of::<T>()).cloned();
        let value = value.and_then(|value| value.downcast::<T>().ok());
        value.ok_or(MissingState(type_name::<T>()))
    }
}

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} states", self.0.len())
    }
}
