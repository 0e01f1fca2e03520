//! Sessions: which call is of which, and that none sees what the calls of another have left behind.

mod named;
mod parallel;
mod rules;
mod support;
