//! The file: who may have it, what it looks like to others, and what happens if it is not as it was written.

use std::error::Error as _;
use std::fs;

use rusqlite::types::Value::{Integer, Null, Real, Text};

use super::*;
use crate::Error;

fn why(error: &Error) -> String {
    format!(
        "{error}: {}",
        error.source().map(ToString::to_string).unwrap_or_default()
    )
}

#[test]
fn collections_are_there_again_when_the_file_is_opened_again_and_no_position_is_given_twice() {
    let _nothing_starts = nothing_starts();
    let folder = tempfile::tempdir().unwrap();
    let declared = declaration(POINT, None);
    let collections = Collections::open(folder.path()).unwrap();
    let collection = write(&collections, &declared, &["x: 1", "x: 2"]);
    let last = read(&collection, &Query::default(), 10).unwrap()[1].0;
    let mut writer = collection.writer();
    writer.clear().unwrap();
    wait(writer.committed()).unwrap();
    drop((collections, collection, writer));
    let collections = Collections::open(folder.path()).unwrap();
    let collection = write(&collections, &declared, &["x: 3"]);
    let all = read(&collection, &Query::default(), 10).unwrap();
    assert!(all.len() == 1 && all[0].0 > last, "{all:?} after {last:?}");
}

#[test]
fn what_waits_to_be_written_is_written_when_the_last_one_who_has_it_goes() {
    let _nothing_starts = nothing_starts();
    let folder = tempfile::tempdir().unwrap();
    let mut declared = declaration(POINT, None);
    declared.durability = Durability::Memory;
    let collections = Collections::open(folder.path()).unwrap();
    let mut writer = collections.declare(&declared).unwrap().writer();
    for _ in 0..1000 {
        writer.put(&bytes_of(&declared, "x: 1")).unwrap();
    }
    drop((collections, writer));
    let collections = Collections::open(folder.path()).unwrap();
    assert_eq!(messages(&collections.declare(&declared).unwrap()).len(), 1000);
}

