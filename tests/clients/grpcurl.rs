//! grpcurl 1.9.3, given only an address, on the tutorial's service; and grpcurl 1.8.6, which speaks reflection v1alpha
//! only.

use serde_json::{Value, json};

use crate::programs::{Program, grpcurl, messages, old_grpcurl};
use crate::support::Server;

const SEED: &[&str] = &["proto"];
const COMPILED: &[&str] = &["descriptors/stream.binpb", "--rules", "proto/stream.rules.yaml"];

fn point(name: &str, value: i32) -> Value {
    json!({"pt": {"name": name, "value": value}})
}

/// Calls `method` with `requests`, all sent at once, and returns the responses.
async fn call(program: Program, server: &Server, method: &str, requests: &[Value]) -> Vec<Value> {
    let data: String = requests.iter().map(Value::to_string).collect();
    let args = [
        "-plaintext",
        "-emit-defaults",
        "-d",
        &data,
        server.address(),
        method,
    ];
    messages(&program.prints(args).await)
}

async fn list(program: Program, server: &Server) -> String {
    program.prints(["-plaintext", server.address(), "list"]).await
}

async fn describe(program: Program, server: &Server, symbol: &str) -> String {
    program
        .prints(["-plaintext", server.address(), "describe", symbol])
        .await
}

#[tokio::test]
async fn grpcurl_lists_every_service() {
    let server = Server::start(SEED).await;
    let services = "grpc.health.v1.Health\n\
        grpc.reflection.v1.ServerReflection\n\
        grpc.reflection.v1alpha.ServerReflection\n\
        proto.SearchService\n\
        proto.StreamService\n";
    assert_eq!(list(grpcurl(), &server).await, services);
    assert_eq!(list(old_grpcurl(), &server).await, services);
}

#[tokio::test]
async fn grpcurl_describes_methods_with_stream_in_the_right_places() {
    const METHODS: [&str; 3] = [
        "rpc List ( .proto.StreamRequest ) returns ( stream .proto.StreamResponse )",
        "rpc Record ( stream .proto.StreamRequest ) returns ( .proto.StreamResponse )",
        "rpc Route ( stream .proto.StreamRequest ) returns ( stream .proto.StreamResponse )",
    ];
    let server = Server::start(SEED).await;
    for program in [grpcurl(), old_grpcurl()] {
        let text = describe(program, &server, "proto.StreamService").await;
        let methods: Vec<&str> = text.lines().filter(|line| line.contains("rpc ")).collect();
        assert_eq!(methods.len(), METHODS.len(), "{text}");
        for (line, method) in methods.iter().zip(METHODS) {
            assert!(line.contains(method), "{text}");
        }
    }
}

#[tokio::test]
async fn grpcurl_describes_with_the_comments_of_the_text() {
    let server = Server::start(SEED).await;
    let text = describe(grpcurl(), &server, "proto.StreamService").await;
    assert!(
        text.contains("// Both stream, and the server speaks first."),
        "{text}"
    );
}

#[tokio::test]
async fn grpcurl_describes_every_service_that_is_listed() {
    let server = Server::start(SEED).await;
    for service in list(grpcurl(), &server).await.lines() {
        let text = describe(grpcurl(), &server, service).await;
        assert!(text.starts_with(&format!("{service} is a service:\n")), "{text}");
    }
}

#[tokio::test]
async fn list_answers_seven_points() {
    list_counts_from_the_request(SEED).await;
}

#[tokio::test]
async fn list_answers_from_a_descriptor_set() {
    list_counts_from_the_request(COMPILED).await;
}

async fn list_counts_from_the_request(inputs: &[&str]) {
    let server = Server::start(inputs).await;
    let name = "gRPC Stream Client: List";
    let expected: Vec<Value> = (2018..=2024).map(|value| point(name, value)).collect();
    for program in [grpcurl(), old_grpcurl()] {
        let answers = call(program, &server, "proto.StreamService/List", &[point(name, 2018)]).await;
        assert_eq!(answers, expected);
    }
}

#[tokio::test]
async fn record_logs_each_point_and_answers_at_half_close() {
    record_answers_once(SEED).await;
}

#[tokio::test]
async fn record_answers_from_a_descriptor_set() {
    record_answers_once(COMPILED).await;
}

async fn record_answers_once(inputs: &[&str]) {
    let server = Server::start(inputs).await;
    let sent = vec![point("gRPC Stream Client: Record", 2018); 6];
    let answers = call(grpcurl(), &server, "proto.StreamService/Record", &sent).await;
    assert_eq!(answers, [point("gRPC Stream Server: Record", 1)]);

    let (status, log) = server.stop().await;
    assert!(status.success(), "{status}");
    let line = "stream.Recv pt.name: gRPC Stream Client: Record, pt.value: 2018";
    assert_eq!(
        log.iter().filter(|text| text.contains(line)).count(),
        6,
        "{}",
        log.join("\n")
    );
}

#[tokio::test]
async fn route_speaks_first_and_then_answers_each_message() {
    route_speaks_first(SEED).await;
}

#[tokio::test]
async fn route_answers_from_a_descriptor_set() {
    route_speaks_first(COMPILED).await;
}

async fn route_speaks_first(inputs: &[&str]) {
    let mut server = Server::start(inputs).await;
    let args = [
        "-plaintext",
        "-emit-defaults",
        "-d",
        "@",
        server.address(),
        "proto.StreamService/Route",
    ];
    let mut talk = grpcurl().talk(&args);
    let answer = |value| point("gPRC Stream Client: Route", value);
    assert_eq!(talk.receive().await, answer(0), "nothing was sent yet");
    for n in 1..=3 {
        talk.send(&point("gRPC Stream Client: Route", 2018 + n)).await;
        assert_eq!(talk.receive().await, answer(n));
        server
            .line_with(&format!(
                "pt.name: gRPC Stream Client: Route, pt.value: {}",
                2018 + n
            ))
            .await;
    }
    talk.finish().await;
}

