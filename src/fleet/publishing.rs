//! [`Publishing`]: one change of the generation that a fleet serves, from the candidate to the last replica that swaps.
//!
//! The invariants: the current generation is changed by compare-and-set only, from the one that was current when the publication
//! began; and only after each replica that lives has said that it can serve the new one.

use std::time::{Duration, SystemTime};

use async_nats::jetstream::kv::{CreateErrorKind, Operation, UpdateErrorKind};
use bytes::Bytes;
use prost::Message as _;
use tokio::time::{Instant, interval, sleep};
use tonic::Status;

use super::answers::Answers;
use super::generation::Generation;
use super::options::PublishOptions;
use super::publication::{Outcome, Publication, Refusal};
use super::records::{
    CandidateRecord, CurrentRecord, GenerationRecord, PublisherRecord, ReplicaRecord, VerdictRecord, millis,
    short,
};
use super::shelf::{CANDIDATE, CURRENT, Current, HEARTBEAT, PUBLISHER, Shelf, decode, unavailable};
use crate::error::Error;
use crate::uuid::version_4;

/// How long replicas may take to swap before the publisher says how many have.
const SWAP_TIMEOUT: Duration = Duration::from_secs(10);

/// How often it is asked whether a change whose outcome is not known has happened.
const RETRIES: u32 = 20;

/// How long until that is asked again.
const RETRY: Duration = Duration::from_millis(250);

/// One try of a publication. It may be tried again when the broker did not answer, and what was done then was done by it, too.
pub(super) struct Publishing {
    shelf: Shelf,
    options: PublishOptions,
    /// The same in each try.
    publication: String,
    /// Another one in each try.
    attempt: String,
}

/// What is to be the current generation.
struct Next {
    generation: GenerationRecord,
    /// What a rollback then leads to.
    before: String,
    is_rollback: bool,
}

impl Publishing {
    pub(super) fn new(shelf: Shelf, publication: &str, options: PublishOptions) -> Self {
        Self {
            shelf,
            options,
            publication: publication.to_owned(),
            attempt: version_4(fastrand::u128(..)),
        }
    }

    /// Publishes a generation.
    pub(super) async fn publish(self, generation: &Generation) -> Result<Publication, Error> {
        let record = generation.record();
        let publish = async {
            let base = self.shelf.current().await?;
            if self.is_done(base.as_ref()) {
                return self.follow(&record.id).await;
            }
            if !self.options.check_only && is_current(base.as_ref(), &record.id) {
                return self.unchanged(&record.id).await;
            }
            if let Err(error) = self.shelf.put(generation).await {
                // What is there of it may fill the store.
                let _ = self.shelf.prune().await;
                return Err(error);
            }
            let before = match &base {
                // It is the same one again, in the place of what makes no sense.
                Some(base) if base.is_damaged && base.record.id() == record.id => &base.record.before,
                base => id_of(base.as_ref()),
            };
            let next = Next {
                before: before.to_owned(),
                generation: record.clone(),
                is_rollback: false,
            };
            self.change(base, next).await
        };
        self.alone(&record.id, Box::pin(publish)).await
    }

    /// Goes back to a generation: to the one whose id begins so, or to the one before the current.
    pub(super) async fn rollback(self, id: Option<&str>) -> Result<Publication, Error> {
        let go_back = async {
            let base = self.shelf.current().await?;
            if self.is_done(base.as_ref()) {
                return self.follow(id_of(base.as_ref())).await;
            }
            let history = self.shelf.history().await?;
            let target = find(&history, base.as_ref(), id)?;
            let record = target.generation.clone().unwrap_or_default();
            if is_current(base.as_ref(), &record.id) {
                return self.unchanged(&record.id).await;
            }
            let next = Next {
                before: target.before.clone(),
                generation: record,
                is_rollback: true,
            };
            self.change(base, next).await
        };
        self.alone(id.unwrap_or_default(), Box::pin(go_back)).await
    }

    /// Does something while nobody else publishes. Fails if another does.
    async fn alone<T>(&self, id: &str, what: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let record = PublisherRecord {
            publication: self.publication.clone(),
            id: id.to_owned(),
            since: millis(SystemTime::now()),
        };
        let record: Bytes = record.encode_to_vec().into();
        let revision = match self.shelf.replicas.create(PUBLISHER, record.clone()).await {
            Ok(revision) => revision,
            Err(error) if error.kind() == CreateErrorKind::AlreadyExists => {
                match self.shelf.publisher().await? {
                    // Itself, in a try whose answer was lost.
                    Some((publisher, revision)) if publisher.publication == self.publication => revision,
                    Some(_) => return Err(self.other().await),
                    // It has ended since.
                    None => return Err(unavailable("cannot publish", error)),
                }
            }
            Err(error) => return Err(unavailable("cannot publish", error)),
        };
        let done = tokio::select! {
            done = what => done,
            () = self.renew(record, revision) => Err(self.other().await),
        };
        // It ends by itself if that fails.
        let _ = self.shelf.replicas.delete(PUBLISHER).await;
        done
    }

