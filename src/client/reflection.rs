//! A schema from a server: the files of its services, what they import, and the extensions of their messages.
//!
//! Servers differ in how much one answer holds: some send one file, some its whole closure, some leave out what
//! they take for known. So files are kept by name, and what an import still lacks is asked for.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use bytes::{Bytes, BytesMut};
use prost::Message as _;
use prost::encoding::{WireType, encode_key, encode_varint};
use prost_reflect::{DescriptorPool, Kind, MessageDescriptor};
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ErrorResponse, ExtensionRequest};

use super::conversation::{Answer, Conversation};
use crate::{Error, Schema};

/// The names of the services that the server lists.
pub(super) async fn list_services(
    channel: &Channel,
    metadata: &MetadataMap,
    address: &str,
) -> Result<Vec<String>, Error> {
    let (_, services) = open(channel, metadata)
        .await
        .map_err(|status| unanswered(address, status))?;
    Ok(services)
}

/// The schema of these symbols, or of all services.
pub(super) async fn fetch_schema(
    channel: &Channel,
    metadata: &MetadataMap,
    address: &str,
    symbols: &[String],
) -> Result<Schema, Error> {
    let unanswered = |status| unanswered(address, status);
    let (conversation, services) = open(channel, metadata).await.map_err(unanswered)?;
    let mut files = Files {
        conversation,
        by_name: HashMap::new(),
    };
    for symbol in symbols {
        if let Err(miss) = files.add_symbol(symbol).await.map_err(unanswered)? {
            return Err(Error::unknown_name(format!(
                "{address} does not know {symbol}: {}",
                miss.error_message
            )));
        }
    }
    if symbols.is_empty() {
        for service in &services {
            // A server may list what it cannot describe; its other services can be called all the same.
            if let Err(miss) = files.add_symbol(service).await.map_err(unanswered)? {
                tracing::warn!(
                    "{address} lists {service} and cannot describe it: {}",
                    miss.error_message
                );
            }
        }
    }
    let roots = if symbols.is_empty() { &services } else { symbols };
    let schema = files.schema()?;
    if files.add_extensions(&schema, roots).await.map_err(unanswered)? {
        return files.schema();
    }
    Ok(schema)
}

fn unanswered(address: &str, status: Status) -> Error {
    let action = match status.code() {
        Code::Unimplemented => {
            format!("{address} does not answer server reflection, so its protos must be given")
        }
        _ => format!("{address} failed at server reflection"),
    };
    Error::of_status(action, status)
}

async fn open(channel: &Channel, metadata: &MetadataMap) -> Result<(Conversation, Vec<String>), Status> {
    let request = MessageRequest::ListServices("*".to_owned());
    let (conversation, answer) = Conversation::open(channel, metadata, request).await?;
    match answer {
        Ok(MessageResponse::ListServicesResponse(list)) => {
            let services = list.service.into_iter().map(|service| service.name).collect();
            Ok((conversation, services))
        }
        Ok(other) => Err(unexpected(&other)),
        Err(error) => Err(Status::new(Code::from(error.error_code), error.error_message)),
    }
}

fn unexpected(answer: &MessageResponse) -> Status {
    Status::internal(format!(
        "the server answered another reflection request than was asked: {answer:?}"
    ))
}

/// The files that a server has told so far.
struct Files {
    conversation: Conversation,
    /// The bytes of each file as the server sent them.
    by_name: HashMap<String, Bytes>,
}

impl Files {
    /// Adds the file of a symbol and all that it imports; the inner error is that the server knows no such symbol.
    async fn add_symbol(&mut self, symbol: &str) -> Result<Result<(), ErrorResponse>, Status> {
        self.add(MessageRequest::FileContainingSymbol(symbol.to_owned()))
            .await
    }

