//! The text of a panic, for the error or the log line that reports it.
//!
//! Used wherever a panic is caught: around views, around the application, and in the database writer.

use std::any::Any;

/// The message of a caught panic, or a note that it has none: `panic!` accepts other values than text.
pub(crate) fn panic_message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use std::panic::panic_any;

    use super::panic_message;

    #[test]
    fn every_kind_of_panic_has_a_message() {
        let message = |panicking: fn()| {
            let payload = std::panic::catch_unwind(panicking).expect_err("panics");
            panic_message(&*payload).to_owned()
        };
        assert_eq!(message(|| panic!("a literal")), "a literal");
        assert_eq!(message(|| panic!("{} values", 2)), "2 values");
        assert_eq!(message(|| panic_any(7)), "no message");
    }
}
