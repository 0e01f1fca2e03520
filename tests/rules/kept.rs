//! Where the collections of the tests are kept.

use protod::Collections;

/// Empty ones, in memory.
pub(crate) fn collections() -> Collections {
    Collections::in_memory()
}
