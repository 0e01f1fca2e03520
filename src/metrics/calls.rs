//! The counters of all methods.
//!
//! However many names clients make up, there are counters only for methods that there are, or were before a reload; all
//! others share those of one name.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tonic::Code;

use super::conventions::OTHER_METHODS;
use super::series::{Counted, Series, Totals};

/// How many methods have counters of their own, over all reloads. The others are counted as unknown.
const MOST_METHODS: usize = 10_000;

/// The protocols, by the names that the log has for them.
const PROTOCOLS: [&str; 4] = ["grpc", "grpc-web", "connect", "rest"];

/// How many codes there are.
const CODES: usize = 17;

/// The counters of a server.
#[derive(Debug)]
pub(crate) struct CallCounters {
    methods: Mutex<BTreeMap<Arc<str>, Arc<MethodCounters>>>,
    other: Arc<MethodCounters>,
    unmatched: AtomicU64,
}

/// The counters of the calls of a method.
#[derive(Debug, Default)]
pub(crate) struct MethodCounters {
    /// By protocol, then by code. Made when the first such call has ended.
    series: [OnceLock<Box<ByCode>>; PROTOCOLS.len()],
}

/// The counters of the calls of a method in a protocol.
type ByCode = [OnceLock<Box<Series>>; CODES];

impl CallCounters {
    pub(crate) fn new() -> Self {
        Self {
            methods: Mutex::default(),
            other: Arc::default(),
            unmatched: AtomicU64::new(0),
        }
    }

    /// The counters of a method that there is.
    pub(crate) fn of_method(&self, name: &str) -> Arc<MethodCounters> {
        let mut methods = self.methods.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counters) = methods.get(name) {
            return Arc::clone(counters);
        }
        if methods.len() >= MOST_METHODS {
            return Arc::clone(&self.other);
        }
        let counters = Arc::<MethodCounters>::default();
        methods.insert(name.into(), Arc::clone(&counters));
        counters
    }

    /// The counters of all methods that there are not.
    pub(crate) fn of_others(&self) -> &Arc<MethodCounters> {
        &self.other
    }

    /// Counts a call that no rule and no handler answered.
    pub(crate) fn add_unmatched(&self) {
        self.unmatched.fetch_add(1, Ordering::Relaxed);
    }

    /// How many calls no rule and no handler answered.
    pub(crate) fn unmatched(&self) -> u64 {
        self.unmatched.load(Ordering::Relaxed)
    }

    /// Calls `each` with the method, protocol and code of all calls that ended alike, and how they add up.
    pub(crate) fn each(&self, mut each: impl FnMut(&str, &'static str, Code, &Totals)) {
        // A call must not wait for whoever reads.
        let methods = self
            .methods
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let methods = methods.iter().map(|(name, counters)| (&**name, counters));
        for (name, counters) in methods.chain([(OTHER_METHODS, &self.other)]) {
            for (protocol, by_code) in PROTOCOLS.into_iter().zip(&counters.series) {
                let by_code = by_code.get().into_iter().flat_map(|by_code| by_code.iter());
                for (code, series) in (0..).map(Code::from).zip(by_code) {
                    if let Some(series) = series.get() {
                        each(name, protocol, code, &series.totals());
                    }
                }
            }
        }
    }
}

impl MethodCounters {
    /// Counts a call that has ended.
    pub(crate) fn add(&self, protocol: &str, code: Code, counted: &Counted) {
        let protocol = PROTOCOLS.iter().position(|name| *name == protocol);
        let protocol = protocol.expect("the log knows no other protocol");
        let by_code = self.series[protocol].get_or_init(|| Box::new([const { OnceLock::new() }; CODES]));
        let series = by_code[code as usize].get_or_init(Box::default);
        series.add(counted);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::protocol::{Protocol, REST};

    const CALL: Counted = Counted {
        duration: Duration::from_millis(1),
        requests: 1,
        request_bytes: 2,
        responses: 3,
        response_bytes: 4,
    };

    #[test]
    fn each_protocol_has_its_place() {
        let all = [
            Protocol::Grpc,
            Protocol::GrpcWeb,
            Protocol::GrpcWebText,
            Protocol::ConnectUnary,
            Protocol::ConnectStream,
        ];
        let counters = CallCounters::new();
        let method = counters.of_method("a.B/C");
        for name in all.iter().map(|protocol| protocol.name()).chain([REST]) {
            method.add(name, Code::Ok, &CALL);
        }
        let mut calls = Vec::new();
        counters.each(|method, protocol, code, totals| {
            calls.push((method.to_owned(), protocol, code, totals.calls()));
        });
        let expected = [("grpc", 1), ("grpc-web", 2), ("connect", 2), ("rest", 1)]
            .map(|(protocol, calls)| ("a.B/C".to_owned(), protocol, Code::Ok, calls));
        assert_eq!(calls, expected);
    }

    #[test]
    fn a_method_keeps_its_counters_and_there_is_an_end_to_methods() {
        let counters = CallCounters::new();
        for round in 0..2 {
            for method in 0..MOST_METHODS + 100 {
                let method = counters.of_method(&format!("a.B/{method}"));
                method.add("grpc", Code::from(round), &CALL);
            }
        }
        let (mut names, mut calls) = (std::collections::BTreeSet::new(), 0);
        counters.each(|method, _, _, totals| {
            names.insert(method.to_owned());
            calls += totals.calls();
            let expected = if method == OTHER_METHODS { 100 } else { 1 };
            assert_eq!(totals.calls(), expected, "{method}");
        });
        assert_eq!(
            (names.len(), calls),
            (MOST_METHODS + 1, 2 * (MOST_METHODS as u64 + 100))
        );
    }
}
