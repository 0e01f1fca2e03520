//! Everything at once on one server: calls, cancellations, deadlines, floods, reloads, slow and silent clients. No other
//! call fails, every answer is right, memory does not grow, and at the end the server drains.
//!
//! It takes twelve seconds. `PROTOD_SOAK=15m` makes it longer, `PROTOD_BIN` names another binary, for example a release
//! build, and `-- --nocapture` shows the figures.

#![expect(
    clippy::print_stdout,
    reason = "the figures are what this test is run by hand for"
)]

mod calls;
#[path = "../support/generations.rs"]
mod generations;
mod health;
#[path = "../support/http2.rs"]
#[expect(dead_code, reason = "some frames are for other tests")]
mod http2;
mod leavers;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "other tests run the binary in other ways")]
mod program;
#[path = "../support/resident.rs"]
mod resident;
mod rogues;
mod scene;
mod swaps;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::calls::{Caller, ask};
use crate::program::Server;
use crate::resident::resident_kib;
use crate::scene::{Figures, Scene, every};

/// How much the server's memory may grow after the first minute: the number of connections is random, a reload keeps two
/// generations for a moment, and the allocator returns memory late.
const MARGIN_KIB: u64 = 4 << 10;

/// When memory is first measured, after the start.
const WARM_UP: Duration = Duration::from_mins(1);

/// Limits that take effect within seconds.
const LIMITS: [&str; 12] = [
    "--max-concurrent-streams",
    "20",
    "--handshake-timeout",
    "2s",
    "--keepalive-interval",
    "1s",
    "--keepalive-timeout",
    "5s",
    "--drain-timeout",
    "1s",
    "--journal-size",
    "1MiB",
];

#[tokio::test(flavor = "multi_thread")]
async fn everything_at_once_fails_no_call_and_leaves_memory_where_it_was() {
    let time = setting("PROTOD_SOAK", "12s");
    let time: Duration = time
        .parse::<humantime::Duration>()
        .expect("a time, as in 15m")
        .into();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let fixed = folder.path().join("fixed");
    std::fs::create_dir(&fixed).expect("a new folder");
    for (name, text) in [
        ("soak.proto", include_str!("soak.proto")),
        ("soak.rules.yaml", include_str!("soak.rules.yaml")),
    ] {
        std::fs::write(fixed.join(name), text).expect("a new file");
    }
    generations::publish(folder.path(), 0, false);
    let current = folder.path().join("current");
    let inputs = [&current, &fixed].map(|path| path.to_str().expect("UTF-8"));
    let mut server = Server::start(&[&LIMITS[..], &inputs[..]].concat()).await;

    let began = Instant::now();
    let scene = Arc::new(Scene {
        address: server.address().to_owned(),
        root: folder.path().to_owned(),
        end: began + time,
        seed: setting("PROTOD_SOAK_SEED", "1").parse().expect("a number"),
        live: 0.into(),
        written: 0.into(),
        figures: Figures::default(),
    });
    let mut loads = all_loads(&scene);
    let process = server.id();
    let mut memory = Memory::new(began, time);
    let mut beat = every(Duration::from_millis(250));
    while !loads.is_empty() {
        tokio::select! {
            Some(load) = loads.join_next() => load.expect("no load fails"),
            () = read_log(&mut server) => {}
            _ = beat.tick() => memory.sample(process),
        }
    }
    let drained = drain(&scene, server).await;
    println!(
        "{time:?} of all of it, seed {}:\n{}{memory}\n{drained}",
        scene.seed, scene.figures
    );
    scene.figures.assert_all_took_part();
    memory.assert_flat();
}

/// Reads the next line of the log, so that the server never waits for its reader.
async fn read_log(server: &mut Server) {
    let line = server.lines.next_line().await.expect("stderr is UTF-8 text");
    let Some(line) = line else {
        panic!("protod ended:\n{}", server.log.join("\n"));
    };
    server.log.push(line);
}

fn setting(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

fn all_loads(scene: &Arc<Scene>) -> JoinSet<()> {
    let mut loads = JoinSet::new();
    for number in 0..8 {
        loads.spawn(calls::load(Arc::clone(scene), number));
    }
    loads.spawn(swaps::load(Arc::clone(scene)));
    loads.spawn(health::load(Arc::clone(scene)));
    for number in 10..12 {
        loads.spawn(leavers::cancelling(Arc::clone(scene), number));
        loads.spawn(leavers::overdue(Arc::clone(scene), number + 10));
    }
    loads.spawn(rogues::flooding(Arc::clone(scene), 30));
    loads.spawn(rogues::odd(Arc::clone(scene), 31));
    loads
}

/// Stops the server while calls are open, and reports how long that took.
async fn drain(scene: &Scene, server: Server) -> String {
    let caller = Caller::connect(&scene.address).await;
    let method = caller.long("Tick");
    let mut open = Vec::new();
    for _ in 0..10 {
        let mut call = method
            .server_streaming(ask(&method, 1))
            .await
            .expect("it still serves");
        call.message().await.expect("it goes on").expect("it goes on");
        open.push(call);
    }
    let began = Instant::now();
    let (status, log) = server.stop().await;
    let took = began.elapsed();
    assert_eq!(status.code(), Some(0), "{}", log.join("\n"));
    for mut call in open {
        let ended = async {
            while call.message().await?.is_some() {}
            Ok::<(), tonic::Status>(())
        }
        .await;
        let status = ended.expect_err("the call has no end of its own");
        assert_eq!(status.code(), tonic::Code::Unavailable, "{status:?}");
    }
    let panics: Vec<&String> = log.iter().filter(|line| line.contains("panicked")).collect();
    assert!(panics.is_empty(), "{panics:?}");
    format!(
        "drained in {took:.1?}, exit code 0; {} lines of log, no panic in them",
        log.len()
    )
}

/// Resident memory over time: the highest in a stretch after the warm-up, and in the last stretch.
struct Memory {
    warm: (Instant, Instant),
    last: (Instant, Instant),
    warm_kib: u64,
    last_kib: u64,
    highest_kib: u64,
}

impl Memory {
    /// In a short run, the warm-up takes a third of the time.
    fn new(began: Instant, time: Duration) -> Self {
        let warm_up = WARM_UP.min(time / 3);
        let stretch = warm_up / 3;
        Self {
            warm: (began + warm_up - stretch, began + warm_up),
            last: (began + time - stretch, began + time),
            warm_kib: 0,
            last_kib: 0,
            highest_kib: 0,
        }
    }

    fn sample(&mut self, process: u32) {
        let (now, kib) = (Instant::now(), resident_kib(process, "VmRSS"));
        for (stretch, highest) in [(self.warm, &mut self.warm_kib), (self.last, &mut self.last_kib)] {
            if (stretch.0..stretch.1).contains(&now) {
                *highest = kib.max(*highest);
            }
        }
        self.highest_kib = kib.max(self.highest_kib);
    }

    fn assert_flat(&self) {
        assert!(
            self.warm_kib > 0 && self.last_kib <= self.warm_kib + MARGIN_KIB,
            "{self}"
        );
    }
}

impl std::fmt::Display for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            warm_kib,
            last_kib,
            highest_kib,
            ..
        } = self;
        write!(
            f,
            "resident: {warm_kib} KiB after the warm-up, {last_kib} KiB at the end, {highest_kib} KiB at most"
        )
    }
}
