//! The servers under load: how each is built, started, watched and ended.
//!
//! CPU time comes from the process's CPU clock (`clock_getcpuclockid`): the scheduler's sum over all threads, including
//! ended ones, in nanoseconds, user and system together. /proc/PID/stat has the same sum in ticks of 10 ms, and
//! /proc/PID/schedstat only that of the main thread.

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::time::ClockId;
use nix::unistd::Pid;

use crate::wire::Protocol;

/// A server that does not print its address within this time has failed.
const START_LIMIT: Duration = Duration::from_mins(1);
/// With logs off a server prints few lines. If there are more, it wrote them during calls.
const LINES_LIMIT: usize = 200;

/// What a server speaks if nothing else is said.
const GRPC: &[Protocol] = &[Protocol::Grpc];
const EVERY_PROTOCOL: &[Protocol] = &[
    Protocol::Grpc,
    Protocol::GrpcWeb,
    Protocol::Connect,
    Protocol::ConnectJson,
];

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("bench/ lies in the repository")
}

/// A server that the bench can put under load.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    pub(crate) name: String,
    pub(crate) origin: Origin,
    /// A slow server gets fewer messages, by this factor.
    pub(crate) share: u64,
    /// Whether it serves every case. For other servers, a case that is UNIMPLEMENTED is skipped.
    pub(crate) complete: bool,
    /// Cases in other protocols are skipped.
    pub(crate) protocols: &'static [Protocol],
}

/// Where a server comes from.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    /// A program, and the arguments to serve all cases with.
    Program(PathBuf, Vec<String>),
    /// A server that is already running.
    Running(SocketAddr, Pid),
}

impl Spec {
    /// The compiled services.
    pub(crate) fn twin() -> Result<Spec> {
        Ok(Spec::program("twin", built("twin")?, &[]))
    }

    /// The compiled services behind tonic-web.
    pub(crate) fn tonic_web() -> Result<Spec> {
        Ok(Spec {
            protocols: &[Protocol::Grpc, Protocol::GrpcWeb],
            ..Spec::program("tonic-web", built("twin")?, &["--web"])
        })
    }

    /// Search, compiled by connectrpc.
    pub(crate) fn connectrpc() -> Result<Spec> {
        Ok(Spec {
            protocols: EVERY_PROTOCOL,
            ..Spec::program("connectrpc", built("connect")?, &[])
        })
    }

    /// protod, on the repository's protos and the bench's.
    pub(crate) fn protod() -> Result<Spec> {
        let serve = ["serve", "proto", "bench/proto", "--addr", "127.0.0.1:0"];
        Ok(Spec {
            protocols: EVERY_PROTOCOL,
            ..Spec::program("protod", built("protod")?, &serve)
        })
    }

    /// The parts of the language of rules, in Rust.
    pub(crate) fn language_twin() -> Result<Spec> {
        Ok(Spec::program("twin", built("twin")?, &["--language"]))
    }

    /// The same as rules.
    pub(crate) fn language() -> Result<Spec> {
        let serve = ["serve", "bench/language", "--addr", "127.0.0.1:0"];
        Ok(Spec::program("protod", built("protod")?, &serve))
    }

    /// protod's closures over DynamicMessage.
    pub(crate) fn handlers() -> Result<Spec> {
        Ok(Spec::program("handlers", built("handlers")?, &[]))
    }

    /// protod's closures over types with serde's traits.
    pub(crate) fn typed() -> Result<Spec> {
        Ok(Spec::program("typed", built("typed")?, &[]))
    }

    /// `grpc-js`, or `ADDR,PID` of a running server.
    pub(crate) fn peer(text: &str) -> Result<Spec> {
        if text == "grpc-js" {
            let spec = Spec::program("grpc-js", "node".into(), &["bench/peers/grpc-js/server.js"]);
            return Ok(Spec { share: 20, ..spec });
        }
        let (address, pid) = text
            .split_once(',')
            .with_context(|| format!("`{text}` is not ADDR,PID or grpc-js"))?;
        let address = address
            .parse()
            .with_context(|| format!("`{address}` is not IP:PORT"))?;
        let pid = pid
            .parse()
            .with_context(|| format!("`{pid}` is not a process id"))?;
        let origin = Origin::Running(address, Pid::from_raw(pid));
        Ok(Spec {
            name: text.to_owned(),
            origin,
            share: 1,
            complete: false,
            protocols: GRPC,
        })
    }

