//! A served folder that is reloaded, and a client for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::uri::PathAndQuery;
use prost_reflect::{DynamicMessage, Value};
use protod::live::{Answers, Loader, Project, RELOAD, ReloadSummary, ReloadTrigger, Reloader};
use protod::{
    DynamicCodec, Error, Message, RulesOptions, RulesState, Schema, SchemaBuilder, Server, ServerBuilder,
};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_stream::Stream;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status, Streaming};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::generations::{proto, rules};

/// How long anything that should happen immediately may take on a busy machine.
pub(crate) const SOON: Duration = Duration::from_mins(1);

/// Protos and rules in one folder, loaded like the command line does.
pub(crate) struct Folder {
    pub(crate) input: PathBuf,
    pub(crate) import_path: Option<PathBuf>,
    pub(crate) state: RulesState,
}

impl Project for Folder {
    fn schema(&self) -> Result<Schema, Error> {
        let builder = Schema::builder().input(&self.input);
        let import_path = self.import_path.iter();
        import_path.fold(builder, SchemaBuilder::import_path).build()
    }

    fn answers(&self, schema: &Schema) -> Result<Answers, Error> {
        let rules = RulesOptions::default().state(&self.state).beside(schema)?;
        Ok(Answers::new().rules(rules).watch_beside(schema))
    }
}

/// A server over a temporary folder. Everything ends when it is dropped.
pub(crate) struct Live {
    folder: TempDir,
    pub(crate) server: Server,
    pub(crate) addr: String,
    pub(crate) trigger: ReloadTrigger,
    outcomes: mpsc::UnboundedReceiver<Result<ReloadSummary, Error>>,
    _tasks: JoinSet<()>,
}

/// How a [`Live`] is started.
pub(crate) struct Start {
    pub(crate) watch: bool,
    /// What is served, below the temporary folder.
    pub(crate) input: &'static str,
    /// Where its imports are looked up first, below the temporary folder.
    pub(crate) import_path: Option<&'static str>,
    pub(crate) build: fn(ServerBuilder) -> ServerBuilder,
}

impl Default for Start {
    fn default() -> Self {
        Self {
            watch: true,
            input: "",
            import_path: None,
            build: |builder| builder,
        }
    }
}

impl Live {
    /// Serves `a.proto` and `a.rules.yaml` that answer with `text` in field 1.
    pub(crate) async fn answering(text: &str) -> Self {
        let fill = |folder: &Path| {
            write(&folder.join("a.proto"), &proto(1));
            write(&folder.join("a.rules.yaml"), &rules(text));
        };
        Self::start(Start::default(), fill).await
    }

    /// Serves what `fill` puts into a temporary folder.
    pub(crate) async fn start(start: Start, fill: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fill(folder.path());
        let mut loader = Loader::new(Folder {
            input: folder.path().join(start.input),
            import_path: start.import_path.map(|name| folder.path().join(name)),
            state: RulesState::new(),
        });
        let loaded = loader.load().expect("the first load is good");
        let builder = Server::builder(loaded.schema).handlers(loaded.handlers);
        let server = (start.build)(builder).build().expect("rules fit their schema");
        let bound = server.bind("127.0.0.1:0").await.expect("a free port");
        let addr = bound.local_addr().to_string();
        let (report, outcomes) = mpsc::unbounded_channel();
        let reloader = Reloader::new(server.clone(), loader)
            .watch(start.watch)
            .report(move |outcome| drop(report.send(outcome)))
            .started();
        let trigger = reloader.trigger();
        let mut tasks = JoinSet::new();
        tasks.spawn(reloader.run());
        tasks.spawn(async { bound.serve().await.expect("serves for ever") });
        Self {
            folder,
            server,
            addr,
            trigger,
            outcomes,
            _tasks: tasks,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(&self.addr).await
    }

    /// Waits until new calls are answered with `text` in field `number`.
    pub(crate) async fn answers(&self, number: u32, text: &str) {
        let mut client = self.client().await;
        let wanted = (number, text.to_owned());
        let mut last = None;
        let became = async {
            loop {
                last = Some(client.unary().await.expect("never fails"));
                if last.as_ref() == Some(&wanted) {
                    return;
                }
                reload_checked(&self.addr).await;
            }
        };
        let in_time = tokio::time::timeout(SOON, became).await.is_ok();
        assert!(in_time, "wanted {wanted:?}, and it still answers {last:?}");
    }

    /// The outcome of the next reload.
    pub(crate) async fn outcome(&mut self) -> Result<ReloadSummary, Error> {
        let outcome = tokio::time::timeout(SOON, self.outcomes.recv()).await;
        outcome.expect("it reloads soon").expect("the reloader runs")
    }

    /// Waits for a reload that succeeds.
    pub(crate) async fn reloaded(&mut self) -> ReloadSummary {
        loop {
            if let Ok(reloaded) = self.outcome().await {
                return reloaded;
            }
        }
    }

    /// Waits for a reload that fails.
    pub(crate) async fn refused(&mut self) -> Error {
        loop {
            if let Err(error) = self.outcome().await {
                return error;
            }
        }
    }

    /// Forgets the outcomes so far.
    pub(crate) fn forget_outcomes(&mut self) -> usize {
        std::iter::from_fn(|| self.outcomes.try_recv().ok()).count()
    }
}

/// Writes a file in place, as `>` does.
pub(crate) fn write(path: &Path, text: &str) {
    fs::write(path, text).expect("the file can be written");
}

/// Writes a file as most editors do: under another name, and then renamed.
pub(crate) fn write_by_rename(path: &Path, text: &str) {
    let aside = path.with_extension("tmp~");
    write(&aside, text);
    fs::rename(&aside, path).expect("the file can be renamed");
}

/// tonic's client for the service of [`proto`]. It reads an answer's bytes without a schema.
#[derive(Clone)]
pub(crate) struct Client {
    grpc: Grpc<Channel>,
    schema: Schema,
}

impl Client {
    pub(crate) async fn connect(addr: &str) -> Self {
        Self {
            grpc: Grpc::new(channel(addr).await),
            schema: Schema::from_source("a.proto", &proto(1)).expect("it compiles"),
        }
    }

