//! Finds the answer to a reflection request.
//!
//! It behaves like grpc-go, which clients are tested against:
//! - The requested file comes first, then the files that it imports, directly and indirectly. A stream gets no file
//!   twice, except a requested one.
//! - Each file is exactly the bytes that the compiler wrote.
//! - A name that is not found is answered in the stream, which stays open.
//! - Symbols are messages, fields, oneofs, enums, extensions, services, methods, and enum values, which are in the scope
//!   that contains their enum.
//!
//! Descriptor pools are hash tables by full name, so no table of symbols is built here at each load: only the bytes of
//! each file and the sorted list of services, which a pool does not keep.

use std::collections::{BTreeSet, HashSet};

use bytes::Bytes;
use prost_reflect::{DescriptorPool, FileDescriptor, MessageDescriptor};
use tonic::Code;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{
    ErrorResponse, ExtensionNumberResponse, FileDescriptorResponse, ListServiceResponse,
    ServerReflectionRequest, ServerReflectionResponse, ServiceResponse,
};

use crate::schema::{
    DescriptorEdition, Schema, Translation, field_named, option_dependencies, original_name,
};

/// The schemas of one generation. If two declare the same name, the first one counts.
#[derive(Debug)]
pub(in crate::server) struct ReflectionIndex {
    schemas: Vec<IndexedSchema>,
    /// Sorted, without duplicates.
    services: Vec<ServiceResponse>,
}

#[derive(Debug)]
struct IndexedSchema {
    schema: Schema,
    /// By the index of the file's descriptor in the pool.
    files: Vec<ServedFile>,
}

/// One file, as clients get it.
#[derive(Debug, Clone, Default)]
struct ServedFile {
    /// Empty for a file that is there for the pool alone.
    bytes: Bytes,
    /// What it imports for its options alone. The pool does not have these imports.
    option_imports: Vec<String>,
}

/// The names of the files that one stream has sent. A file is always sent with its imports, so the imports of each file
/// are in here too.
#[derive(Debug, Default)]
pub(in crate::server) struct SentFiles(HashSet<String>);

/// The answer to a request for something that does not exist. The stream goes on.
type Miss = ErrorResponse;

impl ReflectionIndex {
    /// `edition` is the newest one that clients get.
    pub(in crate::server) fn new(schemas: &[&Schema], edition: DescriptorEdition) -> Self {
        let services: BTreeSet<String> = schemas
            .iter()
            .flat_map(|schema| schema.pool().services())
            .map(|service| service.full_name().to_owned())
            .collect();
        Self {
            schemas: schemas
                .iter()
                .map(|schema| IndexedSchema::new(schema, edition))
                .collect(),
            services: services
                .into_iter()
                .map(|name| ServiceResponse { name })
                .collect(),
        }
    }

    /// The response to a request. `sent` has the files that this stream has sent already.
    pub(in crate::server) fn answer(
        &self,
        request: ServerReflectionRequest,
        sent: &mut SentFiles,
    ) -> ServerReflectionResponse {
        let answer = match &request.message_request {
            Some(MessageRequest::FileByFilename(name)) => self.file_by_name(name, sent),
            Some(MessageRequest::FileContainingSymbol(symbol)) => self.file_of_symbol(symbol, sent),
            Some(MessageRequest::FileContainingExtension(extension)) => {
                self.file_of_extension(&extension.containing_type, extension.extension_number, sent)
            }
            Some(MessageRequest::AllExtensionNumbersOfType(name)) => self.extension_numbers(name),
            Some(MessageRequest::ListServices(_)) => {
                Ok(MessageResponse::ListServicesResponse(ListServiceResponse {
                    service: self.services.clone(),
                }))
            }
            None => Err(miss(
                Code::InvalidArgument,
                "the request asks for nothing that this server knows",
            )),
        };
        ServerReflectionResponse {
            valid_host: request.host.clone(),
            original_request: Some(request),
            message_response: Some(answer.unwrap_or_else(MessageResponse::ErrorResponse)),
        }
    }

    fn file_by_name(&self, name: &str, sent: &mut SentFiles) -> Result<MessageResponse, Miss> {
        self.find(|pool| pool.get_file_by_name(name))
            .map(|(schema, file)| schema.closure(file, sent))
            .ok_or_else(|| miss(Code::NotFound, format!("file `{name}` is not known")))
    }

    fn file_of_symbol(&self, symbol: &str, sent: &mut SentFiles) -> Result<MessageResponse, Miss> {
        let symbol = without_leading_dot(symbol);
        self.find(|pool| declaring_file(pool, symbol))
            .map(|(schema, file)| schema.closure(file, sent))
            .ok_or_else(|| miss(Code::NotFound, format!("symbol `{symbol}` is not known")))
    }

    fn file_of_extension(
        &self,
        extendee: &str,
        number: i32,
        sent: &mut SentFiles,
    ) -> Result<MessageResponse, Miss> {
        let (schema, message) = self.message(extendee)?;
        u32::try_from(number)
            .ok()
            .and_then(|number| message.get_extension(number))
            .map(|extension| schema.closure(extension.parent_file(), sent))
            .ok_or_else(|| {
                miss(
                    Code::NotFound,
                    format!("message `{}` has no extension {number}", message.full_name()),
                )
            })
    }