    fn program(name: &str, program: PathBuf, arguments: &[&str]) -> Spec {
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        Spec {
            name: name.to_owned(),
            origin: Origin::Program(program, arguments),
            share: 1,
            complete: true,
            protocols: GRPC,
        }
    }

    /// The same program with other arguments.
    pub(crate) fn with(&self, arguments: &[&str]) -> Spec {
        let Origin::Program(program, _) = &self.origin else {
            return self.clone();
        };
        Spec {
            complete: self.complete,
            share: self.share,
            protocols: self.protocols,
            ..Spec::program(&self.name, program.clone(), arguments)
        }
    }

    /// The program as a command with its arguments, in the repository, with logs below WARN off.
    pub(crate) fn command(&self) -> Option<Command> {
        let Origin::Program(program, arguments) = &self.origin else {
            return None;
        };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(root())
            .envs([("RUST_LOG", "warn"), ("PROTOD_LOG", "warn")]);
        Some(command)
    }

    /// Whether the bench starts it, and so can measure it from its start.
    pub(crate) fn is_started_here(&self) -> bool {
        matches!(self.origin, Origin::Program(..))
    }

    /// Starts the server, and returns when it listens.
    pub(crate) fn start(&self) -> Result<Server> {
        let mut command = match (&self.origin, self.command()) {
            (&Origin::Running(address, pid), _) => {
                let said = Arc::default();
                return Ok(Server {
                    name: self.name.clone(),
                    address,
                    pid,
                    child: None,
                    start: None,
                    said,
                });
            }
            (_, command) => command.expect("a program has a command"),
        };
        let begin = Instant::now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("start {command:?}"))?;
        let pid = Pid::from_raw(i32::try_from(child.id())?);
        let stderr = child.stderr.take().expect("stderr is piped");
        let said = Arc::<Mutex<Said>>::default();
        let (listening, heard) = mpsc::channel();
        let ears = Arc::clone(&said);
        thread::spawn(move || listen_to(stderr, &listening, &ears));
        // From here on dropping the server ends the child.
        let unset = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server = Server {
            name: self.name.clone(),
            address: unset,
            pid,
            child: Some(child),
            start: None,
            said,
        };
        match heard.recv_timeout(START_LIMIT) {
            Ok(Ok((address, at))) => {
                server.address = address;
                server.start = Some(at - begin);
                Ok(server)
            }
            Ok(Err(said)) => bail!("{} ended before it listened:\n{said}", self.name),
            Err(_) => bail!("{} did not say `listening on ADDR` on stderr", self.name),
        }
    }
}

/// Waits for the line `… listening on ADDR`, and then counts lines.
fn listen_to(
    stderr: ChildStderr,
    listening: &mpsc::Sender<Result<(SocketAddr, Instant), String>>,
    said: &Mutex<Said>,
) {
    let mut before = String::new();
    let mut heard = false;
    for line in BufReader::new(stderr).lines() {
        let (Ok(line), now) = (line, Instant::now()) else {
            return;
        };
        if heard {
            lock(said).hear(line);
        } else if let Some(address) = listening_address(&line) {
            heard = true;
            // The bench may have given up waiting.
            let _ = listening.send(Ok((address, now)));
        } else {
            before = before + &line + "\n";
        }
    }
    if !heard {
        let _ = listening.send(Err(before));
    }
}

fn listening_address(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("listening on ")?;
    rest.split_whitespace().next()?.parse().ok()
}

/// A listening server. When it is dropped, it is stopped if the bench started it.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    /// The time from spawning to the line with its address.
    pub(crate) start: Option<Duration>,
    pid: Pid,
    child: Option<Child>,
    said: Arc<Mutex<Said>>,
}

/// What a server has written to stderr since it listens.
#[derive(Debug, Default)]
struct Said {
    lines: usize,
    last: VecDeque<String>,
}

/// Resident memory in KiB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    pub(crate) now: u64,
    pub(crate) peak: u64,
}

