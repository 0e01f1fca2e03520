//! A schema from a server: the files of its services, what they import, and the extensions of their messages.
//!
//! Servers differ in what one answer contains: one file, the file with all its imports, or only some of these. So files
//! are kept by name, and imports that are still missing are asked for.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use prost::encoding::{WireType, encode_key, encode_varint};
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ErrorResponse, ExtensionRequest};

use super::channel::CheckedChannel;
use super::connect::NotTheProtocol;
use super::extendable::extendable;
use super::reflection_stream::{Answer, ReflectionStream, TimeLimit};
use crate::error::{Error, Problem};
use crate::schema::{Schema, decoded_file, well_known_files};
use crate::throttle::Throttle;

/// The names of the services that the server lists.
pub(super) async fn list_services(
    channel: &CheckedChannel,
    metadata: &MetadataMap,
    address: &str,
    time: TimeLimit,
) -> Result<Vec<String>, Error> {
    let (stream, services) = open(channel, metadata, address, time).await?;
    stream.end().await;
    Ok(services)
}

/// What a server is asked for by name.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// Services, messages and others.
    pub(super) symbols: Vec<String>,
    /// Import names of files, or ends of such names. The server need not have them.
    pub(super) files: Vec<String>,
}

/// The schema of what is `wanted`. The error of an unknown symbol may suggest another, for which the files of all services
/// are asked for.
pub(super) async fn fetch_schema(
    channel: &CheckedChannel,
    metadata: &MetadataMap,
    address: &str,
    time: TimeLimit,
    wanted: &Wanted,
    suggests: bool,
) -> Result<Schema, Error> {
    let (stream, services) = open(channel, metadata, address, time).await?;
    let mut files = Files::of(stream);
    let fetched = files.fetch(address, &services, wanted, suggests).await;
    let schema = fetched.and_then(|()| files.schema());
    files.stream.end().await;
    schema
}

/// The files of all services but those `without`, as a serialized descriptor set.
pub(super) async fn fetch_set(
    channel: &CheckedChannel,
    metadata: &MetadataMap,
    address: &str,
    time: TimeLimit,
    without: &[&str],
) -> Result<Bytes, Error> {
    let (stream, mut services) = open(channel, metadata, address, time).await?;
    services.retain(|service| !without.contains(&service.as_str()));
    if services.is_empty() {
        let problem = Problem::in_file(address, "lists no services besides reflection and health");
        return Err(Error::schema(vec![problem]));
    }
    let mut files = Files::of(stream);
    let fetched = files.fetch(address, &services, &Wanted::default(), false).await;
    let set = fetched.map(|()| files.set());
    files.stream.end().await;
    set
}

/// Only UNIMPLEMENTED of a gRPC server means that it has no reflection.
fn failed(address: &str, status: Status) -> Error {
    let action = match status.code() {
        _ if NotTheProtocol::is_source_of(&status) => {
            format!("{address} does not answer as a gRPC server does")
        }
        Code::Unimplemented => {
            format!("{address} does not answer server reflection, so its protos must be given")
        }
        Code::Unauthenticated | Code::PermissionDenied => {
            format!("{address} does not let this caller use server reflection")
        }
        Code::Unavailable => format!("{address} is not available"),
        _ => format!("{address} failed to answer server reflection"),
    };
    Error::of_status(action, status)
}

async fn open(
    channel: &CheckedChannel,
    metadata: &MetadataMap,
    address: &str,
    time: TimeLimit,
) -> Result<(ReflectionStream, Vec<String>), Error> {
    let request = MessageRequest::ListServices("*".to_owned());
    let opened = ReflectionStream::open(channel, metadata, time, request).await;
    let (stream, answer) = opened.map_err(|status| failed(address, status))?;
    match answer {
        Ok(MessageResponse::ListServicesResponse(list)) => {
            let services = list.service.into_iter().map(|service| service.name).collect();
            Ok((stream, services))
        }
        Ok(other) => Err(failed(address, unexpected(&other))),
        Err(refusal) => Err(Error::of_status(
            format!("{address} answers server reflection with an error"),
            Status::new(Code::from(refusal.error_code), refusal.error_message),
        )),
    }
}

fn unexpected(answer: &MessageResponse) -> Status {
    Status::internal(format!(
        "the server answered a reflection request with the wrong kind of answer: {answer:?}"
    ))
}

/// The files that a server has sent so far.
struct Files {
    stream: ReflectionStream,
    /// The bytes of each file as the server sent them. In order, so that the schema is the same each time.
    by_name: BTreeMap<String, Bytes>,
    /// How many bytes they have together.
    size: usize,
}

/// The most that the files of one server may have together, in bytes. The largest known tree has 70 MB.
const MAX_FILES_SIZE: usize = 256 << 20;

/// A server may be asked again and again, for the schema of another one.
static UNDESCRIBED: Throttle = Throttle::of_lines(10, Duration::from_hours(1));

impl Files {
    fn of(stream: ReflectionStream) -> Self {
        Self {
            stream,
            by_name: BTreeMap::new(),
            size: 0,
        }
    }

