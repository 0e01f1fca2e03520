//! A server that shares nothing with others, as it is without the feature `nats`.

use super::trouble::Trouble;
use crate::rules::plan::RuleId;

/// What a server shares with others. There is none.
#[derive(Debug)]
pub(in crate::rules::run) enum Fleet {}

impl Fleet {
    pub(super) fn raise(&self, _: &str, _: Option<&str>) -> Result<(), Trouble> {
        match *self {}
    }

    pub(in crate::rules::run) async fn count(
        &self,
        _: &RuleId,
        _: &str,
        _: u64,
    ) -> Result<(u64, u64), Trouble> {
        match *self {}
    }

    pub(in crate::rules::run) fn is_period(&self, _: u64) -> bool {
        match *self {}
    }

    pub(super) fn begin_to_clear_counters(&self) {
        match *self {}
    }

    pub(super) async fn clear_counters(&self) -> Result<(), Trouble> {
        match *self {}
    }
}
