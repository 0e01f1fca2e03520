//! What expressions know by name, and functions of messages.

use std::sync::LazyLock;
use std::time::SystemTime;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use prost_types::{FieldMask, Timestamp};
use tonic::Response;

use super::Twin::{Call, Each, Kept};
use super::{Case, In, Kind, Out, Place, case, counting, named, number, saying, text, truth};

/// What prost-reflect writes JSON by.
static IN: LazyLock<MessageDescriptor> = LazyLock::new(|| {
    let set = include_bytes!(concat!(env!("OUT_DIR"), "/language.binpb"));
    let pool = DescriptorPool::decode(&set[..]).expect("the descriptors that protox has made");
    pool.get_message_by_name("language.In")
        .expect("a message of language.proto")
});

pub(super) const CASES: &[Case] = &[
    case(
        "Request",
        &["request"],
        || saying("a cup of tea"),
        Each(|it| Out {
            place: Some(Place {
                street: it.text,
                ..Place::default()
            }),
            ..Out::default()
        }),
    ),
    case(
        "Requests",
        &["requests"],
        || named("tea"),
        Call(|_, _| Ok(Response::new(number(1)))),
    ),
    case(
        "Received",
        &["received"],
        In::default,
        Kept(|_| {
            let mut received = 0;
            Box::new(move |_| {
                received += 1;
                number(received)
            })
        }),
    ),
    case(
        "Metadata",
        &["metadata"],
        In::default,
        Kept(|head| {
            let agent = head
                .metadata
                .get("user-agent")
                .and_then(|value| value.to_str().ok());
            let agent = agent.unwrap_or_default().to_owned();
            Box::new(move |_| text(agent.clone()))
        }),
    ),
    case(
        "InMetadata",
        &[],
        In::default,
        Kept(|head| {
            let is_there = head.metadata.contains_key("user-agent");
            Box::new(move |_| truth(is_there))
        }),
    ),
    case(
        "CallMethod",
        &["call"],
        In::default,
        Kept(|head| {
            let method = head.method.clone();
            Box::new(move |_| text(method.clone()))
        }),
    ),
    case(
        "CallPeer",
        &[],
        In::default,
        Kept(|head| {
            let peer = head.peer.map(|peer| peer.to_string()).unwrap_or_default();
            Box::new(move |_| text(peer.clone()))
        }),
    )
    .alike(|_| Out::default()),
    case(
        "CallCount",
        &["call.count"],
        In::default,
        Call(|_, _| {
            use std::sync::atomic::{AtomicI64, Ordering};
            static COUNT: AtomicI64 = AtomicI64::new(0);
            Ok(Response::new(number(COUNT.fetch_add(1, Ordering::Relaxed) + 1)))
        }),
    )
    .alike(|out| truth(out.number > 0)),
    case(
        "Now",
        &["now"],
        In::default,
        Each(|_| Out {
            at: Some(Timestamp::from(SystemTime::now())),
            ..Out::default()
        }),
    )
    .alike(|out| truth(out.at.is_some_and(|at| at.seconds > 1_700_000_000))),
    case(
        "NowAsText",
        &[],
        In::default,
        Each(|_| text(Timestamp::from(SystemTime::now()).to_string())),
    )
    .alike(|out| truth(out.text.starts_with("20") && out.text.ends_with('Z'))),
    case(
        "EnumValue",
        &["package.Enum.VALUE"],
        In::default,
        Each(|_| Out {
            kind: Kind::Large.into(),
            ..Out::default()
        }),
    ),
    case(
        "Type",
        &["type(x)", "package.Message"],
        || counting(42, 5),
        Each(|_| truth(true)),
    ),
    case(
        "Has",
        &["has(request.x)"],
        || In {
            note: Some("for Ann".to_owned()),
            ..In::default()
        },
        Each(|it| truth(it.note.is_some())),
    ),
    case(
        "HasInMap",
        &[],
        super::operators::stocked,
        Each(|it| truth(it.stock.contains_key("tea"))),
    ),
    case(
        "GetField",
        &["getField(m, \"in\")"],
        || named("tea"),
        Each(|it| text(it.name)),
    ),
    case("Json", &["json(x)"], many_fields, Each(|it| text(json(&it)))),
    case(
        "JsonOfList",
        &[],
        || super::listing(&["tea", "cup"]),
        Each(|it| text(serde_json::to_string(&it.texts).unwrap_or_default())),
    ),
    case(
        "Update",
        &["update(m, n)"],
        placed,
        Each(|it| Out {
            place: it.place.map(|place| Place {
                city: it.name,
                ..place
            }),
            ..Out::default()
        }),
    ),
    case(
        "UpdateByMask",
        &["update(m, n, mask)"],
        || In {
            mask: Some(FieldMask {
                paths: vec!["city".to_owned()],
            }),
            ..placed()
        },
        Each(|it| {
            let mut place = it.place.unwrap_or_default();
            for path in it.mask.unwrap_or_default().paths {
                match &*path {
                    "city" => place.city.clone_from(&it.name),
                    "street" => place.street.clear(),
                    _ => {}
                }
            }
            Out {
                place: Some(place),
                ..Out::default()
            }
        }),
    ),
];

fn placed() -> In {
    let place = Place {
        street: "Gasse 1".to_owned(),
        city: "Bern".to_owned(),
    };
    In {
        place: Some(place),
        ..named("Biel")
    }
}

fn many_fields() -> In {
    In {
        text: "a cup of tea".to_owned(),
        number: 42,
        price: 99.5,
        truth: true,
        texts: vec!["milk".to_owned(), "sugar".to_owned()],
        ..placed()
    }
}

fn json(message: &In) -> String {
    let message = DynamicMessage::decode(IN.clone(), &*message.encode_to_vec());
    let message = message.expect("the bytes of such a message");
    serde_json::to_string(&message).expect("a message has JSON")
}