    /// Says again and again who publishes, until it is another: a broker may have been gone for long.
    async fn renew(&self, record: Bytes, mut revision: u64) {
        let mut beat = interval(HEARTBEAT);
        beat.tick().await;
        loop {
            beat.tick().await;
            let publishers = &self.shelf.replicas;
            let renewed = publishers.update(PUBLISHER, record.clone(), revision).await;
            revision = match renewed {
                Ok(revision) => revision,
                Err(error) if error.kind() == UpdateErrorKind::WrongLastRevision => {
                    match publishers.entry(PUBLISHER).await {
                        // Only the answer was lost.
                        Ok(Some(entry)) if entry.value == record => entry.revision,
                        Ok(Some(entry)) if entry.operation == Operation::Put => return,
                        Ok(Some(entry)) => entry.revision,
                        Ok(None) => 0,
                        Err(_) => revision,
                    }
                }
                Err(_) => revision,
            };
        }
    }

    /// The failure where another publishes.
    async fn other(&self) -> Error {
        let publisher = self.shelf.replicas.get(PUBLISHER).await.ok().flatten();
        let publisher = publisher.and_then(|record| decode::<PublisherRecord>("who publishes", &record).ok());
        let what = match publisher.filter(|other| !other.id.is_empty()) {
            Some(other) => format!("another publishes the generation {}", short(&other.id)),
            None => "another publishes".to_owned(),
        };
        let status = Status::aborted(format!("{what}: try again when it is done"));
        Error::of_status("nothing was published", status)
    }

    /// Whether an earlier try has changed the current generation, and only the answer was lost.
    fn is_done(&self, current: Option<&Current>) -> bool {
        current.is_some_and(|current| !current.is_damaged && current.record.publication == self.publication)
    }

    /// Waits until the generation is served that an earlier try has made the current one.
    async fn follow(&self, id: &str) -> Result<Publication, Error> {
        let mut answers = Answers::listen(&self.shelf).await?;
        Ok(self.await_swaps(id, &mut answers, &[]).await)
    }

    async fn unchanged(&self, id: &str) -> Result<Publication, Error> {
        Ok(Publication {
            id: id.to_owned(),
            outcome: Outcome::Unchanged,
            replicas: self.shelf.replicas().await?.len(),
        })
    }

    /// Has the replicas check what is to be next, and makes it the current generation if they can all serve it.
    async fn change(&self, base: Option<Current>, next: Next) -> Result<Publication, Error> {
        let outcome = self.try_change(base, &next).await;
        // What is left of it is in nobody's way, if that fails.
        let _ = self.shelf.fleet.delete(CANDIDATE).await;
        let _ = self.shelf.prune().await;
        outcome
    }

    async fn try_change(&self, base: Option<Current>, next: &Next) -> Result<Publication, Error> {
        let candidate = CandidateRecord {
            generation: Some(next.generation.clone()),
            attempt: self.attempt.clone(),
        };
        let mut answers = Answers::listen(&self.shelf).await?;
        let candidate = candidate.encode_to_vec().into();
        let deadline = Instant::now() + self.options.timeout;
        let named = self.shelf.fleet.put(CANDIDATE, candidate).await;
        named.map_err(|error| unavailable("cannot name the candidate", error))?;
        let have_answered = answers
            .wait(deadline, |replica| self.verdict(replica).is_some())
            .await;
        let refusals = answers.replicas().filter_map(|replica| self.refusal(replica));
        let silent = answers.silent().map(|name| Refusal {
            replica: name,
            problems: vec![format!("it was not heard of in {:?}", self.options.timeout)],
        });
        let refusals: Vec<Refusal> = refusals.chain(silent).collect();
        let id = &next.generation.id;
        if !have_answered || !refusals.is_empty() {
            return Ok(publication(id, Outcome::Refused(refusals), &answers));
        }
        if self.options.check_only {
            return Ok(publication(id, Outcome::Checked, &answers));
        }
        let had_it: Vec<String> = answers
            .replicas()
            .filter(|replica| replica.serves == *id)
            .map(|replica| replica.name.clone())
            .collect();
        self.set_current(base, next).await?;
        Ok(self.await_swaps(id, &mut answers, &had_it).await)
    }

