//! A database's error as the store's.

use crate::{db::DbError, sessions::store::StoreError};

/// The sessions' table is not there.
#[derive(Debug, thiserror::Error)]
#[error("the table django_session is missing: run `manage migrate`")]
struct MissingTable(#[source] DbError);

/// Wraps a database's error; a missing table gets the advice to run `manage migrate`.
pub(super) fn failed(action: &'static str) -> impl FnOnce(DbError) -> StoreError {
    move |error| {
        if error.is_missing_table() {
            StoreError::new(action, MissingTable(error))
        } else {
            StoreError::new(action, error)
        }
    }
}
