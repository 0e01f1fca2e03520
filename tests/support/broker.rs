//! Brokers of NATS, as programs: one, or a cluster of three. They end when they are dropped.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

#[path = "network.rs"]
pub(crate) mod network;
#[path = "port.rs"]
pub(crate) mod port;

use self::network::Network;
use self::port::ReservedPort;

/// How long a broker may take to be ready, on a machine with other work.
const READY: Duration = Duration::from_mins(1);

/// Some brokers, which know each other.
pub(crate) struct Brokers {
    all: Vec<Broker>,
    _ports: Vec<ReservedPort>,
    _folder: TempDir,
}

struct Broker {
    port: u16,
    /// How the tests themselves log in.
    connect: String,
    arguments: Vec<String>,
    /// Where it writes what it has to say.
    log: PathBuf,
    process: Option<Child>,
}

impl Brokers {
    /// One broker alone, which is ready.
    pub(crate) fn one() -> Self {
        Self::start(1, None)
    }

    /// One broker alone, which wants a user and a password.
    pub(crate) fn one_of(user: &str, password: &str) -> Self {
        let settings = format!("authorization {{ user: {user:?}, password: {password:?} }}\n");
        Self::start_as(1, None, Some((user, password)), &settings)
    }

    /// One broker alone, which takes messages of so many bytes at most.
    pub(crate) fn one_of_payloads(most: usize) -> Self {
        Self::start_as(1, None, None, &format!("max_payload: {most}\n"))
    }

    /// A cluster of three, which is ready.
    pub(crate) fn three() -> Self {
        Self::start(3, None)
    }

    /// The same, in a network in which they are called `broker-0` and so on.
    pub(crate) fn three_in(network: &Network) -> Self {
        Self::start(3, Some(network))
    }

    fn start(count: usize, network: Option<&Network>) -> Self {
        Self::start_as(count, network, None, "")
    }

    fn start_as(
        count: usize,
        network: Option<&Network>,
        login: Option<(&str, &str)>,
        settings: &str,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let ports: Vec<ReservedPort> = (0..2 * count).map(|_| ReservedPort::any()).collect();
        let (clients, routes) = ports.split_at(count);
        let brokers = (0..count).map(|n| {
            let name = format!("broker-{n}");
            let known = (0..count).filter(|other| *other != n).map(|other| {
                let port = match network {
                    Some(network) => network.wire(&name, &format!("broker-{other}"), routes[other].number),
                    None => routes[other].number,
                };
                format!("nats://127.0.0.1:{port}")
            });
            let known: Vec<String> = known.collect();
            let mut config = format!(
                "{settings}server_name: {name}\nlisten: \"127.0.0.1:{}\"\njetstream {{ store_dir: \"{}\" }}\n",
                clients[n].number,
                folder.path().join(&name).display()
            );
            if count > 1 {
                config += &[
                    "cluster { name: brokers, listen: \"127.0.0.1:",
                    &routes[n].number.to_string(),
                    "\", routes: [",
                    &known.join(", "),
                    "]",
                    // Else they tell of ways past the network.
                    if network.is_some() {
                        ", no_advertise: true, advertise: \"127.0.0.1:1\", pool_size: -1"
                    } else {
                        ""
                    },
                    " }\n",
                ]
                .concat();
            }
            let file = folder.path().join(format!("{name}.conf"));
            fs::write(&file, config).expect("written");
            let arguments = vec!["--config".to_owned(), file.display().to_string()];
            let connect = match login {
                Some((user, password)) => {
                    serde_json::json!({"verbose": false, "user": user, "pass": password})
                }
                None => serde_json::json!({"verbose": false}),
            };
            Broker {
                port: clients[n].number,
                connect: format!("CONNECT {connect}\r\n"),
                arguments,
                log: folder.path().join(format!("{name}.log")),
                process: None,
            }
        });
        let mut brokers = Self {
            all: brokers.collect(),
            _ports: ports,
            _folder: folder,
        };
        for n in 0..count {
            brokers.all[n].start();
        }
        brokers.await_ready();
        brokers
    }

