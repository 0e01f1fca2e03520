//! The cases: what is called in each, and what must be answered.
//!
//! Expected answers are messages of the compiled types and are compared as values, so a server may send its fields in any
//! order.

use std::fmt::Debug;

use anyhow::{Result, ensure};
use bench::bench::{Chunk, ListRequest, ListResponse, Order, Point, Receipt, Side, Venue};
use bench::proto::{SearchRequest, SearchResponse, StreamPoint, StreamRequest, StreamResponse};
use prost::Message;

use crate::load::{Check, Http, Load};
use crate::wire::Protocol;

/// Bytes of payload in the 4 KiB message.
const PAYLOAD: usize = 4096;
const VALUE: i32 = 2018;

/// One case that is measured.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// The unit of the figures: `message` or `call`.
    pub(crate) unit: &'static str,
    /// This case sends `--messages` divided by this number.
    pub(crate) share: u64,
    /// The highest ratio of protod's CPU time to the twin's that is aimed for. Cases without an aim run only if named.
    pub(crate) aim: Option<f64>,
    pub(crate) load: &'static dyn Fn(u64) -> Load,
}

/// All cases, in the order in which they run.
pub(crate) const CASES: &[Case] = &[
    Case {
        name: "list",
        about: "server stream, one long call",
        unit: "message",
        share: 1,
        aim: Some(0.8),
        load: &list,
    },
    Case {
        name: "record",
        about: "client stream, one long call",
        unit: "message",
        share: 1,
        aim: Some(0.6),
        load: &record,
    },
    Case {
        name: "route",
        about: "bidi, an answer a message",
        unit: "message",
        share: 1,
        aim: Some(0.6),
        load: &route,
    },
    Case {
        name: "unary",
        about: "Search, 64 in flight",
        unit: "call",
        share: 50,
        aim: Some(1.0),
        load: &unary,
    },
    Case {
        name: "seven",
        about: "List of seven, 64 in flight",
        unit: "call",
        share: 50,
        aim: Some(1.0),
        load: &seven,
    },
    Case {
        name: "wide",
        about: "bidi, 20 fields in, 8 out",
        unit: "message",
        share: 5,
        aim: Some(0.8),
        load: &wide,
    },
    Case {
        name: "payload",
        about: "bidi, 4 KiB in and out",
        unit: "message",
        share: 20,
        aim: Some(1.0),
        load: &payload,
    },
    Case {
        name: "wide-unary",
        about: "20 fields, 64 in flight",
        unit: "call",
        share: 50,
        aim: None,
        load: &wide_unary,
    },
    Case {
        name: "upload",
        about: "client stream of 4 KiB",
        unit: "message",
        share: 20,
        aim: None,
        load: &upload,
    },
];

