//! `protod check`: every problem of the rules in one run, each with its place.

use crate::support::protod;

const PROTO: &str = r#"
syntax = "proto3";
package paint;
service Mixer {
  rpc Mix(Order) returns (Paint);
  rpc Pour(Order) returns (stream Paint);
}
message Order { string name = 1; int32 litres = 2; }
message Paint { string name = 1; int32 litres = 2; Colour colour = 3; }
enum Colour { GREY = 0; RED = 1; }
"#;

const RULES: &str = r#"rules:
  - method: paint.Mixer/Mix
    reply: {nmae: "no such field"}
  - method: paint.Mixer/Mix
    reply: {litres: "many"}
  - method: paint.Mixer/Mixx
    reply: {name: "no such method"}
  - method: paint.Mixer/Pour
    stream:
      - send: {litres: "${request.litres +}"}
  - method: paint.Mixer/Mix
    reply: {colour: REDD}
"#;

/// The line of each of the five problems in `RULES`, and what its report must name.
const PROBLEMS: [(u32, &str); 5] = [
    (3, "nmae"),
    (5, "litres"),
    (6, "Mixx"),
    (10, "request.litres +"),
    (12, "REDD"),
];

async fn check(rules: &str) -> (Option<i32>, String) {
    check_protos(PROTO, rules, &[]).await
}

async fn check_protos(proto: &str, rules: &str, flags: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    std::fs::write(folder.path().join("paint.proto"), proto).expect("files can be written");
    std::fs::write(folder.path().join("paint.rules.yaml"), rules).expect("files can be written");
    let path = folder.path().to_str().expect("its path is UTF-8");
    let output = protod(&[&["check", path], flags].concat()).await;
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8(text).expect("protod prints UTF-8"),
    )
}

#[tokio::test]
async fn check_prints_five_problems_with_their_places_and_exits_1() {
    let (code, text) = check(RULES).await;
    assert_eq!(code, Some(1), "{text}");
    for (line, name) in PROBLEMS {
        assert!(
            text.contains(&format!("paint.rules.yaml:{line}:")),
            "no problem on line {line}:\n{text}"
        );
        assert!(text.contains(name), "nothing names {name}:\n{text}");
    }
    assert_eq!(
        text.matches("paint.rules.yaml:").count(),
        PROBLEMS.len(),
        "{text}"
    );
}

#[tokio::test]
async fn check_of_good_rules_exits_0() {
    let (code, text) = check("rules:\n  - method: paint.Mixer/Mix\n    reply: {colour: RED}\n").await;
    assert_eq!(code, Some(0), "{text}");
}

#[tokio::test]
async fn check_of_the_seed_exits_0() {
    let output = protod(&["check", "proto"]).await;
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test]
async fn check_warns_of_what_is_hardly_meant_in_protos_and_exits_1_if_none_is_allowed() {
    let proto = PROTO.replace(
        "package paint;",
        "package paint;\nimport \"google/protobuf/any.proto\";",
    );
    let (code, text) = check_protos(&proto, "rules: []", &[]).await;
    assert_eq!(code, Some(0), "{text}");
    let place = "paint.proto:4:";
    assert_eq!(text.matches(place).count(), 1, "{text}");
    assert!(text.contains("is not used"), "{text}");
    assert!(text.contains("= help: "), "{text}");
    let (code, text) = check_protos(&proto, "rules: []", &["--strict"]).await;
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("1 warning, and --strict allows none"), "{text}");
}
