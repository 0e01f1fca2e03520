//! What `--validate` costs: the same calls to protod with and without it. Their requests have ten constraints
//! (`bench/validation/orders.proto`).

use anyhow::Result;
use prost::Message;

use crate::cases::{Case, load};
use crate::load::Load;
use crate::server::Spec;

pub(crate) const CASE: Case = Case {
    name: "validated",
    about: "unary, ten constraints, 64 in flight",
    unit: "call",
    share: 50,
    aim: Some(1.3),
    load: &orders,
};

/// Without validation, and with it.
pub(crate) fn specs() -> Result<Vec<Spec>> {
    let protod = Spec::protod()?;
    let serve = ["serve", "bench/validation", "--addr", "127.0.0.1:0"];
    let unchecked = Spec {
        name: "unchecked".to_owned(),
        ..protod.with(&serve)
    };
    Ok(vec![
        unchecked,
        protod.with(&[&serve[..], &["--validate"]].concat()),
    ])
}

/// `validation.Order`; the twin does not serve it.
#[derive(Clone, PartialEq, Message)]
struct Order {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    email: String,
    #[prost(string, tag = "3")]
    name: String,
    #[prost(int32, tag = "4")]
    count: i32,
    #[prost(int32, tag = "5")]
    price: i32,
    #[prost(int32, tag = "6")]
    total: i32,
    #[prost(string, tag = "7")]
    currency: String,
    #[prost(int32, tag = "8")]
    delivery: i32,
}

/// `validation.Receipt`.
#[derive(Clone, PartialEq, Message)]
struct Receipt {
    #[prost(string, tag = "1")]
    text: String,
}

fn orders(calls: u64) -> Load {
    let order = Order {
        id: "8a5f0c0e-1c3b-4f6e-9a53-0d5b2b7c9e11".into(),
        email: "ada@example.com".into(),
        name: "Ada Lovelace".into(),
        count: 2,
        price: 30,
        total: 60,
        currency: "CHF".into(),
        delivery: 1,
    };
    let receipt = |_| Receipt {
        text: "2 for ada@example.com".into(),
    };
    Load {
        calls,
        in_flight: 64,
        ..load("validation.Orders/Place", &order, receipt)
    }
}
