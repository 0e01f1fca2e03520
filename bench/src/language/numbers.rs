//! Functions of numbers and bytes.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::Twin::Each;
use super::{Case, In, Out, case, costing, counting, number, numbering, price, saying, text, truth};

pub(super) const CASES: &[Case] = &[
    case(
        "Greatest",
        &["math.greatest(…)"],
        sums,
        Each(|it| number(it.number.max(it.other).max(7))),
    ),
    case(
        "GreatestOfList",
        &[],
        || numbering(&[3, 1, 2]),
        Each(|it| number(it.numbers.into_iter().max().unwrap_or_default())),
    ),
    case(
        "Least",
        &["math.least(…)"],
        sums,
        Each(|it| number(it.number.min(it.other).min(7))),
    ),
    case(
        "Abs",
        &["math.abs"],
        || counting(-42, 0),
        Each(|it| number(it.number.abs())),
    ),
    case(
        "Sign",
        &["math.sign"],
        || counting(-42, 0),
        Each(|it| number(it.number.signum())),
    ),
    case(
        "Sqrt",
        &["math.sqrt"],
        || costing(99.5),
        Each(|it| price(it.price.sqrt())),
    ),
    case(
        "Ceil",
        &["math.ceil"],
        || costing(99.5),
        Each(|it| price(it.price.ceil())),
    ),
    case(
        "Floor",
        &["math.floor"],
        || costing(99.5),
        Each(|it| price(it.price.floor())),
    ),
    case(
        "Round",
        &["math.round"],
        || costing(99.5),
        Each(|it| price(it.price.round())),
    ),
    case(
        "Trunc",
        &["math.trunc"],
        || costing(99.5),
        Each(|it| price(it.price.trunc())),
    ),
    case(
        "MathIsNaN",
        &["math.isNaN"],
        || costing(f64::NAN),
        Each(|it| truth(it.price.is_nan())),
    ),
    case(
        "MathIsInf",
        &["math.isInf"],
        || costing(f64::INFINITY),
        Each(|it| truth(it.price.is_infinite())),
    ),
    case(
        "MathIsFinite",
        &["math.isFinite"],
        || costing(99.5),
        Each(|it| truth(it.price.is_finite())),
    ),
    case(
        "IsNan",
        &["x.isNan()"],
        || costing(f64::NAN),
        Each(|it| truth(it.price.is_nan())),
    ),
    case(
        "IsInf",
        &["x.isInf()"],
        || costing(f64::INFINITY),
        Each(|it| truth(it.price.is_infinite())),
    ),
    case(
        "IsInfWithSign",
        &["x.isInf(-1)"],
        || costing(f64::NEG_INFINITY),
        Each(|it| truth(it.price == f64::NEG_INFINITY)),
    ),
    case(
        "BitAnd",
        &["math.bitAnd"],
        sums,
        Each(|it| number(it.number & it.other)),
    ),
    case("BitOr", &["bitOr"], sums, Each(|it| number(it.number | it.other))),
    case(
        "BitXor",
        &["bitXor"],
        sums,
        Each(|it| number(it.number ^ it.other)),
    ),
    case("BitNot", &["bitNot"], sums, Each(|it| number(!it.number))),
    case(
        "BitShiftLeft",
        &["bitShiftLeft"],
        sums,
        Each(|it| number(it.number << it.other)),
    ),
    case(
        "BitShiftRight",
        &["bitShiftRight"],
        sums,
        Each(|it| number(it.number >> it.other)),
    ),
    case(
        "ToInt",
        &["int"],
        || saying("42"),
        Each(|it| number(it.text.parse().unwrap_or_default())),
    ),
    case(
        "ToUint",
        &["uint"],
        || saying("42"),
        Each(|it| Out {
            id: it.text.parse().unwrap_or_default(),
            ..Out::default()
        }),
    ),
    case(
        "ToDouble",
        &["double"],
        || saying("99.5"),
        Each(|it| price(it.text.parse().unwrap_or_default())),
    ),
    case(
        "ToBool",
        &["bool"],
        || saying("true"),
        Each(|it| truth(it.text == "true")),
    ),
    case(
        "ToString",
        &["string"],
        sums,
        Each(|it| text(it.number.to_string())),
    ),
    case(
        "ToBytes",
        &["bytes"],
        || saying("a cup of tea"),
        Each(|it| Out {
            data: it.text.into_bytes(),
            ..Out::default()
        }),
    ),
    case("Dyn", &["dyn(x)"], sums, Each(|it| number(it.number))),
    case(
        "Base64Encode",
        &["base64.encode(b)"],
        || In {
            data: b"a cup of tea".to_vec(),
            ..In::default()
        },
        Each(|it| text(BASE64_STANDARD.encode(it.data))),
    ),
    case(
        "Base64Decode",
        &["base64.decode(s)"],
        || saying("YSBjdXAgb2YgdGVh"),
        Each(|it| Out {
            data: BASE64_STANDARD.decode(it.text).unwrap_or_default(),
            ..Out::default()
        }),
    ),
    case(
        "RepeatText",
        &["repeat(x, n)"],
        || saying("tea "),
        Each(|it| text(it.text.repeat(5))),
    ),
    case(
        "Random",
        &["random()"],
        In::default,
        Each(|_| price(fastrand::f64())),
    )
    .alike(|out| truth((0.0..1.0).contains(&out.price))),
    case(
        "Uuid",
        &["uuid()"],
        In::default,
        Each(|_| {
            let uuid = uuid::Builder::from_random_bytes(fastrand::u128(..).to_ne_bytes());
            text(uuid.into_uuid().to_string())
        }),
    )
    .alike(|out| number(out.text.matches('-').count() as i64 * 100 + out.text.len() as i64)),
];

fn sums() -> In {
    counting(42, 5)
}
