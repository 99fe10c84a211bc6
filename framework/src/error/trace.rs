//! Where an error came from: the place of its `?` or constructor, and under `DEBUG` the call stack.
//!
//! The place costs nothing. Call stacks are captured only once an application with `DEBUG` is built, and only
//! for errors that are answered with 5xx. The debug page shows both.

use std::{
    backtrace::Backtrace,
    cell::RefCell,
    env,
    panic::{self, Location},
    sync::{
        Once,
        atomic::{AtomicBool, Ordering},
    },
};

static CAPTURING: AtomicBool = AtomicBool::new(false);
/// The longest call stack that is read.
const MAX_FRAMES: usize = 200;

thread_local! {
    /// The last panic of this thread, until it is caught.
    static LAST_PANIC: RefCell<Option<Trace>> = const { RefCell::new(None) };
}

/// A place in the source code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CodePlace {
    /// The path as the compiler wrote it: absolute, or relative to the folder of the build.
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl From<&Location<'_>> for CodePlace {
    fn from(location: &Location<'_>) -> Self {
        Self { file: location.file().to_owned(), line: location.line(), column: location.column() }
    }
}

/// A call of the stack: its function, and where it stands in that function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) function: String,
    pub(crate) place: CodePlace,
}

/// Where an error came from.
#[derive(Debug)]
pub(crate) struct Trace {
    caller: &'static Location<'static>,
    /// The place of the panic, if the error is one.
    panic: Option<CodePlace>,
    stack: Option<Backtrace>,
}

impl Trace {
    #[track_caller]
    pub(super) fn new(with_stack: bool) -> Self {
        let stack = (with_stack && CAPTURING.load(Ordering::Relaxed)).then(Backtrace::force_capture);
        Self { caller: Location::caller(), panic: None, stack }
    }

    pub(crate) fn place(&self) -> CodePlace {
        self.panic.clone().unwrap_or_else(|| self.caller.into())
    }

    /// The calls that led to the error, the innermost first. Empty where no stack was captured, or the program
    /// has no debug information.
    pub(crate) fn frames(&self) -> Vec<Frame> {
        self.stack.as_ref().map(|stack| frames(&stack.to_string())).unwrap_or_default()
    }
}

/// Captures call stacks from now on, and remembers where a panic began.
pub(crate) fn capture_call_stacks() {
    static HOOK: Once = Once::new();
    CAPTURING.store(true, Ordering::Relaxed);
    HOOK.call_once(|| {
        let next = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let trace = Trace { panic: info.location().map(CodePlace::from), ..Trace::new(true) };
            // A thread that is ending has no place for it.
            let _ = LAST_PANIC.try_with(|last| *last.borrow_mut() = Some(trace));
            next(info);
        }));
    });
}

/// Where the panic began that this thread has just caught.
pub(crate) fn take_panic() -> Option<Trace> {
    LAST_PANIC.try_with(|last| last.borrow_mut().take()).ok().flatten()
}

/// Whether a file is part of this crate.
pub(crate) fn is_of_the_framework(file: &str) -> bool {
    let own = file!().strip_suffix("error/trace.rs").unwrap_or_default();
    !own.is_empty() && file.contains(own)
}

/// Reads the text of a backtrace: `  4: shop::views::index` and below it `at ./src/views.rs:12:5`.
fn frames(text: &str) -> Vec<Frame> {
    let mut function = None;
    let mut frames = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(place) = line.strip_prefix("at ").and_then(place) {
            frames.extend(function.take().map(|function| Frame { function, place }));
            if frames.len() == MAX_FRAMES {
                break;
            }
        } else if let Some((number, name)) = line.split_once(": ")
            && number.bytes().all(|byte| byte.is_ascii_digit())
        {
            function = Some(name.to_owned());
        }
    }
    frames
}

/// Reads `./src/views.rs:12:5`.
fn place(text: &str) -> Option<CodePlace> {
    let (rest, column) = text.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    // The standard library writes paths below the current folder relative to it.
    let file = match file.strip_prefix("./") {
        Some(rest) => {
            env::current_dir().map_or_else(|_| rest.to_owned(), |here| here.join(rest).display().to_string())
        }
        None => file.to_owned(),
    };
    Some(CodePlace { file, line: line.parse().ok()?, column: column.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_backtrace_is_read() {
        let text = "   0: std::backtrace::Backtrace::create\n             at /rustc/abc/library/std/src/backtrace.rs:331:13\n   \
                    1: core::ops::function\n   2: shop::views::index::{{closure}}\n             at ./src/views.rs:12:5\n";
        let frames = frames(text);
        assert_eq!(frames.len(), 2, "a frame without a place is left out");
        assert_eq!(frames[1].function, "shop::views::index::{{closure}}");
        let file = env::current_dir().expect("a folder").join("src/views.rs").display().to_string();
        assert_eq!(frames[1].place, CodePlace { file, line: 12, column: 5 });
    }

    #[test]
    fn the_place_of_a_panic_is_remembered_once() {
        capture_call_stacks();
        let line = line!() + 1;
        let caught = panic::catch_unwind(|| panic!("on purpose"));
        assert!(caught.is_err());
        let trace = take_panic().expect("a panic");
        let place = trace.place();
        assert_eq!((place.line, place.file.ends_with("error/trace.rs")), (line, true));
        assert!(trace.frames().iter().any(|frame| frame.function.contains("the_place_of_a_panic")));
        assert!(take_panic().is_none());
    }
}
