//! What reflection answers, symbol by symbol and file by file.

use std::collections::HashMap;

use prost::Message as _;
use prost_types::FileDescriptorProto;
use tonic::Code;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{
    ErrorResponse, ExtensionNumberResponse, ExtensionRequest, ServerReflectionRequest,
};

use super::index::{ReflectionIndex, SentFiles};
use crate::schema::{DescriptorEdition, Schema};
use crate::server::builtin::BUILTIN_SCHEMA;

const FILES: [(&str, &str); 4] = [
    (
        "base.proto",
        r#"syntax = "proto2"; package base;
        message Base { extensions 100 to 200; }"#,
    ),
    (
        "public.proto",
        r#"syntax = "proto3"; package other; import public "base.proto";"#,
    ),
    (
        "shop.proto",
        r#"syntax = "proto2"; package shop;
        import "public.proto";
        import "google/protobuf/timestamp.proto";
        message Order {
            optional google.protobuf.Timestamp placed = 1;
            oneof payment { string card = 2; }
            enum State { NEW = 0; }
            message Line { optional int32 count = 1; }
            extend base.Base { optional Order order = 103; }
        }
        enum Color { RED = 0; }
        extend base.Base { optional string tag = 102; optional int32 level = 101; }
        service Shop { rpc Buy(Order) returns (Order); }"#,
    ),
    ("top.proto", r#"syntax = "proto3"; enum Top { LEVEL = 0; }"#),
];

struct Texts;

impl protox::file::FileResolver for Texts {
    fn open_file(&self, name: &str) -> Result<protox::file::File, protox::Error> {
        match FILES.iter().find(|(file, _)| *file == name) {
            Some((_, text)) => protox::file::File::from_source(name, text),
            None => Err(protox::Error::file_not_found(name)),
        }
    }
}

fn shop() -> Schema {
    let mut resolver = protox::file::ChainFileResolver::new();
    resolver.add(Texts);
    resolver.add(protox::file::GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(FILES.map(|(name, _)| name)).unwrap();
    Schema::from_descriptor_set(&compiler.encode_file_descriptor_set()).unwrap()
}

fn index() -> ReflectionIndex {
    ReflectionIndex::new(&[&shop(), &BUILTIN_SCHEMA], DescriptorEdition::Original)
}

fn ask(index: &ReflectionIndex, request: MessageRequest, sent: &mut SentFiles) -> MessageResponse {
    let request = ServerReflectionRequest {
        host: "a.host".to_owned(),
        message_request: Some(request),
    };
    let response = index.answer(request.clone(), sent);
    assert_eq!(response.valid_host, "a.host");
    assert_eq!(response.original_request, Some(request));
    response.message_response.unwrap()
}

/// The names of the files answered, in order.
fn files(response: MessageResponse) -> Vec<String> {
    match response {
        MessageResponse::FileDescriptorResponse(answer) => answer
            .file_descriptor_proto
            .iter()
            .map(|file| {
                FileDescriptorProto::decode(file.as_slice())
                    .unwrap()
                    .name
                    .unwrap()
            })
            .collect(),
        other => panic!("not files: {other:?}"),
    }
}

fn error_code(response: &MessageResponse) -> i32 {
    match response {
        MessageResponse::ErrorResponse(ErrorResponse {
            error_code,
            error_message,
        }) => {
            assert!(!error_message.is_empty());
            *error_code
        }
        other => panic!("not an error: {other:?}"),
    }
}

fn by_symbol(symbol: &str) -> MessageRequest {
    MessageRequest::FileContainingSymbol(symbol.to_owned())
}

fn by_name(name: &str) -> MessageRequest {
    MessageRequest::FileByFilename(name.to_owned())
}

fn by_extension(containing_type: &str, extension_number: i32) -> MessageRequest {
    let containing_type = containing_type.to_owned();
    MessageRequest::FileContainingExtension(ExtensionRequest {
        containing_type,
        extension_number,
    })
}

const SHOP_CLOSURE: [&str; 4] = [
    "shop.proto",
    "public.proto",
    "google/protobuf/timestamp.proto",
    "base.proto",
];

#[test]
fn every_kind_of_symbol_is_found() {
    let index = index();
    let symbols = [
        ("shop.Order", "shop.proto"),
        (".shop.Order", "shop.proto"),
        ("shop.Order.placed", "shop.proto"),
        ("shop.Order.payment", "shop.proto"),
        ("shop.Order.card", "shop.proto"),
        ("shop.Order.State", "shop.proto"),
        ("shop.Order.Line", "shop.proto"),
        ("shop.Order.Line.count", "shop.proto"),
        ("shop.Order.order", "shop.proto"),
        ("shop.Color", "shop.proto"),
        ("shop.tag", "shop.proto"),
        ("shop.Shop", "shop.proto"),
        ("shop.Shop.Buy", "shop.proto"),
        ("base.Base", "base.proto"),
        ("Top", "top.proto"),
        (
            "google.protobuf.Timestamp.nanos",
            "google/protobuf/timestamp.proto",
        ),
        ("grpc.health.v1.Health.Check", "grpc/health/v1/health.proto"),
        (
            "grpc.reflection.v1.ServerReflection",
            "grpc/reflection/v1/reflection.proto",
        ),
        (
            "grpc.reflection.v1alpha.ErrorResponse",
            "grpc/reflection/v1alpha/reflection.proto",
        ),
    ];
    for (symbol, file) in symbols {
        let answer = files(ask(&index, by_symbol(symbol), &mut SentFiles::default()));
        assert_eq!(answer[0], file, "{symbol}");
    }
}

#[test]
fn no_descriptor_pool_is_made_for_those_who_ask() {
    let schema = shop();
    let index = ReflectionIndex::new(&[&schema], DescriptorEdition::Original);
    for request in [
        MessageRequest::ListServices(String::new()),
        MessageRequest::AllExtensionNumbersOfType("base.Base".to_owned()),
        by_symbol("shop.Order.Line.count"),
        by_symbol("shop.Shop.Buy"),
        by_symbol("shop.Order.none"),
        by_name("shop.proto"),
        by_extension("base.Base", 103),
    ] {
        ask(&index, request, &mut SentFiles::default());
    }
    assert!(!schema.has_pool());
    schema.pool();
    assert!(schema.has_pool());
}

#[test]
fn members_are_found_in_the_innermost_of_scopes_with_like_names() {
    let texts = [
        (
            "a.proto",
            r#"syntax = "proto2"; package a;
            message B { message BC { optional int32 x = 1; } message C { optional group D = 1 { optional int32 y = 1; } } }
            message BC { map<string, B> z = 1; }"#,
        ),
        (
            "ab.proto",
            r#"edition = "2023"; package ab; message C { int32 w = 1; enum E { V = 0; } }"#,
        ),
    ];
    let builder = texts.iter().fold(Schema::builder(), |builder, (name, text)| {
        builder.source(*name, *text)
    });
    let schema = builder.build().unwrap();
    let index = ReflectionIndex::new(&[&schema], DescriptorEdition::Original);
    let file = |symbol: &str| match ask(&index, by_symbol(symbol), &mut SentFiles::default()) {
        MessageResponse::ErrorResponse(_) => None,
        answer => Some(files(answer)[0].clone()),
    };
    for symbol in [
        "a.B.BC.x",
        "a.B.C.d",
        "a.B.C.D.y",
        "a.BC.z",
        "a.BC.ZEntry",
        "a.BC.ZEntry.key",
    ] {
        assert_eq!(file(symbol).as_deref(), Some("a.proto"), "{symbol}");
    }
    for symbol in ["ab.C.w", "ab.C.V", "ab.C.E"] {
        assert_eq!(file(symbol).as_deref(), Some("ab.proto"), "{symbol}");
    }
    for symbol in [
        "a.B.x", "a.BC.x", "a.B.C.y", "a.B.C.D", "a.C.w", "ab.C.E.V", "a", "a.B.", ".", "a..B",
    ] {
        let is_message = symbol == "a.B.C.D";
        assert_eq!(file(symbol).is_some(), is_message, "{symbol}");
    }
}

#[test]
fn enum_value_symbol_resolves_in_parent_scope() {
    let index = index();
    for (symbol, file) in [
        ("shop.RED", "shop.proto"),
        ("shop.Order.NEW", "shop.proto"),
        ("LEVEL", "top.proto"),
    ] {
        let answer = files(ask(&index, by_symbol(symbol), &mut SentFiles::default()));
        assert_eq!(answer[0], file, "{symbol}");
    }
    for symbol in ["shop.Color.RED", "shop.Order.State.NEW", "shop.NEW", "Top.LEVEL"] {
        let answer = ask(&index, by_symbol(symbol), &mut SentFiles::default());
        assert_eq!(error_code(&answer), Code::NotFound as i32, "{symbol}");
    }
}

#[test]
fn misses_are_answered_in_band() {
    let index = index();
    let misses = [
        by_name("no/such.proto"),
        by_name(""),
        by_symbol(""),
        by_symbol("."),
        by_symbol("shop"),
        by_symbol("shop.Order.missing"),
        by_symbol("shop.Shop.Sell"),
        by_extension("base.Base", 199),
        by_extension("base.Base", -1),
        by_extension("base.Missing", 101),
        MessageRequest::AllExtensionNumbersOfType("base.Missing".to_owned()),
    ];
    for request in misses {
        let answer = ask(&index, request.clone(), &mut SentFiles::default());
        assert_eq!(error_code(&answer), Code::NotFound as i32, "{request:?}");
    }
}

#[test]
fn request_for_nothing_is_invalid_argument_in_band() {
    let request = ServerReflectionRequest {
        host: "h".to_owned(),
        message_request: None,
    };
    let response = index().answer(request.clone(), &mut SentFiles::default());
    assert_eq!(
        error_code(&response.message_response.unwrap()),
        Code::InvalidArgument as i32
    );
    assert_eq!(response.original_request, Some(request));
}

#[test]
fn file_asked_for_comes_first_and_then_its_closure() {
    let index = index();
    let answer = files(ask(&index, by_name("shop.proto"), &mut SentFiles::default()));
    assert_eq!(answer, SHOP_CLOSURE);
    let through_public = files(ask(&index, by_name("public.proto"), &mut SentFiles::default()));
    assert_eq!(through_public, ["public.proto", "base.proto"]);
}

#[test]
fn no_file_is_sent_twice_but_the_one_asked_for() {
    let index = index();
    let mut sent = SentFiles::default();
    assert_eq!(
        files(ask(&index, by_name("base.proto"), &mut sent)),
        ["base.proto"]
    );
    let rest = files(ask(&index, by_symbol("shop.Order"), &mut sent));
    assert_eq!(rest, SHOP_CLOSURE[..3]);
    assert_eq!(
        files(ask(&index, by_symbol("shop.Order"), &mut sent)),
        ["shop.proto"]
    );
    assert_eq!(
        files(ask(&index, by_name("base.proto"), &mut sent)),
        ["base.proto"]
    );
    let other_stream = files(ask(&index, by_symbol("shop.Order"), &mut SentFiles::default()));
    assert_eq!(other_stream, SHOP_CLOSURE);
}

#[test]
fn descriptor_bytes_are_those_of_the_schema() {
    let schema = shop();
    let index = ReflectionIndex::new(&[&schema], DescriptorEdition::Original);
    for file in schema.files() {
        match ask(&index, by_name(&file.name), &mut SentFiles::default()) {
            MessageResponse::FileDescriptorResponse(answer) => {
                assert_eq!(answer.file_descriptor_proto[0], file.descriptor, "{}", file.name);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn extensions_are_found_by_number() {
    let index = index();
    for number in [101, 102, 103] {
        for extendee in ["base.Base", ".base.Base"] {
            let answer = files(ask(
                &index,
                by_extension(extendee, number),
                &mut SentFiles::default(),
            ));
            assert_eq!(answer, SHOP_CLOSURE, "{extendee} {number}");
        }
    }
}

#[test]
fn extension_numbers_ascend_and_name_their_type() {
    let index = index();
    let numbers = |name: &str| {
        let request = MessageRequest::AllExtensionNumbersOfType(name.to_owned());
        match ask(&index, request, &mut SentFiles::default()) {
            MessageResponse::AllExtensionNumbersResponse(ExtensionNumberResponse {
                base_type_name,
                extension_number,
            }) => (base_type_name, extension_number),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        numbers(".base.Base"),
        ("base.Base".to_owned(), vec![101, 102, 103])
    );
    assert_eq!(numbers("shop.Order"), ("shop.Order".to_owned(), vec![]));
}

fn listed(index: &ReflectionIndex) -> Vec<String> {
    match ask(
        index,
        MessageRequest::ListServices("*".to_owned()),
        &mut SentFiles::default(),
    ) {
        MessageResponse::ListServicesResponse(list) => {
            list.service.into_iter().map(|service| service.name).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn listed_services_are_all_describable() {
    let index = index();
    let services = listed(&index);
    assert_eq!(
        services,
        [
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection",
            "grpc.reflection.v1alpha.ServerReflection",
            "shop.Shop",
        ]
    );
    for service in services {
        let mut sent = SentFiles::default();
        let MessageResponse::FileDescriptorResponse(answer) = ask(&index, by_symbol(&service), &mut sent)
        else {
            panic!("{service} is listed and cannot be described");
        };
        let files = prost_types::FileDescriptorSet {
            file: answer
                .file_descriptor_proto
                .iter()
                .map(|file| FileDescriptorProto::decode(file.as_slice()).unwrap())
                .collect(),
        };
        let pool = prost_reflect::DescriptorPool::from_file_descriptor_set(files).unwrap();
        assert!(pool.get_service_by_name(&service).is_some(), "{service}");
    }
}

#[test]
fn users_own_health_proto_wins() {
    let own = Schema::from_source(
        "grpc/health/v1/health.proto",
        r#"syntax = "proto3"; package grpc.health.v1;
        message HealthCheckRequest { string service = 1; string reason = 2; }
        message HealthCheckResponse { int32 status = 1; }
        service Health { rpc Check(HealthCheckRequest) returns (HealthCheckResponse); }"#,
    )
    .unwrap();
    let index = ReflectionIndex::new(&[&own, &BUILTIN_SCHEMA], DescriptorEdition::Original);
    assert_eq!(
        listed(&index)
            .iter()
            .filter(|name| *name == "grpc.health.v1.Health")
            .count(),
        1
    );
    let mut answers = HashMap::new();
    for request in [
        by_name("grpc/health/v1/health.proto"),
        by_symbol("grpc.health.v1.Health"),
    ] {
        match ask(&index, request, &mut SentFiles::default()) {
            MessageResponse::FileDescriptorResponse(answer) => {
                *answers.entry(answer.file_descriptor_proto).or_insert(0) += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(
        answers,
        HashMap::from([(vec![own.files()[0].descriptor.to_vec()], 2)])
    );
}

#[test]
fn unrelated_health_proto_hides_nothing() {
    let own = Schema::from_source(
        "health.proto",
        r#"syntax = "proto3"; package clinic; message Patient {}"#,
    )
    .unwrap();
    let index = ReflectionIndex::new(&[&own, &BUILTIN_SCHEMA], DescriptorEdition::Original);
    let health = files(ask(
        &index,
        by_symbol("grpc.health.v1.Health"),
        &mut SentFiles::default(),
    ));
    assert_eq!(health, ["grpc/health/v1/health.proto"]);
    let patient = files(ask(
        &index,
        by_symbol("clinic.Patient"),
        &mut SentFiles::default(),
    ));
    assert_eq!(patient, ["health.proto"]);
}
