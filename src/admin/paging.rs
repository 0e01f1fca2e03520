//! Lists in pages, as <https://google.aip.dev/158> has them: what a server serves is without bounds, and clients of gRPC take
//! 4 MiB unless they are told otherwise.

use prost_reflect::DynamicMessage;
use serde_json::{Value, json};
use tonic::Status;

use super::fields::{number, text};
use crate::excerpt::excerpt;

/// How many entries a page has, if it is not said.
const DEFAULT_ENTRIES: u64 = 1000;

/// How many entries a page has at most.
const MAX_ENTRIES: u64 = 10_000;

/// How many bytes of JSON the entries of a page take, unless a single one takes more. In protobuf they are fewer.
pub(super) const MAX_BYTES: usize = 2 << 20;

/// The page that a request asks for by `page_size` and `page_token`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    /// The key of the last entry of the page before.
    after: Option<u64>,
    entries: usize,
}

impl Page {
    /// Fails if the token is none.
    pub(super) fn asked_by(request: &DynamicMessage) -> Result<Self, Status> {
        Self::asked_by_or(request, DEFAULT_ENTRIES)
    }

    /// The same, with so many entries if it is not said.
    pub(super) fn asked_by_or(request: &DynamicMessage, default: u64) -> Result<Self, Status> {
        let entries = match number(request, "page_size").unwrap_or_default() {
            0 => default,
            entries => entries.min(MAX_ENTRIES),
        };
        let token = text(request, "page_token");
        let after = (!token.is_empty()).then(|| token.parse()).transpose();
        let after = after.map_err(|_| {
            let token = excerpt(&token);
            Status::invalid_argument(format!(
                "page_token is the next_page_token of a page, and not {token:?}"
            ))
        })?;
        Ok(Self {
            after,
            entries: entries as usize,
        })
    }

    /// The key of the last entry of the page before.
    pub(super) fn after(self) -> Option<u64> {
        self.after
    }

    /// How many entries it has at most.
    pub(super) fn entries(self) -> usize {
        self.entries
    }

    pub(super) fn is_first(self) -> bool {
        self.after.is_none()
    }

    /// An answer with these entries of a list in its field `name`, and the token of the next page. The keys of entries ascend, and
    /// an entry keeps its key while others come and go.
    pub(super) fn of<T>(
        self,
        name: &str,
        entries: impl IntoIterator<Item = (u64, T)>,
        value: impl Fn(&T) -> Value,
    ) -> Value {
        let (mut page, mut bytes, mut last) = (Vec::new(), 0, 0);
        let mut next = None;
        let entries = entries.into_iter();
        for (key, entry) in entries.skip_while(|(key, _)| self.after.is_some_and(|after| *key <= after)) {
            let value = value(&entry);
            bytes += value.to_string().len();
            if page.len() == self.entries || (bytes > MAX_BYTES && !page.is_empty()) {
                next = Some(last.to_string());
                break;
            }
            page.push(value);
            last = key;
        }
        json!({ name: page, "next_page_token": next.unwrap_or_default() })
    }
}

/// Lists whose first page has the newest entries: what comes later is on no page then.
impl Page {
    /// Below which the keys of its entries are.
    pub(super) fn before(self) -> u64 {
        u64::MAX - self.after.unwrap_or_default()
    }

    /// As [`of`](Self::of), where the keys of entries descend. The last entry is the first of the answer.
    pub(super) fn of_newest<T>(
        self,
        name: &str,
        entries: impl IntoIterator<Item = (u64, T)>,
        value: impl Fn(&T) -> Value,
    ) -> Value {
        let ascending = entries.into_iter().map(|(key, entry)| (u64::MAX - key, entry));
        let mut answer = self.of(name, ascending, value);
        if let Some(page) = answer[name].as_array_mut() {
            page.reverse();
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(after: Option<u64>, entries: usize, list: &[(u64, usize)]) -> (Vec<usize>, String) {
        let page = Page { after, entries };
        let page = page.of("l", list.iter().copied(), |length| "x".repeat(*length).into());
        let entries = page["l"].as_array().expect("a list").iter();
        let lengths = entries.map(|entry| entry.as_str().expect("a text").len());
        let token = page["next_page_token"].as_str().expect("a token").to_owned();
        (lengths.collect(), token)
    }

    #[test]
    fn a_page_ends_when_it_has_so_many_entries_or_takes_so_many_bytes() {
        let small = [(1, 10), (3, 11), (4, 12)];
        assert_eq!(of(None, 3, &small), (vec![10, 11, 12], String::new()));
        assert_eq!(of(None, 2, &small), (vec![10, 11], "3".to_owned()));
        assert_eq!(of(Some(3), 2, &small), (vec![12], String::new()));
        assert_eq!(of(Some(4), 2, &small), (vec![], String::new()));
        let large = [(1, MAX_BYTES + 1), (2, MAX_BYTES - 100), (3, 50), (4, 100)];
        assert_eq!(of(None, 9, &large), (vec![MAX_BYTES + 1], "1".to_owned()));
        assert_eq!(
            of(Some(1), 9, &large),
            (vec![MAX_BYTES - 100, 50], "3".to_owned())
        );
    }

    #[test]
    fn pages_from_the_newest_on_have_the_older_ones_first_and_no_newer_one_comes_in_between() {
        let of = |page: Page, keys: &[u64]| {
            let entries = keys.iter().rev().map(|key| (*key, *key));
            let answer = page.of_newest("l", entries, |key| (*key).into());
            let next = answer["next_page_token"]
                .as_str()
                .and_then(|token| token.parse().ok());
            (answer["l"].clone(), next)
        };
        let entries = 2;
        let (page, after) = of(Page { after: None, entries }, &[0, 1, 2, 3]);
        assert_eq!(page, json!([2, 3]));
        let second = Page { after, entries };
        assert_eq!(second.before(), 2);
        assert_eq!(of(second, &[0, 1, 2, 3, 4]), (json!([0, 1]), None));
        assert_eq!(of(second, &[2, 3, 4]), (json!([]), None), "older ones are gone");
    }

    #[test]
    fn entries_that_go_between_two_pages_take_no_others_with_them() {
        let (_, token) = of(None, 2, &[(1, 10), (2, 11), (3, 12), (4, 13)]);
        assert_eq!(token, "2");
        assert_eq!(of(Some(2), 2, &[(1, 10), (3, 12), (4, 13)]).0, [12, 13]);
    }
}
