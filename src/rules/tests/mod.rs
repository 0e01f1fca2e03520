//! Tests of compiling and running together.

mod templates;
