//! The variables by name, what they may take, and how a change is taken back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::record::put_set;
use super::tree::{Node, Size, Tree, TreeKey};
use crate::cel::encode::{changed, no_parts};
use crate::cel::values::Value;

/// The most entries, those of inner maps included. Names may come from clients.
const MAX_ENTRIES: usize = 1 << 20;

/// The most memory of names and values together, in bytes. Both may come from clients.
const MAX_SIZE: usize = 256 << 20;

/// The variables by name.
#[derive(Debug, Default)]
pub(crate) struct Store {
    root: Tree,
    /// What it takes, as it is counted in the room.
    counted: Size,
    room: Arc<StoreRoom>,
}

/// What the stores take together that are in it.
#[derive(Debug, Default)]
pub(crate) struct StoreRoom {
    entries: AtomicUsize,
    bytes: AtomicUsize,
}

/// A change of the store, and what takes it back.
#[derive(Debug)]
pub(crate) struct Change {
    /// The outermost entry that was made, or the one that was set.
    path: Vec<TreeKey>,
    /// What it was before.
    before: Option<Node>,
}

impl Store {
    /// An empty store in a room: all stores in it together may take what one may.
    pub(crate) fn within(room: &Arc<StoreRoom>) -> Self {
        Self {
            root: Tree::default(),
            counted: Size::default(),
            room: Arc::clone(room),
        }
    }

    pub(in crate::cel) fn root(&self) -> &Tree {
        &self.root
    }

    /// Removes all variables.
    pub(crate) fn clear(&mut self) {
        self.root = Tree::default();
        self.count();
    }

    /// Counts what it takes now, and returns what all take in its room.
    pub(super) fn count(&mut self) -> Size {
        let size = self.root.size();
        let count = |total: &AtomicUsize, before: usize, now: usize| {
            if now == before {
                return total.load(Ordering::Relaxed);
            }
            // Wraps for what becomes less, and so is right.
            let change = now.wrapping_sub(before);
            total.fetch_add(change, Ordering::Relaxed).wrapping_add(change)
        };
        let all = Size {
            entries: count(&self.room.entries, self.counted.entries, size.entries),
            bytes: count(&self.room.bytes, self.counted.bytes, size.bytes),
        };
        self.counted = size;
        all
    }

    /// Sets the value at a path; null removes it. Maps on the way are made where there are none. In a message that the store
    /// holds, a field is set.
    pub(crate) fn set(&mut self, mut path: Vec<TreeKey>, value: Value<'static>) -> Result<Change, String> {
        let (at, value) = self.resolved(&path, value)?;
        path.truncate(at);
        self.put_resolved(path, value)
    }

    /// The same, and adds what was set to a record.
    pub(crate) fn set_recorded(
        &mut self,
        mut path: Vec<TreeKey>,
        value: Value<'static>,
        record: &mut Vec<u8>,
    ) -> Result<Change, String> {
        let (at, value) = self.resolved(&path, value)?;
        path.truncate(at);
        put_set(record, &path, &value);
        self.put_resolved(path, value)
    }

    /// How much of a path leads to what is set, and the value that stands there then: within a message it is that message.
    fn resolved(&self, path: &[TreeKey], value: Value<'static>) -> Result<(usize, Value<'static>), String> {
        let mut tree = &self.root;
        for (at, key) in path.iter().enumerate() {
            let rest = &path[at + 1..];
            match tree.find(key) {
                Some(Node::Map(inner)) => tree = inner,
                Some(Node::Value(held @ Value::Message(message))) if !rest.is_empty() => {
                    let held = changed(held.clone(), rest, value).map_err(|misfit| {
                        let (field, why) = misfit.of(message.descriptor.full_name());
                        format!("field {field}: {why}")
                    })?;
                    return Ok((at + 1, held));
                }
                Some(Node::Value(held)) if !rest.is_empty() => return Err(no_parts(held).to_string()),
                _ => break,
            }
        }
        Ok((path.len(), value))
    }

    fn put_resolved(&mut self, path: Vec<TreeKey>, value: Value<'static>) -> Result<Change, String> {
        let node = match value {
            Value::Null => None,
            value => Some(Node::of(value)?),
        };
        let change = self.put_anyway(path, node);
        let Size { entries, bytes } = self.count();
        let full = if entries > MAX_ENTRIES {
            format!("the store is full: it has {MAX_ENTRIES} variables")
        } else if bytes > MAX_SIZE {
            format!("the store is full: its variables take {MAX_SIZE} bytes")
        } else {
            return Ok(change);
        };
        self.undo(change);
        Err(full)
    }

    /// Takes back the last change that is not taken back yet.
    pub(crate) fn undo(&mut self, change: Change) {
        put(&mut self.root, &change.path, change.before);
        self.count();
    }

