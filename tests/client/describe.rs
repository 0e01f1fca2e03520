//! `protod list` and `protod describe`, on servers, protos and sets.

use serde_json::{Value, json};

use crate::cli::{prints, protod};
use crate::servers::{serve, shapes};

#[tokio::test]
async fn a_servers_services_and_methods_are_listed() {
    let address = serve(shapes()).await;
    assert_eq!(
        prints(&["list", &address]).await,
        "grpc.health.v1.Health\ngrpc.reflection.v1.ServerReflection\ngrpc.reflection.v1alpha.ServerReflection\n\
         shapes.Shapes\n"
    );
    assert_eq!(
        prints(&["list", &address, "shapes.Shapes"]).await,
        "shapes.Shapes/Unary\nshapes.Shapes/Down\nshapes.Shapes/Up\nshapes.Shapes/Both\n"
    );
    let (_, stderr, code) = protod(&["list", &address, "shapes.Nothing"]).await;
    assert!(stderr.contains("does not know shapes.Nothing"), "{stderr}");
    assert_eq!(code, 1);
}

#[tokio::test]
async fn protos_and_sets_are_listed_as_servers_are() {
    let services = "proto.SearchService\nproto.StreamService\n";
    assert_eq!(prints(&["list"]).await, services, "./proto is the default");
    assert_eq!(prints(&["list", "proto"]).await, services);
    assert_eq!(
        prints(&["list", "descriptors/search.binpb", "descriptors/stream.binpb"]).await,
        services
    );
    assert_eq!(
        prints(&["list", "proto.SearchService"]).await,
        "proto.SearchService/Search\n",
        "a symbol alone is looked up in ./proto"
    );
}

#[tokio::test]
async fn the_same_is_described_from_protos_from_a_set_and_from_a_server() {
    let expected = "// The server streams: one request, seven responses.\n\
                    rpc List(StreamRequest) returns (stream StreamResponse) {}\n";
    let server = crate::support::Server::start(&["proto"]).await;
    for source in ["proto/stream.proto", "descriptors/stream.binpb", server.address()] {
        let printed = prints(&["describe", source, "proto.StreamService/List"]).await;
        assert_eq!(printed, expected, "{source}");
    }
}

#[tokio::test]
async fn a_file_is_described_by_its_import_name_or_its_path() {
    let search = std::fs::read_to_string("proto/search.proto").expect("it is there");
    for arguments in [
        &["proto", "search.proto"][..],
        &["proto", "./proto/search.proto"],
        &["descriptors/search.binpb", "search.proto"],
    ] {
        let printed = prints(&[&["describe"], arguments].concat()).await;
        assert_eq!(printed, search, "{arguments:?}");
    }
    // Those that come with protod, whether or not the protos import them.
    for (file, message) in [
        ("google/type/money.proto", "message Money {"),
        ("google/protobuf/empty.proto", "message Empty {"),
    ] {
        let printed = prints(&["describe", "proto", file]).await;
        assert!(printed.contains(message), "{printed}");
    }
    assert_eq!(
        prints(&["list", "proto", "search.proto", "proto.StreamService"]).await,
        "proto.SearchService/Search\nproto.StreamService/List\nproto.StreamService/Record\nproto.StreamService/Route\n"
    );
    for command in ["describe", "list"] {
        let (_, stderr, code) = protod(&[command, "proto", "gone.proto"]).await;
        assert!(
            stderr.starts_with("error: import 'gone.proto' is not found\n"),
            "{stderr}"
        );
        assert_eq!(code, 1);
    }
}

