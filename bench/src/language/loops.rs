//! Loops and conditions of steps, and lists and maps from data.

use std::sync::Mutex;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use tonic::Response;

use super::Twin::{Call, Each, Paced, Several};
use super::lists::lines;
use super::steps::lock;
use super::{Case, In, Line, Out, case, counting, listing, named, number, text, texts};

pub(super) const CASES: &[Case] = &[
    case(
        "When",
        &["when: condition"],
        || counting(42, 0),
        Each(|it| if it.number > 10 { text("many") } else { text("few") }),
    ),
    case(
        "Repeat",
        &["repeat: N", "i"],
        || counting(3, 0),
        Several(|it| Box::new((0..it.number).map(number))),
    ),
    case(
        "RepeatAs",
        &["as: name", "as"],
        || counting(3, 0),
        Several(|it| Box::new((0..it.number).map(number))),
    ),
    case(
        "EachText",
        &["each: \"${list}\"", "item"],
        goods,
        Several(|it| Box::new(it.texts.into_iter().map(text))),
    ),
    case(
        "EachTextAs",
        &["as: [a, b]"],
        goods,
        Several(|it| {
            let numbered = it.texts.into_iter().zip(0..);
            Box::new(numbered.map(|(good, number)| Out { number, ..text(good) }))
        }),
    ),
    case(
        "EachOfMap",
        &[],
        super::operators::stocked,
        Several(|it| {
            Box::new(
                it.stock
                    .into_iter()
                    .map(|(good, number)| Out { number, ..text(good) }),
            )
        }),
    ),
    case(
        "EachOfMessages",
        &[],
        lines,
        Several(|it| {
            Box::new(it.lines.into_iter().map(|line| Out {
                number: line.count,
                ..text(line.sku)
            }))
        }),
    ),
    case(
        "Every",
        &["every: 200ms"],
        || counting(3, 0),
        Paced(|it| {
            stream::iter(0..it.number)
                .then(|round| async move {
                    if round > 0 {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                    number(round)
                })
                .boxed()
        }),
    ),
    case(
        "Pause",
        &["pause: 200ms"],
        In::default,
        Paced(|_| {
            stream::iter([(1, "one of the file"), (2, "another one")])
                .then(|(number, good)| async move {
                    if number > 1 {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                    Out { number, ..text(good) }
                })
                .boxed()
        }),
    ),
    case(
        "EachOfCollection",
        &["limit", "after"],
        || In {
            number: 5,
            ..named("tea")
        },
        Each(|it| {
            static KEPT: Mutex<Vec<In>> = Mutex::new(Vec::new());
            let mut kept = lock(&KEPT);
            kept.clear();
            kept.push(it);
            let first = kept.first().cloned().unwrap_or_default();
            Out {
                number: first.number,
                ..text(first.name)
            }
        }),
    ),
    case(
        "Follow",
        &["follow"],
        || In {
            number: 5,
            ..named("tea")
        },
        Each(|it| {
            static FOLLOWED: Mutex<Vec<In>> = Mutex::new(Vec::new());
            let mut followed = lock(&FOLLOWED);
            followed.clear();
            followed.push(it);
            let first = followed.first().cloned().unwrap_or_default();
            Out {
                number: first.number,
                ..text(first.name)
            }
        }),
    ),
    case(
        "ListOfMessages",
        &["value: …"],
        lines,
        Each(|it| {
            let twice = |line: Line| Line {
                count: line.count * 2,
                ..line
            };
            Out {
                lines: it
                    .lines
                    .into_iter()
                    .filter(|line| line.count > 1)
                    .map(twice)
                    .collect(),
                ..Out::default()
            }
        }),
    ),
    case(
        "ListOfTexts",
        &[],
        lines,
        Each(|it| {
            let line = |line: Line| format!("{} × {}", line.count, line.sku);
            texts(it.lines.into_iter().map(line).collect())
        }),
    ),
    case(
        "ListOfSome",
        &["skip: N", "limit: N"],
        goods,
        Each(|it| texts(it.texts.into_iter().skip(1).take(2).collect())),
    ),
    case(
        "MapOfMessages",
        &["key: …"],
        lines,
        Each(|it| Out {
            stock: it.lines.into_iter().map(|line| (line.sku, line.count)).collect(),
            ..Out::default()
        }),
    ),
    case(
        "Page",
        &["page: N"],
        || In {
            page_token: "1".to_owned(),
            ..lines()
        },
        Call(|_, it| {
            let (from, size) = (it.page_token.parse().unwrap_or(0), it.page_size as usize);
            let size = if size == 0 { 1 } else { size };
            let total = it.lines.len();
            let next_page_token = if from + size < total {
                (from + size).to_string()
            } else {
                String::new()
            };
            Ok(Response::new(Out {
                lines: it.lines.into_iter().skip(from).take(size).collect(),
                next_page_token,
                total_size: total as i32,
                ..Out::default()
            }))
        }),
    ),
];

fn goods() -> In {
    listing(&["tea", "cup", "pot"])
}
