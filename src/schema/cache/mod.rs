//! A cache on disk of what large trees were compiled to, for the next start.
//!
//! A cache is an earlier load that another process made: each file is taken from it only if its text, and all that it imports,
//! is as it was then. So a cache that is out of date, or of other inputs, costs time and changes nothing. One that is damaged,
//! or was written by another build, is no cache.
//!
//! | file | what it knows |
//! |---|---|
//! | `file` | where the cache of some inputs is, when it is written, and which caches go |
//! | `frame` | the bytes of a file: who wrote it, and a checksum for each part |
//! | `records` | what is kept of each proto |

mod file;
mod frame;
mod records;

pub(super) use self::file::CacheFile;