    /// Sets or removes what is at a path, whatever the store takes then. What it takes has to be counted after it.
    pub(super) fn put_anyway(&mut self, mut path: Vec<TreeKey>, node: Option<Node>) -> Change {
        let mut tree = Some(&self.root);
        let is_there = |key: &&TreeKey| {
            let node = tree.and_then(|tree| tree.find(key));
            tree = match node {
                Some(Node::Map(inner)) => Some(inner),
                _ => None,
            };
            node.is_some()
        };
        let there = path.iter().take_while(is_there).count();
        if node.is_none() && there < path.len() {
            // Nothing is there to be removed.
            return Change {
                path: Vec::new(),
                before: None,
            };
        }
        let before = put(&mut self.root, &path, node);
        // The rest was made with it.
        path.truncate(there + 1);
        Change { path, before }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Sets or removes an entry; returns what it was. Only an entry that is there is removed, and so nothing is made then.
fn put(tree: &mut Tree, path: &[TreeKey], node: Option<Node>) -> Option<Node> {
    match (path, node) {
        ([], _) => None,
        ([key], Some(node)) => tree.insert(key, node),
        ([key], None) => tree.remove(key),
        ([key, rest @ ..], node) => tree.change(key, |inner| put(inner, rest, node)).flatten(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cel::budget::Budget;

    fn path(keys: &[&str]) -> Vec<TreeKey> {
        keys.iter().map(|key| TreeKey::Text((*key).to_owned())).collect()
    }

    fn map(entries: &[(&str, Value<'static>)]) -> Value<'static> {
        let entries = entries.iter();
        Value::Map(
            entries
                .map(|(key, value)| (Value::text((*key).to_owned()), value.clone()))
                .collect(),
        )
    }

    fn shown(store: &Store) -> String {
        store
            .root()
            .to_value(&Budget::default())
            .expect("it is small")
            .to_text()
    }

    #[test]
    fn store_takes_so_many_bytes_and_no_more() {
        let mut store = Store::default();
        let large = || Value::String("x".repeat(MAX_SIZE / 2 - 1000).into());
        store.set(path(&["a"]), large()).expect("half");
        store.set(path(&["m", "b"]), large()).expect("the other half");
        for target in [&["c"][..], &["m", "c"], &["n", "c", "d"]] {
            let error = store.set(path(target), large()).expect_err("too much");
            assert!(error.contains("bytes"), "{error}");
        }
        assert_eq!(store.root().len(), 2, "what was made on the way is gone, too");
        store.set(path(&["m", "b"]), Value::Int(1)).expect("smaller");
        store.set(path(&["c"]), large()).expect("there is room now");
        for name in ["a", "c", "m"] {
            store.set(path(&[name]), Value::Null).expect("removed");
        }
        assert_eq!(store.root().size(), Size::default());
    }

    #[test]
    fn the_stores_in_a_room_take_together_what_one_may() {
        let large = || Value::String("x".repeat(MAX_SIZE / 2 - 1000).into());
        let room = Arc::default();
        let [mut one, mut other] = [Store::within(&room), Store::within(&room)];
        one.set(path(&["a"]), large()).expect("half");
        other.set(path(&["a"]), large()).expect("the other half");
        for store in [&mut one, &mut other] {
            let error = store.set(path(&["b"]), large()).expect_err("too much");
            assert!(error.contains("bytes"), "{error}");
        }
        one.clear();
        assert_eq!(one.root().len(), 0);
        other.set(path(&["b"]), large()).expect("there is room now");
        drop(other);
        let mut third = Store::within(&room);
        third.set(path(&["a"]), large()).expect("there is room again");
        one.set(path(&["b"]), large()).expect("there is room again");
    }

    #[test]
    fn a_change_that_is_undone_leaves_everything_as_it_was() {
        let mut store = Store::default();
        store
            .set(path(&["orders", "a"]), map(&[("total", Value::Int(5))]))
            .expect("set");
        store.set(path(&["n"]), Value::Int(1)).expect("set");
        let (before, size) = (shown(&store), store.root().size());
        assert_eq!(before, r#"{"n":1,"orders":{"a":{"total":5}}}"#);
        let cases: [(&[&str], Value<'static>, &str); 7] = [
            (&["n"], Value::Int(2), r#"{"n":2,"orders":{"a":{"total":5}}}"#),
            (&["n"], Value::Null, r#"{"orders":{"a":{"total":5}}}"#),
            (
                &["orders", "a", "total"],
                Value::Int(6),
                r#"{"n":1,"orders":{"a":{"total":6}}}"#,
            ),
            (&["orders", "a"], Value::Null, r#"{"n":1,"orders":{}}"#),
            (&["orders"], map(&[]), r#"{"n":1,"orders":{}}"#),
            (
                &["x", "y", "z"],
                Value::Bool(true),
                r#"{"n":1,"orders":{"a":{"total":5}},"x":{"y":{"z":true}}}"#,
            ),
            (
                &["x", "y", "z"],
                Value::Null,
                r#"{"n":1,"orders":{"a":{"total":5}}}"#,
            ),
        ];
        for (target, value, after) in cases {
            let change = store.set(path(target), value).expect("set");
            assert_eq!(shown(&store), after, "{target:?}");
            store.undo(change);
            assert_eq!(shown(&store), before, "{target:?}");
            assert_eq!(store.root().size(), size, "{target:?}");
        }
    }

    #[test]
    fn what_is_no_map_has_no_parts() {
        let mut store = Store::default();
        store.set(path(&["n"]), Value::Int(5)).expect("set");
        store.set(path(&["l"]), Value::List(Vec::new())).expect("set");
        for (target, words) in [
            ("n", "it is 5, which has no parts"),
            ("l", "it is a list, which is set as a whole"),
        ] {
            let error = store
                .set(path(&[target, "x"]), Value::Int(1))
                .expect_err("it is no map");
            assert!(error.contains(words), "{error}");
        }
    }
}
