//! [`Sessions`]: those of a server, by their names.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use http::HeaderMap;
use tokio::sync::Notify;
use tonic::Status;

use super::error::SessionError;
use super::id::SessionId;
use super::name::{MAX_NAME, is_name, made_up};
use super::named::Named;
use super::options::SessionOptions;
use super::session::{Kept, ListedSession, Session};
use crate::excerpt::excerpt;

/// How often it is looked at most whether sessions are over. Nobody finds one that is: what waits is that its memory is freed.
const MIN_LOOK: Duration = Duration::from_millis(100);

/// The sessions of a server: see [`Server::sessions`](crate::Server::sessions). Cheap to clone.
///
/// ```
/// use protod::{Schema, Server, SessionOptions};
///
/// # let schema = Schema::from_source("m.proto", "syntax = \"proto3\"; message M {}")?;
/// let server = Server::builder(schema).build()?;
/// let sessions = server.sessions();
/// let session = sessions.create(SessionOptions::default().name("checkout-7"))?;
/// // … calls with the metadata `protod-session: checkout-7`, and what came of them …
/// assert!(sessions.end(session.name()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Sessions {
    /// How many there may be at a time. With 0, calls are not asked for theirs.
    most: usize,
    by_name: Arc<RwLock<ByName>>,
    /// Told when one was made.
    made: Arc<Notify>,
    /// Told when some have ended.
    ended: Arc<Notify>,
}

type ByName = HashMap<Arc<str>, Arc<Kept>>;

