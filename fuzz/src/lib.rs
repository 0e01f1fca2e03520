//! The fuzz targets as a library, and how they treat panics.

mod targets;

pub use targets::*;

/// Lets a panic of a library unwind, because protod catches the panics of libraries that load untrusted bytes. A panic in
/// protod still ends the fuzzer immediately, and so does one that is not caught.
pub fn let_libraries_panic() {
    let abort = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let file = panic.location().map_or("", |location| location.file());
        if !file.contains("/registry/") && !file.starts_with("/rustc/") {
            abort(panic);
        }
    }));
}
