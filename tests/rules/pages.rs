//! `page`: the part of a list that a request asks for, and what the answer says of the next one.

use protod::{RulesOptions, Schema};
use tonic::Code;

use crate::support::{Running, problems};

fn schema() -> Schema {
    let source = r#"
        syntax = "proto3";
        package pages;
        service Pages {
          rpc List(Request) returns (Response);
          rpc Before(Request) returns (.pages.Before);
          rpc Watch(stream Request) returns (stream Response);
          rpc Unpaged(Plain) returns (Response);
          rpc Flags(.pages.Flags) returns (Response);
        }
        message Request { int32 page_size = 1; string page_token = 2; repeated string names = 3; string with = 4; }
        message Response {
          repeated string names = 1;
          string next_page_token = 2;
          repeated string more = 3;
          Plain plain = 4;
          map<string, string> by_name = 5;
        }
        message Before { string next_page_token = 1; repeated string names = 2; Response inner = 3; }
        message Plain { repeated string names = 1; }
        message Flags { string page_size = 1; int32 page_token = 2; }"#;
    Schema::from_source("pages.proto", source).expect("it compiles")
}

async fn server() -> Running {
    let rules = r#"
rules:
  - method: pages.Pages/List
    reply:
      names: {each: "${request.names}", as: name, when: name.contains(request.with), page: 2, value: "${name}"}
  - method: pages.Pages/Before
    reply:
      names: {each: "${request.names}", page: 1, value: "${item}"}
      inner:
        names: {each: "${request.names}", as: [i, name], page: 2, value: "${i} ${name}"}
  - method: pages.Pages/Watch
    session: {message: [{send: {names: {each: "${request.names}", page: 2, value: "${item}"}}}]}
"#;
    Running::with(schema(), &RulesOptions::default(), rules).await
}

