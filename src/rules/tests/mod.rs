//! Templates, compiled and written.

mod constants;
mod expressions;
mod loops;
