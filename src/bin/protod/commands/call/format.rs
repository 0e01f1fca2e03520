//! How messages are written, both those read and those printed.
//!
//! JSON values need no separator. Messages in the text format do, and it is the one that grpcurl uses.

use clap::ValueEnum;

/// How messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// ProtoJSON
    Json,
    /// The protobuf text format, with ASCII's record separator (0x1E) between messages
    Text,
}

/// What separates messages in the text format: ASCII's record separator, as grpcurl has it.
pub(super) const RECORD_SEPARATOR: u8 = 0x1e;
