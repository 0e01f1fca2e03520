//! The fuzz targets as a library of their own, and how they treat panics.

mod targets;

pub use targets::*;

/// Lets a panic of a library unwind, since protod catches those of the libraries that load foreign bytes. A panic of
/// our own still ends the fuzzer at once, and so does one that nobody catches.
pub fn let_libraries_panic() {
    let abort = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let file = panic.location().map_or("", |location| location.file());
        if !file.contains("/registry/") && !file.starts_with("/rustc/") {
            abort(panic);
        }
    }));
}