#[test]
fn while_somebody_follows_less_waits_so_that_it_is_soon_seen() {
    let _nothing_starts = nothing_starts();
    let folder = tempfile::tempdir().unwrap();
    let declared = declaration(POINT, None);
    let collections = Collections::open(folder.path()).unwrap();
    let collection = collections.declare(&declared).unwrap();
    // As long as another writes, nothing is committed.
    let other = rusqlite::Connection::open(collections.file().unwrap()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let kilobyte = bytes_of(&declared, &format!("name: '{}'", "x".repeat(1000)));
    let mut writer = collection.writer();
    let mut writes_until_full = || {
        let writes = (1..=10_000).find(|_| {
            writer.put(&kilobyte).unwrap();
            writer.is_full()
        });
        writes.unwrap()
    };
    let added = collection.added();
    // The first group may be taken while the second one fills.
    assert!(writes_until_full() < 300);
    drop(added);
    assert!(writes_until_full() > 3000);
    other.execute_batch("ROLLBACK").unwrap();
    wait(writer.committed()).unwrap();
}

#[test]
fn the_log_stays_short_while_one_group_follows_the_other() {
    let _nothing_starts = nothing_starts();
    let folder = tempfile::tempdir().unwrap();
    let declared = declaration(POINT, None);
    let collections = Collections::open(folder.path()).unwrap();
    let mut writer = collections.declare(&declared).unwrap().writer();
    let kilobyte = bytes_of(&declared, &format!("message: '{}'", "x".repeat(1000)));
    for _ in 0..48 << 10 {
        writer.put(&kilobyte).unwrap();
        if writer.is_full() {
            wait(writer.room());
        }
    }
    wait(writer.committed()).unwrap();
    let mut log = collections.file().unwrap().as_os_str().to_owned();
    log.push("-wal");
    // What is written is in the message and in its column, and so some 100 MiB.
    let log = fs::metadata(log).unwrap().len();
    assert!((1 << 20..40 << 20).contains(&log), "{log} bytes");
}

#[test]
fn other_programs_read_a_table_with_a_column_for_each_scalar_field() {
    let _nothing_starts = nothing_starts();
    let folder = tempfile::tempdir().unwrap();
    let collections = Collections::open(folder.path()).unwrap();
    let texts = [
        "name: 'a' x: 1 y: 0.5 id: 18446744073709551615 colour: RED message: 'm' level: 0",
        "x: 2",
    ];
    let collection = write(&collections, &declaration(POINT, Some(1)), &texts);
    let other = rusqlite::Connection::open(collections.file().unwrap()).unwrap();
    let mut statement = other
        .prepare("SELECT name, x, y, id, colour, hex(message_6), level, length(message) > 0 FROM points ORDER BY position")
        .unwrap();
    let rows = statement.query_map([], |row| {
        let values = (0..8).map(|index| row.get::<_, rusqlite::types::Value>(index));
        values.collect::<Result<Vec<_>, _>>()
    });
    let rows: Vec<Vec<_>> = rows.unwrap().map(Result::unwrap).collect();
    let text = |text: &str| Text(text.to_owned());
    assert_eq!(
        rows,
        [
            vec![
                text("a"),
                Integer(1),
                Real(0.5),
                text("18446744073709551615"),
                text("RED"),
                text("6D"),
                Integer(0),
                Integer(1)
            ],
            vec![
                text(""),
                Integer(2),
                Real(0.0),
                Integer(0),
                text("NONE"),
                text(""),
                Null,
                Integer(1)
            ],
        ]
    );
    // A reader does not hold up who writes.
    other.execute_batch("BEGIN; SELECT count(*) FROM points").unwrap();
    let mut writer = collection.writer();
    writer.delete(&Scalar::Text("a".into())).unwrap();
    wait(writer.committed()).unwrap();
    assert_eq!(messages(&collection).len(), 1);
}

#[test]
fn a_folder_is_refused_that_another_has_or_that_cannot_be_written_or_whose_file_is_not_ours() {
    let _nothing_starts = nothing_starts();
    let folder = tempfile::tempdir().unwrap();
    let first = Collections::open(folder.path()).unwrap();
    let refused = why(&Collections::open(folder.path()).unwrap_err());
    assert!(
        refused.contains("another process keeps its collections there"),
        "{refused}"
    );
    let file = first.file().unwrap().to_owned();
    drop(first);
    let change = |sql: &str| {
        rusqlite::Connection::open(&file)
            .unwrap()
            .execute_batch(sql)
            .unwrap();
    };
    change("PRAGMA user_version = 7");
    let newer = why(&Collections::open(folder.path()).unwrap_err());
    assert!(
        newer.contains("a newer protod has written it: its version is 7"),
        "{newer}"
    );
    change("PRAGMA application_id = 7");
    let others = why(&Collections::open(folder.path()).unwrap_err());
    assert!(others.contains("a file of another program"), "{others}");
    fs::write(
        &file,
        "no file of SQLite, but a text that is longer than its header, which has a hundred bytes. ".repeat(9),
    )
    .unwrap();
    let text = why(&Collections::open(folder.path()).unwrap_err());
    assert!(text.contains("damaged, or no file of SQLite"), "{text}");
    // A folder cannot be made below a file.
    let below = Collections::open(file.join("below")).unwrap_err();
    assert!(
        below.is_io() && why(&below).contains("cannot make the folder"),
        "{below}"
    );
}

#[test]
fn a_full_disk_fails_the_calls_that_write_and_no_others_until_there_is_room_again() {
    let _nothing_starts = nothing_starts();
    let folder = tempfile::tempdir().unwrap();
    let collections = Collections::open(folder.path()).unwrap();
    let declared = declaration(POINT, None);
    let collection = write(&collections, &declared, &["x: 1"]);
    let large = bytes_of(&declared, &format!("name: '{}'", "n".repeat(1 << 20)));
    collections.fill_disk(true);
    let mut writer = collection.writer();
    writer.put(&large).unwrap();
    let fault = wait(writer.committed()).unwrap_err();
    assert_eq!(fault.status().code(), tonic::Code::ResourceExhausted);
    assert_eq!(messages(&collection).len(), 1, "who reads is not disturbed");
    collections.fill_disk(false);
    // The call that failed cannot go on as if nothing had been: a prefix of it is kept.
    assert_eq!(writer.put(&large).unwrap_err(), fault);
    let collection = write(&collections, &declared, &["x: 2"]);
    assert_eq!(
        messages(&collection),
        [bytes_of(&declared, "x: 1"), bytes_of(&declared, "x: 2")]
    );
}

#[test]
fn a_flipped_bit_is_found_or_changes_nothing_that_is_read() {
    let _nothing_starts = nothing_starts();
    let folder = tempfile::tempdir().unwrap();
    let declared = declaration(POINT, Some(2));
    let texts: Vec<String> = (1..200)
        .map(|x| format!("name: 'point number {x}' x: {x} y: 0.25"))
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let collections = Collections::open(folder.path()).unwrap();
    let expected = messages(&write(&collections, &declared, &texts));
    let file = collections.file().unwrap().to_owned();
    drop(collections);
    let whole = fs::read(&file).unwrap();
    assert!(
        !folder.path().join("collections.sqlite3-wal").exists(),
        "all is in one file"
    );
    let (mut named, mut unchanged) = (0, 0);
    // A prime, so that all parts of pages have their turn.
    for place in (0..whole.len()).step_by(127) {
        let mut flipped = whole.clone();
        flipped[place] ^= 1 << (place % 8);
        fs::write(&file, flipped).unwrap();
        let found = Collections::open(folder.path()).and_then(|collections| {
            let collection = collections.declare(&declared)?;
            Ok(read(&collection, &Query::default(), 50))
        });
        match found {
            Ok(Ok(all)) => {
                let all: Vec<_> = all.into_iter().map(|(_, bytes)| bytes).collect();
                assert!(all == expected, "the bit at {place} changed what is read");
                unchanged += 1;
            }
            Ok(Err(fault)) => {
                assert_eq!(
                    fault.status().code(),
                    tonic::Code::DataLoss,
                    "at {place}: {fault}"
                );
                named += 1;
            }
            Err(error) => {
                assert!(
                    why(&error).contains("collections.sqlite3"),
                    "at {place}: {}",
                    why(&error)
                );
                named += 1;
            }
        }
        let _ = fs::remove_file(folder.path().join("collections.sqlite3-wal"));
        let _ = fs::remove_file(folder.path().join("collections.sqlite3-shm"));
    }
    assert!(
        named > 0 && unchanged > 0,
        "{named} were named, {unchanged} changed nothing"
    );
}
