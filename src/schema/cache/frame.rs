//! The bytes of a cache: a head that says who wrote it, and a part for each file, each with a checksum.
//!
//! ```text
//! length of the writer, writer, number of parts, checksum; for each part: length, checksum, bytes
//! ```
//!
//! Numbers are of 8 bytes, the lowest first. A checksum covers the one of the head and the place of the part, so that parts of
//! two files, or in another order, are no cache.

use std::hash::{DefaultHasher, Hasher as _};
use std::io::{self, Write};
use std::path::Path;

use bytes::{Buf as _, Bytes};
use prost::Message as _;

use super::records::FileRecord;
use crate::parallel;
use crate::schema::tables::{TableFile, Tables};

/// Changes with the format, in which a build of the same version may differ from another.
const FORMAT: u64 = 3;

/// Writes the tables of a schema; `writer` is what only the same build of protod has, and `current` the folder in which it was
/// started.
pub(super) fn write_tables(
    tables: &Tables,
    writer: &[u8],
    current: &Path,
    to: &mut impl Write,
) -> io::Result<()> {
    let count = tables.files.len() as u64;
    let head = head_checksum(writer, count);
    to.write_all(&(writer.len() as u64).to_le_bytes())?;
    to.write_all(writer)?;
    to.write_all(&count.to_le_bytes())?;
    to.write_all(&head.to_le_bytes())?;
    let mut part = Vec::new();
    for ((file, links), place) in tables.files.iter().zip(&tables.links).zip(0..) {
        part.clear();
        FileRecord::new(file, links, current)
            .encode(&mut part)
            .map_err(io::Error::other)?;
        to.write_all(&(part.len() as u64).to_le_bytes())?;
        to.write_all(&part_checksum(head, place, &part).to_le_bytes())?;
        to.write_all(&part)?;
    }
    Ok(())
}

/// The files in a cache, for one that was started in `current`. `None` if the cache is not of this `writer`, or not whole.
pub(super) fn read_tables(mut cache: Bytes, writer: &[u8], current: &Path) -> Option<Vec<TableFile>> {
    if take(&mut cache)? != writer {
        return None;
    }
    let count = cache.try_get_u64_le().ok()?;
    let head = cache.try_get_u64_le().ok()?;
    if head != head_checksum(writer, count) {
        return None;
    }
    let mut parts = Vec::new();
    for _ in 0..count {
        let length = cache.try_get_u64_le().ok()?;
        let checksum = cache.try_get_u64_le().ok()?;
        parts.push((checksum, take_bytes(&mut cache, length)?));
    }
    if !cache.is_empty() {
        return None;
    }
    let files = parallel::map(parts.len(), |place| {
        let (checksum, part) = &parts[place];
        if *checksum != part_checksum(head, place as u64, part) {
            return None;
        }
        read_part(part.clone(), place, current)
    });
    // All threads have done all of them: one that is damaged is one too many.
    files.into_iter().collect()
}

fn read_part(part: Bytes, place: usize, current: &Path) -> Option<TableFile> {
    FileRecord::decode(part).ok()?.into_file(place, current)
}

/// Bytes after their length.
fn take(from: &mut Bytes) -> Option<Bytes> {
    let length = from.try_get_u64_le().ok()?;
    take_bytes(from, length)
}

fn take_bytes(from: &mut Bytes, length: u64) -> Option<Bytes> {
    let length = usize::try_from(length).ok()?;
    (length <= from.len()).then(|| from.split_to(length))
}

fn head_checksum(writer: &[u8], count: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(writer);
    hasher.write_u64(count);
    hasher.write_u64(FORMAT);
    hasher.finish()
}

