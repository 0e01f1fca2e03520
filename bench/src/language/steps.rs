//! What steps do, and the variables, the store and the collections that they do it to.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use prost::Message as _;
use prost_types::Timestamp;
use tokio::sync::mpsc::UnboundedSender;
use tonic::metadata::MetadataMap;
use tonic::{Code, Response, Status};

use super::Twin::{Call, Each, Kept, Paced};
use super::{Case, In, Kind, Line, Out, Place, case, count, counting, named, number, saying, text, truth};

pub(super) const CASES: &[Case] = &[
    case(
        "Send",
        &["send: message"],
        In::default,
        Each(|_| text("a cup of tea")),
    ),
    case(
        "SendFile",
        &["send_file: name"],
        In::default,
        Each(|_| Out {
            number: 1,
            ..text("one of the file")
        }),
    ),
    case("Sample", &["sample: {…}"], tea, Each(made_up)).alike(|out| text(out.text)),
    case(
        "Set",
        &["set: {name: value}", "state"],
        || counting(5, 0),
        Kept(|_| {
            let mut sum = 0;
            Box::new(move |it| {
                sum += it.number;
                number(sum)
            })
        }),
    ),
    case(
        "SetTwo",
        &[],
        || counting(5, 0),
        Kept(|_| {
            let (mut sum, mut count) = (0, 0);
            Box::new(move |it| {
                sum += it.number;
                count += 1;
                number(sum - count)
            })
        }),
    ),
    case(
        "SetFour",
        &[],
        || In {
            price: 99.5,
            ..counting(5, 7)
        },
        Kept(|_| {
            let (mut first, mut second, mut price, mut is_even) = (0, 0, 0.0, false);
            Box::new(move |it| {
                let answer = Out {
                    number: first + second,
                    price,
                    truth: is_even,
                    ..Out::default()
                };
                first += it.number;
                second = it.other;
                price = it.price;
                is_even = first % 2 == 0;
                answer
            })
        }),
    ),
    case(
        "SetText",
        &[],
        || named("tea"),
        Kept(|_| {
            let mut name = String::new();
            Box::new(move |it| text(std::mem::replace(&mut name, it.name)))
        }),
    ),
    case(
        "SetList",
        &[],
        || named("tea"),
        Kept(|_| {
            let mut names = vec!["none".to_owned()];
            Box::new(move |it| {
                let answer = number(count(names.len()));
                names = vec![it.name, "cup".to_owned()];
                answer
            })
        }),
    ),
    case(
        "SetMessage",
        &[],
        || In {
            place: Some(Place {
                street: "Gasse 1".to_owned(),
                city: "Bern".to_owned(),
            }),
            ..In::default()
        },
        Kept(|_| {
            let mut place = None::<Place>;
            Box::new(move |it| {
                let before = std::mem::replace(&mut place, it.place);
                text(before.unwrap_or_default().city)
            })
        }),
    ),
    case(
        "Store",
        &["store"],
        || counting(5, 0),
        Each(|it| {
            static LAST: Mutex<i64> = Mutex::new(0);
            *lock(&LAST) = it.number;
            number(*lock(&LAST))
        }),
    ),
    case(
        "CountInStore",
        &[],
        In::default,
        Each(|_| {
            static COUNT: Mutex<i64> = Mutex::new(0);
            let mut count = lock(&COUNT);
            *count += 1;
            number(*count)
        }),
    )
    .alike(|out| truth(out.number > 0)),
    case(
        "StoreOfMessages",
        &[],
        || In {
            number: 5,
            ..named("tea")
        },
        Each(|it| {
            static ORDERS: LazyLock<Mutex<HashMap<String, In>>> = LazyLock::new(Mutex::default);
            let name = it.name.clone();
            lock(&ORDERS).insert(name.clone(), it);
            number(lock(&ORDERS).get(&name).map_or(0, |order| order.number))
        }),
    ),
    case(
        "Wait",
        &["wait: 200ms"],
        tea,
        Paced(|it| {
            let answer = async {
                tokio::time::sleep(Duration::from_millis(1)).await;
                text(it.text)
            };
            stream::once(answer).boxed()
        }),
    ),
    case(
        "Log",
        &["log: text"],
        tea,
        Each(|it| {
            tracing::info!("got {}", it.text);
            truth(true)
        }),
    ),
    case(
        "Headers",
        &["headers: {…}"],
        || named("tea"),
        Call(|_, it| {
            let mut response = Response::new(text("done"));
            *response.metadata_mut() = x_name(&it.name)?;
            Ok(response)
        }),
    ),
    case(
        "Trailers",
        &["trailers: {…}"],
        || named("tea"),
        Call(|_, it| Err(Status::with_metadata(Code::NotFound, "none", x_name(&it.name)?))),
    ),
    case(
        "Flush",
        &["flush: headers"],
        || named("tea"),
        Call(|_, it| Ok(Response::new(text(it.name)))),
    ),
    case(
        "Status",
        &["status: {…}"],
        || named("tea"),
        Call(|_, it| Err(Status::not_found(format!("no {}", it.name)))),
    ),
    case("Do", &["do: [steps]"], tea, Each(|it| text(it.text))),
    case(
        "Choose",
        &["choose: [{when, do}, …, {do}]"],
        || named("jug"),
        Each(|it| {
            number(match &*it.name {
                "tea" => 1,
                "cup" => 2,
                "pot" => 3,
                _ => 4,
            })
        }),
    ),
    case(
        "ChooseByNumber",
        &[],
        || counting(42, 0),
        Each(|it| {
            text(match it.number {
                ..1 => "none",
                1..10 => "few",
                10..100 => "some",
                _ => "many",
            })
        }),
    ),
    case(
        "Signal",
        &["signal: name", "key: text"],
        || named("tea"),
        Each(|it| {
            static LISTENING: LazyLock<Mutex<HashMap<String, Vec<UnboundedSender<()>>>>> =
                LazyLock::new(Mutex::default);
            if let Some(listening) = lock(&LISTENING).get_mut(&it.name) {
                listening.retain(|call| call.send(()).is_ok());
            }
            truth(true)
        }),
    ),
    case(
        "Append",
        &["append"],
        || In {
            number: 5,
            ..named("tea")
        },
        Each(|it| {
            static ITEMS: Mutex<VecDeque<In>> = Mutex::new(VecDeque::new());
            let mut items = lock(&ITEMS);
            items.push_back(it);
            if items.len() > KEPT {
                items.pop_front();
            }
            truth(true)
        }),
    ),
    case(
        "Put",
        &["put"],
        || In {
            number: 5,
            ..named("tea")
        },
        Each(|it| {
            static GOODS: LazyLock<Mutex<HashMap<String, In>>> = LazyLock::new(Mutex::default);
            lock(&GOODS).insert(it.name.clone(), it);
            truth(true)
        }),
    ),
    case(
        "Delete",
        &["delete"],
        || In {
            number: 5,
            ..named("tea")
        },
        Each(|it| {
            static GONE: LazyLock<Mutex<HashMap<String, In>>> = LazyLock::new(Mutex::default);
            let name = it.name.clone();
            lock(&GONE).insert(name.clone(), it);
            lock(&GONE).remove(&name);
            truth(true)
        }),
    ),
    case(
        "Clear",
        &["clear"],
        || In {
            number: 5,
            ..named("tea")
        },
        Each(|it| {
            static CLEARED: Mutex<Vec<In>> = Mutex::new(Vec::new());
            lock(&CLEARED).push(it);
            lock(&CLEARED).clear();
            truth(true)
        }),
    ),
    case(
        "Get",
        &["collection"],
        || In {
            number: 5,
            ..named("tea")
        },
        Each(|it| {
            static FOUND: LazyLock<Mutex<HashMap<String, In>>> = LazyLock::new(Mutex::default);
            let name = it.name.clone();
            lock(&FOUND).insert(name.clone(), it);
            number(lock(&FOUND).get(&name).map_or(0, |good| good.number))
        }),
    ),
];