    fn method(&self, name: &str) -> (DynamicCodec, PathAndQuery) {
        let method = self.schema.method(&format!("p.S/{name}")).expect("one of four");
        (
            DynamicCodec::client(method),
            method.path().parse().expect("a path"),
        )
    }

    fn ask(&self) -> Message {
        let descriptor = self
            .schema
            .pool()
            .get_message_by_name("p.Ask")
            .expect("it is there");
        let mut ask = DynamicMessage::new(descriptor);
        ask.set_field_by_name("n", Value::I64(7));
        ask.into()
    }

    /// The field number and the text of the one answer.
    pub(crate) async fn unary(&mut self) -> Result<(u32, String), Status> {
        let (codec, path) = self.method("Unary");
        let ask = Request::new(self.ask());
        self.grpc.ready().await.expect("connected");
        Ok(answer(self.grpc.unary(ask, path, codec).await?.get_ref()))
    }

    pub(crate) async fn down(&mut self) -> Result<Vec<(u32, String)>, Status> {
        let (codec, path) = self.method("Down");
        let ask = Request::new(self.ask());
        self.grpc.ready().await.expect("connected");
        collect(self.grpc.server_streaming(ask, path, codec).await?.into_inner()).await
    }

    pub(crate) async fn up(&mut self) -> Result<(u32, String), Status> {
        let (codec, path) = self.method("Up");
        let asks = Request::new(tokio_stream::iter(vec![self.ask(); 3]));
        self.grpc.ready().await.expect("connected");
        Ok(answer(
            self.grpc.client_streaming(asks, path, codec).await?.get_ref(),
        ))
    }

    pub(crate) async fn both(&mut self) -> Result<Vec<(u32, String)>, Status> {
        let asks = tokio_stream::iter(vec![self.ask(); 3]);
        collect(self.open_both(asks).await?).await
    }

    async fn open_both(
        &mut self,
        asks: impl Stream<Item = Message> + Send + 'static,
    ) -> Result<Streaming<Message>, Status> {
        let (codec, path) = self.method("Both");
        self.grpc.ready().await.expect("connected");
        let answers = self.grpc.streaming(Request::new(asks), path, codec).await?;
        Ok(answers.into_inner())
    }

    /// An open call of `Both`.
    pub(crate) async fn talk(&mut self) -> Talk {
        let (asks, receiver) = mpsc::channel(1);
        let stream = tokio_stream::wrappers::ReceiverStream::new(receiver);
        asks.send(self.ask()).await.expect("the receiver is here");
        Talk {
            ask: self.ask(),
            asks,
            answers: self.open_both(stream).await.expect("it opens"),
            waiting: true,
        }
    }
}

/// An open call of `Both`.
pub(crate) struct Talk {
    ask: Message,
    asks: mpsc::Sender<Message>,
    answers: Streaming<Message>,
    /// The first request was sent, and its answer was not read yet.
    waiting: bool,
}

impl Talk {
    /// Sends another request and returns the answer.
    pub(crate) async fn next(&mut self) -> Result<Option<(u32, String)>, Status> {
        if !std::mem::take(&mut self.waiting) {
            self.asks.send(self.ask.clone()).await.expect("the call is open");
        }
        Ok(self.answers.message().await?.as_ref().map(answer))
    }

    /// Waits for a message or the end, without sending a request.
    pub(crate) async fn listen(&mut self) -> Result<Option<(u32, String)>, Status> {
        Ok(self.answers.message().await?.as_ref().map(answer))
    }
}

/// Waits until what was saved before is loaded, or refused; where nothing is watched, for nothing.
pub(crate) async fn reload_checked(addr: &str) -> ServingStatus {
    let service = RELOAD.to_owned();
    let mut health = HealthClient::new(channel(addr).await);
    let checked = tokio::time::timeout(SOON, health.check(HealthCheckRequest { service })).await;
    let checked = checked.expect("it is answered soon").expect("it is served");
    checked.into_inner().status()
}

pub(crate) async fn channel(addr: &str) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://{addr}")).expect("an address");
    endpoint.connect().await.expect("the server listens")
}

async fn collect(mut stream: Streaming<Message>) -> Result<Vec<(u32, String)>, Status> {
    let mut all = Vec::new();
    while let Some(message) = stream.message().await? {
        all.push(answer(&message));
    }
    Ok(all)
}

/// The number and text of an answer's one field; numbers are below 16, and texts shorter than 128 bytes.
fn answer(message: &Message) -> (u32, String) {
    let bytes = message.to_bytes();
    let [tag, length, text @ ..] = &*bytes else {
        panic!("an answer of {} bytes", bytes.len());
    };
    assert_eq!((tag & 7, usize::from(*length)), (2, text.len()), "one string");
    (
        u32::from(tag >> 3),
        String::from_utf8(text.to_vec()).expect("UTF-8"),
    )
}