#[tokio::test]
async fn a_file_of_a_server_that_no_service_uses_is_described() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let lonely = "syntax = \"proto3\";\n\npackage l;\n\nmessage Alone {\n  string x = 1;\n}\n";
    for (name, text) in [
        ("lonely.proto", lonely),
        ("below/used.proto", "syntax = \"proto3\"; message Used {}"),
        (
            "a.proto",
            "syntax = \"proto3\"; import \"below/used.proto\"; service S { rpc Do(Used) returns (Used); }",
        ),
    ] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
        std::fs::write(path, text).expect("it can be written");
    }
    let server = crate::support::Server::start(&[folder.path().to_str().expect("UTF-8")]).await;
    let describe = async |names: &[&str]| prints(&[&["describe", server.address()], names].concat()).await;
    assert_eq!(describe(&["lonely.proto"]).await, lonely);
    let all = describe(&["lonely.proto", "used.proto", "l.Alone"]).await;
    for part in [
        "// lonely.proto:",
        "message Used {}",
        "// l.Alone:\n\nmessage Alone {",
    ] {
        assert!(all.contains(part), "{part} is missing in:\n{all}");
    }
    let (_, stderr, code) = protod(&["describe", server.address(), "gone.proto"]).await;
    assert!(stderr.contains("there is no symbol gone.proto"), "{stderr}");
    assert_eq!(code, 1);
}

#[tokio::test]
async fn a_file_is_found_by_the_end_of_its_name() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let acme = folder.path().join("acme");
    std::fs::create_dir(&acme).expect("it can be made");
    let money = "syntax = \"proto3\";\n\nmessage Money {}\n";
    std::fs::write(acme.join("money.proto"), money).expect("it can be written");
    let shop = "syntax = \"proto3\"; import \"acme/money.proto\"; message Shop { Money money = 1; }";
    std::fs::write(acme.join("shop.proto"), shop).expect("it can be written");
    let folder = acme.to_str().expect("UTF-8");
    assert_eq!(prints(&["describe", folder, "money.proto"]).await, money);
    // A proto without services is described as a whole.
    let file = acme.join("money.proto");
    assert_eq!(prints(&["describe", file.to_str().expect("UTF-8")]).await, money);
}

#[tokio::test]
async fn several_symbols_are_told_apart_and_all_services_are_the_default() {
    assert_eq!(
        prints(&["describe", "proto", "proto.SearchRequest", "proto.StreamRequest"]).await,
        "// proto.SearchRequest:\n\nmessage SearchRequest {\n  string request = 1;\n}\n\n\
         // proto.StreamRequest:\n\nmessage StreamRequest {\n  StreamPoint pt = 1;\n}\n"
    );
    let printed = prints(&["describe", "proto"]).await;
    assert!(printed.starts_with("// proto.SearchService:\n\n"), "{printed}");
    assert!(printed.contains("\nservice StreamService {\n"), "{printed}");
}

#[tokio::test]
async fn a_template_has_every_field_and_can_be_sent() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let proto = folder.path().join("all.proto");
    std::fs::write(
        &proto,
        r#"syntax = "proto3"; package all; import "google/protobuf/timestamp.proto"; import "google/protobuf/any.proto";
           import "google/protobuf/struct.proto"; import "google/protobuf/empty.proto";
           message Tree { string name = 1; repeated Tree children = 2; map<int32, Leaf> leaves = 3;
             oneof kind { Leaf leaf = 4; string text = 5; } google.protobuf.Timestamp at = 6; Size size = 7;
             google.protobuf.Any any = 8; google.protobuf.Value value = 9; }
           message Leaf { bytes data = 1; repeated double sizes = 2; } enum Size { SMALL = 0; }
           service Trees { rpc Plant(Tree) returns (Tree); }"#,
    )
    .expect("it can be written");
    let proto = proto.to_str().expect("UTF-8");
    let template = prints(&["describe", proto, "all.Trees/Plant", "--template"]).await;
    assert_eq!(
        prints(&["describe", proto, "all.Tree", "--template"]).await,
        template
    );
    assert_eq!(
        template,
        r#"{
  "name": "",
  "children": [],
  "leaves": {
    "0": {
      "data": "",
      "sizes": [
        0
      ]
    }
  },
  "leaf": {
    "data": "",
    "sizes": [
      0
    ]
  },
  "at": "1970-01-01T00:00:00Z",
  "size": "SMALL",
  "any": {
    "@type": "type.googleapis.com/google.protobuf.Empty",
    "value": {}
  },
  "value": "any JSON"
}
"#
    );
    for (symbol, kind) in [("all.Trees", "a service"), ("all.Size", "an enum")] {
        let (_, stderr, code) = protod(&["describe", proto, symbol, "--template"]).await;
        let told =
            format!("error: {symbol} is {kind}: a template is for a message, or for what a method takes\n");
        assert_eq!((stderr, code), (told, 1));
    }
    let schema = protod::Schema::load(proto).expect("it compiles");
    let tree = schema
        .pool()
        .get_message_by_name("all.Tree")
        .expect("it is there");
    protod::Message::from_json(tree, &template).expect("it is the message's JSON");
}

