//! The language of rules, a case for each part that docs/rules.md lists: what is asked, and the answer in Rust.
//!
//! `bench/language/language.rules.yaml` has a rule for each case, whose method has the case's name. The twin serves the functions
//! of these tables, and the bench takes from them what both must answer. They are what a Rust programmer would write for
//! messages of the compiled types, and no more.

mod lists;
mod loops;
mod names;
mod numbers;
mod operators;
mod steps;
mod texts;
mod times;

use std::net::SocketAddr;

use futures_util::stream::BoxStream;
use tonic::metadata::MetadataMap;
use tonic::{Response, Status};

/// Package `language`: the messages of bench/language/language.proto.
#[expect(missing_docs, clippy::pedantic, reason = "generated")]
mod generated {
    tonic::include_proto!("language");
}

pub use generated::{In, Kind, Line, Out, Place};

/// One part of the language, or some that only make sense together.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// The method of `language.Language` that has the rule.
    pub method: &'static str,
    /// What is measured, as docs/rules.md writes it.
    pub covers: &'static [&'static str],
    /// What is asked, again and again.
    pub request: fn() -> In,
    /// How it is answered.
    pub twin: Twin,
    /// What two right answers have in common, where they need not be the same.
    pub alike: Option<fn(Out) -> Out>,
}

/// How a case is answered in Rust.
#[derive(Debug, Clone, Copy)]
pub enum Twin {
    /// Each message of a stream with one.
    Each(fn(In) -> Out),
    /// The same, by what a call keeps and what is known of it.
    Kept(fn(&Head) -> Kept),
    /// Each message of a stream with several.
    Several(fn(In) -> Several),
    /// One message with one, or with a status: a call for each.
    Call(fn(&Head, In) -> Result<Response<Out>, Status>),
    /// One message with a stream that takes its time.
    Paced(fn(In) -> Paced),
}

/// Answers the messages of one call.
pub type Kept = Box<dyn FnMut(In) -> Out + Send>;
/// The answers to one message.
pub type Several = Box<dyn Iterator<Item = Out> + Send>;
/// The same, over time.
pub type Paced = BoxStream<'static, Out>;

/// What is known of a call before its first message.
#[derive(Debug, Clone, Default)]
pub struct Head {
    /// `language.Language/Method`.
    pub method: String,
    /// The client's metadata.
    pub metadata: MetadataMap,
    /// Where it comes from.
    pub peer: Option<SocketAddr>,
}

/// All cases, in the order of docs/rules.md.
pub fn cases() -> Vec<Case> {
    [
        steps::CASES,
        loops::CASES,
        names::CASES,
        operators::CASES,
        lists::CASES,
        texts::CASES,
        numbers::CASES,
        times::CASES,
    ]
    .concat()
}

const fn case(
    method: &'static str,
    covers: &'static [&'static str],
    request: fn() -> In,
    twin: Twin,
) -> Case {
    Case {
        method,
        covers,
        request,
        twin,
        alike: None,
    }
}

impl Case {
    /// Two answers are right if this is the same of both.
    const fn alike(self, alike: fn(Out) -> Out) -> Case {
        Case {
            alike: Some(alike),
            ..self
        }
    }
}

// Requests and answers with one field, or with two of a kind.

fn named(name: &str) -> In {
    In {
        name: name.to_owned(),
        ..In::default()
    }
}

fn saying(text: &str) -> In {
    In {
        text: text.to_owned(),
        ..In::default()
    }
}

fn counting(number: i64, other: i64) -> In {
    In {
        number,
        other,
        ..In::default()
    }
}

fn costing(price: f64) -> In {
    In {
        price,
        ..In::default()
    }
}

fn listing(texts: &[&str]) -> In {
    In {
        texts: texts.iter().map(|&text| text.to_owned()).collect(),
        ..In::default()
    }
}

fn numbering(numbers: &[i64]) -> In {
    In {
        numbers: numbers.to_vec(),
        ..In::default()
    }
}

fn text(text: impl Into<String>) -> Out {
    Out {
        text: text.into(),
        ..Out::default()
    }
}

fn number(number: i64) -> Out {
    Out {
        number,
        ..Out::default()
    }
}

fn price(price: f64) -> Out {
    Out {
        price,
        ..Out::default()
    }
}

fn truth(truth: bool) -> Out {
    Out {
        truth,
        ..Out::default()
    }
}

fn texts(texts: Vec<String>) -> Out {
    Out {
        texts,
        ..Out::default()
    }
}

fn numbers(numbers: Vec<i64>) -> Out {
    Out {
        numbers,
        ..Out::default()
    }
}

/// How many there are, as the language counts: in 64 bits with a sign.
fn count(length: usize) -> i64 {
    length as i64
}
