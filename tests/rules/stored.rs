//! The store: places in maps of maps, messages in them, what is put into fields, and what all of a `set` does.

use protod::Rules;
use tonic::Code;

use crate::support::{Running, kinds};

/// A rule of Unary for requests whose `string` is this, with its answer and what it sets.
fn rule(string: &str, rest: &str) -> String {
    format!("  - {{method: kinds.Kinds/Unary, match: {{string: {string}}}, {rest}}}\n")
}

async fn server(rules: &[(&str, &str)]) -> Running {
    let rules: String = rules.iter().map(|(string, rest)| rule(string, rest)).collect();
    Running::start(&format!("rules:\n{rules}")).await
}

impl Running {
    /// The answer of the rule for this string; a status as `CODE: message`.
    async fn does(&self, string: &str) -> String {
        self.does_with(string, "").await
    }

    async fn does_with(&self, string: &str, fields: &str) -> String {
        let comma = if fields.is_empty() { "" } else { "," };
        let request = format!(r#"{{"string":"{string}"{comma}{fields}}}"#);
        let mut outcome = self.call("Unary", &[&request]).await;
        match outcome.status.code() {
            Code::Ok => outcome.messages.pop().expect("one message"),
            code => format!("{code:?}: {}", outcome.status.message()),
        }
    }
}

#[tokio::test]
async fn a_place_is_made_read_changed_and_removed() {
    let show = r#"reply: {names: {each: "${store.orders}", as: [id, o], value: "${id} ${o.total} ${o.state}"},
        int32: "${size(store.orders)}", bool: "${'a' in store.orders}", opt: "${has(store.orders.a.note) ? store.orders.a.note : 'none'}"}"#;
    let server = server(&[
        ("show", show),
        (
            "put",
            r#"set: {"store.orders[request.text]": {total: "${request.int32}", state: NEW}}, reply: {int32: "${store.orders[request.text].total}"}"#,
        ),
        ("pay", r#"set: {"store.orders[request.text].state": PAID, store.orders.a.note: paid}, reply: {}"#),
        ("drop", r#"set: {"store.orders[request.text]": null, store.nothing.here: null}, reply: {bool: "${has(store.nothing)}"}"#),
        ("clear", "set: {store.orders: null}, reply: {}"),
        ("absent", r#"reply: {string: "${store.orders.a.total}"}"#),
    ])
    .await;
    assert_eq!(
        server.does("show").await,
        r#"{"opt":"none"}"#,
        "nothing was ever set"
    );
    assert_eq!(
        server.does_with("put", r#""text":"b","int32":5"#).await,
        r#"{"int32":5}"#
    );
    assert_eq!(
        server.does_with("put", r#""text":"a","int32":7"#).await,
        r#"{"int32":7}"#
    );
    assert_eq!(
        server.does("show").await,
        r#"{"int32":2,"bool":true,"opt":"none","names":["a 7 NEW","b 5 NEW"]}"#
    );
    server.does_with("pay", r#""text":"b""#).await;
    assert_eq!(
        server.does("show").await,
        r#"{"int32":2,"bool":true,"opt":"paid","names":["a 7 NEW","b 5 PAID"]}"#
    );
    assert_eq!(
        server.does_with("drop", r#""text":"a""#).await,
        "{}",
        "removing makes nothing"
    );
    assert_eq!(
        server.does("show").await,
        r#"{"int32":1,"opt":"none","names":["b 5 PAID"]}"#
    );
    let absent = server.does("absent").await;
    assert!(
        absent.contains("field kinds.All.string: no such key: a"),
        "{absent}"
    );
    server.does("clear").await;
    assert_eq!(server.does("show").await, r#"{"opt":"none"}"#);
}

#[tokio::test]
async fn what_is_told_of_a_first_value_counts_from_the_first_call_on() {
    for (set, first, third) in [
        (r#"store.n: "${store.n + 2}""#, "2", "6"),
        (r#""store.n": "${store.n * 2 + 1}""#, "1", "7"),
        (
            r#""store.by[request.string].n": "${1 + store.by[request.string].n}""#,
            "1",
            "3",
        ),
        (r#"store.log: "${store.log + [1]}""#, "[1]", "[1,1,1]"),
    ] {
        let name = set.split(": ").next().expect("a name").trim_matches('"');
        let rules = |set: &str| {
            let answer = format!("reply: {{struct: {{n: '${{{name}}}'}}}}");
            format!("rules:\n  - {{method: kinds.Kinds/Unary, set: {{{set}}}, {answer}}}\n")
        };
        let wrong = rules(set);
        let loaded = Rules::from_text(&kinds(), "f", &wrong).expect("it loads");
        let [told] = loaded.warnings() else {
            panic!("{:?}", loaded.warnings())
        };
        let hint = told.hint().expect("a hint");
        let outcome = Running::start(&wrong).await.call("Unary", &["{}"]).await;
        let error = outcome.status.message();
        assert!(
            error.contains("nothing is stored there: ask first, as in `"),
            "{error}"
        );
        let mended = hint.strip_prefix("write `").and_then(|hint| hint.split_once('`'));
        let (mended, _) = mended.expect("a form");
        let value = set
            .split('"')
            .find(|part| part.starts_with("${"))
            .expect("a value");
        let mended = if mended.starts_with("${") {
            mended.to_owned()
        } else {
            value.replacen("store.n", mended, 1)
        };
        let right = rules(&set.replace(value, &mended));
        let loaded = Rules::from_text(&kinds(), "f", &right).expect("it loads");
        assert!(loaded.warnings().is_empty(), "{:?}", loaded.warnings());
        let server = Running::start(&right).await;
        for (call, expected) in [(1, Some(first)), (2, None), (3, Some(third))] {
            let outcome = server.call("Unary", &[r#"{"string":"a"}"#]).await;
            let answer = outcome.messages.concat().replace(".0", "");
            if let Some(expected) = expected {
                assert_eq!(
                    answer,
                    format!(r#"{{"struct":{{"n":{expected}}}}}"#),
                    "{call} {right}"
                );
            }
        }
    }
}

#[test]
fn places_that_rules_can_mean_are_not_told() {
    for rules in [
        "set: {store.n: '${has(store.n) ? store.n + 1 : 1}'}, reply: {int32: '${store.n}'}",
        "match: {int32: 1}, set: {store.n: 0}, reply: {}}, {METHOD, set: {store.n: '${store.n + 1}'}, reply: {}",
        "match: {int32: 1}, set: {'store.m[request.string]': '${request}'}, reply: {}}, {METHOD, set: {'store.m[request.string]': '${update(store.m[request.string], request)}'}, reply: {}",
        "set: {store.request: '${request}', store.request.string: a}, reply: {string: '${store.request.string}'}",
        "set: {'store.m[request.string]': '${request}'}, reply: {names: {each: '${store.m}', as: [k, v], value: '${v.string}'}}",
        "set: {'store.m[request.string]': '${request}'}, reply: {names: '${store.m[request.string].names}'}",
        "set: {'store.m[request.string]': '${request}'}, reply: {names: '${store.m.map(k, store.m[k].string)}'}",
        "set: {'store.m[request.string]': '${request.int32}'}, reply: {counts: '${store.m}'}",
        "set: {store.log: '${(has(store.log) ? store.log : []) + [request]}'}, reply: {names: {each: '${store.log}', value: '${item.string}'}}",
        "set: {store.all.string: a, store.all.int32: 5}, reply: '${store.all}'",
        "set: {store.a: {x: null, y: 1}}, reply: {bool: '${store.a.x == null || has(store.a) && store.a != null}'}",
        "set: {'store[request.string]': '${request}'}, reply: {string: '${store.first.string}'}",
        "set: {'store.m[request.int32]': 1, 'store.m[request.string]': 2}, reply: {bool: '${5 in store.m && \"5\" in store.m}'}",
        "set: {'store.m[request.uint64]': 1}, reply: {bool: '${request.int32 in store.m || 5 in store.m}'}",
        "set: {store.l: [a, b], 'store.m[string(request.int32)]': 1}, reply: {string: '${store.l[0]}', bool: '${store.m.exists(k, k in store.m)}'}",
        "set: {store.m: {'5': 1}}, reply: {bool: '${request.int32 in store.m}'}",
        "set: {store.m: {}, store.m.a: 1, 'store.m[request.string]': 1}, reply: {int32: '${size(store.m)}'}",
        "set: {store.m: {}, 'store.m[request.string]': 1, 'store.m[request.int32]': 2}, reply: {int32: '${size(store.m)}'}",
        "match: {int32: 1}, set: {store.m: {}}, reply: {}}, {METHOD, set: {'store.m[request.string]': '${request}'}, reply: {int32: '${size(store.m)}'}",
        "match: {int32: 1}, set: {store.x: '${request}'}, reply: {}}, {METHOD, set: {store.x: {string: a}}, reply: '${store.x}'",
    ] {
        let rules = format!("rules: [{{METHOD, {rules}}}]").replace("METHOD", "method: kinds.Kinds/Unary");
        let loaded = Rules::from_text(&kinds(), "f", &rules).expect(&rules);
        assert!(loaded.warnings().is_empty(), "{rules} {:?}", loaded.warnings());
    }
}

#[tokio::test]
async fn keys_are_texts_numbers_and_the_names_of_enums_and_come_in_order() {
    let server = server(&[
        (
            "put",
            r#"set: {"store.m[request.int32]": 1, "store.m[request.colour]": 2, "store.m[request.bool]": 3,
            "store.m[request.text]": 4, "store.m[2].deep['x'].y": 5}, reply: {}"#,
        ),
        (
            "show",
            r#"reply: {names: {each: "${store.m}", value: "${string(item)}"},
               numbers: ["${store.m[10]}", "${store.m['COLOUR_RED']}", "${store.m[request.colour]}", "${store.m[2].deep.x.y}",
               "${store.m[2u].deep['x']['y']}", "${store.m[dyn(10.0)]}"],
               list: "${store.m.filter(k, k == 10 || k == 'COLOUR_RED')}"}"#,
        ),
    ])
    .await;
    server
        .does_with("put", r#""int32":10,"colour":"COLOUR_RED","text":"b""#)
        .await;
    assert_eq!(
        server.does_with("show", r#""colour":"COLOUR_RED""#).await,
        r#"{"numbers":[1,2,2,5,5,1],"names":["false","2","10","COLOUR_RED","b"],"list":[10.0,"COLOUR_RED"]}"#
    );
}

#[tokio::test]
async fn a_message_is_stored_read_changed_and_listed() {
    let server = server(&[
        ("put", r#"set: {"store.points[request.point.name]": "${request.point}"}, reply: {}"#),
        (
            "show",
            r#"reply: {points: {each: "${store.points}", as: [name, p], when: p.value > 1, value: "${p}"},
               point: "${store.points.a}", int32: "${store.points['a'].value + 1}", bool: "${has(store.points.a.opt)}",
               opt_number: "${store.points.a.opt}"}"#,
        ),
        (
            "change",
            r#"set: {"store.points.a.value": "${request.int32}", store.points.a.opt: 0, store.points.a.name: null}, reply: {}"#,
        ),
        ("unset", r"set: {store.points.a.opt: null}, reply: {}"),
        ("wrong", r#"set: {store.points.a.value: "much"}, reply: {}"#),
        ("misspelt", r"set: {store.points.a.vaule: 1}, reply: {}"),
        ("whole", r#"set: {store.all: "${request}"}, reply: {}"#),
        (
            "parts",
            r#"set: {store.all.point.value: 9, "store.all.counts.b": 2, "store.all.by_number[5].name": five,
               store.all.number: 4, store.all.struct.x.y: 1}, reply: "${store.all}""#,
        ),
    ])
    .await;
    for (name, value) in [("a", 1), ("b", 2), ("c", 3)] {
        server
            .does_with("put", &format!(r#""point":{{"name":"{name}","value":{value}}}"#))
            .await;
    }
    assert_eq!(
        server.does("show").await,
        r#"{"int32":2,"point":{"name":"a","value":1},"points":[{"name":"b","value":2},{"name":"c","value":3}]}"#
    );
    server.does_with("change", r#""int32":5"#).await;
    assert_eq!(
        server.does("show").await,
        r#"{"int32":6,"bool":true,"point":{"value":5,"opt":0},"points":[{"value":5,"opt":0},{"name":"b","value":2},{"name":"c","value":3}],"optNumber":0}"#
    );
    server.does("unset").await;
    assert!(
        server
            .does("show")
            .await
            .starts_with(r#"{"int32":6,"point":{"value":5},"#)
    );
    assert_eq!(
        server.does("wrong").await,
        r#"Internal: rule test.rules.yaml:8: `set` of store.points.a.value: field kinds.Point.value: "much" does not fit int32"#
    );
    let misspelt = server.does("misspelt").await;
    assert!(
        misspelt.contains("the message kinds.Point has no field `vaule`; did you mean `value`?"),
        "{misspelt}"
    );
    server
        .does_with("whole", r#""text":"old","counts":{"a":1},"point":{"name":"p"}"#)
        .await;
    assert_eq!(
        server.does("parts").await,
        r#"{"string":"whole","point":{"name":"p","value":9},"counts":{"a":1,"b":2},"byNumber":{"5":{"name":"five"}},"number":4,"struct":{"x":{"y":1.0}}}"#
    );
}

#[tokio::test]
async fn a_map_fits_a_message_by_the_names_of_its_fields() {
    let server = server(&[
        (
            "put",
            r#"set: {store.o: {string: s, optNumber: 0, int64: "${request.int64}", colour: COLOUR_RED, time: "2026-01-31T12:00:00Z",
               duration: 1.5s, numbers: [1, 2], point: {name: p, value: null}, points: [{value: 1}, {}], counts: {b: 2, a: 1},
               byNumber: {each: "${[1]}", key: "${item}", value: {name: x}}, any: {"@type": kinds.Point, name: any},
               string_value: "", struct: {a: [null]}, text: chosen, nested: {nested: {bool: true}}}}, reply: {}"#,
        ),
        ("get", r#"reply: "${store.o}""#),
        ("inner", r#"reply: {nested: "${store.o}", points: {each: "${store.o.points}", value: "${item}"}}"#),
    ])
    .await;
    server.does_with("put", r#""int64":"9007199254740993""#).await;
    let all = r#"{"int64":"9007199254740993","string":"s","colour":"COLOUR_RED","point":{"name":"p"},"numbers":[1,2],"points":[{"value":1},{}],"counts":{"a":1,"b":2},"byNumber":{"1":{"name":"x"}},"text":"chosen","optNumber":0,"nested":{"nested":{"bool":true}},"time":"2026-01-31T12:00:00Z","duration":"1.500s","struct":{"a":[null]},"any":{"@type":"type.googleapis.com/kinds.Point","name":"any"},"stringValue":""}"#;
    assert_eq!(server.does("get").await, all);
    assert_eq!(
        server.does("inner").await,
        format!(r#"{{"points":[{{"value":1}},{{}}],"nested":{all}}}"#)
    );
}

#[tokio::test]
async fn what_does_not_fit_is_named_with_its_path_value_and_type() {
    let cases = [
        ("{int32: many}", r#"kinds.All.int32: "many" does not fit int32"#),
        (
            "{point: {value: 3000000000}}",
            "kinds.All.point.value: 3000000000 does not fit int32",
        ),
        (
            "{points: [{}, {value: [1]}]}",
            "kinds.All.points[1].value: [1] does not fit int32",
        ),
        (
            "{counts: {a: 1, b: x}}",
            r#"kinds.All.counts["b"]: "x" does not fit int32"#,
        ),
        (
            "{by_number: {x: {}}}",
            r#"kinds.All.by_number: "x" does not fit int32"#,
        ),
        (
            "{numbers: [1, null]}",
            "kinds.All.numbers[1]: null does not fit int32",
        ),
        ("{names: text}", r#"kinds.All.names: "text" does not fit a list"#),
        ("{counts: [1]}", "kinds.All.counts: [1] does not fit a map"),
        ("{point: 5}", "kinds.All.point: 5 does not fit kinds.Point"),
        (
            "{point: {nmae: x}}",
            "kinds.All.point: the message kinds.Point has no field `nmae`; did you mean `name`?",
        ),
        (
            "{text: a, number: 1}",
            "kinds.All: `text` and `number` are both of the oneof `choice`: one can be set",
        ),
        (
            "{int32: 1, optNumber: 1, opt_number: 2}",
            "kinds.All: `opt_number` and `optNumber` are the same field",
        ),
        (
            "{colour: GREEN}",
            "kinds.All.colour: the enum kinds.Colour has no value `GREEN`",
        ),
        (
            "{time: noon}",
            r#"kinds.All.time: "noon" does not fit google.protobuf.Timestamp"#,
        ),
        ("{bytes: AA==}", r#"kinds.All.bytes: "AA==" does not fit bytes"#),
        (
            "{any: {name: x}}",
            "kinds.All.any: a map needs `@type` to fit google.protobuf.Any",
        ),
        (
            "{any: {'@type': kinds.Pint}}",
            "kinds.All.any: there is no message type `kinds.Pint`",
        ),
        (
            "{nested: {points: [{name: [1]}]}}",
            "kinds.All.nested.points[0].name: [1] does not fit string",
        ),
    ];
    for (value, expected) in cases {
        let server = server(&[(
            "x",
            &format!(r#"set: {{store.o: {value}}}, reply: "${{store.o}}""#),
        )])
        .await;
        let found = server.does("x").await;
        assert_eq!(
            found,
            format!("Internal: rule test.rules.yaml:2: field {expected}"),
            "{value}"
        );
    }
    // In a loop of a template, also which element it is.
    let server = server(&[(
        "x",
        r#"reply: {points: {each: "${request.list}", value: {name: "${item.name}"}}}"#,
    )])
    .await;
    assert_eq!(
        server.does_with("x", r#""list":[{"name":"a"},{"name":5}]"#).await,
        "Internal: rule test.rules.yaml:2: field kinds.Point.name (element 1 of kinds.All.points): 5 does not fit string"
    );
}

#[tokio::test]
async fn a_set_that_fails_changes_nothing() {
    let server = server(&[
        (
            "put",
            "set: {store.n: 1, store.list: [1], store.m.a: 1}, reply: {}",
        ),
        (
            "fail",
            "set: {store.n: 2, store.m.a: null, store.new.x: 1, store.list.x: 1}, reply: {}",
        ),
        (
            "divide",
            r#"set: {store.n: 2, store.m: "${1 / request.int32}"}, reply: {}"#,
        ),
        ("show", r#"reply: {string: "${json(store)}"}"#),
        (
            "swap",
            r#"set: {store.n: "${store.m.a + 1}", store.m.a: "${store.n + 10}"}, reply: {}"#,
        ),
    ])
    .await;
    server.does("put").await;
    let before = r#"{"string":"{\"list\":[1],\"m\":{\"a\":1},\"n\":1}"}"#;
    assert_eq!(server.does("show").await, before);
    assert_eq!(
        server.does("fail").await,
        "Internal: rule test.rules.yaml:3: `set` of store.list.x: it is a list, which is set as a whole"
    );
    assert_eq!(server.does("show").await, before);
    let divide = server.does("divide").await;
    assert!(divide.contains("`set` of store.m: division by zero"), "{divide}");
    assert_eq!(server.does("show").await, before);
    // All values are those of before.
    server.does("swap").await;
    assert_eq!(
        server.does("show").await,
        r#"{"string":"{\"list\":[1],\"m\":{\"a\":11},\"n\":2}"}"#
    );
}

#[tokio::test]
async fn a_place_that_is_none_is_known_at_load() {
    for (key, expected) in [
        ("store.a b", "operator"),
        (
            "store[1]",
            "int cannot be a key of the store (hint: the store's own names are texts",
        ),
        (
            "store.m[request.point]",
            "kinds.Point cannot be a key of the store",
        ),
        ("store.m[request.nam]", "message kinds.All has no field `nam`"),
        (
            "store.m == 1",
            "`store.m == 1` is not a place of the store (hint: such as `store.orders",
        ),
        ("stor.m", "there is no variable `stor.m`"),
    ] {
        let yaml = format!("rules: [{{method: kinds.Kinds/Unary, set: {{'{key}': 1}}, reply: {{}}}}]");
        let found = crate::support::problems(&crate::support::kinds(), &yaml);
        assert!(found.contains(expected), "{key}: {found}");
    }
}

#[tokio::test]
async fn now_is_one_instant_until_a_pause() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/List
    headers: {x-now: "${now}"}
    stream:
      - set: {store.at: "${now}"}
      - send: {time: "${now}", any_json: "${string(now)}"}
      - send: {time: "${store.at}"}
      - {repeat: 3, send: {time: "${now}"}}
      - wait: 2ms
      - send: {time: "${now}"}
"#,
    )
    .await;
    let outcome = server.call("List", &["{}"]).await;
    let time = |message: &String| -> String {
        let json: serde_json::Value = serde_json::from_str(message).expect("JSON");
        json["time"].as_str().expect("a time").to_owned()
    };
    let times: Vec<String> = outcome.messages.iter().map(time).collect();
    assert_eq!(times.len(), 6);
    assert!(times[1..5].iter().all(|other| *other == times[0]), "{times:?}");
    assert!(times[5] > times[0], "{times:?}");
    let header = outcome.headers.get("x-now").expect("a header");
    let text =
        |message: &String| message.contains(&format!(r#""anyJson":"{}""#, header.to_str().expect("text")));
    assert!(text(&outcome.messages[0]), "{header:?} {}", outcome.messages[0]);
}

const STORE: &str = r#"
rules:
  - method: kinds.Kinds/Unary
    when: request.bool
    session:
      message:
        - set: {store.count: "${has(store.count) ? store.count + 1 : 1}"}
        - send: {}
  - method: kinds.Kinds/Unary
    match: {text: get}
    session:
      message:
        - choose:
            - {when: request.string in store, do: [{send: {string: "${store[request.string]}"}}]}
            - do: [{status: {code: NOT_FOUND, message: "no ${request.string}"}}]
  - method: kinds.Kinds/Unary
    match: {text: put}
    session:
      message:
        - set: {"store[request.string]": "<${request.opt}>", store.last: "${request.string}"}
        - send: {string: "${store.last}", int32: "${size(store)}"}
  - method: kinds.Kinds/Unary
    match: {text: remove}
    session: {message: [{set: {"store[request.string]": null}}, {send: {}}]}
  - {method: kinds.Kinds/Unary, when: store.count == 320, reply: {string: all of them}}
  - {method: kinds.Kinds/Unary, reply: {string: "${store.count}"}}
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_store_is_shared_and_loses_no_write() {
    let server = std::sync::Arc::new(Running::start(STORE).await);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..320 {
        let server = std::sync::Arc::clone(&server);
        calls.spawn(async move { server.call("Unary", &[r#"{"bool":true}"#]).await.status.code() });
    }
    assert!(calls.join_all().await.iter().all(|code| *code == Code::Ok));
    assert_eq!(
        server.call("Unary", &["{}"]).await.messages,
        [r#"{"string":"all of them"}"#]
    );
}

#[tokio::test]
async fn the_store_keeps_values_under_names_that_the_request_gives() {
    let server = Running::start(STORE).await;
    let put = server
        .call("Unary", &[r#"{"text":"put","string":"k","opt":"v"}"#])
        .await;
    assert_eq!(put.messages, [r#"{"int32":2,"string":"k"}"#]);
    let get = [r#"{"text":"get","string":"k"}"#];
    assert_eq!(server.call("Unary", &get).await.messages, [r#"{"string":"<v>"}"#]);
    server.call("Unary", &[r#"{"text":"remove","string":"k"}"#]).await;
    let gone = server.call("Unary", &get).await.status;
    assert_eq!((gone.code(), gone.message()), (Code::NotFound, "no k"));
}

#[tokio::test]
async fn a_variable_that_grows_deeper_each_time_ends_its_call_and_not_the_server() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/Unary
    match: {text: state}
    session:
      state: {x: []}
      message:
        - {repeat: 20000, do: [{set: {x: "${[state.x]}"}}]}
        - send: {}
  - method: kinds.Kinds/Unary
    match: {text: store}
    session:
      message:
        - {repeat: 20000, do: [{set: {store.x: "${{'x': has(store.x) ? store.x : 1}}"}}]}
        - send: {}
  - {method: kinds.Kinds/Unary, reply: {string: here}}
"#,
    )
    .await;
    for text in ["state", "store"] {
        let request = format!(r#"{{"text":"{text}"}}"#);
        let status = server.call("Unary", &[&request]).await.status;
        assert_eq!(status.code(), Code::Internal);
        let message = status.message();
        assert!(message.contains("nested more than 100 deep"), "{message}");
    }
    let here = server.call("Unary", &["{}"]).await.messages;
    assert_eq!(here, [r#"{"string":"here"}"#]);
}

/// A loop with one name goes over the keys of a map, and it is mostly the values that were meant.
#[tokio::test]
async fn a_key_in_place_of_its_value_is_told_with_the_names_that_a_loop_needs() {
    let hint = "; the loop goes over the keys of a map; `as: [key, value]` names the value, too";
    let server = Running::start(
        r#"
rules:
  - {method: kinds.Kinds/Unary, match: {string: put}, set: {"store.all.a": "${request}", store.list: [1]}, reply: {}}
  - {method: kinds.Kinds/Unary, match: {string: fields}, reply: {names: {each: "${store.all}", value: "${item.string}"}}}
  - {method: kinds.Kinds/Unary, match: {string: whole}, reply: {points: {each: "${store.all}", value: "${item}"}}}
  - {method: kinds.Kinds/Unary, match: {string: set}, set: {store.other: {each: "${store.all}", value: "${item.string}"}}, reply: {}}
  - {method: kinds.Kinds/Unary, match: {string: list}, reply: {names: {each: "${store.list}", value: "${item.string}"}}}
  - {method: kinds.Kinds/List, stream: [{each: "${store.all}", send: {string: "${item.string}"}}]}
"#,
    )
    .await;
    assert_eq!(server.does("put").await, "{}");
    for failing in ["fields", "whole", "set"] {
        let said = server.does(failing).await;
        assert!(said.starts_with("Internal: ") && said.ends_with(hint), "{said}");
    }
    let said = server.does("list").await;
    assert!(
        said.starts_with("Internal: ") && !said.contains("as: ["),
        "{said}"
    );
    let outcome = server.call("List", &["{}"]).await;
    let said = outcome.status.message();
    assert!(said.ends_with(hint), "{said}");
}