    /// Adds the files of an answer, then what they import.
    async fn add(&mut self, request: MessageRequest) -> Result<Result<(), ErrorResponse>, Status> {
        let mut imports = VecDeque::new();
        let answer = self.conversation.ask(request).await?;
        if let Err(miss) = self.add_answer(answer, &mut imports)? {
            return Ok(Err(miss));
        }
        let mut asked = HashSet::new();
        while let Some(name) = imports.pop_front() {
            if self.by_name.contains_key(&name) || !asked.insert(name.clone()) {
                continue;
            }
            let answer = self
                .conversation
                .ask(MessageRequest::FileByFilename(name))
                .await?;
            // Where the server lacks a file, the schema's built-in ones may have it; if not, its load says who
            // imports it.
            let _ = self.add_answer(answer, &mut imports)?;
        }
        Ok(Ok(()))
    }

    /// Keeps the files of one answer, and notes what they import.
    fn add_answer(
        &mut self,
        answer: Answer,
        imports: &mut VecDeque<String>,
    ) -> Result<Result<(), ErrorResponse>, Status> {
        let files = match answer {
            Ok(MessageResponse::FileDescriptorResponse(files)) => files.file_descriptor_proto,
            Ok(other) => return Err(unexpected(&other)),
            Err(miss) => return Ok(Err(miss)),
        };
        for bytes in files {
            let file = prost_types::FileDescriptorProto::decode(bytes.as_slice()).map_err(|error| {
                Status::internal(format!("the server sent a malformed file descriptor: {error}"))
            })?;
            imports.extend(file.dependency.iter().cloned());
            self.by_name
                .entry(file.name().to_owned())
                .or_insert_with(|| bytes.into());
        }
        Ok(Ok(()))
    }

    /// Adds the files that extend messages within reach of `roots`; whether there were any new ones.
    async fn add_extensions(&mut self, schema: &Schema, roots: &[String]) -> Result<bool, Status> {
        let known = self.by_name.len();
        for name in extendable(schema.pool(), roots) {
            let request = MessageRequest::AllExtensionNumbersOfType(name.clone());
            // Not every server answers this, and none has to: the message's own fields are known all the same.
            let Ok(MessageResponse::AllExtensionNumbersResponse(numbers)) =
                self.conversation.ask(request).await?
            else {
                continue;
            };
            for number in numbers.extension_number {
                let request = MessageRequest::FileContainingExtension(ExtensionRequest {
                    containing_type: name.clone(),
                    extension_number: number,
                });
                let _ = self.add(request).await?;
            }
        }
        Ok(self.by_name.len() > known)
    }

    /// Links all files; their order does not matter.
    fn schema(&self) -> Result<Schema, Error> {
        let mut set = BytesMut::new();
        for file in self.by_name.values() {
            add_file(file, &mut set);
        }
        if self.by_name.contains_key("google/protobuf/any.proto") {
            // An Any may hold any of the well-known types, whether or not a file imports it.
            for file in DescriptorPool::global().files() {
                if !self.by_name.contains_key(file.name()) {
                    add_file(&file.encode_to_vec(), &mut set);
                }
            }
        }
        Schema::builder().descriptor_set(set.freeze()).build()
    }
}

/// Adds a file to a `FileDescriptorSet`, with the bytes as they came.
fn add_file(file: &[u8], set: &mut BytesMut) {
    encode_key(1, WireType::LengthDelimited, set);
    encode_varint(file.len() as u64, set);
    set.extend_from_slice(file);
}

/// The messages with extension ranges that the methods of services, or messages, lead to.
fn extendable(pool: &DescriptorPool, roots: &[String]) -> BTreeSet<String> {
    let mut seen = HashSet::new();
    let mut queue: Vec<MessageDescriptor> = Vec::new();
    for root in roots {
        if let Some(service) = pool.get_service_by_name(root) {
            queue.extend(
                service
                    .methods()
                    .flat_map(|method| [method.input(), method.output()]),
            );
        }
        queue.extend(pool.get_message_by_name(root));
    }
    let mut extendable = BTreeSet::new();
    while let Some(message) = queue.pop() {
        if !seen.insert(message.full_name().to_owned()) {
            continue;
        }
        if message.extension_ranges().len() > 0 {
            extendable.insert(message.full_name().to_owned());
        }
        queue.extend(message.fields().filter_map(|field| match field.kind() {
            Kind::Message(inner) => Some(inner),
            _ => None,
        }));
    }
    extendable
}
