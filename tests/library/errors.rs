//! What went wrong, for people and for programs.

use protod::{Error, Schema};

fn explain(error: &Error) -> String {
    if error.problems().is_empty() {
        return error.to_string();
    }
    let lines = error.problems().iter().map(|problem| match problem.hint() {
        Some(hint) => format!("{} ({hint})", problem.located()),
        None => problem.located(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn load(text: &str) -> Result<Schema, String> {
    Schema::from_source("till.proto", text).map_err(|error| explain(&error))
}

#[test]
fn each_problem_has_its_place() {
    let error = load("syntax = 'proto3';\nmessage A { B b = 1; C c = 2; }").expect_err("neither is there");
    let lines: Vec<&str> = error.lines().collect();
    assert!(
        lines.len() == 2 && lines[0].starts_with("till.proto:2:13: "),
        "{error}"
    );
}

#[test]
fn a_misspelt_field_of_a_type_is_told_when_the_server_is_built() {
    #[derive(serde::Deserialize)]
    struct Payment {
        #[expect(dead_code, reason = "nothing is ever paid")]
        pense: i64,
    }
    let handlers = protod::Handlers::new().unary(
        "till.Till/Pay",
        |_: protod::Typed<Payment>, call: protod::Call| async move { Ok(call.response()) },
    );
    let error = protod::Server::builder(super::schema())
        .handlers(handlers)
        .build();
    let error = error.expect_err("it does not fit");
    assert!(error.is_misfit(), "{error}");
    let text = error.to_string();
    for part in ["till.Till/Pay", "`pense`", "did you mean `pence`?"] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
}