#[tokio::test]
async fn a_page_is_what_the_request_asks_for_and_says_where_the_next_one_begins() {
    let server = server().await;
    let names = r#""names":["a1","b","a2","a3"]"#;
    for (method, request, expected) in [
        ("List", "", r#"{"names":["a1","b"],"nextPageToken":"2"}"#),
        ("List", r#","pageToken":"2""#, r#"{"names":["a2","a3"]}"#),
        (
            "List",
            r#","pageSize":3"#,
            r#"{"names":["a1","b","a2"],"nextPageToken":"3"}"#,
        ),
        ("List", r#","pageSize":4"#, r#"{"names":["a1","b","a2","a3"]}"#),
        ("List", r#","pageSize":9"#, r#"{"names":["a1","b","a2","a3"]}"#),
        (
            "List",
            r#","with":"a""#,
            r#"{"names":["a1","a2"],"nextPageToken":"2"}"#,
        ),
        ("List", r#","with":"a","pageToken":"2""#, r#"{"names":["a3"]}"#),
        (
            "List",
            r#","with":"a","pageSize":1,"pageToken":"1""#,
            r#"{"names":["a2"],"nextPageToken":"2"}"#,
        ),
        ("List", r#","with":"z""#, "{}"),
        ("List", r#","pageToken":"99""#, "{}"),
        (
            "List",
            r#","pageToken":"18446744073709551615","pageSize":2147483647"#,
            "{}",
        ),
        (
            "Before",
            "",
            r#"{"nextPageToken":"1","names":["a1"],"inner":{"names":["0 a1","1 b"],"nextPageToken":"2"}}"#,
        ),
        (
            "Before",
            r#","pageSize":1,"pageToken":"3""#,
            r#"{"names":["a3"],"inner":{"names":["3 a3"]}}"#,
        ),
    ] {
        let outcome = server.call(method, &[&format!("{{{names}{request}}}")]).await;
        assert_eq!(
            outcome.messages,
            [expected],
            "{method} {request}: {}",
            outcome.status
        );
    }
    let (first, second) = (
        r#"{"names":["a","b","c"]}"#,
        r#"{"names":["a","b","c"],"pageToken":"2"}"#,
    );
    let outcome = server.call("Watch", &[first, second]).await;
    assert_eq!(
        outcome.messages,
        [r#"{"names":["a","b"],"nextPageToken":"2"}"#, r#"{"names":["c"]}"#]
    );
}

#[tokio::test]
async fn a_page_that_cannot_be_is_the_clients_error() {
    let server = server().await;
    for (request, expected) in [
        (
            r#"{"pageToken": "x"}"#,
            "page_token: `x` is not a next_page_token",
        ),
        (
            r#"{"pageToken": "+1"}"#,
            "page_token: `+1` is not a next_page_token",
        ),
        (
            r#"{"pageToken": "-1"}"#,
            "page_token: `-1` is not a next_page_token",
        ),
        (
            r#"{"pageToken": "18446744073709551616"}"#,
            "page_token: `18446744073709551616` is not a next_page_token",
        ),
        (r#"{"pageSize": -1}"#, "page_size: -1 is negative"),
    ] {
        for method in ["List", "Before"] {
            let status = server.call(method, &[request]).await.status;
            assert_eq!(
                (status.code(), status.message()),
                (Code::InvalidArgument, expected),
                "{method}"
            );
        }
    }
}

#[test]
fn pages_that_cannot_be_are_told() {
    let looped = r#"each: "${request.names}", value: "${item}""#;
    let at_reply = "write `skip` and `limit`";
    for (method, rest, expected) in [
        (
            "List",
            format!("reply: {{names: {{{looped}, page: 0}}}}"),
            "`page` needs the size of a page, from 1 (hint: it counts where the request's page_size is 0)".to_owned(),
        ),
        (
            "List",
            format!("reply: {{names: {{{looped}, page: '${{request.page_size}}'}}}}"),
            "`page` needs the size of a page, from 1 (hint: it counts where the request's page_size is 0)".to_owned(),
        ),
        (
            "List",
            format!("reply: {{names: {{{looped}, page: 5, skip: 1}}}}"),
            "`page` and `skip` exclude each other (hint: `page` reads page_size and page_token of the request)"
                .to_owned(),
        ),
        (
            "List",
            format!("reply: {{names: {{{looped}, page: 5}}, next_page_token: x}}"),
            "`page` sets `next_page_token` (hint: leave it out)".to_owned(),
        ),
        (
            "List",
            format!("reply: {{names: {{{looped}, page: 5}}, more: {{{looped}, page: 5}}}}"),
            format!(
                "`page` is for one list of a message that has `next_page_token`, in `reply` or `send` (hint: {at_reply})"
            ),
        ),
        (
            "List",
            format!("reply: {{plain: {{names: {{{looped}, page: 5}}}}}}"),
            format!(
                "`page` is for one list of a message that has `next_page_token`, in `reply` or `send` (hint: {at_reply})"
            ),
        ),
        (
            "List",
            format!("reply: {{by_name: {{{looped}, key: '${{item}}', page: 5}}}}"),
            format!(
                "`page` is for one list of a message that has `next_page_token`, in `reply` or `send` (hint: {at_reply})"
            ),
        ),
        (
            "List",
            format!("sample: {{names: {{{looped}, page: 5}}}}"),
            format!(
                "`page` is for one list of a message that has `next_page_token`, in `reply` or `send` (hint: {at_reply})"
            ),
        ),
        (
            "List",
            format!("set: {{store.x: {{{looped}, page: 5}}}}, reply: {{}}"),
            format!(
                "`page` is for one list of a message that has `next_page_token`, in `reply` or `send` (hint: {at_reply})"
            ),
        ),
        (
            "Unpaged",
            format!("reply: {{names: {{{looped}, page: 5}}}}"),
            format!(
                "`page` reads page_size of the request, and pages.Plain has no number of this name (hint: {at_reply})\n\
                 `page` reads page_token of the request, and pages.Plain has no text of this name (hint: {at_reply})"
            ),
        ),
        (
            "Flags",
            "reply: {names: {each: '${[1]}', page: 5, value: x}}".to_owned(),
            format!(
                "`page` reads page_size of the request, and pages.Flags has no number of this name (hint: {at_reply})\n\
                 `page` reads page_token of the request, and pages.Flags has no text of this name (hint: {at_reply})"
            ),
        ),
        (
            "Watch",
            "session: {open: [{send: {names: {each: '${[1]}', page: 5, value: x}}}]}".to_owned(),
            format!(
                "`page` reads page_size of the request, and there is none when the call begins (hint: {at_reply})\n\
                 `page` reads page_token of the request, and there is none when the call begins (hint: {at_reply})"
            ),
        ),
        (
            "List",
            "reply: {names: {each: '${request.nmaes}', page: 5, value: x}}".to_owned(),
            "message pages.Request has no field `nmaes` (hint: did you mean `names`?)".to_owned(),
        ),
        (
            "List",
            format!("reply: {{names: {{{looped}, page_size: 5}}}}"),
            "unknown key `page_size` in a loop (hint: did you mean `page`?)".to_owned(),
        ),
    ] {
        let yaml = format!("rules: [{{method: pages.Pages/{method}, {rest}}}]");
        let found = problems(&schema(), &yaml);
        let found: Vec<&str> = found
            .lines()
            .map(|line| line.splitn(4, ':').nth(3).unwrap_or(line).trim_start())
            .collect();
        assert_eq!(found.join("\n"), expected, "{yaml}");
    }
}

#[tokio::test]
async fn a_page_says_how_many_elements_all_pages_have() {
    let source = r#"
        syntax = "proto3";
        package pages;
        service Pages { rpc List(Request) returns (Response); rpc Own(Request) returns (Response); }
        message Request { int32 page_size = 1; string page_token = 2; repeated string names = 3; string with = 4; }
        message Response { int64 total_size = 1; repeated string names = 2; string next_page_token = 3; }"#;
    let schema = Schema::from_source("pages.proto", source).expect("it compiles");
    let list = "names: {each: \"${request.names}\", as: name, when: name.contains(request.with), page: 2, value: \"${name}\"}";
    let rules = format!(
        "rules:\n  - {{method: pages.Pages/List, reply: {{{list}}}}}\n  - {{method: pages.Pages/Own, reply: {{{list}, total_size: 7}}}}\n"
    );
    let server = Running::with(schema, &RulesOptions::default(), &rules).await;
    let names = r#""names":["a1","b","a2","a3"]"#;
    for (method, request, expected) in [
        (
            "List",
            "",
            r#"{"totalSize":"4","names":["a1","b"],"nextPageToken":"2"}"#,
        ),
        (
            "List",
            r#","with":"a","pageToken":"2""#,
            r#"{"totalSize":"3","names":["a3"]}"#,
        ),
        ("List", r#","with":"c""#, "{}"),
        ("Own", r#","with":"b""#, r#"{"totalSize":"7","names":["b"]}"#),
    ] {
        let outcome = server.call(method, &[&format!("{{{names}{request}}}")]).await;
        assert_eq!(outcome.messages, [expected], "{request}: {:?}", outcome.status);
    }
}
