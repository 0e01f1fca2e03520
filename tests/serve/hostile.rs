//! Calls that ask for as much work as one call can: a second client is answered at once all the same, the server's memory
//! stays small, and SIGTERM ends it in time. Nobody reads its log meanwhile.
//!
//! By hand it measures: `PROTOD_HOSTILE_CALLS=10000` makes so many calls, `PROTOD_HOSTILE_AT_ONCE` of them at a time, of the
//! kinds whose names contain `PROTOD_HOSTILE_KIND`. `PROTOD_BIN` names a release build, and `-- --nocapture` shows the
//! figures. A machine that is busy with other tests answers later, so only then is a health check expected within the time
//! of docs/reliability.md.

#![expect(
    clippy::print_stdout,
    reason = "the figures are what this test is run by hand for"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use protod::{Client, Message};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr};
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};
use tonic::Code;

use crate::folder::folder;
use crate::program::{SOON, command, listening_address};
use crate::resident::resident_kib;

/// How many calls are made, unless a person asks for more: to a debug build, and to the build that `PROTOD_BIN` names.
const CALLS: usize = 120;
const CALLS_OF_OPTIMISED: usize = 2000;

/// How many of them are in flight at any time, over so many connections.
const AT_ONCE: usize = 16;
const CONNECTIONS: usize = 4;

/// Ends those of the calls that have no end.
const DEADLINE: Duration = Duration::from_secs(3);

/// The most that the server may take, in MiB. 64 of them are for its journal.
const MOST_MEMORY: u64 = 150 + 64;

/// The longest time of a health check, when the test measures.
const PATIENCE: Duration = Duration::from_millis(100);

/// The same for any build on a busy machine: far less than a call takes that nothing bounds.
const PATIENCE_WHEN_BUSY: Duration = Duration::from_secs(10);

const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

const PROTO: &str = r#"syntax = "proto3"; package lab;
import "google/protobuf/any.proto"; import "google/protobuf/struct.proto";
message In {
  repeated int32 nums = 1; repeated string names = 2; string text = 3; string pattern = 4;
  google.protobuf.Any any = 5; google.protobuf.Value value = 6; In in = 7; repeated In list = 8;
  map<string, In> by_name = 9; string kind = 10;
}
message Out { repeated int32 nums = 1; repeated string names = 2; string text = 3; google.protobuf.Value value = 4; }
service Lab { rpc Work(In) returns (Out); rpc Stream(In) returns (stream Out); rpc Chat(stream In) returns (stream Out); }
service Samples { rpc Deep(In) returns (M0); rpc Same(In) returns (In); rpc Chat(stream In) returns (stream M0); }
"#;

/// What each kind of call asks for: the method, the key of the rule that it chooses, and what the rule does with it.
const WORK: &[(&str, &str)] = &[
    (
        "nested_loops",
        "reply: {text: \"${string(request.nums.all(x, request.nums.exists_one(y, y == x)))}\"}",
    ),
    (
        "triple_loops",
        "reply: {text: \"${string(request.names.exists(n, request.names.exists(m, request.names.exists(o, n + m == o))))}\"}",
    ),
    (
        "sorted",
        "reply: {nums: \"${request.nums.sort().reverse().distinct()}\", names: \"${request.names.sortBy(n, n)}\"}",
    ),
    (
        "by_filter",
        "reply: {nums: \"${request.nums.sortBy(x, request.nums.filter(y, y < x).size())}\"}",
    ),
    (
        "doubled",
        "reply: {text: \"${[request.text].map(x, x + x).map(x, x + x).map(x, x + x).map(x, x + x).map(x, x + x).map(x, x + x).map(x, x + x).map(x, x + x)[0]}\"}",
    ),
    ("repeated", "reply: {text: \"${repeat(request.text, 1000)}\"}"),
    ("split", "reply: {names: \"${request.text.split('')}\"}"),
    (
        "replaced",
        "reply: {text: \"${request.text.replace('a', request.text)}\"}",
    ),
    (
        "formatted",
        "reply: {text: \"${'%s and %s'.format([request.names, request.nums])}\"}",
    ),
    (
        "joined",
        "reply: {text: \"${request.names.map(n, request.names.join(n)).join()}\"}",
    ),
    (
        "their_pattern",
        "reply: {text: \"${string(request.text.matches(request.pattern))}\"}",
    ),
    (
        "our_pattern",
        "reply: {text: \"${string(request.names.exists(n, (request.text + n).matches('[ab]*a[ab]{500}c')))}\"}",
    ),
    (
        "printed",
        "reply: {text: \"${json(request)} ${request.value} ${request.any}\"}",
    ),
    (
        "copied",
        "reply: {value: \"${request.value}\", nums: \"${request.nums}\", names: \"${request.names}\"}",
    ),
    (
        "compared",
        "reply: {text: \"${string(request.list.exists(a, request.list.exists(b, a != a || dyn(a) == dyn(b) && a.kind == 'x')))}\"}",
    ),
    (
        "unpacked",
        "reply: {text: \"${request.any.any.any.text} ${request.any.text}\"}",
    ),
    (
        "stored",
        "session: {half_close: [{set: {\"store[request.text.substring(0, 9)]\": \"${request.nums}\"}}, {send: {text: \"${string(size(store))}\"}}]}",
    ),
    // Beside the ones above, which hold it for long.
    (
        "store_read",
        "reply: {text: \"${string(size(store))} ${string(request.kind in store)}\"}",
    ),
    (
        "ranges",
        "reply: {text: \"${string(lists.range(size(request.nums) * 10).map(x, lists.range(x)).size())}\"}",
    ),
];

