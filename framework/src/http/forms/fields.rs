//! The fields of a query string or an urlencoded form. They are counted before they are parsed.

use serde::de::DeserializeOwned;

use super::FormError;

/// Refuses more than `limit` fields.
pub(crate) fn check_fields(text: &[u8], limit: Option<usize>) -> Result<(), FormError> {
    let fields = text.iter().filter(|&&byte| byte == b'&').count() + usize::from(!text.is_empty());
    match limit {
        Some(limit) if fields > limit => Err(FormError::TooManyFields(limit)),
        _ => Ok(()),
    }
}

pub(crate) fn parse_form<T: DeserializeOwned>(text: &[u8]) -> Result<T, FormError> {
    let deserializer = serde_html_form::Deserializer::from_bytes(text);
    serde_path_to_error::deserialize(deserializer).map_err(|error| FormError::Form {
        field: Some(error.path().to_string()).filter(|path| path != "."),
        source: error.into_inner(),
    })
}
