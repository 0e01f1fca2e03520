//! The file of collections: is it ours, may we have it, and is it whole.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::trouble::reason;
use crate::error::Error;

/// The name of the file in its folder.
const NAME: &str = "collections.sqlite3";

/// Who has the folder holds a lock on this file. The file of SQLite has locks of its own, which readers take, too.
const LOCK: &str = "collections.lock";

/// What says that a file of SQLite is protod's: "prtd".
const APPLICATION: i64 = 0x7072_7464;

/// The version of the tables.
const VERSION: i64 = 1;

/// A file of up to so many bytes is checked as a whole when it is opened. In larger ones, which would take seconds, damage is
/// found when it is read.
const CHECKED_AT_OPEN: u64 = 32 << 20;

/// What one connection keeps of the file in memory, in KiB.
const CACHE: u32 = 2048;

const TABLES: &str = "
    CREATE TABLE protod_collections (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE COLLATE NOCASE,
        type TEXT NOT NULL,
        descriptors BLOB NOT NULL,
        fingerprint INTEGER NOT NULL,
        next INTEGER NOT NULL DEFAULT 1,
        count INTEGER NOT NULL DEFAULT 0,
        size INTEGER NOT NULL DEFAULT 0,
        misfits INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE protod_columns (
        collection INTEGER NOT NULL,
        number INTEGER NOT NULL,
        type TEXT NOT NULL,
        name TEXT NOT NULL,
        PRIMARY KEY (collection, number)
    ) WITHOUT ROWID;
";

/// A file that this process alone writes.
#[derive(Debug)]
pub(super) struct OwnFile {
    pub(super) path: PathBuf,
    /// Held until the last connection is gone.
    _lock: File,
}

impl OwnFile {
    /// Opens the file of a folder, which is made if it is not there, and the connection that writes.
    pub(super) fn open(folder: &Path) -> Result<(Self, Connection), Error> {
        let shown = folder.display();
        fs::create_dir_all(folder)
            .map_err(|error| Error::io(format!("cannot make the folder {shown} for collections"), error))?;
        let lock_path = folder.join(LOCK);
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path);
        let lock = lock.map_err(|error| Error::io(format!("cannot write {}", lock_path.display()), error))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => Error::invalid_input(
                format!("cannot keep collections in {shown}"),
                "another process keeps its collections there: each needs a folder of its own",
            ),
            TryLockError::Error(error) => Error::io(format!("cannot lock {}", lock_path.display()), error),
        })?;
        let path = folder.join(NAME);
        let connection = writing(&path)?;
        Ok((Self { path, _lock: lock }, connection))
    }
}

/// The path of the file of a folder.
pub(super) fn path_in(folder: &Path) -> PathBuf {
    folder.join(NAME)
}

/// A file, to be read beside a process that writes it.
pub(super) fn existing(path: PathBuf) -> Result<(PathBuf, Connection), Error> {
    fs::metadata(&path).map_err(|error| Error::io(format!("cannot read {}", path.display()), error))?;
    let connection = read_alone(&path).map_err(|error| wrong(&path, error))?;
    if is_ours(&connection, &path)? {
        return Ok((path, connection));
    }
    Err(Error::invalid_input(
        format!("cannot use {}", path.display()),
        "it is empty",
    ))
}

/// A connection that reads, also where nothing can be written: SQLite makes files beside one that has a log, even to read it.
fn read_alone(path: &Path) -> rusqlite::Result<Connection> {
    let looked = reading(path).and_then(|connection| {
        connection.query_row("PRAGMA schema_version", [], |_| Ok(()))?;
        Ok(connection)
    });
    match looked {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::CannotOpen) && !has_log(path) => {
            resting(path)
        }
        looked => looked,
    }
}

/// Whether there is something in the log beside a file: it is being written, or was not closed.
fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    fs::metadata(log).is_ok_and(|log| log.len() > 0)
}

/// A connection that reads a file that nobody writes.
fn resting(path: &Path) -> rusqlite::Result<Connection> {
    let path = percent_encode(path.as_os_str().as_encoded_bytes(), NON_ALPHANUMERIC);
    let uri = format!("file:{path}?immutable=1");
    open(uri, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI)
}

/// A connection that reads.
pub(super) fn reading(path: &Path) -> rusqlite::Result<Connection> {
    open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// Another connection that writes, to a file that is open.
pub(super) fn another(path: &Path) -> Result<Connection, Error> {
    open(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(|error| wrong(path, error))
}

/// A connection that writes, to a file that is made if it is not there.
pub(super) fn writing(path: &Path) -> Result<Connection, Error> {
    let size = fs::metadata(path).map_or(0, |metadata| metadata.len());
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connection = open(path, flags).map_err(|error| wrong(path, error))?;
    if is_ours(&connection, path)? {
        if size <= CHECKED_AT_OPEN {
            is_whole(&connection, path)?;
        }
    } else {
        make(&connection).map_err(|error| wrong(path, error))?;
    }
    Ok(connection)
}

/// Writes all of the log into the file, which has none from then on.
pub(super) fn settled(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;")
}

fn open(path: impl AsRef<Path>, access: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(128);
    // The checks of cells find damage that would be read as data.
    connection.execute_batch(&format!(
        "PRAGMA cache_size = -{CACHE}; PRAGMA cell_size_check = ON;"
    ))?;
    Ok(connection)
}

/// Makes the tables of a new file.
fn make(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; BEGIN IMMEDIATE; {TABLES}
         PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION}; COMMIT;"
    ))
}

/// Whether the file has our tables; `false` if it is empty.
fn is_ours(connection: &Connection, path: &Path) -> Result<bool, Error> {
    let number = |pragma: &str| {
        let found = connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i64>(0));
        found.map_err(|error| wrong(path, error))
    };
    let (application, version) = (number("application_id")?, number("user_version")?);
    let refused = |why: String| {
        Err(Error::invalid_input(
            format!("cannot use {}", path.display()),
            why,
        ))
    };
    if application == 0 && number("schema_version")? == 0 {
        return Ok(false);
    }
    if application != APPLICATION {
        return refused("it is a file of another program".to_owned());
    }
    if version > VERSION {
        return refused(format!(
            "a newer protod has written it: its version is {version}, and this one knows {VERSION}"
        ));
    }
    Ok(true)
}

fn is_whole(connection: &Connection, path: &Path) -> Result<(), Error> {
    let found = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0));
    match found {
        Ok(found) if found == "ok" => Ok(()),
        Ok(found) => Err(damaged(path, found.into())),
        Err(error) => Err(wrong(path, error)),
    }
}

fn damaged(path: &Path, why: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::invalid_input(format!("{} is damaged", path.display()), why)
}

/// Why a file cannot be opened.
pub(super) fn wrong(path: &Path, error: rusqlite::Error) -> Error {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    match error.sqlite_error_code() {
        Some(NotADatabase) => Error::invalid_input(
            format!("{} is damaged, or no file of SQLite", path.display()),
            error,
        ),
        Some(DatabaseCorrupt) => damaged(path, error.into()),
        _ => Error::invalid_input(format!("cannot open {}", path.display()), reason(error)),
    }
}