const STREAMS: &[(&str, &str)] = &[
    (
        "log_flood",
        "stream: [{repeat: 2000, log: \"${i} ${request.text}\"}]",
    ),
    (
        "endless",
        "session: {state: {n: 0}, half_close: [{repeat: 9000000000, set: {n: \"${request.nums.filter(x, x > 5).size()}\"}}]}",
    ),
    (
        "empty_rounds",
        "stream: [{repeat: 9000000000, when: \"i < 0\", send: {}}]",
    ),
    (
        "each",
        "stream: [{each: \"${request.nums.map(x, x * 2)}\", send: {nums: [\"${item}\"]}}]",
    ),
    (
        "many_sent",
        "stream: [{repeat: 1000, send: {text: \"${request.text}\"}}]",
    ),
    (
        "every",
        "stream: [{repeat: 9000000000, every: \"${request.nums.all(x, request.nums.exists_one(y, y == x)) ? '1ms' : '2ms'}\", send: {}}]",
    ),
];

fn rules() -> String {
    let mut rules = String::from("rules:\n");
    for (method, table) in [("Work", WORK), ("Stream", STREAMS)] {
        for (kind, body) in table {
            writeln!(
                rules,
                "  - {{method: lab.Lab/{method}, match: {{kind: {kind}}}, {body}}}"
            )
            .expect("a String takes all");
        }
    }
    // Conditions that no index sorts out, and patterns that decode the request.
    for rule in 0..300 {
        writeln!(
            rules,
            "  - {{method: lab.Lab/Work, match: {{kind: conditions}}, when: \"request.nums.exists(x, x == -{rule} - 1)\", reply: {{}}}}"
        )
        .expect("a String takes all");
    }
    let copies = ["'${request.text}'"; 40].join(", ");
    writeln!(
        rules,
        "  - {{method: lab.Lab/Work, match: {{kind: copies}}, reply: {{names: [{copies}]}}}}"
    )
    .expect("a String takes all");
    rules.push_str(
        r#"  - {method: lab.Lab/Work, match: {kind: decoded, any: {"@type": lab.In, list: [{text: a}, {text: b}]}}, reply: {}}
  - {method: lab.Lab/Chat, session: {message: [{send: {text: "${string(request.nums.filter(x, x > 3).size())}"}}]}}
"#,
    );
    rules
}

/// A chain of a thousand types for the samples.
fn chain() -> String {
    let mut text = String::new();
    for level in 0..1000 {
        writeln!(
            text,
            "message M{level} {{ M{} next = 1; string name = 2; repeated M{0} list = 3; }}",
            level + 1
        )
        .expect("a String takes all");
    }
    text + "message M1000 { string end = 1; }\n"
}

/// One hostile call: its method and its messages.
#[derive(Clone)]
struct Hostile {
    kind: String,
    method: &'static str,
    requests: Vec<Message>,
}