fn part_checksum(head: u64, place: u64, part: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write_u64(head);
    hasher.write_u64(place);
    hasher.write(part);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use bytes::Bytes;

    use super::*;
    use crate::schema::Schema;

    const WRITER: &[u8] = b"this build";

    /// Files of proto3, with editions, with what a pool gets in their place, and of those that are built in.
    fn schema() -> Schema {
        let edition = "edition = \"2024\"; package e; import option \"google/api/annotations.proto\";
            local message Own {} export message Other { enum Kind { option features.enum_type = CLOSED; A = 1; } }
            service S { rpc M(Other) returns (stream Other) { option (google.api.http).get = \"/\"; } }";
        let renamed = "syntax = \"proto2\"; package r; import public \"google/protobuf/any.proto\";
            message M { optional int32 a_b = 1; optional int32 aB = 2; map<string, M> m = 3; }";
        let builder = Schema::builder().source("edition.proto", edition);
        let schema = builder.source("renamed.proto", renamed).input("proto").build();
        schema.unwrap_or_else(|error| panic!("{error}"))
    }

    fn cache_of(schema: &Schema) -> Vec<u8> {
        let mut cache = Vec::new();
        write_tables(schema.tables(), WRITER, Path::new("/here"), &mut cache).expect("memory");
        cache
    }

    fn read(cache: &[u8]) -> Option<Vec<TableFile>> {
        read_tables(Bytes::copy_from_slice(cache), WRITER, Path::new("/here"))
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let schema = schema();
        let cache = cache_of(&schema);
        let read = Tables::new(read(&cache).expect("a whole cache"));
        for ((file, links), (other, other_links)) in schema
            .tables()
            .files
            .iter()
            .zip(&schema.tables().links)
            .zip(read.files.iter().zip(&read.links))
        {
            assert_eq!(format!("{file:?}"), format!("{other:?}"));
            // Sets have no order.
            if links.edition.is_none() {
                assert_eq!(format!("{links:?}"), format!("{other_links:?}"));
            }
        }
        assert_eq!(read.files.len(), schema.files().len());
        assert!(read.links.iter().any(|links| links.for_pool.is_some()));
        let edition = |tables: &Tables| {
            let links = tables
                .links
                .iter()
                .find(|links| links.edition.is_some())
                .expect("one has an edition");
            let symbols = links
                .definitions
                .edition
                .as_ref()
                .expect("an edition says of each");
            let parts = links
                .text
                .as_ref()
                .expect("a text")
                .outline
                .edition
                .as_ref()
                .expect("an edition");
            (
                symbols.closed.clone(),
                symbols.local.clone(),
                parts.option_dependencies.clone(),
                parts.visibility.clone(),
                links.methods[0].path.clone(),
            )
        };
        assert_eq!(edition(&read), edition(schema.tables()));
    }

    #[test]
    fn paths_below_the_folder_of_the_start_are_those_of_the_next_one() {
        let current = std::env::current_dir().expect("a folder");
        let schema = schema();
        let mut cache = Vec::new();
        write_tables(schema.tables(), WRITER, &current, &mut cache).expect("memory");
        let files = read_tables(cache.into(), WRITER, Path::new("/elsewhere")).expect("a whole cache");
        let texts = files.iter().filter_map(|file| file.links.text.as_ref());
        let paths: Vec<_> = texts.map(|text| text.path.as_path()).collect();
        assert!(
            paths.contains(&Path::new("/elsewhere/proto/stream.proto")),
            "{paths:?}"
        );
    }

    #[test]
    fn a_cache_that_differs_in_one_byte_is_none() {
        let schema = Schema::from_source("a.proto", "syntax = \"proto3\"; message A { A a = 1; }");
        let cache = cache_of(&schema.expect("it is valid"));
        for at in 0..cache.len() {
            for flip in [1, 0x80, 0xff] {
                let mut damaged = cache.clone();
                damaged[at] ^= flip;
                assert!(read(&damaged).is_none(), "byte {at} ^ {flip}");
            }
        }
        for length in 0..cache.len() {
            assert!(read(&cache[..length]).is_none(), "{length} bytes");
        }
        assert!(read(&[&*cache, &[0]].concat()).is_none());
        assert!(read_tables(cache.into(), b"that build", Path::new("/here")).is_none());
    }

    #[test]
    fn parts_of_other_caches_and_in_another_order_are_none() {
        let texts = ["message A {}", "message A { A a = 1; }"];
        let of = |texts: &[&str]| {
            let mut builder = Schema::builder();
            for (text, number) in texts.iter().zip(0..) {
                let text = format!("syntax = \"proto3\"; package p{number}; {text}");
                builder = builder.source(format!("{number}.proto"), text);
            }
            builder.build().expect("they are valid")
        };
        let parts = |schema: &Schema| {
            let cache = cache_of(schema);
            let head = 8 + WRITER.len() + 16;
            let mut rest = Bytes::copy_from_slice(&cache[head..]);
            let mut parts = Vec::new();
            while !rest.is_empty() {
                let length = usize::try_from(rest.clone().get_u64_le()).expect("small") + 16;
                parts.push(rest.split_to(length));
            }
            (cache[..head].to_vec(), parts)
        };
        let (head, own) = parts(&of(&texts));
        let (_, others) = parts(&of(&[texts[0], texts[0]]));
        let joined = |parts: [&Bytes; 2]| [&*head, parts[0], parts[1]].concat();
        assert!(read(&joined([&own[0], &own[1]])).is_some());
        assert!(read(&joined([&own[1], &own[0]])).is_none());
        assert!(
            read(&joined([&own[0], &others[1]])).is_some_and(|_| own[1] == others[1])
                == (own[1] == others[1])
        );
    }

    #[test]
    fn no_part_that_was_made_up_stops_the_reader() {
        let schema = schema();
        let tables = schema.tables();
        for ((file, links), place) in tables.files.iter().zip(&tables.links).zip(0..) {
            let part = FileRecord::new(file, links, Path::new("/here")).encode_to_vec();
            let read = |part: Vec<u8>| read_part(part.into(), place, Path::new("/here"));
            assert!(read(part.clone()).is_some());
            for at in (0..part.len()).step_by(1 + part.len() / 500) {
                for flip in [1, 8, 0x80, 0xff] {
                    let mut other = part.clone();
                    other[at] ^= flip;
                    let read = read(other);
                    let imports = read.as_ref().map(|read| &read.links.imports);
                    assert!(imports.is_none_or(|imports| imports.iter().all(|import| *import < place)));
                }
            }
        }
    }
}
