//! [`Verify`]: whether so many calls have come that fulfil conditions, and if not, which came nearest.

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::count::{Count, InOrder};
use super::filter::{CallDifference, CallFilter, CallMatcher, too_costly};
use crate::error::Error;
use crate::excerpt::excerpt;
use crate::handler::code_name;
use crate::journal::{RecordedCall, Snapshot};
use crate::server::{Journal, JournalWatch, Server};
use crate::session::Session;

/// How many of the nearest calls an error shows.
const SHOWN: usize = 3;

/// Among how many calls the nearest are looked for: the newest.
const COMPARED: usize = 1000;

/// How many calls that end are looked at before the time is.
const AT_ONCE: usize = 100;

/// Which calls must have come, and how many: see [`Server::verify`].
#[derive(Debug, Clone)]
#[must_use]
pub struct Verify {
    filters: Vec<CallFilter>,
    expected: Expected,
    within: Duration,
}

/// How many calls must have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Exactly(u64),
    AtLeast(u64),
    AtMost(u64),
    /// One of each filter, in their order.
    InOrder,
}

impl Verify {
    /// Calls of a method, `package.Service/Method`: at least one, unless said otherwise.
    pub fn method(name: impl Into<String>) -> Self {
        Self::calls(CallFilter::method(name))
    }

    /// Calls that a filter means: at least one, unless said otherwise.
    pub fn calls(filter: CallFilter) -> Self {
        Self {
            filters: vec![filter],
            expected: Expected::AtLeast(1),
            within: Duration::ZERO,
        }
    }

    /// A call of each filter, that of a later filter begun after that of an earlier one. There may be up to 64.
    pub fn in_order(filters: impl IntoIterator<Item = CallFilter>) -> Self {
        Self {
            filters: filters.into_iter().collect(),
            expected: Expected::InOrder,
            within: Duration::ZERO,
        }
    }

    /// Only calls of a session, as of [`CallFilter::session`].
    pub fn session(mut self, session: &Session) -> Self {
        for filter in &mut self.filters {
            *filter = std::mem::take(filter).session(session);
        }
        self
    }

    /// Only calls for which an expression in CEL holds, as of [`CallFilter::where_`].
    pub fn where_(mut self, condition: impl Into<String>) -> Self {
        let condition = condition.into();
        for filter in &mut self.filters {
            *filter = std::mem::take(filter).where_(condition.clone());
        }
        self
    }

    /// Exactly so many calls.
    pub fn exactly(self, calls: u64) -> Self {
        self.expecting(Expected::Exactly(calls))
    }

    /// So many calls or more.
    pub fn at_least(self, calls: u64) -> Self {
        self.expecting(Expected::AtLeast(calls))
    }

    /// So many calls or fewer.
    pub fn at_most(self, calls: u64) -> Self {
        self.expecting(Expected::AtMost(calls))
    }

    /// No call.
    pub fn never(self) -> Self {
        self.at_most(0)
    }

    fn expecting(self, expected: Expected) -> Self {
        Self { expected, ..self }
    }

    /// Waits up to so long. For as many calls as there must be it waits no longer than until they have come; that there are
    /// no more than so many is known when the time is over. Default: not at all.
    pub fn within(self, time: Duration) -> Self {
        Self { within: time, ..self }
    }
}

/// What is known so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Fulfilled,
    /// More calls may change it.
    NotYet,
    /// So far it is as it must be, and more calls may change that.
    SoFar,
    Failed,
}

impl Expected {
    /// `filters` is how many there are.
    fn verdict(self, found: u64, filters: usize) -> Verdict {
        let needed = match self {
            Self::Exactly(calls) if found > calls => return Verdict::Failed,
            Self::AtMost(calls) => {
                return if found > calls {
                    Verdict::Failed
                } else {
                    Verdict::SoFar
                };
            }
            Self::Exactly(0) => return Verdict::SoFar,
            Self::Exactly(calls) | Self::AtLeast(calls) => calls,
            Self::InOrder => filters as u64,
        };
        if found >= needed {
            Verdict::Fulfilled
        } else {
            Verdict::NotYet
        }
    }
}

impl Server {
    /// Checks which calls have come, of those that have ended and that the [journal](Self::journal) has.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use protod::{Server, Verify};
    ///
    /// # async fn check(server: &Server) -> Result<(), Box<dyn std::error::Error>> {
    /// let teas = Verify::method("shop.Shop/Order").where_("request.name == 'tea'").exactly(2);
    /// server.verify(teas.within(Duration::from_secs(2))).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Fails if they have not, and then shows the calls that came nearest with their first difference; if a filter is wrong;
    /// and if the server keeps no journal.
    pub async fn verify(&self, verify: Verify) -> Result<(), VerifyError> {
        let Some(journal) = self.journal() else {
            let source = "build it with `.journal(JournalOptions::default())`";
            return Err(VerifyError::of(Error::invalid_input(
                "the server keeps no journal",
                source,
            )));
        };
        journal.verify(verify).await
    }
}

