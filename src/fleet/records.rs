//! What the broker keeps of generations and replicas, besides the bytes: small messages of protobuf, so that servers of several
//! versions read each other's.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prost::Message;

use super::state::{PublishedGeneration, ReplicaState};
use crate::live::ToldProblem;

/// How many problems a replica tells.
const MAX_PROBLEMS: usize = 20;

/// How long each of them is at most.
const MAX_PROBLEM_BYTES: usize = 1000;

/// A generation, as it is listed.
#[derive(Clone, PartialEq, Message)]
pub(super) struct GenerationRecord {
    #[prost(string, tag = "1")]
    pub(super) id: String,
    #[prost(uint64, tag = "2")]
    pub(super) bytes: u64,
    #[prost(uint32, tag = "3")]
    pub(super) services: u32,
    #[prost(uint32, tag = "4")]
    pub(super) methods: u32,
    #[prost(uint32, tag = "5")]
    pub(super) rules: u32,
}

/// A generation that replicas are to load and check.
#[derive(Clone, PartialEq, Message)]
pub(super) struct CandidateRecord {
    #[prost(message, optional, tag = "1")]
    pub(super) generation: Option<GenerationRecord>,
    /// Which try it is for: a generation may be tried more than once.
    #[prost(string, tag = "2")]
    pub(super) attempt: String,
}

/// The generation that is served.
#[derive(Clone, PartialEq, Message)]
pub(super) struct CurrentRecord {
    #[prost(message, optional, tag = "1")]
    pub(super) generation: Option<GenerationRecord>,
    /// Which publication has made it so, in whichever try.
    #[prost(string, tag = "2")]
    pub(super) publication: String,
    /// The id of the one that a rollback leads to. Empty if there is none.
    #[prost(string, tag = "3")]
    pub(super) before: String,
    /// Whether it was served before, and was gone back to.
    #[prost(bool, tag = "4")]
    pub(super) is_rollback: bool,
    /// Milliseconds since 1970, by the publisher's clock.
    #[prost(int64, tag = "5")]
    pub(super) at: i64,
}

/// Who publishes at the moment.
#[derive(Clone, PartialEq, Message)]
pub(super) struct PublisherRecord {
    /// Which publication it is, in whichever try.
    #[prost(string, tag = "1")]
    pub(super) publication: String,
    #[prost(string, tag = "2")]
    pub(super) id: String,
    #[prost(int64, tag = "3")]
    pub(super) since: i64,
}

/// A replica that lives.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ReplicaRecord {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, tag = "2")]
    pub(super) version: String,
    /// Where it listens.
    #[prost(string, tag = "3")]
    pub(super) address: String,
    /// Milliseconds since 1970, by its clock, as all times of it.
    #[prost(int64, tag = "4")]
    pub(super) started: i64,
    /// The id of the generation that it serves. Empty if it serves none.
    #[prost(string, tag = "5")]
    pub(super) serves: String,
    /// Microseconds since 1970.
    #[prost(int64, tag = "6")]
    pub(super) serves_since: i64,
    /// Whether its health service says SERVING.
    #[prost(bool, tag = "7")]
    pub(super) is_serving: bool,
    /// What is wrong with it besides. Empty if nothing is.
    #[prost(string, tag = "8")]
    pub(super) trouble: String,
    #[prost(message, optional, tag = "9")]
    pub(super) verdict: Option<VerdictRecord>,
}

/// What a replica answers to a candidate.
#[derive(Clone, PartialEq, Message)]
pub(super) struct VerdictRecord {
    #[prost(string, tag = "1")]
    pub(super) attempt: String,
    #[prost(string, tag = "2")]
    pub(super) id: String,
    /// Why it cannot serve it. It can if there is none.
    #[prost(string, repeated, tag = "3")]
    pub(super) problems: Vec<String>,
}

impl VerdictRecord {
    /// The answer with these problems, of which there is a bounded part.
    pub(super) fn new(candidate: &CandidateRecord, id: &str, problems: &[ToldProblem]) -> Self {
        let mut told: Vec<String> = problems
            .iter()
            .take(MAX_PROBLEMS)
            .map(|problem| cut(problem.located()))
            .collect();
        if problems.len() > MAX_PROBLEMS {
            told.push(format!("and {} more problems", problems.len() - MAX_PROBLEMS));
        }
        Self {
            attempt: candidate.attempt.clone(),
            id: id.to_owned(),
            problems: told,
        }
    }
}

/// The beginning of an id, which people tell it by.
pub(super) fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// A text, or its beginning if it is long.
pub(super) fn cut(mut text: String) -> String {
    if text.len() > MAX_PROBLEM_BYTES {
        let mut end = MAX_PROBLEM_BYTES;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('…');
    }
    text
}

impl CurrentRecord {
    pub(super) fn id(&self) -> &str {
        self.generation.as_ref().map_or("", |generation| &generation.id)
    }

    pub(super) fn published(&self) -> PublishedGeneration {
        let generation = self.generation.clone().unwrap_or_default();
        PublishedGeneration {
            id: generation.id,
            at: time(self.at, Duration::from_millis),
            is_rollback: self.is_rollback,
            bytes: generation.bytes,
            services: generation.services,
            methods: generation.methods,
            rules: generation.rules,
        }
    }
}

impl ReplicaRecord {
    pub(super) fn state(self) -> ReplicaState {
        let refused = self.verdict.filter(|verdict| !verdict.problems.is_empty());
        ReplicaState {
            name: self.name,
            version: self.version,
            address: self.address,
            started: time(self.started, Duration::from_millis),
            since: (!self.serves.is_empty()).then(|| time(self.serves_since, Duration::from_micros)),
            serves: Some(self.serves).filter(|id| !id.is_empty()),
            is_serving: self.is_serving,
            trouble: Some(self.trouble).filter(|trouble| !trouble.is_empty()),
            refused: refused.map(|verdict| (verdict.id, verdict.problems)),
        }
    }
}

/// Milliseconds since 1970.
pub(super) fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Microseconds since 1970.
pub(super) fn micros(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// The last second of the year 9999, which is as far as times in RFC 3339 go.
pub(super) const LAST_SECOND: u64 = 253_402_300_799;

/// A time that another has written; 1970 if it makes no sense.
fn time(since: i64, unit: fn(u64) -> Duration) -> SystemTime {
    let since = unit(u64::try_from(since).unwrap_or_default());
    UNIX_EPOCH
        + if since.as_secs() <= LAST_SECOND {
            since
        } else {
            Duration::ZERO
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_nobody_can_write_are_1970() {
        let last = UNIX_EPOCH + Duration::from_secs(LAST_SECOND);
        assert_eq!(time(LAST_SECOND as i64 * 1000, Duration::from_millis), last);
        assert_eq!(
            time((LAST_SECOND as i64 + 1) * 1000, Duration::from_millis),
            UNIX_EPOCH
        );
        assert_eq!(time(i64::MAX, Duration::from_micros), UNIX_EPOCH);
        assert_eq!(time(-1, Duration::from_millis), UNIX_EPOCH);
    }
}