/// What all requests hold: some dozens of KiB, or more than two MiB. A debug build is as slow with a tenth of them.
fn data(large: bool) -> String {
    let (nums, letters) = match (large, std::env::var_os("PROTOD_BIN")) {
        (false, _) => (3000, 20_000),
        (true, None) => (25_000, 100_000),
        (true, Some(_)) => (250_000, 1_000_000),
    };
    let list =
        |count: usize, one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<Vec<_>>().join(",");
    // Letters without a pattern of their own, which no automaton learns.
    let mut random = 12_345_u64;
    let text: String = (0..letters)
        .map(|_| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            if random >> 40 & 1 == 0 { 'a' } else { 'b' }
        })
        .collect();
    let nested = |levels: usize, open: &str, inner: &str, close: &str| {
        [&open.repeat(levels), inner, &close.repeat(levels)].concat()
    };
    format!(
        r#"{{"nums":[{}],"names":[{}],"text":"{text}","pattern":"{}","any":{},"value":{},"list":[{}],"in":{}}}"#,
        list(nums, &|n| (nums - n).to_string()),
        list(nums / 10, &|n| format!("\"name {n}\"")),
        r"([ab]*a[ab]{100}|\\w{20,40}!)c",
        nested(45, r#"{"@type":"type.googleapis.com/lab.In","any":"#, "null", "}"),
        nested(45, "[", &list(nums / 10, &|n| n.to_string()), "]"),
        list(nums / 100, &|n| format!(r#"{{"text":"{n}","nums":[1]}}"#)),
        nested(90, r#"{"in":"#, "{}", "}"),
    )
}

fn hostile(client: &Client) -> Vec<Hostile> {
    let schema = client.schema();
    let input = schema
        .require_method("lab.Lab/Work")
        .expect("it is there")
        .input();
    let data = [false, true].map(|large| {
        let message = Message::from_json(input.clone(), &data(large)).expect("it fits");
        message.to_bytes()
    });
    let message = |kind: &str, large| {
        // The field `kind`.
        let length = u8::try_from(kind.len()).expect("it is short");
        let bytes = [
            &data[usize::from(large)][..],
            &[10 << 3 | 2, length],
            kind.as_bytes(),
        ]
        .concat();
        Message::decode(schema, input, bytes).expect("it is well formed")
    };
    let mut calls = Vec::new();
    let kinds = |table: &'static [(&str, &str)]| table.iter().map(|(kind, _)| *kind);
    let unary = kinds(WORK).chain(["conditions", "copies", "decoded", "no rule"]);
    let methods = unary
        .map(|kind| (kind, "lab.Lab/Work"))
        .chain(kinds(STREAMS).map(|kind| (kind, "lab.Lab/Stream")))
        .chain([
            ("deep sample", "lab.Samples/Deep"),
            ("copying sample", "lab.Samples/Same"),
        ]);
    for (kind, method) in methods {
        for large in [false, true] {
            calls.push(Hostile {
                kind: format!("{kind}{}", if large { ", large" } else { "" }),
                method,
                requests: vec![message(kind, large)],
            });
        }
    }
    for method in ["lab.Lab/Chat", "lab.Samples/Chat"] {
        calls.push(Hostile {
            kind: format!("many messages to {method}"),
            method,
            requests: vec![message("", false); 50],
        });
    }
    calls
}

/// Makes one call, reads all of its answer, and returns how it ended.
async fn call(client: &Client, hostile: &Hostile, deadline: Duration) -> Code {
    let method = client
        .method(hostile.method)
        .expect("it is there")
        .deadline(deadline);
    let mut responses = match method.call(tokio_stream::iter(hostile.requests.clone())).await {
        Ok(responses) => responses,
        Err(status) => return status.code(),
    };
    loop {
        match responses.message().await {
            Ok(Some(_)) => {}
            Ok(None) => return Code::Ok,
            Err(status) => return status.code(),
        }
    }
}

/// The longest of the health checks that are made until `ended`, and their number. They have a thread of their own, so that
/// they wait for nothing in this process. Returns when the first one is answered.
fn check_health(address: String, ended: Arc<AtomicBool>) -> thread::JoinHandle<(Duration, usize)> {
    let (answered, first) = mpsc::channel();
    let checks = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let client = Client::builder(address).connect().await.expect("it listens");
            let health = client.method("grpc.health.v1.Health/Check").expect("it is there");
            let (mut longest, mut count) = (Duration::ZERO, 0);
            let mut ticks = interval(Duration::from_millis(10));
            while !ended.load(Ordering::Relaxed) {
                ticks.tick().await;
                let begun = Instant::now();
                let answer = timeout(SOON, health.unary(health.request())).await;
                answer.expect("an answer comes").expect("it is healthy");
                longest = longest.max(begun.elapsed());
                count += 1;
                let _ = answered.send(());
            }
            (longest, count)
        })
    });
    first.recv().expect("it is answered");
    checks
}

/// A number that a person asks for.
fn asked(variable: &str) -> Option<usize> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().expect("a number"))
}

/// How often calls of each kind ended with each code.
type Codes = BTreeMap<(String, String), usize>;

