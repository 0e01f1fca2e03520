//! Calls that must not fail, and whose answers are known.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fastrand::Rng;
use prost_reflect::{DynamicMessage, Value};
use protod::{Client, ClientMethod, Message, Schema};
use tonic::Status;

use crate::generations::field_number;
use crate::scene::{Scene, every};

/// The services of both generations. The field number of an answer shows which proto it comes from.
const BOTH: &str = r#"syntax = "proto3"; package p;
message Ask { int64 n = 1; }
message Answer { string even = 1; string odd = 2; }
service S {
  rpc Unary(Ask) returns (Answer);
  rpc Down(Ask) returns (stream Answer);
  rpc Up(stream Ask) returns (Answer);
  rpc Both(stream Ask) returns (stream Answer);
}"#;

const LONG: &str = include_str!("soak.proto");

/// A separate connection to each of the two services.
pub(crate) struct Caller {
    swapped: Client,
    long: Client,
}

impl Caller {
    pub(crate) async fn connect(address: &str) -> Self {
        Self {
            swapped: client(address, BOTH).await,
            long: client(address, LONG).await,
        }
    }

    pub(crate) fn long(&self, method: &str) -> ClientMethod {
        self.long
            .method(&format!("soak.Long/{method}"))
            .expect("it has it")
    }

    fn swapped(&self, method: &str) -> ClientMethod {
        self.swapped.method(&format!("p.S/{method}")).expect("it has it")
    }

    /// The generation that answers now.
    pub(crate) async fn generation(&self) -> Result<u32, Status> {
        let method = self.swapped("Unary");
        Ok(generation_of(method.unary(ask(&method, 0)).await?.message))
    }
}

async fn client(address: &str, proto: &str) -> Client {
    let schema = Schema::from_source("client.proto", proto).expect("it compiles");
    let client = Client::builder(address).schema(schema).connect().await;
    client.expect("the server listens")
}

pub(crate) fn ask(method: &ClientMethod, n: i64) -> DynamicMessage {
    let mut ask = method.request();
    ask.set_field_by_name("n", Value::I64(n));
    ask
}

/// Makes random calls, about fifty per second, sometimes on a new connection.
pub(crate) async fn load(scene: Arc<Scene>, number: u64) {
    let mut random = scene.random(number);
    let mut beat = every(Duration::from_millis(20));
    let mut caller = Caller::connect(&scene.address).await;
    while scene.goes_on() {
        beat.tick().await;
        if random.u32(..200) == 0 {
            caller = Caller::connect(&scene.address).await;
        }
        let outcome = match random.u32(..7) {
            0..=3 => of_a_generation(&scene, &caller, &mut random).await,
            4 => down(&caller, random.i64(0..200)).await,
            5 => up(&caller, &mut random).await,
            _ => both(&caller, &mut random).await,
        };
        let messages = outcome.unwrap_or_else(|status| panic!("a call failed: {status:?}"));
        scene.figures.calls.add(1);
        scene.figures.messages.add(messages);
    }
}

/// A call, answered by the generation with which it began: the one that was live then, or one published since.
async fn of_a_generation(scene: &Scene, caller: &Caller, random: &mut Rng) -> Result<u64, Status> {
    let earliest = scene.live.load(Ordering::SeqCst);
    let shapes = [("Unary", 1, 1), ("Down", 1, 5), ("Up", 3, 1), ("Both", 3, 3)];
    let (name, asks, answers) = shapes[random.usize(..shapes.len())];
    let method = caller.swapped(name);
    let requests = tokio_stream::iter(vec![ask(&method, 1); asks]);
    let mut responses = method.call(requests).await?;
    let mut generations = Vec::new();
    while let Some(message) = responses.message().await? {
        generations.push(generation_of(message));
    }
    let latest = scene.written.load(Ordering::SeqCst);
    assert_eq!(generations.len(), answers, "{name}");
    let first = generations[0];
    assert!(
        generations.iter().all(|other| *other == first),
        "one call, two generations: {generations:?}"
    );
    assert!(
        (earliest..=latest).contains(&first),
        "generation {first} answers, after {earliest} went live and before {latest} was written"
    );
    Ok((asks + answers) as u64)
}

/// The generation in an answer's text, which must be in the field that its proto has for it.
fn generation_of(answer: Message) -> u32 {
    let answer = answer.into_dynamic().expect("it was checked");
    let (field, text) = answer.fields().next().expect("a text");
    let text = text.as_str().expect("a string");
    let (number, generation) = text.split_once(' ').expect("field and generation");
    let generation = generation.parse().expect("a number");
    assert_eq!(
        (field.number(), number.parse()),
        (field_number(generation), Ok(field.number())),
        "{text}"
    );
    generation
}

async fn down(caller: &Caller, count: i64) -> Result<u64, Status> {
    let method = caller.long("Down");
    let mut responses = method.server_streaming(ask(&method, count)).await?;
    for n in 0..count {
        let told = responses.message().await?.map(told);
        assert_eq!(told, Some(n));
    }
    assert!(responses.message().await?.is_none(), "more than {count}");
    Ok(count as u64 + 1)
}

async fn up(caller: &Caller, random: &mut Rng) -> Result<u64, Status> {
    let method = caller.long("Up");
    let numbers: Vec<i64> = (0..random.usize(..100))
        .map(|_| random.i64(-1000..1000))
        .collect();
    let asks: Vec<DynamicMessage> = numbers.iter().map(|n| ask(&method, *n)).collect();
    let reply = method.client_streaming(tokio_stream::iter(asks)).await?;
    assert_eq!(told(reply.message), numbers.iter().sum::<i64>());
    Ok(numbers.len() as u64 + 1)
}

/// Asks and answers in turn.
async fn both(caller: &Caller, random: &mut Rng) -> Result<u64, Status> {
    let method = caller.long("Both");
    let (asks, requests) = tokio::sync::mpsc::channel::<DynamicMessage>(1);
    let mut responses = method
        .bidi(tokio_stream::wrappers::ReceiverStream::new(requests))
        .await?;
    let rounds = random.u64(..20);
    for _ in 0..rounds {
        let n = random.i64(..1 << 40);
        asks.send(ask(&method, n)).await.expect("the call is open");
        assert_eq!(responses.message().await?.map(told), Some(n + 1));
    }
    drop(asks);
    assert!(responses.message().await?.is_none(), "an answer to nothing");
    Ok(2 * rounds)
}

fn told(message: Message) -> i64 {
    let message = message.into_dynamic().expect("it was checked");
    let n = message.get_field_by_name("n").expect("it has it");
    n.as_i64().expect("an int64")
}
