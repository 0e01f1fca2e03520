//! The subcommands: one file, or one folder, for each.
//!
//! A command is a struct of arguments with a method `run`. It prints data on stdout, and returns a
//! [`Failure`](crate::failure::Failure) for `main` to report.

pub(crate) mod bench;
pub(crate) mod build;
pub(crate) mod call;
pub(crate) mod calls;
pub(crate) mod check;
pub(crate) mod collections;
pub(crate) mod describe;
pub(crate) mod end;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod fleet;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod list;
pub(crate) mod manual;
pub(crate) mod publish;
pub(crate) mod push;
pub(crate) mod reset;
pub(crate) mod rollback;
pub(crate) mod rules;
pub(crate) mod schema;
pub(crate) mod serve;
pub(crate) mod sessions;
pub(crate) mod signal;
pub(crate) mod verify;
pub(crate) mod wait;
