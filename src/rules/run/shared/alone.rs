//! A server that shares nothing with others, as it is without the feature `nats`.

use super::trouble::Trouble;
use crate::rules::plan::RuleId;
use crate::schema::Schema;

/// What a server shares with others. There is none.
#[derive(Debug)]
pub(in crate::rules::run) enum Fleet {}

/// Leave to change the store of all servers. Nobody has it.
#[derive(Debug)]
pub(in crate::rules::run) enum Turn {}

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

    pub(super) fn learn(&self, _: &Schema, _: &Schema) {
        match *self {}
    }

    pub(in crate::rules::run) async fn seen(&self) -> Result<(), Trouble> {
        match *self {}
    }

    pub(in crate::rules::run) async fn turn(&self) -> Result<Turn, Trouble> {
        match *self {}
    }

    pub(in crate::rules::run) fn sequence(&self) -> u64 {
        match *self {}
    }

    pub(in crate::rules::run) async fn take(&self, _: &Turn, _: u64, _: &[u8]) -> Result<bool, Trouble> {
        match *self {}
    }

    pub(super) fn begin_to_clear_store(&self) {
        match *self {}
    }

    pub(super) async fn clear_store(&self) -> Result<(), Trouble> {
        match *self {}
    }
}