    /// Fetches the files of what is `wanted`. Nothing is linked.
    async fn fetch(
        &mut self,
        address: &str,
        services: &[String],
        wanted: &Wanted,
        suggests: bool,
    ) -> Result<(), Error> {
        let Wanted { symbols, files } = wanted;
        let failed = |status| failed(address, status);
        for file in files {
            // Who asked for it says that it is not there.
            let _ = self
                .add(MessageRequest::FileByFilename(file.clone()))
                .await
                .map_err(failed)?;
        }
        for symbol in symbols {
            if let Err(refusal) = self.add_symbol(symbol).await.map_err(failed)? {
                let hint = if suggests {
                    self.suggest(symbol, services).await
                } else {
                    None
                };
                let hint = hint.map(|near| format!("; did you mean {near}?"));
                return Err(Error::unknown_name(format!(
                    "{address} does not know {symbol}: {}{}",
                    refusal.error_message,
                    hint.unwrap_or_default()
                )));
            }
        }
        // A file may be one that a service uses, by the end of its name.
        let of_services = symbols.is_empty() || !files.is_empty();
        if of_services {
            for service in services {
                // A server may list a service that it cannot describe. Its other services can still be called.
                if let Err(refusal) = self.add_symbol(service).await.map_err(failed)?
                    && UNDESCRIBED.pass().is_some()
                {
                    tracing::warn!(
                        "{address} lists {service} and cannot describe it: {}",
                        refusal.error_message
                    );
                }
            }
        }
        let roots = if of_services { services } else { symbols };
        self.add_extensions(roots).await.map_err(failed)
    }

    /// Adds the file of a symbol and everything that it imports. The inner error means that the server does not have the
    /// symbol.
    async fn add_symbol(&mut self, symbol: &str) -> Result<Result<(), ErrorResponse>, Status> {
        self.add(MessageRequest::FileContainingSymbol(symbol.to_owned()))
            .await
    }

    /// What was probably meant by a symbol that the server does not have.
    async fn suggest(&mut self, symbol: &str, services: &[String]) -> Option<String> {
        for service in services {
            // Without one service there are still the others.
            let _ = self.add_symbol(service).await.ok()?;
        }
        self.schema().ok()?.suggest(symbol)
    }

    /// Adds the files of the answer to a request, then what they import.
    async fn add(&mut self, request: MessageRequest) -> Result<Result<(), ErrorResponse>, Status> {
        let mut imports = VecDeque::new();
        let answer = self.stream.ask(request).await?;
        if let Err(refusal) = self.add_answer(answer, &mut imports)? {
            return Ok(Err(refusal));
        }
        let mut asked = HashSet::new();
        while let Some(name) = imports.pop_front() {
            if self.by_name.contains_key(&name) || !asked.insert(name.clone()) {
                continue;
            }
            let answer = self.stream.ask(MessageRequest::FileByFilename(name)).await?;
            // A file that the server does not have may be built in. If it is not, loading the schema fails and says
            // which file imports it.
            let _ = self.add_answer(answer, &mut imports)?;
        }
        Ok(Ok(()))
    }

    /// Adds the files of one answer, and appends what they import to `imports`.
    fn add_answer(
        &mut self,
        answer: Answer,
        imports: &mut VecDeque<String>,
    ) -> Result<Result<(), ErrorResponse>, Status> {
        let files = match answer {
            Ok(MessageResponse::FileDescriptorResponse(files)) => files.file_descriptor_proto,
            Ok(other) => return Err(unexpected(&other)),
            Err(refusal) => return Ok(Err(refusal)),
        };
        for bytes in files {
            let file = decoded_file(&bytes).map_err(|error| {
                Status::internal(format!("the server sent a malformed file descriptor: {error}"))
            })?;
            let Entry::Vacant(entry) = self.by_name.entry(file.name().to_owned()) else {
                continue;
            };
            self.size += bytes.len() + entry.key().len();
            if self.size > MAX_FILES_SIZE {
                return Err(Status::resource_exhausted(format!(
                    "the server has sent files of more than {} MiB",
                    MAX_FILES_SIZE >> 20
                )));
            }
            entry.insert(bytes.into());
            imports.extend(file.dependency);
        }
        Ok(Ok(()))
    }

    /// Adds the files that extend messages which `roots` lead to.
    async fn add_extensions(&mut self, roots: &[String]) -> Result<(), Status> {
        for name in extendable(self.by_name.values().map(|file| &**file), roots) {
            let request = MessageRequest::AllExtensionNumbersOfType(name.clone());
            // Not every server answers this, and none has to: the message's own fields are known without it.
            let Ok(MessageResponse::AllExtensionNumbersResponse(numbers)) = self.stream.ask(request).await?
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
        Ok(())
    }

    /// Builds a schema of all files.
    fn schema(&self) -> Result<Schema, Error> {
        Schema::builder().descriptor_set(self.set()).build()
    }

    /// All files as a serialized `FileDescriptorSet`, in the order of their names.
    fn set(&self) -> Bytes {
        let mut set = BytesMut::new();
        for file in self.by_name.values() {
            add_file(file, &mut set);
        }
        if self.by_name.contains_key("google/protobuf/any.proto") {
            // An `Any` may hold any of the well-known types, whether or not a file imports it.
            for (name, file) in well_known_files() {
                if !self.by_name.contains_key(name) {
                    add_file(&file, &mut set);
                }
            }
        }
        set.freeze()
    }
}

/// Adds a file to a serialized `FileDescriptorSet`, with the bytes that the server sent.
fn add_file(file: &[u8], set: &mut BytesMut) {
    encode_key(1, WireType::LengthDelimited, set);
    encode_varint(file.len() as u64, set);
    set.extend_from_slice(file);
}