impl Sessions {
    /// `most` is how many there may be at a time; with 0 there are none, and no call is asked for its own.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            by_name: Arc::default(),
            made: Arc::default(),
            ended: Arc::default(),
        }
    }

    /// Makes a session.
    pub fn create(&self, options: SessionOptions) -> Result<Session, SessionError> {
        let ttl = options.ttl.unwrap_or(SessionOptions::DEFAULT_TTL);
        if ttl.is_zero() || ttl > SessionOptions::MAX_TTL {
            return Err(SessionError::InvalidTtl(ttl));
        }
        let name = options.name.unwrap_or_else(made_up);
        if !is_name(&name) {
            return Err(SessionError::InvalidName(name));
        }
        self.end_those_over();
        let mut by_name = self.write();
        if by_name.contains_key(name.as_str()) {
            return Err(SessionError::AlreadyExists(name));
        }
        if by_name.len() >= self.most {
            return Err(SessionError::TooMany(self.most));
        }
        let kept = Arc::new(Kept::new(name, ttl));
        let session = Session::of(&kept);
        by_name.insert(kept.id.shared_name(), kept);
        drop(by_name);
        self.made.notify_waiters();
        Ok(session)
    }

    /// The session of this name; whoever asks for it uses it. `None` if there is none, or it has ended.
    pub fn get(&self, name: &str) -> Option<Session> {
        if name.len() > MAX_NAME {
            return None;
        }
        let by_name = self.read();
        let kept = by_name.get(name)?;
        if !kept.is_over() {
            return Some(Session::of(kept));
        }
        drop(by_name);
        self.end_those_over();
        None
    }

    /// Whether there is this session. To ask for it is not to use it.
    pub(crate) fn has(&self, id: &SessionId) -> bool {
        let by_name = self.read();
        let kept = by_name.get(id.name());
        kept.is_some_and(|kept| kept.id == *id && !kept.is_over())
    }

    /// Waits until some have ended since it was waited for last. For one who waits.
    pub(crate) async fn some_ended(&self) {
        self.ended.notified().await;
    }

    /// All sessions, those that were made first before the others.
    pub fn list(&self) -> Vec<ListedSession> {
        self.end_those_over();
        let by_name = self.read();
        let mut listed: Vec<_> = by_name.values().map(Kept::listed).collect();
        drop(by_name);
        listed.sort_by_key(|session| session.number);
        listed
    }

    /// Ends the session of this name: calls that name it are refused from now on, and those in flight go on. Returns whether
    /// there was one.
    pub fn end(&self, name: &str) -> bool {
        let ended = self.write().remove(name);
        self.ended.notify_one();
        // What it kept is dropped here, after the lock.
        ended.is_some_and(|kept| !kept.is_over())
    }

    /// The session of a call that begins with these headers, if it names one. `is_rest` is whether it is a call by REST.
    ///
    /// Fails if there is no such session: what the call leaves behind must not be seen outside of it.
    #[inline]
    pub(crate) fn of_call(&self, headers: &HeaderMap, is_rest: bool) -> Result<Option<Session>, Status> {
        let session = self.named_by(headers, is_rest)?;
        if let Some(session) = &session {
            session.count_call();
        }
        Ok(session)
    }

    /// The same, without counting it as a call.
    #[inline]
    pub(crate) fn named_by(&self, headers: &HeaderMap, is_rest: bool) -> Result<Option<Session>, Status> {
        if self.most == 0 {
            return Ok(None);
        }
        match Named::by(headers, is_rest) {
            Named::Nothing => Ok(None),
            named => self.find(&named).map(Some),
        }
    }

    #[cold]
    fn find(&self, named: &Named<'_>) -> Result<Session, Status> {
        let name = match named {
            Named::Two(one, other) => {
                return Err(Status::invalid_argument(format!(
                    "the call names two sessions, {:?} and {:?}",
                    excerpt(one),
                    excerpt(other)
                )));
            }
            Named::One(name) => &**name,
            Named::Nothing => "",
        };
        self.get(name).ok_or_else(|| {
            Status::failed_precondition(format!(
                "there is no session {:?}: it was never made, or it has ended",
                excerpt(name)
            ))
        })
    }

    /// Ends sessions when they were idle for their time, for as long as it is polled. Without it, what they keep stays until
    /// somebody looks at sessions.
    pub(crate) async fn end_idle(&self) {
        loop {
            let made = self.made.notified();
            match self.end_those_over() {
                Some(next) => {
                    // If one was made, it may be over sooner.
                    let _ = tokio::time::timeout(next.max(MIN_LOOK), made).await;
                }
                None => made.await,
            }
        }
    }

    /// Ends those that were idle for their time. Returns after which time the next one may be over; `None` if there is none.
    fn end_those_over(&self) -> Option<Duration> {
        let mut by_name = self.write();
        let ended: Vec<_> = by_name.extract_if(|_, kept| kept.is_over()).collect();
        let next = by_name.values().map(Kept::left).min();
        drop(by_name);
        if !ended.is_empty() {
            self.ended.notify_one();
        }
        // What they kept is dropped here, after the lock.
        next
    }

    fn read(&self) -> RwLockReadGuard<'_, ByName> {
        self.by_name.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, ByName> {
        self.by_name.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn named(name: &str) -> SessionOptions {
        SessionOptions::default().name(name)
    }

    fn names(sessions: &Sessions) -> Vec<String> {
        sessions.list().into_iter().map(|listed| listed.name).collect()
    }

    #[test]
    fn sessions_have_names_of_their_own_and_there_are_so_many() {
        let sessions = Sessions::new(3);
        sessions.create(named("a")).expect("there is room");
        sessions.create(named("b")).expect("there is room");
        let again = sessions.create(named("a"));
        assert_eq!(again, Err(SessionError::AlreadyExists("a".to_owned())));
        let made = sessions.create(SessionOptions::default()).expect("there is room");
        assert_eq!(sessions.create(named("d")), Err(SessionError::TooMany(3)));
        assert_eq!(names(&sessions), ["a", "b", made.name()]);
        assert!(sessions.end("b"));
        assert!(!sessions.end("b"));
        assert_eq!(sessions.get("b"), None);
        sessions.create(named("d")).expect("there is room again");
    }

    #[test]
    fn names_and_times_that_no_session_can_have_are_refused() {
        let sessions = Sessions::new(3);
        for name in ["", "a b", "a,b", "é", &"x".repeat(MAX_NAME + 1)] {
            let error = sessions.create(named(name)).expect_err("no name");
            assert_eq!(error, SessionError::InvalidName(name.to_owned()));
        }
        for ttl in [Duration::ZERO, SessionOptions::MAX_TTL + Duration::from_nanos(1)] {
            let made = sessions.create(SessionOptions::default().ttl(ttl));
            assert_eq!(made, Err(SessionError::InvalidTtl(ttl)));
        }
        assert!(sessions.list().is_empty());
    }

    #[test]
    fn a_session_ends_when_nobody_has_used_it_for_its_time_and_not_before() {
        let sessions = Sessions::new(2);
        let brief = || named("brief").ttl(Duration::from_millis(1));
        let held = sessions.create(brief()).expect("there is room");
        let other = sessions.create(named("other")).expect("there is room");
        let made = Instant::now();
        while made.elapsed() <= held.ttl() {}
        assert_eq!(sessions.get("brief").as_ref(), Some(&held), "it is in use");
        drop((held, other));
        while sessions.get("brief").is_some() {
            // That was a use: it is idle anew.
            let now = Instant::now();
            while now.elapsed() <= Duration::from_millis(1) {}
        }
        assert_eq!(names(&sessions), ["other"]);
        let idle = sessions.create(brief()).expect("the name is free again");
        let ttl = idle.ttl();
        drop(idle);
        let now = Instant::now();
        while now.elapsed() <= ttl {}
        sessions
            .create(named("third"))
            .expect("what is over takes no room");
        assert_eq!(names(&sessions), ["other", "third"]);
    }

    #[tokio::test]
    async fn what_sessions_keep_is_dropped_when_their_time_is_over_though_nobody_looks() {
        let sessions = Sessions::new(2);
        let ending = tokio::spawn({
            let sessions = sessions.clone();
            async move { sessions.end_idle().await }
        });
        let shared = Arc::new(0_u64);
        // The second one is made while the first is waited for, and is over before it.
        for ttl in [SessionOptions::MAX_TTL, Duration::from_millis(1)] {
            tokio::task::yield_now().await;
            let options = SessionOptions::default().ttl(ttl);
            let session = sessions.create(options).expect("there is room");
            let kept = Arc::downgrade(&session.beside(&shared, || 7));
            drop(session);
            if ttl < SessionOptions::MAX_TTL {
                while kept.strong_count() > 0 {
                    tokio::task::yield_now().await;
                }
            }
        }
        assert_eq!(sessions.read().len(), 1);
        ending.abort();
    }

    #[test]
    fn what_a_session_keeps_is_dropped_when_it_has_ended_and_nobody_uses_it() {
        let sessions = Sessions::new(2);
        let session = sessions.create(named("a")).expect("there is room");
        let shared = Arc::new(0_u64);
        let first = session.beside(&shared, || 7);
        assert!(Arc::ptr_eq(&first, &session.beside(&shared, || 8)));
        let kept = Arc::downgrade(&first);
        drop(first);
        assert!(sessions.end("a"));
        let new = sessions.create(named("a")).expect("the name is free again");
        assert_ne!(new, session);
        assert_eq!(*new.beside(&shared, || 9), 9);
        assert_eq!(
            kept.upgrade().as_deref(),
            Some(&7),
            "a call of it may be in flight"
        );
        drop(session);
        assert!(kept.upgrade().is_none());
    }
}
