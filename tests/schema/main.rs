//! Schemas through the public API, from trees of files that each test makes.

mod cache;
mod editions;
mod golden;
mod imports;
mod inputs;
mod many_problems;
mod numbered;
mod options;
mod problems;
mod sets;
mod sources;
mod support;
mod trees;
