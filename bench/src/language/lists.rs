//! Functions and macros of lists.

use std::collections::HashSet;

use super::Twin::Each;
use super::{
    Case, In, Line, Out, case, count, listing, named, number, numbering, numbers, text, texts, truth,
};

pub(super) const CASES: &[Case] = &[
    case(
        "Size",
        &["size(x)"],
        || super::saying("a cup of tea"),
        Each(|it| number(count(it.text.chars().count()))),
    ),
    case(
        "SizeOfList",
        &["x.size()"],
        goods,
        Each(|it| number(count(it.texts.len()))),
    ),
    case(
        "All",
        &["l.all(x, c)"],
        goods,
        Each(|it| truth(it.texts.iter().all(|good| good != "ice"))),
    ),
    case(
        "Exists",
        &["l.exists(x, c)"],
        goods,
        Each(|it| truth(it.texts.iter().any(|good| good == "pot"))),
    ),
    case(
        "ExistsOfConstants",
        &[],
        || named("pot"),
        Each(|it| truth(["tea", "cup", "pot"].iter().any(|&good| good == it.name))),
    ),
    case(
        "ExistsOne",
        &["l.exists_one(x, c)"],
        goods,
        Each(|it| truth(it.texts.iter().filter(|&good| good == "pot").count() == 1)),
    ),
    case(
        "AllOfMap",
        &[],
        super::operators::stocked,
        Each(|it| truth(it.stock.keys().all(|good| !good.is_empty()))),
    ),
    case(
        "ExistsOfMessages",
        &[],
        lines,
        Each(|it| truth(it.lines.iter().any(|line| line.count > 2))),
    ),
    case(
        "Filter",
        &["l.filter(x, c)"],
        goods,
        Each(|mut it| {
            it.texts.retain(|good| good != "cup");
            texts(it.texts)
        }),
    ),
    case(
        "MapList",
        &["l.map(x, e)"],
        goods,
        Each(|it| texts(it.texts.into_iter().map(|good| good + "!").collect())),
    ),
    case(
        "MapNumbers",
        &[],
        some,
        Each(|it| numbers(it.numbers.into_iter().map(|number| number * 2).collect())),
    ),
    case(
        "MapSome",
        &["l.map(x, c, e)"],
        some,
        Each(|it| {
            numbers(
                it.numbers
                    .into_iter()
                    .filter(|&number| number > 1)
                    .map(|number| number * 2)
                    .collect(),
            )
        }),
    ),
    case(
        "MapMessages",
        &[],
        lines,
        Each(|it| {
            let twice = |line: Line| Line {
                count: line.count * 2,
                ..line
            };
            Out {
                lines: it.lines.into_iter().map(twice).collect(),
                ..Out::default()
            }
        }),
    ),
    case(
        "Sort",
        &["l.sort()"],
        goods,
        Each(|mut it| {
            it.texts.sort_unstable();
            texts(it.texts)
        }),
    ),
    case(
        "SortBy",
        &["l.sortBy(x, e)"],
        lines,
        Each(|mut it| {
            it.lines.sort_by_key(|line| -line.count);
            Out {
                lines: it.lines,
                ..Out::default()
            }
        }),
    ),
    case(
        "ReverseList",
        &["l.reverse()"],
        goods,
        Each(|mut it| {
            it.texts.reverse();
            texts(it.texts)
        }),
    ),
    case(
        "Distinct",
        &["l.distinct()"],
        || numbering(&[3, 1, 3, 2, 1]),
        Each(|mut it| {
            let mut seen = HashSet::new();
            it.numbers.retain(|&number| seen.insert(number));
            numbers(it.numbers)
        }),
    ),
    case(
        "Unique",
        &["l.unique()"],
        goods,
        Each(|it| {
            let mut seen = HashSet::new();
            truth(it.texts.iter().all(|good| seen.insert(good)))
        }),
    ),
    case(
        "Sum",
        &["l.sum()"],
        some,
        Each(|it| number(it.numbers.iter().sum())),
    ),
    case(
        "SumOfProducts",
        &[],
        lines,
        Each(|it| number(it.lines.iter().map(|line| line.count * 250).sum())),
    ),
    case(
        "First",
        &["l.first()"],
        goods,
        Each(|it| text(it.texts.into_iter().next().unwrap_or_default())),
    ),
    case(
        "Last",
        &["l.last()"],
        goods,
        Each(|mut it| text(it.texts.pop().unwrap_or_default())),
    ),
    case(
        "Slice",
        &["l.slice(a, b)"],
        goods,
        Each(|it| texts(it.texts[1..3].to_vec())),
    ),
    case(
        "Flatten",
        &["l.flatten()"],
        some,
        Each(|it| numbers([it.numbers.clone(), it.numbers].into_iter().flatten().collect())),
    ),
    case(
        "FlattenDeep",
        &["l.flatten(depth)"],
        some,
        Each(|it| {
            numbers(
                [[it.numbers.clone(), it.numbers]]
                    .into_iter()
                    .flatten()
                    .flatten()
                    .collect(),
            )
        }),
    ),
    case(
        "Range",
        &["lists.range(n)"],
        || super::counting(5, 0),
        Each(|it| numbers((0..it.number).collect())),
    ),
    case("Join", &["l.join()"], goods, Each(|it| text(it.texts.concat()))),
    case(
        "JoinWith",
        &["l.join(t)"],
        goods,
        Each(|it| text(it.texts.join(", "))),
    ),
];

fn goods() -> In {
    listing(&["tea", "cup", "pot", "jug"])
}

fn some() -> In {
    numbering(&[3, 1, 2])
}

pub(super) fn lines() -> In {
    let line = |(sku, count): (&str, i64)| Line {
        sku: sku.to_owned(),
        count,
    };
    In {
        lines: [("tea", 2), ("cup", 6), ("pot", 1)].map(line).to_vec(),
        ..In::default()
    }
}