    /// The address of all of them, for `--store`.
    pub(crate) fn url(&self) -> String {
        let hosts: Vec<String> = self
            .all
            .iter()
            .map(|one| format!("127.0.0.1:{}", one.port))
            .collect();
        format!("nats://{}", hosts.join(","))
    }

    /// The address of the first, for one who logs in so.
    pub(crate) fn url_as(&self, login: &str) -> String {
        format!("nats://{login}@127.0.0.1:{}", self.all[0].port)
    }

    /// The address of one of them.
    pub(crate) fn url_of(&self, n: usize) -> String {
        format!("nats://127.0.0.1:{}", self.all[n].port)
    }

    /// The address of all of them, for one that reaches them by a network in which it has this name.
    pub(crate) fn url_for(&self, network: &Network, name: &str) -> String {
        let wire = |(n, one): (usize, &Broker)| {
            let port = network.wire(name, &format!("broker-{n}"), one.port);
            format!("127.0.0.1:{port}")
        };
        let hosts: Vec<String> = self.all.iter().enumerate().map(wire).collect();
        format!("nats://{}/protod?replicas={}", hosts.join(","), hosts.len())
    }

    /// The address of one of them, for one that reaches no other.
    pub(crate) fn url_of_for(&self, n: usize, network: &Network, name: &str) -> String {
        let port = network.wire(name, &format!("broker-{n}"), self.all[n].port);
        format!("nats://127.0.0.1:{port}/protod?replicas={}", self.all.len())
    }

