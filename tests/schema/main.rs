//! What goes into a schema, and what comes out: through the public API, with trees of files made for each test.

mod golden;
mod imports;
mod inputs;
mod options;
mod problems;
mod sets;
mod support;