#[tokio::test]
async fn programs_read_lists_and_descriptions_as_json() {
    let json = async |args: &[&str]| -> Value { serde_json::from_str(&prints(args).await).expect("JSON") };
    let services = json!({"services": ["proto.SearchService", "proto.StreamService"]});
    assert_eq!(json(&["list", "proto", "--json"]).await, services);
    let method = |name: &str, client: bool, server: bool| {
        json!({"name": format!("proto.StreamService/{name}"), "input": "proto.StreamRequest",
            "output": "proto.StreamResponse", "client_streaming": client, "server_streaming": server})
    };
    let methods = [
        method("List", false, true),
        method("Record", true, false),
        method("Route", true, true),
    ];
    let server = crate::support::Server::start(&["proto"]).await;
    for source in ["proto", server.address()] {
        let listed = json(&["list", source, "proto.StreamService", "--json"]).await;
        assert_eq!(listed, json!({ "methods": methods }));
        for (symbol, kind, beginning) in [
            ("proto.StreamService", "service", "// One service"),
            ("proto.StreamService/List", "method", "// The server streams"),
            (
                "proto.StreamPoint",
                "message",
                "// A named value.\nmessage StreamPoint {",
            ),
            ("proto.StreamPoint.name", "member", "string name = 1;"),
        ] {
            let described = json(&["describe", source, symbol, "--json"]).await;
            let described = &described[0];
            assert_eq!(described["symbol"], symbol);
            assert_eq!(
                (&described["kind"], &described["file"]),
                (&json!(kind), &json!("stream.proto")),
                "{symbol}"
            );
            let text = described["text"].as_str().expect("a text");
            assert!(text.starts_with(beginning), "{text}");
        }
    }
}

#[tokio::test]
async fn a_slip_in_a_name_is_answered_with_the_name_that_was_meant() {
    let server = crate::support::Server::start(&["proto"]).await;
    let says = async |args: &[&str], hint: &str| {
        let (_, stderr, code) = protod(args).await;
        let first = stderr.lines().next().unwrap_or_default();
        assert!(first.ends_with(hint), "{args:?}: {stderr}");
        assert_eq!(code, 1, "{args:?}");
    };
    for source in ["proto", server.address()] {
        says(
            &["list", source, "proto.StreamServce"],
            "; did you mean proto.StreamService?",
        )
        .await;
        says(
            &["list", source, "StreamService"],
            "; did you mean proto.StreamService?",
        )
        .await;
        says(
            &["describe", source, "proto.StreamPiont"],
            "; did you mean proto.StreamPoint?",
        )
        .await;
        says(
            &["describe", source, "proto.StreamService/Lst"],
            "; did you mean proto.StreamService/List?",
        )
        .await;
        says(
            &["describe", source, "--template", "proto.Streampoint"],
            "; did you mean proto.StreamPoint?",
        )
        .await;
    }
    let address = server.address();
    says(
        &["call", address, "proto.StreamService/Lst"],
        "; did you mean proto.StreamService/List?",
    )
    .await;
    says(
        &["call", address, "proto.StreamServce/List"],
        "; did you mean proto.StreamService?",
    )
    .await;
    says(
        &["bench", address, "proto.StreamService/Lst"],
        "; did you mean proto.StreamService/List?",
    )
    .await;
    says(&["describe", address, "nothing.like.it"], "is not known").await;
}
