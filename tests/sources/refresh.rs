//! Sources that answer something else while the server runs, or nothing.

use std::collections::VecDeque;
use std::error::Error as StdError;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use protod::client::ReflectionSource;
use protod::live::{Answers, Loader, Project, RELOAD, ReloadSummary, ReloadTrigger, Reloader};
use protod::schema::SchemaSource;
use protod::{Error, Handlers, Schema, SchemaBuilder, Server, ServingStatus};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::program::SOON;

/// Often enough for a test.
const INTERVAL: Duration = Duration::from_millis(20);

/// The set of a file `name.proto` with one service of that name.
fn set(name: &str) -> Bytes {
    let text = format!(
        r#"syntax = "proto3"; message {name}Message {{}} service {name} {{ rpc Go({name}Message) returns ({name}Message); }}"#
    );
    let schema = Schema::from_source(&format!("{}.proto", name.to_lowercase()), &text);
    schema.expect("it compiles").descriptor_set().encode()
}

/// A source whose answers the test gives; the last one stays.
#[derive(Clone)]
struct Scripted {
    answers: Arc<Mutex<VecDeque<Result<Bytes, String>>>>,
    /// How often it was asked.
    asked: watch::Sender<usize>,
    /// It answers only while this is true.
    is_open: watch::Sender<bool>,
}

impl Scripted {
    fn new(first: &str) -> Self {
        Self {
            answers: Arc::new(Mutex::new(VecDeque::from([Ok(set(first))]))),
            asked: watch::Sender::new(0),
            is_open: watch::Sender::new(true),
        }
    }

    fn answers(&self, answer: Result<&str, &str>) {
        let answer = answer.map(set).map_err(str::to_owned);
        let mut answers = self.answers.lock().expect("no panic");
        answers.clear();
        answers.push_back(answer);
    }

    /// Waits until it has been asked this many times more.
    async fn asked_again(&self, times: usize) {
        let mut asked = self.asked.subscribe();
        let wanted = *asked.borrow() + times;
        let waiting = asked.wait_for(|asked| *asked >= wanted);
        let waited = tokio::time::timeout(SOON, waiting).await;
        waited.expect("it is asked soon").expect("it is there");
    }
}

impl SchemaSource for Scripted {
    fn name(&self) -> String {
        "script".to_owned()
    }

    fn descriptor_set(&self) -> Result<Bytes, Box<dyn StdError + Send + Sync>> {
        self.asked.send_modify(|asked| *asked += 1);
        let mut is_open = self.is_open.subscribe();
        while !*is_open.borrow_and_update() {
            tokio::runtime::Handle::current().block_on(is_open.changed())?;
        }
        let answers = self.answers.lock().expect("no panic");
        Ok(answers.front().cloned().expect("it has an answer")?)
    }
}

/// A source, and a folder beside it if there is one.
struct Sourced {
    builder: SchemaBuilder,
}

impl Project for Sourced {
    fn schema(&self) -> Result<Schema, Error> {
        self.builder.clone().build()
    }

    fn answers(&self, _: &Schema) -> Result<Answers, Error> {
        Ok(Answers::new().handlers(Handlers::new()))
    }
}

struct Live {
    server: Server,
    trigger: ReloadTrigger,
    outcomes: mpsc::UnboundedReceiver<Result<ReloadSummary, Error>>,
    _tasks: JoinSet<()>,
}

impl Live {
    async fn start(builder: SchemaBuilder, interval: Option<Duration>) -> Self {
        let loading = tokio::task::spawn_blocking(|| {
            let mut loader = Loader::new(Sourced { builder });
            let loaded = loader.load().expect("the first load is good");
            (loader, loaded)
        });
        let (loader, loaded) = loading.await.expect("no panic");
        let server = Server::builder(loaded.schema).handlers(loaded.handlers);
        let server = server.build().expect("it is sound");
        let (report, outcomes) = mpsc::unbounded_channel();
        let reloader = Reloader::new(server.clone(), loader)
            .refresh(interval)
            .report(move |outcome| drop(report.send(outcome)))
            .started();
        let trigger = reloader.trigger();
        let mut tasks = JoinSet::new();
        tasks.spawn(reloader.run());
        Self {
            server,
            trigger,
            outcomes,
            _tasks: tasks,
        }
    }

    async fn outcome(&mut self) -> Result<Vec<String>, String> {
        let outcome = tokio::time::timeout(SOON, self.outcomes.recv()).await;
        let outcome = outcome.expect("it reloads soon").expect("the reloader runs");
        let changes = outcome.map(|summary| summary.changes.iter().map(ToString::to_string).collect());
        changes.map_err(|error| error.to_string())
    }

    fn status(&self) -> Option<ServingStatus> {
        self.server.health().status(RELOAD)
    }
}