impl Journal {
    /// As [`Server::verify`].
    pub async fn verify(&self, verify: Verify) -> Result<(), VerifyError> {
        let deadline = Instant::now() + verify.within;
        if verify.filters.len() > InOrder::MAX_FILTERS {
            return Err(VerifyError::of(Error::invalid_input(
                "cannot look for so many calls in order",
                format!(
                    "there are {}, and may be up to {}",
                    verify.filters.len(),
                    InOrder::MAX_FILTERS
                ),
            )));
        }
        let matchers: Result<Arc<[_]>, _> =
            verify.filters.iter().map(|filter| self.matcher(filter)).collect();
        let matchers = matchers.map_err(VerifyError::of)?;
        let (calls, mut watch) = self.snapshot_and_watch();
        let count = match verify.expected {
            Expected::InOrder => Count::in_order(matchers.len()),
            _ => Count::of_calls(),
        };
        let mut count = self.add_from(0, calls, count, &matchers).await?;
        let mut is_over = false;
        loop {
            if count.left() == 0 {
                return Err(VerifyError::of(too_costly()));
            }
            match verify.expected.verdict(count.found(), matchers.len()) {
                Verdict::Fulfilled => return Ok(()),
                Verdict::Failed => break,
                Verdict::SoFar if is_over => return Ok(()),
                Verdict::NotYet if is_over => break,
                Verdict::NotYet | Verdict::SoFar => {}
            }
            // While calls come faster than they are looked at, the next one is always there.
            if Instant::now() >= deadline {
                is_over = true;
                count = self
                    .add_from(watch.passed(), self.snapshot(), count, &matchers)
                    .await?;
            } else if let Ok(call) = timeout_at(deadline, watch.next()).await {
                if matchers.iter().all(CallMatcher::is_quick) {
                    count.add(&call, &matchers);
                } else {
                    (count, watch) = Self::add_next(call, watch, count, &matchers).await?;
                }
            }
        }
        let journal = self.clone();
        aside(move || {
            Err(VerifyError {
                text: journal.explain(&verify, &matchers, &count),
                found: count.found(),
                cause: None,
            })
        })
        .await?
    }

    /// Adds the calls that had ended at a moment, from a place among all that have.
    async fn add_from(
        &self,
        from: u64,
        calls: Snapshot,
        mut count: Count,
        matchers: &Arc<[CallMatcher]>,
    ) -> Result<Count, VerifyError> {
        let (reader, matchers) = (self.reader(), Arc::clone(matchers));
        aside(move || {
            let calls = calls.newest_first(u64::MAX, &reader);
            for (_, call) in calls.take_while(|(place, _)| *place >= from) {
                count.add(&call, &matchers);
                if count.left() == 0 {
                    break;
                }
            }
            count
        })
        .await
    }

    /// Adds a call that was seen to end, and some of those that have ended since, where their conditions hold up no call.
    async fn add_next(
        call: RecordedCall,
        mut watch: JournalWatch,
        mut count: Count,
        matchers: &Arc<[CallMatcher]>,
    ) -> Result<(Count, JournalWatch), VerifyError> {
        let matchers = Arc::clone(matchers);
        aside(move || {
            // The deadline is looked at in between.
            count.add(&call, &matchers);
            for next in std::iter::from_fn(|| watch.try_next()).take(AT_ONCE) {
                count.add(&next, &matchers);
            }
            (count, watch)
        })
        .await
    }

    /// Says what was expected, what came, and which calls came nearest.
    fn explain(&self, verify: &Verify, matchers: &[CallMatcher], count: &Count) -> String {
        let many = |calls: u64| {
            if calls == 1 {
                "1 call".to_owned()
            } else {
                format!("{calls} calls")
            }
        };
        let expected = match verify.expected {
            Expected::Exactly(0) | Expected::AtMost(0) => "no call".to_owned(),
            Expected::Exactly(calls) => format!("exactly {}", many(calls)),
            Expected::AtLeast(calls) => format!("at least {}", many(calls)),
            Expected::AtMost(calls) => format!("at most {}", many(calls)),
            Expected::InOrder => "calls in this order".to_owned(),
        };
        // What is left of the cost is all that may be spent on it.
        let mut left = count.left();
        if verify.expected == Expected::InOrder {
            let mut text = format!("expected {expected}:\n");
            for (at, filter) in verify.filters.iter().enumerate() {
                let mark = match (at as u64).cmp(&count.found()) {
                    std::cmp::Ordering::Less => "came",
                    std::cmp::Ordering::Equal => "did not come after that",
                    std::cmp::Ordering::Greater => "was not looked for",
                };
                let _ = writeln!(text, "  {}. {filter}: {mark}", at + 1);
            }
            let missing = &matchers[(count.found() as usize).min(matchers.len() - 1)];
            add_nearest(&mut text, &self.nearest(missing, count.last(), &mut left));
            return text.trim_end().to_owned();
        }
        let came = match count.found() {
            0 => "none came".to_owned(),
            1 => "1 came".to_owned(),
            calls => format!("{calls} came"),
        };
        let mut text = format!("expected {expected} of {}, and {came}\n", verify.filters[0]);
        let near = match verify.expected.verdict(count.found(), 1) {
            Verdict::Failed => Vec::new(),
            _ => self.nearest(&matchers[0], None, &mut left),
        };
        // Where some came that are meant, calls of other methods explain nothing.
        if count.found() > 0 && near.iter().all(|(difference, _)| difference.held == 0) {
            let calls = self.newest(SHOWN, |call| matchers[0].matches_within(call, &mut left));
            text.push_str(if calls.len() == 1 {
                "this one came:\n"
            } else {
                "the last of those that came:\n"
            });
            for call in &calls {
                add_call(&mut text, call, None);
            }
        } else {
            add_nearest(&mut text, &near);
        }
        text.trim_end().to_owned()
    }

