//! [`Journal`]: the calls that a server has answered and is answering, for those who look at them.

use std::sync::Arc;

use super::builder::ServerBuilder;
use super::builtin::BUILTIN_SCHEMA;
use super::dispatch::Shared;
use super::handle::Server;
use crate::journal::{EntryBytes, JournalOptions, JournalStats, Log, Reader, RecordedCall, Snapshot, Watch};
use crate::schema::{Method, Schema};
use crate::session::Session;

/// The calls that a server has answered and is answering, the newest of them: see
/// [`ServerBuilder::journal`](super::ServerBuilder::journal). Cheap to clone.
///
/// A call is here before its client learns of its end: who has an answer finds its call.
#[derive(Debug, Clone)]
pub struct Journal {
    log: Arc<Log>,
    shared: Arc<Shared>,
}

impl ServerBuilder {
    /// Keeps the calls of the server, so that [`Server::journal`] shows what came, what went, and why, and
    /// [`Server::verify`](Server::verify) can tell whether it was what a test expects. Default: no call is kept.
    ///
    /// ```
    /// use protod::{JournalOptions, Schema, Server};
    ///
    /// # let schema = Schema::from_source("m.proto", "syntax = \"proto3\"; message M {}")?;
    /// let server = Server::builder(schema).journal(JournalOptions::default()).build()?;
    /// assert!(server.journal().is_some_and(|journal| journal.calls().is_empty()));
    /// # Ok::<(), protod::Error>(())
    /// ```
    pub fn journal(mut self, options: JournalOptions) -> Self {
        self.journal = Some(options);
        self
    }
}

impl Server {
    /// The calls that the server has answered and is answering. `None` if it keeps none, which is the default.
    pub fn journal(&self) -> Option<Journal> {
        let log = self.shared.calls.log().journal()?;
        Some(Journal {
            log: Arc::clone(log),
            shared: Arc::clone(&self.shared),
        })
    }
}

impl Journal {
    /// The schema that is served now.
    pub(crate) fn schema(&self) -> Schema {
        self.shared.generation.load().schema.clone()
    }

    /// The method of a name, those of the server's own services included.
    pub(crate) fn method(&self, name: &str) -> Option<Arc<Method>> {
        method_of(&self.schema(), name)
    }

    /// Whether a call is one of the server's own services, as health.
    pub(crate) fn is_of_own_service(&self, call: &RecordedCall) -> bool {
        let name = call.method();
        self.schema().method(name).is_none() && BUILTIN_SCHEMA.method(name).is_some()
    }

    pub(crate) fn reader(&self) -> Arc<Reader> {
        let schema = self.schema();
        self.log
            .reader(schema.clone(), move |name| method_of(&schema, name))
    }

    /// The calls that have ended.
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.log.snapshot()
    }

    /// The calls that have ended, and a watch for those that end from then on.
    pub(crate) fn snapshot_and_watch(&self) -> (Snapshot, JournalWatch) {
        let (snapshot, watch) = self.log.watch();
        let watch = JournalWatch {
            watch,
            missed: 0,
            reader: (u64::MAX, self.reader()),
            journal: self.clone(),
        };
        (snapshot, watch)
    }

    /// All calls that have ended and are kept, those that ended first before the others.
    pub fn calls(&self) -> Vec<RecordedCall> {
        self.newest(usize::MAX, |_| true)
    }

    /// The newest calls that have ended for which `wanted` holds, up to so many, those that ended first before the others.
    pub fn newest(&self, most: usize, wanted: impl FnMut(&RecordedCall) -> bool) -> Vec<RecordedCall> {
        let (snapshot, reader) = (self.snapshot(), self.reader());
        let newest = snapshot.newest_first(u64::MAX, &reader).map(|(_, call)| call);
        let mut found: Vec<RecordedCall> = newest.filter(wanted).take(most).collect();
        found.reverse();
        found
    }

    /// The call with this [id](RecordedCall::id), ended or in flight. `None` if there is none, or it is gone.
    pub fn get(&self, id: u64) -> Option<RecordedCall> {
        let reader = self.reader();
        let open = self.shared.calls.log().open_call(id);
        // One that ends in between is among the others by then.
        open.and_then(|call| RecordedCall::read(call.entry()?, &reader))
            .or_else(|| self.log.snapshot().get(id, &reader))
    }

    /// Forgets all calls that have ended.
    pub fn clear(&self) {
        self.log.clear();
    }

    /// Forgets the calls of a session that have ended, or with `None` those of no session. Newer calls take their memory, and
    /// until then [`stats`](Self::stats) counts it.
    pub fn clear_of(&self, session: Option<&Session>) {
        self.log.clear_of(session);
    }

    /// How much it holds.
    pub fn stats(&self) -> JournalStats {
        self.log.stats()
    }

    /// Watches calls end, from now on.
    ///
    /// ```
    /// # use protod::{JournalOptions, Schema, Server};
    /// # async fn run(server: Server) -> Option<()> {
    /// let mut calls = server.journal()?.watch();
    /// loop {
    ///     let call = calls.next().await;
    ///     println!("{} {:?}", call.method(), call.code());
    /// }
    /// # }
    /// ```
    pub fn watch(&self) -> JournalWatch {
        self.snapshot_and_watch().1
    }
}

/// The method of a name in a schema, or of the server's own services.
pub(super) fn method_of(schema: &Schema, name: &str) -> Option<Arc<Method>> {
    let method = schema.method(name).or_else(|| BUILTIN_SCHEMA.method(name));
    method.cloned()
}

/// Watches calls end: see [`Journal::watch`].
#[derive(Debug)]
pub struct JournalWatch {
    journal: Journal,
    watch: Watch,
    missed: u64,
    /// For which generation, and what reads calls of it.
    reader: (u64, Arc<Reader>),
}

impl JournalWatch {
    /// Waits for the next call to end. Cancel safe.
    pub async fn next(&mut self) -> RecordedCall {
        loop {
            // While calls come faster than they are looked at, none is waited for, and others must have their turn.
            tokio::task::consume_budget().await;
            let next = self.watch.next().await;
            if let Some(call) = self.read(next) {
                return call;
            }
        }
    }

    /// The next call, if it has ended already.
    pub(crate) fn try_next(&mut self) -> Option<RecordedCall> {
        loop {
            let next = self.watch.try_next()?;
            if let Some(call) = self.read(next) {
                return Some(call);
            }
        }
    }

    fn read(&mut self, (entry, missed): (EntryBytes, u64)) -> Option<RecordedCall> {
        self.missed += missed;
        let number = self.journal.shared.generation.load().number;
        if self.reader.0 != number {
            self.reader = (number, self.journal.reader());
        }
        RecordedCall::read(entry, &self.reader.1)
    }

    /// Passes calls that are gone, which [`take_missed`](Self::take_missed) then counts.
    pub(crate) fn pass_gone(&mut self) {
        self.missed += self.watch.pass_gone();
    }

    /// How many calls have ended before the next one, of all that have.
    pub(crate) fn passed(&self) -> u64 {
        self.watch.passed()
    }

    /// How many calls were gone before they could be seen, since this was last asked: they came faster than they were read.
    pub fn take_missed(&mut self) -> u64 {
        std::mem::take(&mut self.missed)
    }
}