fn sourced(source: &Scripted) -> SchemaBuilder {
    Schema::builder().schema_source(source.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_changes_its_protos_is_followed() {
    let first = Schema::from_descriptor_set(&set("One")).expect("sound");
    let upstream = Server::builder(first).build().expect("it is sound");
    let bound = upstream.bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("grpc://{}", bound.local_addr());
    tokio::spawn(bound.serve());
    let source = ReflectionSource::new(url).expect("an address");
    let mut live = Live::start(Schema::builder().schema_source(source), Some(INTERVAL)).await;

    let second = Schema::from_descriptor_set(&set("Two")).expect("sound");
    upstream.reload(second, Handlers::new()).expect("it fits");
    let changes = live.outcome().await.expect("it is good");
    assert!(changes.contains(&"service Two added".to_owned()), "{changes:?}");
    assert!(changes.contains(&"service One removed".to_owned()), "{changes:?}");
    assert_eq!(live.status(), Some(ServingStatus::Serving));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_fails_is_reported_once_and_the_old_protos_are_served() {
    let source = Scripted::new("One");
    let mut live = Live::start(sourced(&source), Some(INTERVAL)).await;
    source.answers(Err("out for lunch"));
    assert_eq!(live.outcome().await, Err("script: out for lunch".to_owned()));
    assert_eq!(live.status(), Some(ServingStatus::NotServing));

    // It is asked again, and says nothing new.
    source.asked_again(3).await;
    source.answers(Err("on holiday"));
    assert_eq!(live.outcome().await, Err("script: on holiday".to_owned()));

    source.answers(Ok("Two"));
    let changes = live.outcome().await.expect("it is good");
    assert!(changes.contains(&"service Two added".to_owned()), "{changes:?}");
    assert_eq!(live.status(), Some(ServingStatus::Serving));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_answers_as_before_is_well_again() {
    let source = Scripted::new("One");
    let mut live = Live::start(sourced(&source), Some(INTERVAL)).await;
    source.answers(Err("out for lunch"));
    live.outcome().await.expect_err("it is gone");
    source.answers(Ok("One"));
    let health = live.server.health().clone();
    let well = async {
        while health.status(RELOAD) != Some(ServingStatus::Serving) {
            source.asked_again(1).await;
        }
    };
    tokio::time::timeout(SOON, well).await.expect("it is well soon");
    assert!(live.outcomes.try_recv().is_err(), "nothing was reloaded");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_makes_no_schema_changes_nothing() {
    let source = Scripted::new("One");
    let mut live = Live::start(sourced(&source), Some(INTERVAL)).await;
    let garbage = || Ok(Bytes::from_static(b"<html>"));
    source.answers.lock().expect("no panic").clear();
    source.answers.lock().expect("no panic").push_back(garbage());
    let error = live.outcome().await.expect_err("it is garbage");
    assert!(error.contains("script: is not a descriptor set"), "{error}");
    // The same garbage is the same problem.
    source.asked_again(3).await;
    assert!(live.outcomes.try_recv().is_err(), "it is reported once");
    assert_eq!(live.status(), Some(ServingStatus::NotServing));
    source.answers(Ok("One"));
    assert_eq!(live.outcome().await, Ok(Vec::new()));
    assert_eq!(live.status(), Some(ServingStatus::Serving));
}

/// A folder with one proto.
fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("own.proto");
    std::fs::write(&file, own("Own")).expect("it can be written");
    (folder, file)
}

fn own(name: &str) -> String {
    format!(
        r#"syntax = "proto3"; message {name}Message {{}} service {name} {{ rpc Go({name}Message) returns ({name}Message); }}"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_beside_a_source_that_is_gone_is_still_reloaded() {
    let source = Scripted::new("One");
    let (folder, file) = folder();
    let mut live = Live::start(sourced(&source).input(folder.path()), Some(INTERVAL)).await;
    source.answers(Err("out for lunch"));
    live.outcome().await.expect_err("it is gone");
    std::fs::write(&file, own("Mine")).expect("it can be written");
    let changes = live.outcome().await.expect("the last answer will do");
    assert!(changes.contains(&"service Mine added".to_owned()), "{changes:?}");
    // The source is still gone.
    assert_eq!(live.status(), Some(ServingStatus::NotServing));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_slow_holds_up_no_file() {
    let source = Scripted::new("One");
    let (folder, file) = folder();
    let mut live = Live::start(sourced(&source).input(folder.path()), Some(INTERVAL)).await;
    source.is_open.send_replace(false);
    source.asked_again(1).await;
    std::fs::write(&file, own("Mine")).expect("it can be written");
    let changes = live.outcome().await.expect("it waits for nobody");
    assert!(changes.contains(&"service Mine added".to_owned()), "{changes:?}");
    source.answers(Ok("Two"));
    source.is_open.send_replace(true);
    let changes = live.outcome().await.expect("it is good");
    assert!(changes.contains(&"service Two added".to_owned()), "{changes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_interval_a_source_is_asked_when_a_reload_is_requested() {
    let source = Scripted::new("One");
    let mut live = Live::start(sourced(&source), None).await;
    assert_eq!(*source.asked.borrow(), 1);
    source.answers(Ok("Two"));
    live.trigger.reload();
    // First what is known is loaded, then what was asked for.
    assert_eq!(live.outcome().await, Ok(Vec::new()));
    let changes = live.outcome().await.expect("it is good");
    assert!(changes.contains(&"service Two added".to_owned()), "{changes:?}");
    assert_eq!(*source.asked.borrow(), 2);
}

/// The schemas of clones are built of one answer.
#[test]
fn clones_of_a_builder_ask_a_source_once() {
    let source = Scripted::new("One");
    let builder = sourced(&source);
    for _ in 0..2 {
        builder.clone().build().expect("it is good");
    }
    assert_eq!(*source.asked.borrow(), 1);
    source.answers(Err("out for lunch"));
    builder.build().expect("the answer is known");
}

/// A first answer that is an error is not remembered.
#[tokio::test]
async fn a_source_that_failed_is_asked_by_the_next_build() {
    let source = Scripted::new("One");
    source.answers(Err("out for lunch"));
    let builder = sourced(&source);
    let error = builder.clone().build().expect_err("it fails");
    assert_eq!(error.problems()[0].located(), "script: out for lunch");
    source.answers(Ok("One"));
    builder.build().expect("it is good");
}
