//! Where a client's schema comes from: protod's reflection, tonic-reflection's, or the caller.

use protod::{Client, Schema, Server};
use tonic::Code;
use tonic::transport::server::{Router, TcpIncoming};
use tonic_reflection::server::Builder;

use crate::servers::{item, schema, serve, shapes, value_of};

/// Three files: a service, what it imports, and an extension that nothing imports.
fn library() -> Schema {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let files = [
        (
            "service.proto",
            r#"syntax = "proto2"; package library; import "book.proto";
               service Library { rpc Find(Book) returns (Book); }"#,
        ),
        (
            "book.proto",
            r#"syntax = "proto2"; package library; import "google/protobuf/timestamp.proto";
               message Book { optional google.protobuf.Timestamp bought = 1; extensions 100 to 199; }"#,
        ),
        (
            "extra.proto",
            r#"syntax = "proto2"; package library; import "book.proto";
               extend Book { optional string note = 100; }
               service Other { rpc Find(Book) returns (Book); }"#,
        ),
    ];
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("it can be written");
    }
    Schema::load(folder.path()).expect("the protos compile")
}

fn file_names(schema: &Schema) -> Vec<&str> {
    let mut names: Vec<_> = schema.files().iter().map(|file| file.name.as_str()).collect();
    names.sort_unstable();
    names
}

fn serve_on_tonic(router: Router) -> String {
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let address = incoming.local_addr().expect("bound").to_string();
    tokio::spawn(router.serve_with_incoming(incoming));
    address
}

/// tonic-reflection's builder with the files of `schema`.
fn builder(schema: &Schema) -> Builder<'static> {
    let file = schema
        .files()
        .iter()
        .map(|file| prost::Message::decode(&file.descriptor[..]));
    let set = prost_types::FileDescriptorSet {
        file: file.collect::<Result<_, _>>().expect("descriptors"),
    };
    Builder::configure().register_file_descriptor_set(set)
}

#[tokio::test]
async fn all_services_come_with_what_they_import_and_what_extends_them() {
    let address = serve(Server::builder(library())).await;
    let client = Client::connect(&address).await.expect("it answers reflection");
    let names = file_names(client.schema());
    for name in [
        "book.proto",
        "extra.proto",
        "google/protobuf/timestamp.proto",
        "service.proto",
    ] {
        assert!(names.contains(&name), "{name} is missing among {names:?}");
    }
    client
        .method("grpc.health.v1.Health/Check")
        .expect("the server's own services too");
}

#[tokio::test]
async fn one_symbol_comes_with_its_closure_and_extensions_alone() {
    let address = serve(Server::builder(library())).await;
    let client = Client::builder(&address)
        .symbol("library.Library")
        .connect()
        .await;
    let client = client.expect("it answers reflection");
    assert_eq!(
        file_names(client.schema()),
        [
            "book.proto",
            "extra.proto",
            "google/protobuf/timestamp.proto",
            "service.proto"
        ]
    );
    let book = client
        .schema()
        .pool()
        .get_message_by_name("library.Book")
        .expect("it came");
    assert_eq!(
        book.get_extension(100).expect("it came").full_name(),
        "library.note"
    );

    let error = Client::builder(&address)
        .symbol("library.Nothing")
        .connect()
        .await
        .expect_err("no such symbol");
    assert!(error.is_unknown_name(), "{error}");
}

#[tokio::test]
async fn the_files_are_the_servers_own_bytes() {
    let served = library();
    let client = Client::connect(&serve(Server::builder(served.clone())).await).await;
    let client = client.expect("it answers reflection");
    for file in served.files() {
        let fetched = client
            .schema()
            .files()
            .iter()
            .find(|other| other.name == file.name);
        assert_eq!(
            fetched.expect("it came").descriptor,
            file.descriptor,
            "{}",
            file.name
        );
    }
}

#[tokio::test]
async fn services_are_listed_without_their_files() {
    let listed = Client::builder(serve(shapes()).await)
        .services()
        .await
        .expect("it answers reflection");
    assert_eq!(
        listed,
        [
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection",
            "grpc.reflection.v1alpha.ServerReflection",
            "shapes.Shapes"
        ]
    );
}

#[tokio::test]
async fn a_server_of_v1_alone_is_asked_on_v1() {
    let service = builder(&library()).build_v1().expect("sound descriptors");
    let address = serve_on_tonic(tonic::transport::Server::builder().add_service(service));
    let client = Client::connect(&address).await.expect("it answers v1");
    client.method("library.Library/Find").expect("it came");
}

#[tokio::test]
async fn a_server_of_v1alpha_alone_is_asked_on_v1alpha() {
    let service = builder(&library()).build_v1alpha().expect("sound descriptors");
    let address = serve_on_tonic(tonic::transport::Server::builder().add_service(service));
    let client = Client::connect(&address).await.expect("it answers v1alpha");
    let names = file_names(client.schema());
    assert!(names.contains(&"google/protobuf/timestamp.proto"), "{names:?}");
    client.method("library.Library/Find").expect("it came");
}

#[tokio::test]
async fn a_given_schema_needs_no_reflection() {
    let address = serve(shapes().reflection(false)).await;
    let error = Client::connect(&address).await.expect_err("no reflection");
    assert_eq!(
        error.status().expect("the server said so").code(),
        Code::Unimplemented
    );
    assert_eq!(
        error.to_string(),
        format!("{address} does not answer server reflection, so its protos must be given")
    );

    let client = Client::builder(&address)
        .schema(schema())
        .connect()
        .await
        .expect("it listens");
    let unary = client.method("shapes.Shapes/Unary").expect("it is there");
    let reply = unary.unary(item("one", 7)).await.expect("an answer");
    assert_eq!(value_of(&reply.message).expect("an Item"), 7);
}

#[tokio::test]
async fn nobody_listening_is_an_io_error_that_names_the_address() {
    // A port that was free a moment ago would not do: another test's server may have it now.
    let address = "127.0.0.1:1";
    let error = Client::connect(address).await.expect_err("nobody listens");
    assert!(error.is_io());
    assert_eq!(error.to_string(), format!("cannot connect to {address}"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_is_an_address() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let address = format!("unix:{}", folder.path().join("socket").display());
    let server = shapes().build().expect("the handlers fit the schema");
    tokio::spawn(server.bind(&address).await.expect("a free path").serve());
    let client = Client::connect(&address).await.expect("it answers reflection");
    let unary = client.method("shapes.Shapes/Unary").expect("it is there");
    let reply = unary.unary(item("one", 7)).await.expect("an answer");
    assert_eq!(value_of(&reply.message).expect("an Item"), 7);
}
