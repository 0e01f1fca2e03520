//! What `build` finds wrong with the types of closures.

use std::collections::HashMap;

use protod::{Call, Message, Server, State, Typed};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::support::schema;

/// The error of a server whose handler takes requests of this type.
fn error<T: DeserializeOwned + Send + 'static>(method: &str) -> String {
    let error = Server::builder(schema().clone())
        .unary(method, |_: Typed<T>| async { Ok(Typed(())) })
        .build()
        .expect_err("it does not fit");
    assert!(error.is_misfit(), "{error:?}");
    let subject = format!("the handler of {method} takes ");
    let of_type = format!(" as `{}`: ", std::any::type_name::<T>());
    for line in error.to_string().lines() {
        assert!(line.starts_with(&subject) && line.contains(&of_type), "{line}");
    }
    let told = error.problems().iter().map(|problem| {
        let message = problem.to_string();
        let (_, what) = message.split_once(&of_type).expect("it names the type");
        match problem.hint() {
            Some(hint) => format!("{what}; {hint}"),
            None => what.to_owned(),
        }
    });
    told.collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn fits<T: DeserializeOwned + Send + 'static>(method: &str) {
    let server = Server::builder(schema().clone())
        .unary(method, |_: Typed<T>| async { Ok(Typed(())) })
        .build();
    server.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn a_misspelt_field_is_told_with_the_near_name() {
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Request {
        nmae: String,
        value: i32,
    }
    let text = error::<Request>("kinds.Kinds/Point");
    assert_eq!(
        text,
        "the field `nmae` is not in kinds.Point; did you mean `name`?"
    );

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Outer {
        point: Option<Inner>,
        node: Option<Box<Tree>>,
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Inner {
        #[serde(default)]
        valeu: i32,
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Tree {
        children: Vec<Tree>,
        name: HashMap<String, Tree>,
    }
    let text = error::<Outer>("kinds.Kinds/Nested");
    assert!(
        text.contains("the field `point.valeu` is not in kinds.Point; did you mean `value`?"),
        "{text}"
    );
    assert!(
        text.contains("the field `node.name` is not in kinds.Node; did you mean `named`?"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 2, "{text}");
}

#[test]
fn a_field_of_another_kind_is_told_with_both_kinds() {
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Wrong {
        int32: u32,
        int64: u32,
        uint32: i32,
        uint64: i64,
        float: f64,
        double: f32,
        bool: String,
        string: i32,
        bytes: String,
        color: bool,
        sint32: i16,
        sint64: Vec<i64>,
        fixed32: HashMap<String, i32>,
        fixed64: Inner,
        sfixed32: (),
    }
    #[derive(Deserialize)]
    struct Inner {}
    let text = error::<Wrong>("kinds.Kinds/Scalars");
    for line in [
        "the field `int32` is int32, and `Wrong` asks for u32 instead of i32",
        "the field `int64` is int64, and `Wrong` asks for u32 instead of i64",
        "the field `uint32` is uint32, and `Wrong` asks for i32 instead of u32",
        "the field `uint64` is uint64, and `Wrong` asks for i64 instead of u64",
        "the field `double` is double, and `Wrong` asks for f32 instead of f64",
        "the field `bool` is bool, and `Wrong` asks for a string instead of bool",
        "the field `string` is string, and `Wrong` asks for i32 instead of String",
        "the field `bytes` is bytes, and `Wrong` asks for a string instead of Vec<u8>",
        "the field `color` is kinds.Color, and `Wrong` asks for bool",
        "the field `sint32` is sint32, and `Wrong` asks for i16 instead of i32",
        "the field `sint64` is sint64, and `Wrong` asks for a list instead of i64",
        "the field `fixed32` is fixed32, and `Wrong` asks for a map instead of u32",
        "the field `fixed64` is fixed64, and `Wrong` asks for the struct `Inner` instead of u64",
        "the field `sfixed32` is sfixed32, and `Wrong` asks for `()` instead of i32",
    ] {
        assert!(text.lines().any(|found| found.trim() == line), "{line}\n{text}");
    }
    assert_eq!(text.lines().count(), 14, "{text}");
}

#[test]
fn lists_maps_and_messages_are_told_apart() {
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Lists {
        numbers: i32,
        texts: Vec<i32>,
        points: Vec<String>,
        colors: HashMap<String, i32>,
    }
    let text = error::<Lists>("kinds.Kinds/Lists");
    for line in [
        "the field `numbers` is a list of sint32, and `Lists` asks for i32",
        "the field `texts` is of string, and `Lists` asks for i32 instead of String",
        "the field `points` is of kinds.Point, and `Lists` asks for a string",
        "the field `colors` is a list of kinds.Color, and `Lists` asks for a map",
    ] {
        assert!(text.lines().any(|found| found.trim() == line), "{line}\n{text}");
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Maps {
        by_text: Vec<i32>,
        by_number: HashMap<bool, String>,
        by_truth: HashMap<bool, i32>,
    }
    let text = error::<Maps>("kinds.Kinds/Maps");
    for line in [
        "the field `by_text` is a map from string to int32, and `Maps` asks for a list",
        "the field `by_number` is of int32, and `Maps` asks for bool instead of i32",
        "the field `by_truth` is of kinds.Point, and `Maps` asks for i32",
    ] {
        assert!(text.lines().any(|found| found.trim() == line), "{line}\n{text}");
    }
    let text = error::<Vec<i32>>("kinds.Kinds/Point");
    assert!(
        text.contains("the message is kinds.Point, and the type asks for a list"),
        "{text}"
    );
    let text = error::<()>("kinds.Kinds/Point");
    assert!(
        text.contains("the message is kinds.Point, and the type asks for `()`"),
        "{text}"
    );
}

#[test]
fn variants_are_compared_with_members_and_values() {
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Request {
        content: Option<Content>,
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    enum Content {
        Text(i32),
        Pont(String),
        Point { nme: String },
        BigNumber,
        Nothing,
        Color(Color),
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    enum Color {
        Red,
        Pink,
        LightBlue(i32),
    }
    let text = error::<Request>("kinds.Kinds/Choice");
    for line in [
        "the field `content.text` is string, and `Request` asks for i32 instead of String",
        "the field `content` has the variant `Pont`, which the oneof content does not have; did you mean `point`?",
        "the field `content.point.nme` is not in kinds.Point; did you mean `name`?",
        "the field `content.big_number` is int64, and the variant `BigNumber` holds nothing",
        "the field `content.color` is the enum kinds.Color, whose values hold nothing, and the variant `LightBlue` holds something",
    ] {
        assert!(text.lines().any(|found| found.trim() == line), "{line}\n{text}");
    }
    assert!(
        text.contains(
            "the field `content.color` has the variant `Pink`, which the enum kinds.Color does not have"
        ),
        "{text}"
    );
    assert_eq!(text.lines().count(), 6, "{text}");
}

/// Their lists of names may be one list.
#[test]
fn types_of_the_same_names_are_looked_at_apart() {
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Generic {
        next: Option<Of<i32>>,
        children: Vec<Of<String>>,
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Of<T> {
        value: T,
    }
    let text = error::<Generic>("kinds.Kinds/Node");
    assert!(
        text.contains("the field `children.value` is int32, and `Of` asks for a string instead of i32"),
        "{text}"
    );

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Alike {
        next: Option<Number>,
        children: Vec<Text>,
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Number {
        value: i32,
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Text {
        value: String,
    }
    let text = error::<Alike>("kinds.Kinds/Node");
    assert!(
        text.contains("the field `children.value` is int32, and `Text` asks for a string instead of i32"),
        "{text}"
    );
}

#[test]
fn the_values_of_maps_are_looked_at_beside_keys_that_refuse() {
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Maps {
        by_text: HashMap<Word, String>,
        by_number: HashMap<std::num::NonZeroI32, Vec<u8>>,
    }
    #[derive(Deserialize, PartialEq, Eq, Hash)]
    enum Word {
        One,
        Two,
    }
    let text = error::<Maps>("kinds.Kinds/Maps");
    for line in [
        "the field `by_text` is of int32, and `Maps` asks for a string instead of i32",
        "the field `by_number` is of string, and `Maps` asks for a list instead of String",
    ] {
        assert!(text.lines().any(|found| found.trim() == line), "{line}\n{text}");
    }
}

#[test]
fn all_handlers_that_do_not_fit_are_told() {
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Point {
        nmae: String,
        value: String,
    }
    #[derive(Clone)]
    struct Pool;
    let error = Server::builder(schema().clone())
        .unary(
            "kinds.Kinds/Point",
            |_: Typed<Point>, _: Call<Typed<Point>>| async { Ok(Typed(())) },
        )
        .unary("kinds.Kinds/Pont", |_: Typed<Point>| async { Ok(Typed(())) })
        .bidi("kinds.Kinds/Node", |_: Call| async { Ok(()) })
        .unary(
            "kinds.Kinds/Choice",
            |State(_): State<Pool>, _: Typed<Point>| async { Ok(Typed(())) },
        )
        .unary("kinds.Kinds/Nested", |_: Message| async { Ok(Typed(())) })
        .build()
        .expect_err("none but the last fits");
    assert!(error.is_misfit() && error.is_unknown_name() && error.is_wrong_shape());
    assert!(error.is_missing_state() && !error.is_schema());
    let text = error.to_string();
    let point = "typed::build::all_handlers_that_do_not_fit_are_told::Point";
    let expected = [
        format!(
            "the handler of kinds.Kinds/Point takes kinds.Point as `{point}`: the field `value` is int32, and `Point` \
             asks for a string instead of i32"
        ),
        format!(
            "the handler of kinds.Kinds/Point takes kinds.Point as `{point}`: the field `nmae` is not in kinds.Point; \
             did you mean `name`?"
        ),
        "the schema has no method kinds.Kinds/Pont; did you mean kinds.Kinds/Point?".to_owned(),
        "kinds.Kinds/Node is a unary method and was given a bidi handler; give one by `.unary(…)`".to_owned(),
        "the handler of kinds.Kinds/Choice takes the state `typed::build::all_handlers_that_do_not_fit_are_told::Pool`, \
         and the server has no state; give it one by `.state(…)`"
            .to_owned(),
    ];
    assert_eq!(text.lines().take(5).collect::<Vec<_>>(), expected);
    assert_eq!(text.lines().count(), 7, "two fields of Choice: {text}");
    assert_eq!(error.problems().len(), 7);
    assert_eq!(format!("{error:?}"), text);
}

#[test]
fn calls_are_looked_at_too() {
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Request {
        vale: i32,
    }
    let error = Server::builder(schema().clone())
        .bidi("kinds.Kinds/Both", |_: Call<Typed<Request>, Typed<i32>>| async {
            Ok(())
        })
        .build()
        .expect_err("there is no such field");
    assert!(error.is_misfit());
    assert!(error.to_string().contains("kinds.Kinds/Both"), "{error}");
    assert!(error.to_string().contains("did you mean `value`?"), "{error}");
}

#[test]
fn what_serde_hides_or_a_type_refuses_fails_no_build() {
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Request {
        #[serde(alias = "title", alias = "label")]
        name: Refuses,
        #[serde(rename = "value", alias = "number")]
        other: std::num::NonZeroI32,
        #[serde(skip)]
        seen: bool,
    }
    #[derive(Deserialize)]
    #[serde(try_from = "String")]
    struct Refuses;
    impl TryFrom<String> for Refuses {
        type Error = String;

        fn try_from(name: String) -> Result<Self, String> {
            Err(format!("never `{name}`"))
        }
    }
    fits::<Request>("kinds.Kinds/Point");

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct WithAny {
        name: serde_json::Value,
        #[serde(default)]
        value: Option<Box<Option<i32>>>,
    }
    fits::<WithAny>("kinds.Kinds/Point");
    fits::<serde_json::Value>("kinds.Kinds/Known");
    fits::<HashMap<String, serde_json::Value>>("kinds.Kinds/Known");

    #[derive(Deserialize)]
    enum Color {
        Red,
        #[serde(other)]
        Another,
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct WithOther {
        color: Color,
        string: Option<Word>,
    }
    #[derive(Deserialize)]
    enum Word {
        One,
        Two,
    }
    fits::<WithOther>("kinds.Kinds/Scalars");
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct OneofWithOther {
        content: Option<Known>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    #[expect(dead_code, reason = "only looked at")]
    enum Known {
        Text(String),
        #[serde(other)]
        Another,
    }
    fits::<OneofWithOther>("kinds.Kinds/Choice");
}

#[test]
fn a_misspelt_field_is_found_beside_one_that_refuses() {
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Request {
        int32: Refuses,
        int64: Refuses,
        strng: String,
        uint32: i8,
    }
    #[derive(Deserialize)]
    #[serde(try_from = "i64")]
    struct Refuses;
    impl TryFrom<i64> for Refuses {
        type Error = &'static str;

        fn try_from(_: i64) -> Result<Self, &'static str> {
            Err("never")
        }
    }
    let text = error::<Request>("kinds.Kinds/Scalars");
    assert!(
        text.contains("the field `strng` is not in kinds.Scalars; did you mean `string`?"),
        "{text}"
    );
    assert!(
        text.contains("the field `uint32` is uint32, and `Request` asks for i8 instead of u32"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 2, "{text}");
}

#[test]
fn a_struct_with_flatten_is_looked_at_as_far_as_serde_lets() {
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Outer {
        int32: u64,
        #[serde(flatten)]
        inner: Inner,
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Inner {
        string: String,
        strin: i32,
    }
    let text = error::<Outer>("kinds.Kinds/Scalars");
    assert!(
        text.contains("the field `int32` is int32, and the type asks for u64"),
        "{text}"
    );
    assert!(
        text.contains("the field `strin` is not in kinds.Scalars; did you mean `string`?"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 2, "{text}");

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Camel {
        #[serde(flatten)]
        inner: CamelInner,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "only looked at")]
    struct CamelInner {
        same_name: String,
    }
    let text = error::<Camel>("kinds.Kinds/Far");
    assert!(
        text.contains("the field `sameName` must be called `same_name`"),
        "{text}"
    );
}

#[test]
fn a_oneof_by_its_name_beside_flatten_is_told() {
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    enum Content {
        Text(String),
        BigNumber(i64),
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Beside {
        content: Option<Content>,
        #[serde(flatten)]
        inner: Inner,
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Inner {
        before: String,
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Within {
        before: String,
        #[serde(flatten)]
        inner: InnerContent,
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct InnerContent {
        content: Option<Content>,
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Needed {
        before: String,
        #[serde(flatten)]
        inner: NeededContent,
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct NeededContent {
        content: Content,
    }
    let told = "the field `content` is a oneof, which a struct with `flatten` cannot have by its name; \
                flatten its enum too, or have a field for each member";
    assert_eq!(error::<Beside>("kinds.Kinds/Choice"), told);
    assert_eq!(error::<Within>("kinds.Kinds/Choice"), told);
    assert_eq!(error::<Needed>("kinds.Kinds/Choice"), told);

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Flattened {
        before: String,
        #[serde(flatten)]
        content: Option<Content>,
        #[serde(flatten)]
        rest: HashMap<String, serde_json::Value>,
    }
    fits::<Flattened>("kinds.Kinds/Choice");
    fits::<HashMap<String, serde_json::Value>>("kinds.Kinds/Choice");
}

#[test]
fn types_that_refer_to_themselves_are_looked_at_once() {
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Node {
        value: i32,
        next: Option<Box<Node>>,
        children: Vec<Node>,
        named: HashMap<String, Other>,
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Other {
        children: Vec<Node>,
        next: Option<Box<Other>>,
        value: Last,
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Last(i32);
    fits::<Node>("kinds.Kinds/Node");
    fits::<Box<Other>>("kinds.Kinds/Node");
}

#[test]
fn well_known_types_take_their_forms() {
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Known {
        timestamp: std::time::SystemTime,
        duration: std::time::Duration,
        int64: Option<i64>,
        string: Option<String>,
        bytes: Option<Vec<u8>>,
        any: Option<serde_json::Value>,
        value: Option<Settings>,
        list: Vec<u8>,
        mask: String,
        empty: Option<()>,
        times: Vec<String>,
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Settings {
        anything: u8,
    }
    fits::<Known>("kinds.Kinds/Known");
    fits::<String>("kinds.Kinds/Wrapped");
    fits::<()>("kinds.Kinds/Nothing");

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Wrong {
        timestamp: i64,
        int64: Option<String>,
        bool: Option<i32>,
        duration: Parts,
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only looked at")]
    struct Parts {
        seconds: u8,
    }
    let text = error::<Wrong>("kinds.Kinds/Known");
    for line in [
        "the field `timestamp` is google.protobuf.Timestamp, and `Wrong` asks for i64",
        "the field `int64` is google.protobuf.Int64Value, and `Wrong` asks for a string instead of i64",
        "the field `bool` is google.protobuf.BoolValue, and `Wrong` asks for i32 instead of bool",
        "the field `duration.seconds` is int64, and `Parts` asks for u8 instead of i64",
    ] {
        assert!(text.lines().any(|found| found.trim() == line), "{line}\n{text}");
    }
}