/// How many messages the collections of `append` keep.
const KEPT: usize = 100;

fn tea() -> In {
    saying("a cup of tea")
}

pub(super) fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

fn x_name(name: &str) -> Result<MetadataMap, Status> {
    let mut metadata = MetadataMap::new();
    let value = name
        .parse()
        .map_err(|_| Status::internal("the name is no header"))?;
    metadata.insert("x-name", value);
    Ok(metadata)
}

/// An answer with something in each field, which is the same for the same request.
fn made_up(request: In) -> Out {
    let mut hasher = DefaultHasher::new();
    request.encode_to_vec().hash(&mut hasher);
    let mut random = fastrand::Rng::with_seed(hasher.finish());
    let random = &mut random;
    Out {
        text: request.text,
        number: random.i64(1..=1000),
        id: random.u64(1..=99_999),
        price: (random.f64() * 100_000.0).round() / 100.0,
        truth: random.bool(),
        data: (0..random.usize(8..=16)).map(|_| random.u8(..)).collect(),
        at: Some(Timestamp {
            seconds: random.i64(1_738_324_800..1_769_860_800),
            nanos: random.i32(0..1000) * 1_000_000,
        }),
        wait: Some(prost_types::Duration {
            seconds: random.i64(1..=3600),
            nanos: 0,
        }),
        texts: (0..random.usize(1..=3)).map(|_| word(random)).collect(),
        numbers: (0..random.usize(1..=3)).map(|_| random.i64(1..=1000)).collect(),
        stock: (0..random.usize(1..=2))
            .map(|_| (word(random), random.i64(1..=1000)))
            .collect(),
        place: Some(Place {
            street: format!("{} Street {}", word(random), random.u8(1..=99)),
            city: word(random),
        }),
        kind: if random.bool() { Kind::Large } else { Kind::Small }.into(),
        note: Some(sentence(random)),
        lines: (0..random.usize(1..=3))
            .map(|_| Line {
                sku: word(random),
                count: random.i64(1..=100),
            })
            .collect(),
        next_page_token: word(random),
        total_size: random.i32(1..=100),
    }
}

fn sentence(random: &mut fastrand::Rng) -> String {
    let words: Vec<_> = (0..random.usize(4..=10)).map(|_| word(random)).collect();
    words.join(" ")
}

fn word(random: &mut fastrand::Rng) -> String {
    const WORDS: [&str; 12] = [
        "alias", "beatae", "culpa", "dolor", "eaque", "fugit", "harum", "illo", "laborum", "magni", "nemo",
        "odit",
    ];
    WORDS[random.usize(..WORDS.len())].to_owned()
}