#[tokio::test]
async fn search_answers_with_the_request() {
    let server = Server::start(SEED).await;
    for program in [grpcurl(), old_grpcurl()] {
        let answers = call(
            program,
            &server,
            "proto.SearchService/Search",
            &[json!({"request": "gRPC"})],
        )
        .await;
        assert_eq!(answers, [json!({"response": "gRPC Server"})]);
    }
}

#[tokio::test]
async fn another_folder_is_served_by_the_same_binary() {
    const PROTO: &str = r#"
        syntax = "proto3";
        package bakery.v1;
        service Oven { rpc Bake(Dough) returns (stream Loaf); }
        message Dough { string flour = 1; uint32 loaves = 2; }
        message Loaf { string flour = 1; bool crusty = 2; }
    "#;
    const RULES: &str = r#"
        rules:
          - method: bakery.v1.Oven/Bake
            stream:
              - repeat: "${request.loaves}"
                send: {flour: "${request.flour}", crusty: true}
    "#;
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    std::fs::create_dir(folder.path().join("bakery")).expect("a folder in it too");
    std::fs::write(folder.path().join("bakery/oven.proto"), PROTO).expect("files can be written");
    std::fs::write(folder.path().join("bakery/oven.rules.yaml"), RULES).expect("files can be written");
    let server = Server::start(&[folder.path().to_str().expect("its path is UTF-8")]).await;

    let services = list(grpcurl(), &server).await;
    assert!(
        services.contains("bakery.v1.Oven") && !services.contains("proto.StreamService"),
        "{services}"
    );
    let dough = json!({"flour": "rye", "loaves": 3});
    let loaves = call(grpcurl(), &server, "bakery.v1.Oven/Bake", &[dough]).await;
    assert_eq!(loaves, vec![json!({"flour": "rye", "crusty": true}); 3]);
}

#[tokio::test]
async fn grpcurl_sets_extension_field() {
    let server = Server::start(&["tests/clients/protos/registry"]).await;
    let entry = json!({"name": "Ada", "[registry.nickname]": "Countess", "[registry.scores]": ["1", "-2"]});
    for program in [grpcurl(), old_grpcurl()] {
        let answers = call(
            program,
            &server,
            "registry.Registry/Put",
            &[json!({"entry": entry})],
        )
        .await;
        assert_eq!(answers, [json!({"entry": entry})]);
    }
}

#[tokio::test]
async fn grpcurl_prints_the_status_of_a_rule_and_exits_with_its_code() {
    let server = Server::start(&["tests/clients/protos/calls"]).await;
    let args = [
        "-plaintext",
        "-d",
        r#"{"text": "tea"}"#,
        server.address(),
        "calls.Calls/Refuse",
    ];
    let output = grpcurl().run(args).await;
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(64 + 9), "{stderr}");
    assert!(stderr.contains("Code: FailedPrecondition\n"), "{stderr}");
    assert!(stderr.contains("Message: no tea today, ¿verdad?\n"), "{stderr}");
}

/// The rule's short form needs no proto, so the client has nothing but reflection to know its type from.
#[tokio::test]
async fn grpcurl_prints_the_headers_and_details_of_a_failing_call() {
    let server = Server::start(&["tests/clients/protos/calls"]).await;
    for program in [grpcurl(), old_grpcurl()] {
        let args = [
            "-plaintext",
            "-v",
            "-d",
            r#"{"text": "tea"}"#,
            server.address(),
            "calls.Calls/Fail",
        ];
        let output = program.run(args).await;
        let (stdout, stderr) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        let (headers, trailers) = stdout.split_once("Response trailers received:").expect(&stdout);
        assert!(headers.contains("x-request-id: tea-1\n"), "{stdout}");
        assert!(trailers.contains("x-reason: closed\n"), "{stdout}");
        assert!(!trailers.contains("x-request-id"), "{stdout}");
        // One of them prints JSON with blanks.
        let details = stderr.replace(char::is_whitespace, "");
        assert!(
            details.contains(r#"google.rpc.ErrorInfo","reason":"CLOSED""#),
            "{stderr}"
        );
    }
    let listed = list(grpcurl(), &server).await;
    assert!(!listed.contains("google"), "{listed}");
}

#[tokio::test]
async fn grpcurl_finds_the_server_healthy() {
    let server = Server::start(SEED).await;
    for service in ["", "proto.StreamService"] {
        let asked = json!({"service": service});
        let answers = call(grpcurl(), &server, "grpc.health.v1.Health/Check", &[asked]).await;
        assert_eq!(answers, [json!({"status": "SERVING"})], "{service:?}");
    }
}

#[tokio::test]
async fn grpcurl_reads_long_statuses() {
    let server = Server::start(&["tests/clients/protos/long"]).await;
    let message = async |bytes: usize| {
        let data = json!({"bytes": bytes}).to_string();
        let args = ["-plaintext", "-d", &data, server.address(), "long.Long/Message"];
        let output = grpcurl().run(args).await;
        assert_eq!(output.status.code(), Some(64 + 5));
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        let (_, message) = said.split_once("Message: ").expect("a message");
        message.trim_end().to_owned()
    };
    assert_eq!(message(60_000).await, "x".repeat(60_000));
    let long = message(100_000).await;
    let (kept, cut) = long.split_once("… (cut: ").expect("a mark");
    assert_eq!(cut, format!("{} bytes)", 100_000 - kept.len()));
    assert!(
        kept.len() > 65_000 && kept.bytes().all(|byte| byte == b'x'),
        "{}",
        kept.len()
    );
}
