//! A call keeps the generation with which it began.

use std::path::Path;
use std::time::{Duration, Instant};

use prost::Message as _;
use prost_types::FileDescriptorProto;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Streaming};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

use crate::generations::{proto, rules};
use crate::support::{Live, SOON, Start, channel, reload_checked, write};

#[tokio::test]
async fn stream_in_flight_goes_on_with_the_protos_and_rules_it_began_with() {
    let live = Live::answering("old").await;
    let mut client = live.client().await;
    let mut talk = client.talk().await;
    let old = Some((1, "old".to_owned()));
    assert_eq!(talk.next().await.expect("open"), old);
    for number in [2, 3, 4] {
        write(&live.path("a.proto"), &proto(number));
        write(&live.path("a.rules.yaml"), &rules("new"));
        live.answers(number, "new").await;
        assert_eq!(talk.next().await.expect("open"), old);
    }
}

#[tokio::test]
async fn drained_old_stream_ends_with_unavailable_and_a_new_one_does_not() {
    let start = Start {
        build: |builder| builder.drain_old(Duration::from_millis(200)),
        ..Start::default()
    };
    let mut live = Live::start(start, |folder| {
        write(&folder.join("a.proto"), &proto(1));
        write(&folder.join("a.rules.yaml"), &rules("old"));
    })
    .await;
    let mut client = live.client().await;
    let mut old = client.talk().await;
    assert_eq!(old.next().await.expect("open"), Some((1, "old".to_owned())));
    let mut health = HealthClient::new(channel(&live.addr).await);
    let request = HealthCheckRequest {
        service: String::new(),
    };
    let mut watch = health.watch(request).await.expect("it opens").into_inner();
    let first = watch.message().await.expect("open").expect("a status");
    assert_eq!(first.status(), ServingStatus::Serving);

    live.forget_outcomes();
    let saved = Instant::now();
    write(&live.path("a.rules.yaml"), &rules("new"));
    live.reloaded().await;
    let mut new = client.talk().await;
    assert_eq!(new.next().await.expect("open"), Some((1, "new".to_owned())));
    let status = old.listen().await.expect_err("it is ended");
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    assert!(status.message().contains("replaced"), "{status}");
    assert!(
        saved.elapsed() >= Duration::from_millis(200),
        "{:?}",
        saved.elapsed()
    );
    assert_eq!(new.next().await.expect("open"), Some((1, "new".to_owned())));
    // A client that watches health is not told that the server has stopped.
    assert!(
        tokio::time::timeout(Duration::from_millis(300), watch.message())
            .await
            .is_err()
    );
}

/// An open reflection stream.
struct Reflection {
    asks: mpsc::Sender<ServerReflectionRequest>,
    answers: Streaming<ServerReflectionResponse>,
}

impl Reflection {
    async fn open(addr: &str) -> Self {
        let (asks, receiver) = mpsc::channel(4);
        asks.send(Self::file()).await.expect("the receiver is here");
        let mut client = ServerReflectionClient::new(channel(addr).await);
        let answers = client.server_reflection_info(ReceiverStream::new(receiver)).await;
        Self {
            asks,
            answers: answers.expect("it opens").into_inner(),
        }
    }

    fn file() -> ServerReflectionRequest {
        ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::FileByFilename("a.proto".to_owned())),
        }
    }

    /// Returns the number of the field `Answer.text` from the response to the last request, and sends the next request.
    async fn number(&mut self) -> i32 {
        let answer = self.answers.message().await.expect("open").expect("an answer");
        let Some(MessageResponse::FileDescriptorResponse(files)) = answer.message_response else {
            panic!("{answer:?}");
        };
        self.asks.send(Self::file()).await.expect("open");
        let file = FileDescriptorProto::decode(&*files.file_descriptor_proto[0]).expect("a file");
        let message = file
            .message_type
            .iter()
            .find(|message| message.name() == "Answer");
        message.expect("it is there").field[0].number()
    }
}

#[tokio::test]
async fn open_reflection_stream_sees_the_old_schema_and_a_new_one_the_new() {
    let live = Live::answering("text").await;
    let mut old = Reflection::open(&live.addr).await;
    assert_eq!(old.number().await, 1);
    write(&live.path("a.proto"), &proto(2));
    live.answers(2, "text").await;
    // One request was sent before, and one is new.
    assert_eq!((old.number().await, old.number().await), (1, 1));
    assert_eq!(Reflection::open(&live.addr).await.number().await, 2);
}

/// Without it, a script that saves a file and calls at once may be answered by what was there before.
#[tokio::test]
async fn a_check_of_the_reload_waits_until_what_was_saved_is_served() {
    let live = Live::answering("text").await;
    let check = async || reload_checked(&live.addr).await;
    let mut client = live.client().await;
    for n in 0..20 {
        write(&live.path("a.rules.yaml"), &rules(&format!("text {n}")));
        assert_eq!(check().await, ServingStatus::Serving);
        assert_eq!(
            client.unary().await.expect("it answers"),
            (1, format!("text {n}"))
        );
    }
    write(&live.path("a.rules.yaml"), "rules: [{}]");
    assert_eq!(check().await, ServingStatus::NotServing);
    write(&live.path("a.rules.yaml"), &rules("mended"));
    assert_eq!(check().await, ServingStatus::Serving);
    assert_eq!(
        client.unary().await.expect("it answers"),
        (1, "mended".to_owned())
    );
}

#[tokio::test]
async fn a_check_of_the_reload_loads_nothing_where_nothing_is_watched() {
    let start = Start {
        watch: false,
        ..Start::default()
    };
    let fill = |folder: &Path| {
        write(&folder.join("a.proto"), &proto(1));
        write(&folder.join("a.rules.yaml"), &rules("text"));
    };
    let live = Live::start(start, fill).await;
    write(&live.path("a.rules.yaml"), &rules("other"));
    assert_eq!(reload_checked(&live.addr).await, ServingStatus::Serving);
    let mut client = live.client().await;
    assert_eq!(client.unary().await.expect("it answers"), (1, "text".to_owned()));
}

#[tokio::test]
async fn health_follows_the_services_that_are_served() {
    let live = Live::answering("text").await;
    let mut client = HealthClient::new(channel(&live.addr).await);
    let watch = |service: &str| HealthCheckRequest {
        service: service.to_owned(),
    };
    let mut old = client.watch(watch("p.S")).await.expect("it opens").into_inner();
    let mut new = client
        .watch(watch("p.Sequel"))
        .await
        .expect("it opens")
        .into_inner();
    let mut reload = client
        .watch(watch("protod.reload"))
        .await
        .expect("it opens")
        .into_inner();
    let mut next = async |name: &str| {
        let stream = match name {
            "p.S" => &mut old,
            "p.Sequel" => &mut new,
            _ => &mut reload,
        };
        let status = tokio::time::timeout(SOON, stream.message()).await;
        status.expect("soon").expect("open").expect("a status").status()
    };
    assert_eq!(next("p.S").await, ServingStatus::Serving);
    assert_eq!(next("p.Sequel").await, ServingStatus::ServiceUnknown);
    assert_eq!(next("protod.reload").await, ServingStatus::Serving);

    write(
        &live.path("a.proto"),
        &proto(1).replace("service S ", "service Sequel "),
    );
    assert_eq!(next("protod.reload").await, ServingStatus::NotServing);
    write(&live.path("a.rules.yaml"), "rules: []");
    assert_eq!(next("protod.reload").await, ServingStatus::Serving);
    assert_eq!(next("p.S").await, ServingStatus::ServiceUnknown);
    assert_eq!(next("p.Sequel").await, ServingStatus::Serving);
}
