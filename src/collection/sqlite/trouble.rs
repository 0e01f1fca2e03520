//! What SQLite says went wrong, as what a call is told, and as a line of the log.

use std::path::Path;
use std::time::Duration;

use rusqlite::ErrorCode;

use crate::collection::fault::FaultKind;
use crate::throttle::Throttle;

/// The disk has no room for the index of the write-ahead log: `SQLITE_IOERR_SHMSIZE`.
const NO_ROOM_FOR_INDEX: i32 = 4874;

/// What a call is told of it.
pub(super) fn kind_of(error: &rusqlite::Error) -> FaultKind {
    let rusqlite::Error::SqliteFailure(failure, _) = error else {
        // A value of another type than what was written.
        return FaultKind::Damaged;
    };
    match failure.code {
        _ if is_full_disk(error) => FaultKind::Full,
        ErrorCode::TooBig => FaultKind::Full,
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => FaultKind::Damaged,
        _ => FaultKind::Unavailable,
    }
}

/// What people are told of it: SQLite has several ways to say that a disk is full, of which some do not.
pub(super) fn reason(error: rusqlite::Error) -> Box<dyn std::error::Error + Send + Sync> {
    if is_full_disk(&error) {
        return "the disk is full".into();
    }
    error.into()
}

fn is_full_disk(error: &rusqlite::Error) -> bool {
    let rusqlite::Error::SqliteFailure(failure, _) = error else {
        return false;
    };
    failure.code == ErrorCode::DiskFull || failure.extended_code == NO_ROOM_FOR_INDEX
}

/// Logs it, and returns what a call is told.
pub(super) fn report(path: &Path, collection: &str, doing: &str, error: rusqlite::Error) -> FaultKind {
    static THROTTLE: Throttle = Throttle::of_lines(3, Duration::from_secs(1));
    let kind = kind_of(&error);
    if let Some(held_back) = THROTTLE.pass() {
        let error = reason(error);
        tracing::error!(
            collection,
            held_back,
            "{}: cannot {doing}: {error}",
            path.display()
        );
    }
    kind
}

/// Logs that a message is not what was written.
pub(super) fn report_damage(path: &Path, collection: &str, position: u64) -> FaultKind {
    static THROTTLE: Throttle = Throttle::of_lines(3, Duration::from_secs(1));
    if let Some(held_back) = THROTTLE.pass() {
        let path = path.display();
        tracing::error!(
            collection,
            held_back,
            "{path}: the message at position {position} is damaged: its checksum is another"
        );
    }
    FaultKind::Damaged
}