    /// The calls that came nearest to be meant, of those that began after a time, each with its first difference: calls of the method
    /// that is meant, and if there are none, others of clients.
    fn nearest(&self, matcher: &CallMatcher, after: Option<u64>, left: &mut u64) -> Vec<Near> {
        let (snapshot, reader) = (self.snapshot(), self.reader());
        let calls = snapshot.newest_first(u64::MAX, &reader).map(|(_, call)| call);
        let calls = calls.filter(|call| matcher.is_of_session(call) && after.is_none_or(|id| call.id() > id));
        // No more calls are held than are shown: together they may take as much as the journal.
        let (mut near, mut others) = (Vec::new(), Vec::new());
        let mut compared = 0;
        for call in calls {
            let is_of_method = matcher.is_of_method(&call);
            if !is_of_method && (others.len() == SHOWN || self.is_of_own_service(&call)) {
                continue;
            }
            let Some(difference) = matcher.first_difference(&call, left) else {
                continue;
            };
            if !is_of_method {
                others.push((difference, call));
                continue;
            }
            // Of those that are as near, the newest come first.
            let place = near.partition_point(|(other, _): &Near| other.held >= difference.held);
            if place < SHOWN {
                near.insert(place, (difference, call));
                near.truncate(SHOWN);
            }
            compared += 1;
            if compared == COMPARED || *left == 0 {
                break;
            }
        }
        if near.is_empty() { others } else { near }
    }
}

/// A call that is not one that is meant, and why.
type Near = (CallDifference, RecordedCall);

/// Adds the calls that came nearest, for people.
fn add_nearest(text: &mut String, near: &[Near]) {
    text.push_str(match near {
        [] => "no other call has come\n",
        [_] => "the nearest other call:\n",
        _ => "the nearest other calls:\n",
    });
    for (difference, call) in near {
        add_call(text, call, Some(&difference.text));
    }
}

/// Does what may go through all that the journal has where it holds up no call.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, VerifyError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| VerifyError::of(Error::invalid_input("the verification was given up", error)))
}

/// Adds a call, for people.
fn add_call(text: &mut String, call: &RecordedCall, difference: Option<&str>) {
    let rule = call
        .rule()
        .map(|rule| format!(", by rule {rule}"))
        .unwrap_or_default();
    let code = code_name(call.code());
    let _ = write!(text, "  #{} {} {code}{rule}", call.id(), excerpt(call.method()));
    if let Some(difference) = difference {
        let _ = write!(text, ": {difference}");
    }
    text.push('\n');
    let request = call.requests().next().and_then(|request| request.to_message());
    if let Some(Ok(json)) = request.map(|request| request.to_json()) {
        let _ = writeln!(text, "     request {}", excerpt(&json));
    }
}

/// Why [`Server::verify`] failed. Its text shows the calls that came nearest, and their first difference.
#[derive(Debug)]
pub struct VerifyError {
    text: String,
    found: u64,
    cause: Option<Error>,
}

impl VerifyError {
    fn of(cause: Error) -> Self {
        Self {
            text: "cannot verify".to_owned(),
            found: 0,
            cause: Some(cause),
        }
    }

    /// Why nothing was verified: a filter is wrong, or the server keeps no journal. `None` if other calls came than should
    /// have.
    pub fn cause(&self) -> Option<&Error> {
        self.cause.as_ref()
    }

    /// How many calls came that were meant; of calls in order, how many of the first filters mean one.
    pub fn found(&self) -> u64 {
        self.found
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            None => f.write_str(&self.text),
            Some(cause) => match std::error::Error::source(cause) {
                Some(source) => write!(f, "{}: {cause}: {source}", self.text),
                None => write!(f, "{}: {cause}", self.text),
            },
        }
    }
}

impl std::error::Error for VerifyError {}