/// Makes so many calls, of each kind in turn.
async fn make(count: usize, calls: &Arc<Vec<Hostile>>, clients: &[Client]) -> Codes {
    let next = Arc::new(AtomicUsize::new(0));
    let mut callers = JoinSet::new();
    for caller in 0..asked("PROTOD_HOSTILE_AT_ONCE").unwrap_or(AT_ONCE) {
        let client = clients[caller % clients.len()].clone();
        let (calls, next) = (Arc::clone(calls), Arc::clone(&next));
        callers.spawn(async move {
            let mut codes = Codes::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= count {
                    return codes;
                }
                let hostile = &calls[at % calls.len()];
                let code = timeout(SOON, call(&client, hostile, DEADLINE)).await;
                let code = code.expect("its deadline ends it");
                let key = (hostile.kind.clone(), format!("{code:?}"));
                *codes.entry(key).or_default() += 1;
            }
        });
    }
    let mut codes = Codes::new();
    while let Some(done) = callers.join_next().await {
        for (key, count) in done.expect("no caller panics") {
            *codes.entry(key).or_default() += count;
        }
    }
    codes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_calls_stop_no_other_call_and_no_signal_and_fill_no_memory() {
    let measured = asked("PROTOD_HOSTILE_CALLS");
    let folder = folder([
        ("lab.proto", &(PROTO.to_owned() + &chain())),
        ("lab.rules.yaml", &rules()),
    ]);
    let (mut server, _stderr, address) = start(folder.path()).await;
    let id = server.id().expect("it runs");
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        let client = Client::builder(address.clone()).connect().await;
        clients.push(client.expect("it listens"));
    }
    let mut calls = hostile(&clients[0]);
    if let Ok(kind) = std::env::var("PROTOD_HOSTILE_KIND") {
        calls.retain(|hostile| hostile.kind.contains(&kind));
    }
    let calls = Arc::new(calls);
    let idle = resident_kib(id, "VmRSS") / 1024;

    let ended = Arc::new(AtomicBool::new(false));
    let health = check_health(address, Arc::clone(&ended));
    let begun = Instant::now();
    let count = measured.unwrap_or(match std::env::var_os("PROTOD_BIN") {
        None => CALLS,
        Some(_) => CALLS_OF_OPTIMISED,
    });
    let codes = make(count, &calls, &clients).await;
    let took = begun.elapsed();

    // Those that have no end are still there when the server is told to end.
    let mut endless = JoinSet::new();
    for hostile in calls.iter().filter(|hostile| hostile.method == "lab.Lab/Stream") {
        let (client, hostile) = (clients[0].clone(), hostile.clone());
        endless.spawn(async move { call(&client, &hostile, SOON * 10).await });
    }
    call(&clients[0], &calls[0], DEADLINE).await;
    ended.store(true, Ordering::Relaxed);
    let (longest, checks) = health.join().expect("every health check is answered");
    let memory = resident_kib(id, "VmHWM") / 1024;
    let asked = Instant::now();
    let kill = tokio::process::Command::new("kill")
        .args(["-TERM", &id.to_string()])
        .status()
        .await;
    assert!(kill.expect("kill can be started").success());
    let status = timeout(SOON, server.wait()).await.expect("it ends");
    let stopped = asked.elapsed();
    endless.abort_all();

    for ((kind, code), count) in &codes {
        println!("{kind:<40} {code:<20} {count}");
    }
    println!(
        "{count} calls in {took:.0?}; {checks} health checks, the longest {longest:.1?}; {memory} MiB at most, {idle} MiB \
         before; {stopped:.1?} from SIGTERM to the end"
    );
    let wrong: Vec<_> = codes
        .keys()
        .filter(|(_, code)| ["Unavailable", "Unknown", "Cancelled"].contains(&code.as_str()))
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert_eq!(status.expect("it can be waited for").code(), Some(0));
    let (patience, late) = match measured {
        Some(_) => (PATIENCE, Duration::from_millis(500)),
        None => (PATIENCE_WHEN_BUSY, PATIENCE_WHEN_BUSY),
    };
    assert!(longest < patience, "a health check took {longest:?}");
    assert!(memory < MOST_MEMORY, "{memory} MiB");
    assert!(
        stopped < DRAIN_TIMEOUT + late,
        "{stopped:?} from SIGTERM to the end"
    );
}

/// Starts a server whose log nobody reads after its first line.
async fn start(folder: &Path) -> (Child, BufReader<ChildStderr>, String) {
    let path = folder.to_str().expect("UTF-8");
    let mut server = command(&["serve", "--addr", "127.0.0.1:0", "--drain-timeout", "2s", path])
        .stderr(Stdio::piped())
        .spawn()
        .expect("protod can be started");
    let mut stderr = BufReader::new(server.stderr.take().expect("it is piped"));
    let mut line = String::new();
    let read = timeout(SOON, stderr.read_line(&mut line)).await;
    read.expect("a line comes soon").expect("UTF-8");
    let Some(address) = listening_address(&line) else {
        stderr.read_to_string(&mut line).await.expect("UTF-8");
        panic!("it does not listen: {line}");
    };
    (server, stderr, address)
}
