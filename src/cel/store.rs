//! The variables that all calls share: `store`.
//!
//! A step that writes holds the store from its first read to its last write, so `store.n + 1` never loses a count.

use std::collections::BTreeMap;

use super::values::Value;

/// The most variables. Names may come from clients.
const MAX_VARIABLES: usize = 1 << 20;

/// The most memory of names and values together, in bytes. Both may come from clients.
const MAX_SIZE: usize = 256 << 20;

/// Variables by name.
#[derive(Debug, Default)]
pub(crate) struct Store {
    /// In order, so that what is written of them is the same each time.
    values: BTreeMap<String, Value<'static>>,
    /// The memory of names and values together, in bytes.
    size: usize,
}

impl Store {
    pub(crate) fn get(&self, name: &str) -> Option<&Value<'static>> {
        self.values.get(name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Value<'static>)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Sets a variable; null removes it.
    pub(crate) fn set(&mut self, name: String, value: Value<'static>) -> Result<(), String> {
        let before = self
            .values
            .get(&name)
            .map_or(0, |value| size_of_entry(&name, value));
        if matches!(value, Value::Null) {
            self.values.remove(&name);
            self.size -= before;
            return Ok(());
        }
        if self.values.len() >= MAX_VARIABLES && before == 0 {
            return Err(format!("the store is full: it has {MAX_VARIABLES} variables"));
        }
        let size = self.size - before + size_of_entry(&name, &value);
        if size > MAX_SIZE {
            return Err(format!("the store is full: its variables take {MAX_SIZE} bytes"));
        }
        self.size = size;
        self.values.insert(name, value);
        Ok(())
    }
}

fn size_of_entry(name: &str, value: &Value<'static>) -> usize {
    name.len() + value.size()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn store_takes_so_many_bytes_and_no_more() {
        let mut store = Store::default();
        let large = || Value::String("x".repeat(MAX_SIZE / 2 - 1000).into());
        store.set("a".to_owned(), large()).expect("half");
        store.set("b".to_owned(), large()).expect("the other half");
        let error = store.set("c".to_owned(), large()).expect_err("too much");
        assert!(error.contains("bytes"), "{error}");
        store.set("b".to_owned(), Value::Int(1)).expect("smaller");
        store.set("c".to_owned(), large()).expect("there is room now");
        store.set("a".to_owned(), Value::Null).expect("removed");
        store.set("c".to_owned(), Value::Null).expect("removed");
        store.set("b".to_owned(), Value::Null).expect("removed");
        assert_eq!(store.size, 0);
    }
}