    /// Waits until the replicas serve the current generation; some had it before.
    async fn await_swaps(&self, id: &str, answers: &mut Answers<'_>, had_it: &[String]) -> Publication {
        let swapped = |replica: &ReplicaRecord| replica.serves == id;
        answers.wait(Instant::now() + SWAP_TIMEOUT, swapped).await;
        let serving: Vec<_> = answers.replicas().filter(|replica| swapped(replica)).collect();
        let times = serving.iter().filter(|replica| !had_it.contains(&replica.name));
        let times: Vec<i64> = times.map(|replica| replica.serves_since).collect();
        let outcome = Outcome::Served {
            by: serving.len(),
            skew: skew(&times),
        };
        publication(id, outcome, answers)
    }

    /// What a replica answers to this candidate, once it has.
    fn verdict<'r>(&self, replica: &'r ReplicaRecord) -> Option<&'r VerdictRecord> {
        let verdict = replica.verdict.as_ref();
        verdict.filter(|verdict| verdict.attempt == self.attempt)
    }

    fn refusal(&self, replica: &ReplicaRecord) -> Option<Refusal> {
        let problems = match self.verdict(replica) {
            Some(verdict) if verdict.problems.is_empty() => return None,
            Some(verdict) => verdict.problems.clone(),
            None => vec![format!("it has not answered in {:?}", self.options.timeout)],
        };
        Some(Refusal {
            replica: replica.name.clone(),
            problems,
        })
    }

    /// Makes a generation the current one, if the one before is still the one that was known.
    async fn set_current(&self, base: Option<Current>, next: &Next) -> Result<(), Error> {
        let record = CurrentRecord {
            generation: Some(next.generation.clone()),
            publication: self.publication.clone(),
            before: next.before.clone(),
            is_rollback: next.is_rollback,
            at: millis(SystemTime::now()),
        };
        let record: Bytes = record.encode_to_vec().into();
        let revision = base.as_ref().map_or(0, |base| base.revision);
        let mut tries = 0;
        loop {
            let Err(error) = self.shelf.fleet.update(CURRENT, record.clone(), revision).await else {
                return Ok(());
            };
            // It may have been done, and only the answer been lost.
            match self.shelf.current().await {
                Ok(now) if self.is_done(now.as_ref()) => return Ok(()),
                Ok(now) if now.as_ref().map_or(0, |now| now.revision) != revision => {
                    let status = Status::aborted(format!(
                        "another has published the generation {} meanwhile",
                        short(id_of(now.as_ref()))
                    ));
                    return Err(Error::of_status("nothing was published", status));
                }
                // It has not, and may be tried again: this revision is replaced once.
                Ok(_) | Err(_) => {}
            }
            tries += 1;
            if tries > RETRIES {
                return Err(unavailable(
                    "it is not known whether the generation is served: `protod fleet` says it",
                    error,
                ));
            }
            sleep(RETRY).await;
        }
    }
}

fn publication(id: &str, outcome: Outcome, answers: &Answers<'_>) -> Publication {
    Publication {
        id: id.to_owned(),
        outcome,
        replicas: answers.replicas().count(),
    }
}

/// The change that a rollback leads to.
fn find<'h>(
    history: &'h [CurrentRecord],
    base: Option<&Current>,
    id: Option<&str>,
) -> Result<&'h CurrentRecord, Error> {
    let failed = |why: String| Error::unknown_name(format!("there is nothing to go back to: {why}"));
    let wanted = match (id, base) {
        (Some(id), _) => id,
        (None, None) => return Err(failed("nothing was published".to_owned())),
        // What is still served was before.
        (None, Some(base)) if base.is_damaged && !base.record.id().is_empty() => base.record.id(),
        (None, Some(base)) if base.record.before.is_empty() => {
            return Err(failed(
                "no generation was served before the current one".to_owned(),
            ));
        }
        (None, Some(base)) => &base.record.before,
    };
    let mut found = history.iter().filter(|change| change.id().starts_with(wanted));
    let first = found.next().filter(|_| !wanted.is_empty());
    let Some(first) = first else {
        let kept: Vec<&str> = history.iter().map(|change| short(change.id())).collect();
        let wanted = short(wanted);
        return Err(failed(format!(
            "the generation {wanted} is not kept any more; these are: {}",
            kept.join(", ")
        )));
    };
    if let Some(other) = found.find(|change| change.id() != first.id()) {
        return Err(failed(format!(
            "{wanted} begins the ids of several generations, {} and {}",
            first.id(),
            other.id()
        )));
    }
    Ok(first)
}

/// Whether a generation is the current one, and nothing has to be mended.
fn is_current(base: Option<&Current>, id: &str) -> bool {
    base.is_some_and(|base| !base.is_damaged && base.record.id() == id)
}

fn id_of(current: Option<&Current>) -> &str {
    current.map_or("", |current| current.record.id())
}

/// The time from the first to the last of times in microseconds.
fn skew(times: &[i64]) -> Option<Duration> {
    let (first, last) = (times.iter().min()?, times.iter().max()?);
    (times.len() > 1).then(|| Duration::from_micros(last.abs_diff(*first)))
}
