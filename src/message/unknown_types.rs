//! The types of `Any`s that a printer does not know: whoever prints can look for each of them once.

use std::collections::BTreeMap;

/// The full names of types, and whether [`take_new`](Self::take_new) has given them.
#[derive(Debug, Default)]
pub(super) struct UnknownTypes(BTreeMap<String, bool>);

impl UnknownTypes {
    pub(super) fn note(&mut self, name: &str) {
        if !self.0.contains_key(name) {
            self.0.insert(name.to_owned(), false);
        }
    }

    /// Those that were noted for the first time since this was called last, in order.
    pub(super) fn take_new(&mut self) -> Vec<String> {
        let new = self.0.iter_mut().filter_map(|(name, taken)| {
            let is_new = !std::mem::replace(taken, true);
            is_new.then(|| name.clone())
        });
        new.collect()
    }
}