impl Server {
    /// CPU time of all its threads so far, user and system.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let clock =
            ClockId::pid_cpu_clock_id(self.pid).with_context(|| format!("the CPU clock of {}", self.name))?;
        Ok(clock.now()?.into())
    }

    /// The part of the CPU time that was spent in the kernel: ticks of (user, system).
    pub(crate) fn ticks(&self) -> Result<(u64, u64)> {
        let stat = self.proc("stat")?;
        // The name, in parentheses, may contain anything. User and system are the 12th and 13th fields after it.
        let (_, fields) = stat.rsplit_once(')').context("no name in /proc/PID/stat")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks = |index: usize| fields.get(index).and_then(|field| field.parse().ok());
        ticks(11).zip(ticks(12)).context("no CPU times in /proc/PID/stat")
    }

    /// Resident memory: the current value and the highest.
    pub(crate) fn memory(&self) -> Result<Memory> {
        let status = self.proc("status")?;
        let kib = |key: &str| -> Result<u64> {
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix(key))
                .context("no such line in status")?;
            Ok(line
                .split_whitespace()
                .next()
                .context("an empty line in status")?
                .parse()?)
        };
        Ok(Memory {
            now: kib("VmRSS:")?,
            peak: kib("VmHWM:")?,
        })
    }

    fn proc(&self, file: &str) -> Result<String> {
        fs::read_to_string(format!("/proc/{}/{file}", self.pid))
            .with_context(|| format!("{} is gone", self.name))
    }

    /// The server's state, for error messages: whether it still runs, and its last line.
    pub(crate) fn state(&mut self) -> String {
        let ended = self
            .child
            .as_mut()
            .and_then(|child| child.try_wait().ok().flatten());
        let state = ended.map_or_else(|| "runs".to_owned(), |status| format!("has ended with {status}"));
        let lines = &lock(&self.said).last;
        let said = lines
            .iter()
            .fold(String::new(), |said, line| said + "\n    " + line);
        format!("{} {state}; its last lines:{said}", self.name)
    }

    /// Fails if the server logged during the calls, because the figures would include its log.
    pub(crate) fn was_quiet(&self) -> Result<()> {
        let lines = lock(&self.said).lines;
        ensure!(
            lines < LINES_LIMIT,
            "{} wrote {lines} lines to stderr under load",
            self.name
        );
        Ok(())
    }
}

impl Said {
    fn hear(&mut self, line: String) {
        self.lines += 1;
        self.last.push_back(line);
        if self.last.len() > 10 {
            self.last.pop_front();
        }
    }
}

fn lock(said: &Mutex<Said>) -> MutexGuard<'_, Said> {
    said.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // If it has ended by itself, there is nothing to do.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The folder that cargo put this program into.
fn folder() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let folder = program.parent().context("this program lies in no folder")?;
    Ok(folder.to_owned())
}

/// The profile with which this program was built, after which cargo names the folder. The servers use the same profile.
pub(crate) fn profile() -> Result<String> {
    let folder = folder()?;
    let name = folder.file_name().context("this folder has no name")?;
    Ok(match name.to_string_lossy().as_ref() {
        "debug" => "dev".to_owned(),
        profile => profile.to_owned(),
    })
}

/// A program that cargo put next to this one.
fn built(name: &str) -> Result<PathBuf> {
    let program = folder()?.join(name);
    ensure!(program.exists(), "{} is not built", program.display());
    Ok(program)
}

/// Builds the servers with cargo, if they are missing or out of date.
///
/// Each package is built separately, so that protod's dependencies have the features of its releases, not the twin's.
pub(crate) fn build(package: &str, program: &str) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["build", "--quiet", "--profile", &profile()?])
        .args(["--package", package, "--bin", program])
        .current_dir(root());
    // Warnings would only disturb here.
    let output = command.output().context("start cargo")?;
    ensure!(
        output.status.success(),
        "{command:?} failed:
{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// Whether Node is installed. The first time, this installs the packages of its server.
pub(crate) fn prepare_grpc_js() -> Result<bool> {
    if !Command::new("node")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
    {
        return Ok(false);
    }
    let folder = root().join("bench/peers/grpc-js");
    if !folder.join("node_modules").exists() {
        let status = Command::new("npm")
            .args(["ci", "--silent"])
            .current_dir(&folder)
            .status()
            .context("start npm")?;
        ensure!(status.success(), "`npm ci` failed in {}", folder.display());
    }
    Ok(true)
}