/// A load on `method` with one call, one request and one answer; the cases change what differs.
pub(crate) fn load<A>(method: &str, request: &impl Message, answer: impl Fn(u64) -> A + 'static) -> Load
where
    A: Message + Default + PartialEq + Debug,
{
    load_checked(method, request, move |number, is: A| {
        let should = answer(number);
        ensure!(is == should, "is {is:?}, should be {should:?}");
        Ok(())
    })
}

/// The same, with a comparison of its own.
pub(crate) fn load_checked<A>(
    method: &str,
    request: &impl Message,
    check: impl Fn(u64, A) -> Result<()> + 'static,
) -> Load
where
    A: Message + Default,
{
    let mut frame = vec![0];
    frame.extend(
        u32::try_from(request.encoded_len())
            .expect("a small request")
            .to_be_bytes(),
    );
    request.encode(&mut frame).expect("a vector has room");
    let check: Check = Box::new(move |number, bytes| check(number, A::decode(bytes)?));
    Load {
        path: format!("/{method}"),
        protocol: Protocol::Grpc,
        http: Http::Two,
        request: frame,
        calls: 1,
        in_flight: 1,
        requests: 1,
        answers: 1,
        code: 0,
        metadata: Vec::new(),
        check,
    }
}

fn point(name: &str, value: i32) -> StreamRequest {
    StreamRequest {
        pt: Some(StreamPoint {
            name: name.to_owned(),
            value,
        }),
    }
}

fn answer(name: &str, value: i32) -> StreamResponse {
    StreamResponse {
        pt: Some(StreamPoint {
            name: name.to_owned(),
            value,
        }),
    }
}

fn small(number: u64) -> i32 {
    i32::try_from(number).expect("fewer than 2^31 messages")
}

fn list(messages: u64) -> Load {
    const NAME: &str = "gRPC Stream Client: List";
    let count = i64::from(small(messages));
    let request = ListRequest {
        pt: Some(Point {
            name: NAME.into(),
            value: VALUE,
        }),
        count,
    };
    let one = |n| ListResponse {
        pt: Some(Point {
            name: NAME.into(),
            value: VALUE + small(n),
        }),
    };
    Load {
        answers: messages,
        ..load("bench.BenchService/List", &request, one)
    }
}

/// Memory is also measured with this case.
pub(crate) fn record(messages: u64) -> Load {
    let request = point("gRPC Stream Client: Record", VALUE);
    let one = |_| answer("gRPC Stream Server: Record", 1);
    Load {
        requests: messages,
        ..load("proto.StreamService/Record", &request, one)
    }
}

fn route(messages: u64) -> Load {
    let request = point("gRPC Stream Client: Route", VALUE);
    let one = |n| answer("gPRC Stream Client: Route", small(n));
    Load {
        requests: messages,
        answers: messages + 1,
        ..load("proto.StreamService/Route", &request, one)
    }
}

fn unary(calls: u64) -> Load {
    Load {
        calls,
        in_flight: 64,
        ..search("gRPC", "gRPC Server")
    }
}

/// One call of Search with its answer.
pub(crate) fn search(request: &str, response: &str) -> Load {
    let response = response.to_owned();
    let request = SearchRequest {
        request: request.to_owned(),
    };
    load("proto.SearchService/Search", &request, move |_| SearchResponse {
        response: response.clone(),
    })
}

fn seven(calls: u64) -> Load {
    const NAME: &str = "gRPC Stream Client: List";
    let one = |n| answer(NAME, VALUE + small(n));
    Load {
        calls,
        in_flight: 64,
        answers: 7,
        ..load("proto.StreamService/List", &point(NAME, VALUE), one)
    }
}

fn order() -> Order {
    Order {
        id: "ord-2018-000042".into(),
        customer: "customer-7731".into(),
        account: "acc-55-1020".into(),
        symbol: "ACME".into(),
        side: Side::Buy.into(),
        quantity: 1500,
        price: 99.5,
        currency: "EUR".into(),
        priority: 3,
        all_or_none: true,
        created_unix_ms: 1_700_000_000_123,
        expires_unix_ms: 1_700_000_600_000,
        venue: Some(Venue {
            code: "XETR".into(),
            country: "DE".into(),
        }),
        trader: "j.doe".into(),
        desk: "equities".into(),
        tags: vec!["algo".into(), "intraday".into()],
        trace_id: 0x1234_5678_9abc_def0,
        tick_offset: -2,
        weight: 0.25,
        note: "good till the end of the session".into(),
    }
}

fn receipt(_: u64) -> Receipt {
    Receipt {
        order_id: "ord-2018-000042".into(),
        symbol: "ACME".into(),
        side: Side::Buy.into(),
        filled: 1500,
        amount: 149_250.0,
        currency: "EUR".into(),
        venue: Some(Venue {
            code: "XETR".into(),
            country: "DE".into(),
        }),
        text: "accepted 1500 ACME".into(),
    }
}

fn wide(messages: u64) -> Load {
    Load {
        requests: messages,
        answers: messages,
        ..load("bench.BenchService/Trade", &order(), receipt)
    }
}

fn wide_unary(calls: u64) -> Load {
    Load {
        calls,
        in_flight: 64,
        ..load("bench.BenchService/Place", &order(), receipt)
    }
}

fn chunk() -> Chunk {
    let data: Vec<u8> = (0..PAYLOAD)
        .map(|n| u8::try_from(n * 131 % 256).expect("below 256"))
        .collect();
    Chunk {
        offset: 1_048_576,
        data: data.into(),
    }
}

fn payload(messages: u64) -> Load {
    let one = |_| Chunk {
        offset: 1_052_672,
        ..chunk()
    };
    Load {
        requests: messages,
        answers: messages,
        ..load("bench.BenchService/Echo", &chunk(), one)
    }
}

fn upload(messages: u64) -> Load {
    let one = |_| Chunk {
        offset: 1_052_672,
        ..Chunk::default()
    };
    Load {
        requests: messages,
        ..load("bench.BenchService/Upload", &chunk(), one)
    }
}
