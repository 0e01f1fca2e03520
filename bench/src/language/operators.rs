//! Operators, and what makes texts, lists, maps and messages of values.

use std::collections::BTreeMap;

use prost_types::Timestamp;

use super::Twin::Each;
use super::{
    Case, In, Kind, Out, Place, case, costing, counting, listing, named, number, numbers, price, saying,
    text, texts, truth,
};

pub(super) const CASES: &[Case] = &[
    case("Add", &["+"], sums, Each(|it| number(it.number + it.other))),
    case("Subtract", &["-"], sums, Each(|it| number(it.number - it.other))),
    case("Multiply", &["*"], sums, Each(|it| number(it.number * it.other))),
    case("Divide", &["/"], sums, Each(|it| number(it.number / it.other))),
    case("Remainder", &["%"], sums, Each(|it| number(it.number % it.other))),
    case(
        "AddDoubles",
        &[],
        || costing(99.5),
        Each(|it| price(it.price * 1.25 + 0.5)),
    ),
    case(
        "JoinTexts",
        &[],
        names,
        Each(|it| text(it.name + ", " + &it.text)),
    ),
    case(
        "JoinLists",
        &[],
        || listing(&["tea", "cup"]),
        Each(|it| {
            let mut all = it.texts;
            all.push("pot".to_owned());
            texts(all)
        }),
    ),
    case(
        "AddTimes",
        &[],
        at_noon,
        Each(|it| {
            let mut at = it.at.unwrap_or_default();
            at.seconds += 5400;
            Out {
                at: Some(at),
                ..Out::default()
            }
        }),
    ),
    case(
        "Equal",
        &["=="],
        || named("tea"),
        Each(|it| truth(it.name == "tea")),
    ),
    case(
        "NotEqual",
        &["!="],
        || named("tea"),
        Each(|it| truth(it.name != "cup")),
    ),
    case(
        "EqualEnum",
        &[],
        large,
        Each(|it| truth(it.kind() == Kind::Large)),
    ),
    case(
        "EqualMessage",
        &[],
        placed,
        Each(|it| {
            let bern = Place {
                street: "Gasse 1".to_owned(),
                city: "Bern".to_owned(),
            };
            truth(it.place == Some(bern))
        }),
    ),
    case("Less", &["<"], sums, Each(|it| truth(it.other < it.number))),
    case(
        "LessOrEqual",
        &["<="],
        sums,
        Each(|it| truth(it.other <= it.number)),
    ),
    case("Greater", &[">"], sums, Each(|it| truth(it.number > it.other))),
    case(
        "GreaterOrEqual",
        &[">="],
        sums,
        Each(|it| truth(it.number >= it.other)),
    ),
    case(
        "CompareDoubles",
        &[],
        || costing(99.5),
        Each(|it| truth(it.price >= 10.0)),
    ),
    case("CompareTexts", &[], names, Each(|it| truth(it.name < it.text))),
    case(
        "And",
        &["&&"],
        sums,
        Each(|it| truth(it.number > 10 && it.other > 1)),
    ),
    case(
        "Or",
        &["||"],
        sums,
        Each(|it| truth(it.number > 100 || it.other > 1)),
    ),
    case("Not", &["!"], sums, Each(|it| truth(!it.truth))),
    case(
        "InConstants",
        &["in"],
        || named("pot"),
        Each(|it| truth(["tea", "cup", "pot"].contains(&&*it.name))),
    ),
    case(
        "InList",
        &[],
        || In {
            name: "pot".to_owned(),
            ..listing(&["tea", "cup", "pot"])
        },
        Each(|it| truth(it.texts.contains(&it.name))),
    ),
    case(
        "InMap",
        &[],
        stocked,
        Each(|it| truth(it.stock.contains_key(&it.name))),
    ),
    case(
        "If",
        &["c ? x : y"],
        sums,
        Each(|it| number(if it.number > 10 { it.number } else { it.other })),
    ),
    case(
        "IfText",
        &[],
        sums,
        Each(|it| text(if it.number > 10 { "many" } else { "few" })),
    ),
    case(
        "Index",
        &["x[i]"],
        || listing(&["tea", "cup", "pot"]),
        Each(|mut it| text(it.texts.swap_remove(1))),
    ),
    case("IndexMap", &[], stocked, Each(|it| number(it.stock[&it.name]))),
    case(
        "List",
        &["[1, 2]"],
        sums,
        Each(|it| numbers(vec![it.number, it.other, 7])),
    ),
    case(
        "Map",
        &["{\"k\": 1}"],
        sums,
        Each(|it| Out {
            stock: BTreeMap::from([("tea".to_owned(), it.number), ("cup".to_owned(), it.other)]),
            ..Out::default()
        }),
    ),
    case(
        "Message",
        &["Item{name: \"tea\"}"],
        names,
        Each(|it| Out {
            place: Some(Place {
                street: it.text,
                city: it.name,
            }),
            ..Out::default()
        }),
    ),
    case(
        "Text",
        &[],
        sums_of_tea,
        Each(|it| text(format!("{} × {}", it.number, it.name))),
    ),
    case(
        "TextOfDouble",
        &[],
        || costing(99.5),
        Each(|it| text(format!("costs {}", it.price))),
    ),
    case(
        "TextOfBool",
        &[],
        || In {
            truth: true,
            ..In::default()
        },
        Each(|it| text(format!("it is {}", it.truth))),
    ),
    case(
        "TextOfEnum",
        &[],
        large,
        Each(|it| text(format!("a {} one", it.kind().as_str_name()))),
    ),
    case(
        "TextOfThree",
        &[],
        names,
        Each(|it| text(format!("{}, {} and {}", it.name, it.text, it.name))),
    ),
    case(
        "CopyText",
        &[],
        || saying("a cup of tea"),
        Each(|it| text(it.text)),
    ),
    case(
        "CopyBytes",
        &[],
        || In {
            data: b"a cup of tea".to_vec(),
            ..In::default()
        },
        Each(|it| Out {
            data: it.data,
            ..Out::default()
        }),
    ),
    case("CopyDouble", &[], || costing(99.5), Each(|it| price(it.price))),
    case(
        "CopyMessage",
        &[],
        placed,
        Each(|it| Out {
            place: it.place,
            ..Out::default()
        }),
    ),
    case(
        "CopyList",
        &[],
        || listing(&["tea", "cup", "pot"]),
        Each(|it| texts(it.texts)),
    ),
    case(
        "CopyMap",
        &[],
        stocked,
        Each(|it| Out {
            stock: it.stock,
            ..Out::default()
        }),
    ),
    case(
        "CopyTime",
        &[],
        at_noon,
        Each(|it| Out {
            at: it.at,
            ..Out::default()
        }),
    ),
];

fn sums() -> In {
    counting(42, 5)
}

fn sums_of_tea() -> In {
    In {
        name: "tea".to_owned(),
        ..sums()
    }
}

fn names() -> In {
    In {
        name: "Bern".to_owned(),
        ..saying("Gasse 1")
    }
}

fn large() -> In {
    In {
        kind: Kind::Large.into(),
        ..In::default()
    }
}

fn placed() -> In {
    In {
        place: Some(Place {
            street: "Gasse 1".to_owned(),
            city: "Bern".to_owned(),
        }),
        ..In::default()
    }
}

pub(super) fn stocked() -> In {
    let stock = [("cup", 6), ("pot", 1), ("tea", 2)];
    In {
        name: "tea".to_owned(),
        stock: stock.map(|(name, count)| (name.to_owned(), count)).into(),
        ..In::default()
    }
}

fn at_noon() -> In {
    In {
        at: Some(Timestamp {
            seconds: 1_769_860_800,
            nanos: 0,
        }),
        ..In::default()
    }
}
