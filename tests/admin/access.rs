//! Who gets nowhere: pages of other origins, pages whose host name was made to point here, and who has no token; in each
//! protocol.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use protod::client::{Codec, Protocol};
use protod::{Client, Message, Schema};
use tonic::Code;
use tonic::metadata::MetadataMap;

use crate::support::{Kitchen, post, send};

const STATUS: &str = "protod.admin.v1.AdminService/Status";

/// Headers of requests that are refused, each with the code.
const REFUSED: [(&[&str], u16); 8] = [
    (&["origin: http://evil.example"], 403),
    (&["origin: null"], 403),
    (&["origin: http://localhost:1"], 403),
    (&["sec-fetch-site: cross-site"], 403),
    (&["sec-fetch-site: same-site"], 403),
    (&["host: evil.example"], 403),
    (&["host: evil.example", "origin: http://evil.example"], 403),
    (
        &["host: localhost.evil.example:9003", "sec-fetch-site: same-origin"],
        403,
    ),
];

#[tokio::test]
async fn pages_of_others_and_rebound_names_get_nowhere_in_any_protocol() {
    let kitchen = Kitchen::start().await;
    let forms = [
        ("POST", "content-type: application/json"),
        ("POST", "content-type: application/connect+json"),
        ("POST", "content-type: application/proto"),
        ("POST", "content-type: application/grpc-web+proto"),
        ("POST", "content-type: application/grpc-web-text"),
        // What a page may send without asking first.
        ("POST", "content-type: text/plain"),
        ("GET", "accept: */*"),
        ("OPTIONS", "access-control-request-method: POST"),
    ];
    for (headers, _) in REFUSED {
        for (verb, form) in forms {
            let own = format!("host: {}", kitchen.admin);
            let mut all = vec![form];
            if !headers.iter().any(|header| header.starts_with("host:")) {
                all.push(&own);
            }
            all.extend(headers);
            let answer = send(&kitchen.admin, &format!("{verb} /{STATUS}"), &all, "{}").await;
            let text = STANDARD.decode(&answer.body).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            let told = format!("{}\n{}\n{text}", answer.head, answer.body);
            assert!(
                answer.code == 403 || told.contains("grpc-status: 7") || told.contains("permission_denied"),
                "{verb} {all:?}: {told}"
            );
            assert!(!told.contains("access-control-allow-origin"), "{told}");
            assert!(!told.contains("version"), "{told}");
        }
        let answer = post(&kitchen.admin, STATUS, headers, "{}").await;
        assert_eq!(answer.code, 403, "{headers:?}");
    }
    let own = format!("origin: http://{}", kitchen.admin);
    let answer = post(
        &kitchen.admin,
        STATUS,
        &[&own, "sec-fetch-site: same-origin"],
        "{}",
    )
    .await;
    assert_eq!(answer.code, 200, "{answer:?}");
}

/// Whether a client that names this host, and sends this metadata, gets an answer; else the code.
async fn asked(
    kitchen: &Kitchen,
    form: (Protocol, Codec),
    host: &str,
    metadata: &[(&'static str, &str)],
) -> Code {
    let proto = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/admin/admin.proto"));
    let schema = Schema::from_source("admin.proto", &proto.expect("it is there")).expect("it compiles");
    let mut map = MetadataMap::new();
    for (name, value) in metadata {
        map.insert(*name, value.parse().expect("ASCII"));
    }
    let client = Client::builder(&kitchen.admin)
        .authority(host)
        .metadata(map)
        .schema(schema)
        .protocol(form.0)
        .codec(form.1)
        .connect()
        .await
        .expect("it listens");
    let status = client.method(STATUS).expect("it is there");
    let request = Message::from_json(status.input().clone(), "{}").expect("empty");
    match status.unary(request).await {
        Ok(_) => Code::Ok,
        Err(status) => status.code(),
    }
}

#[tokio::test]
async fn who_gets_nowhere_learns_the_code_of_the_protocol() {
    let kitchen = Kitchen::start().await;
    for form in [
        (Protocol::Grpc, Codec::Proto),
        (Protocol::GrpcWeb, Codec::Proto),
        (Protocol::Connect, Codec::Json),
        (Protocol::Connect, Codec::Proto),
    ] {
        let asked = async |host: &str, metadata: &[_]| asked(&kitchen, form, host, metadata).await;
        assert_eq!(asked(&kitchen.admin, &[]).await, Code::Ok, "{form:?}");
        assert_eq!(asked("localhost", &[]).await, Code::Ok, "{form:?}");
        assert_eq!(
            asked("evil.example:9003", &[]).await,
            Code::PermissionDenied,
            "{form:?}"
        );
        let page = [("origin", "http://evil.example")];
        assert_eq!(
            asked(&kitchen.admin, &page).await,
            Code::PermissionDenied,
            "{form:?}"
        );
    }
}

#[tokio::test]
async fn who_has_no_token_gets_nowhere() {
    let kitchen = Kitchen::start_with(&["--admin-token", "sesame", "--admin-host", "Build.Example"]).await;
    for form in [
        (Protocol::Grpc, Codec::Proto),
        (Protocol::GrpcWeb, Codec::Proto),
        (Protocol::Connect, Codec::Json),
    ] {
        let with = async |token: &str| asked(&kitchen, form, "localhost", &[("authorization", token)]).await;
        assert_eq!(
            asked(&kitchen, form, "localhost", &[]).await,
            Code::Unauthenticated
        );
        for wrong in ["Bearer sesam", "Bearer sesame2", "Basic sesame", "sesame"] {
            assert_eq!(with(wrong).await, Code::Unauthenticated, "{wrong}");
        }
        assert_eq!(with("Bearer sesame").await, Code::Ok);
        let named = asked(
            &kitchen,
            form,
            "build.example",
            &[("authorization", "Bearer sesame")],
        )
        .await;
        assert_eq!(named, Code::Ok);
    }
    // Reflection and what is no call at all are behind it, too.
    let error = Client::connect(&kitchen.admin).await.expect_err("no token");
    assert_eq!(
        error.status().map(tonic::Status::code),
        Some(Code::Unauthenticated)
    );
    let host = format!("host: {}", kitchen.admin);
    let answer = send(&kitchen.admin, "GET /nothing", &[&host], "").await;
    assert_eq!(answer.code, 401, "{answer:?}");
    assert!(answer.head.contains("www-authenticate: bearer"), "{answer:?}");

    let (code, _, said) = kitchen.protod(&["rules", "list"]).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("--admin-token-file"), "{said}");
    let (code, _, said) = kitchen
        .protod(&["rules", "list", "--admin-token", "sesame"])
        .await;
    assert_eq!(code, 0, "{said}");
    let file = kitchen.path("token");
    std::fs::write(&file, "sesame\n").expect("it can be written");
    let file = file.to_str().expect("UTF-8");
    let (code, _, said) = kitchen.protod(&["reset", "--admin-token-file", file]).await;
    assert_eq!(code, 0, "{said}");
}
