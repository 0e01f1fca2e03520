//! The variables that all calls share: `store`.
//!
//! A step that writes holds the store from its first read to its last write, so `store.n + 1` never loses a count.

use std::collections::HashMap;

use super::expr::Value;

/// More variables than this are refused: keys may come from clients.
const MAX_VARIABLES: usize = 1 << 20;

/// Variables by name.
#[derive(Debug, Default)]
pub(crate) struct Store {
    values: HashMap<String, Value<'static>>,
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
        if matches!(value, Value::Null) {
            self.values.remove(&name);
        } else if self.values.len() >= MAX_VARIABLES && !self.values.contains_key(&name) {
            return Err(format!("the store is full: it has {MAX_VARIABLES} variables"));
        } else {
            self.values.insert(name, value);
        }
        Ok(())
    }
}