    fn extension_numbers(&self, extendee: &str) -> Result<MessageResponse, Miss> {
        let (_, message) = self.message(extendee)?;
        let mut numbers: Vec<i32> = message
            .extensions()
            .filter_map(|extension| extension.number().try_into().ok())
            .collect();
        numbers.sort_unstable();
        Ok(MessageResponse::AllExtensionNumbersResponse(
            ExtensionNumberResponse {
                base_type_name: message.full_name().to_owned(),
                extension_number: numbers,
            },
        ))
    }

    fn message(&self, name: &str) -> Result<(&IndexedSchema, MessageDescriptor), Miss> {
        let name = without_leading_dot(name);
        self.find(|pool| pool.get_message_by_name(name))
            .ok_or_else(|| miss(Code::NotFound, format!("message `{name}` is not known")))
    }

    /// Looks something up in the schemas, in order.
    fn find<T>(&self, look_up: impl Fn(&DescriptorPool) -> Option<T>) -> Option<(&IndexedSchema, T)> {
        self.schemas
            .iter()
            .find_map(|schema| Some((schema, look_up(schema.schema.pool())?)))
    }
}

impl IndexedSchema {
    fn new(schema: &Schema, edition: DescriptorEdition) -> Self {
        let mut files = vec![ServedFile::default(); schema.pool().files().len()];
        let mut translation = Translation::new(edition);
        for file in schema.files() {
            let descriptor = schema
                .pool()
                .get_file_by_name(&file.name)
                .expect("the pool has every file of its schema");
            let bytes = translation.file(&file.descriptor);
            files[descriptor.index()] = ServedFile {
                option_imports: option_dependencies(&bytes),
                bytes,
            };
        }
        Self {
            schema: schema.clone(),
            files,
        }
    }

    /// `asked`, followed by those of its imports that the stream has not sent yet, nearest first.
    fn closure(&self, asked: FileDescriptor, sent: &mut SentFiles) -> MessageResponse {
        let pool = self.schema.pool();
        // A file with an edition may be two in the pool.
        let asked = pool
            .get_file_by_name(original_name(asked.name()))
            .unwrap_or(asked);
        sent.0.insert(asked.name().to_owned());
        let mut closure = vec![asked];
        let mut next = 0;
        while let Some(file) = closure.get(next).cloned() {
            let for_options = self.files[file.index()].option_imports.iter();
            let for_options = for_options.filter_map(|name| pool.get_file_by_name(name));
            let is_served = |import: &FileDescriptor| !self.files[import.index()].bytes.is_empty();
            let imports = file.dependencies().filter(is_served).chain(for_options);
            closure.extend(imports.filter(|import| sent.0.insert(import.name().to_owned())));
            next += 1;
        }
        MessageResponse::FileDescriptorResponse(FileDescriptorResponse {
            file_descriptor_proto: closure
                .iter()
                .map(|file| self.files[file.index()].bytes.to_vec())
                .collect(),
        })
    }
}

/// The file that declares a symbol of any kind.
fn declaring_file(pool: &DescriptorPool, symbol: &str) -> Option<FileDescriptor> {
    let declared = || {
        pool.get_message_by_name(symbol)
            .map(|message| message.parent_file())
            .or_else(|| pool.get_enum_by_name(symbol).map(|found| found.parent_file()))
            .or_else(|| {
                pool.get_service_by_name(symbol)
                    .map(|service| service.parent_file())
            })
            .or_else(|| {
                pool.get_extension_by_name(symbol)
                    .map(|extension| extension.parent_file())
            })
    };
    let (parent, name) = symbol.rsplit_once('.').unwrap_or(("", symbol));
    let member_of_message = || {
        let message = pool.get_message_by_name(parent)?;
        let member = field_named(&message, name).is_some()
            || message.oneofs().any(|oneof| oneof.name() == name)
            || message
                .child_enums()
                .any(|child| child.get_value_by_name(name).is_some());
        member.then(|| message.parent_file())
    };
    let member_of_service = || {
        let service = pool.get_service_by_name(parent)?;
        service
            .methods()
            .any(|method| method.name() == name)
            .then(|| service.parent_file())
    };
    let value_of_package = || {
        pool.files().find(|file| {
            file.package_name() == parent && file.enums().any(|top| top.get_value_by_name(name).is_some())
        })
    };
    declared()
        .or_else(member_of_message)
        .or_else(member_of_service)
        .or_else(value_of_package)
}

/// Compilers write type names with a leading dot, and some clients send them so.
fn without_leading_dot(name: &str) -> &str {
    name.strip_prefix('.').unwrap_or(name)
}

fn miss(code: Code, message: impl Into<String>) -> Miss {
    ErrorResponse {
        error_code: code as i32,
        error_message: message.into(),
    }
}