    /// Has one of them lead a stream.
    pub(crate) fn let_lead(&self, n: usize, stream: &str) {
        let (name, began) = (format!("broker-{n}"), Instant::now());
        let answer = |what: &str, body: &str| -> serde_json::Value {
            let answer = self.all[n].ask(&format!("$JS.API.STREAM.{what}.{stream}"), body);
            serde_json::from_str(&answer.unwrap_or_default()).unwrap_or_default()
        };
        while answer("INFO", "")["cluster"]["leader"] != name.as_str() {
            assert!(began.elapsed() < READY, "{name} does not lead {stream}");
            let preferred = serde_json::json!({"placement": {"preferred": name}});
            answer("LEADER.STEPDOWN", &preferred.to_string());
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// How many messages a stream has.
    pub(crate) fn messages(&self, stream: &str) -> u64 {
        let answer = self.all[0].ask(&format!("$JS.API.STREAM.INFO.{stream}"), "");
        let answer: serde_json::Value =
            serde_json::from_str(&answer.expect("an answer")).expect("information about the stream");
        answer["state"]["messages"].as_u64().expect("the stream is there")
    }

    /// How many keys of a bucket match a filter.
    pub(crate) fn keys(&self, bucket: &str, filter: &str) -> usize {
        let question = serde_json::json!({"subjects_filter": format!("$KV.{bucket}.{filter}")});
        let info = format!("$JS.API.STREAM.INFO.KV_{bucket}");
        let answer = self.all[0].ask(&info, &question.to_string());
        let answer: serde_json::Value =
            serde_json::from_str(&answer.expect("an answer")).expect("information about the stream");
        let subjects = answer["state"]["subjects"].as_object();
        subjects.map_or(0, serde_json::Map::len)
    }

    /// Empties a stream.
    pub(crate) fn purge(&self, stream: &str) {
        let answer = self.all[0].ask(&format!("$JS.API.STREAM.PURGE.{stream}"), "");
        assert!(answer.expect("an answer").contains("\"success\":true"));
    }

    /// Sends a message to one of them, as any client can.
    pub(crate) fn publish(&self, subject: &str, message: &[u8]) {
        let mut socket = TcpStream::connect(("127.0.0.1", self.all[0].port)).expect("it listens");
        let within = Some(READY);
        socket.set_read_timeout(within).expect("set");
        let begin = format!("{}PUB {subject} {}\r\n", self.all[0].connect, message.len());
        let all = [begin.as_bytes(), message, b"\r\nPING\r\n"].concat();
        socket.write_all(&all).expect("it reads");
        let mut lines = BufReader::new(socket).lines();
        // It has the message when it answers.
        assert!(lines.any(|line| line.expect("a line") == "PONG"));
    }

    /// Kills one as `kill -9` does.
    pub(crate) fn kill(&mut self, n: usize) {
        if let Some(mut process) = self.all[n].process.take() {
            process.kill().expect("killed");
            process.wait().expect("ended");
        }
    }

    /// Starts one that was killed, with what it had on its disk, and waits until all that run are ready.
    pub(crate) fn start_again(&mut self, n: usize) {
        self.all[n].start();
        self.await_ready();
    }

    /// Stops one where it is, as a network does that is cut: it neither answers nor closes.
    #[cfg(unix)]
    pub(crate) fn cut_off(&self, n: usize) {
        self.all[n].signal("STOP");
    }

    /// Lets one go on that was cut off.
    #[cfg(unix)]
    pub(crate) fn reconnect(&self, n: usize) {
        self.all[n].signal("CONT");
    }

    /// What they have to say.
    fn logs(&self) -> String {
        let log = |one: &Broker| fs::read_to_string(&one.log).unwrap_or_default();
        self.all.iter().map(log).collect()
    }

    /// Waits until one of them answers a question of JetStream's, which on a cluster has then chosen a leader.
    fn await_ready(&self) {
        let began = Instant::now();
        while !self
            .all
            .iter()
            .filter(|one| one.process.is_some())
            .all(Broker::is_ready)
        {
            assert!(
                began.elapsed() < READY,
                "the brokers are not ready: {}",
                self.logs()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Broker {
    fn start(&mut self) {
        let log = File::options().create(true).append(true).open(&self.log);
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/clients/bin/nats-server");
        let started = Command::new(&program)
            .args(&self.arguments)
            .stdout(Stdio::null())
            .stderr(log.expect("a file"))
            .spawn();
        let started = started.unwrap_or_else(|error| {
            panic!(
                "{}: {error}: run scripts/install-clients.sh, as `make test` does",
                program.display()
            )
        });
        self.process = Some(started);
    }

    /// Whether it answers a question about its JetStream.
    fn is_ready(&self) -> bool {
        self.ask("$JS.API.INFO", "")
            .is_ok_and(|answer| answer.contains("\"streams\""))
    }

    /// What it answers to a question about its JetStream.
    fn ask(&self, question: &str, body: &str) -> std::io::Result<String> {
        let within = Some(Duration::from_secs(1));
        let mut socket = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], self.port)))?;
        socket.set_read_timeout(within)?;
        let size = body.len();
        let question = format!(
            "{}SUB answer 1\r\nPUB {question} answer {size}\r\n{body}\r\n",
            self.connect
        );
        socket.write_all(question.as_bytes())?;
        let mut lines = BufReader::new(socket);
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line)? == 0 {
                return Ok(line);
            }
            if let Some(size) = line
                .starts_with("MSG")
                .then(|| line.trim().rsplit(' ').next())
                .flatten()
            {
                let mut answer = vec![0; size.parse().unwrap_or_default()];
                lines.read_exact(&mut answer)?;
                return Ok(String::from_utf8_lossy(&answer).into_owned());
            }
        }
    }

    #[cfg(unix)]
    fn signal(&self, name: &str) {
        let process = self.process.as_ref().expect("it runs");
        let done = Command::new("kill")
            .args(["-s", name, &process.id().to_string()])
            .status();
        assert!(done.expect("kill").success(), "the signal {name}");
    }
}

impl Drop for Brokers {
    fn drop(&mut self) {
        for broker in &mut self.all {
            if let Some(mut process) = broker.process.take() {
                let _ = process.kill();
                let _ = process.wait();
            }
        }
    }
}
