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
//! The names are in the index of a schema, and the files are its bytes: no descriptor pool is made for those who ask, since
//! one of all files of a large schema takes ten times their bytes.

use std::collections::{BTreeSet, HashSet};

use bytes::Bytes;
use tonic::Code;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{
    ErrorResponse, ExtensionNumberResponse, FileDescriptorResponse, ListServiceResponse,
    ServerReflectionRequest, ServerReflectionResponse, ServiceResponse,
};

use crate::schema::{DescriptorEdition, Schema, SchemaIndex, Translation, option_dependencies};

/// The schemas of one generation. If two declare the same name, the first one counts.
#[derive(Debug)]
pub(in crate::server) struct ReflectionIndex {
    schemas: Vec<IndexedSchema>,
    /// Sorted, without duplicates.
    services: Vec<ServiceResponse>,
}

#[derive(Debug)]
struct IndexedSchema {
    index: SchemaIndex,
    /// By the places of the index, as clients get them.
    files: Vec<Bytes>,
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
        let services = schemas.iter().flat_map(|schema| schema.services());
        let services: BTreeSet<String> = services.map(str::to_owned).collect();
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
        self.find(|index| index.file(name))
            .map(|(schema, file)| schema.closure(file, sent))
            .ok_or_else(|| miss(Code::NotFound, format!("file `{name}` is not known")))
    }

    fn file_of_symbol(&self, symbol: &str, sent: &mut SentFiles) -> Result<MessageResponse, Miss> {
        let symbol = without_leading_dot(symbol);
        self.find(|index| index.file_of(symbol))
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
        let mut extensions = schema.index.extensions(message).iter();
        match extensions.find(|(known, _)| *known == number) {
            Some((_, file)) => Ok(schema.closure(*file, sent)),
            None => Err(miss(
                Code::NotFound,
                format!("message `{message}` has no extension {number}"),
            )),
        }
    }

    fn extension_numbers(&self, extendee: &str) -> Result<MessageResponse, Miss> {
        let (schema, message) = self.message(extendee)?;
        let numbers = schema.index.extensions(message).iter().map(|(number, _)| *number);
        Ok(MessageResponse::AllExtensionNumbersResponse(
            ExtensionNumberResponse {
                base_type_name: message.to_owned(),
                extension_number: numbers.collect(),
            },
        ))
    }

    /// The schema that has a message, and the full name of that.
    fn message<'n>(&self, name: &'n str) -> Result<(&IndexedSchema, &'n str), Miss> {
        let name = without_leading_dot(name);
        self.find(|index| index.has_message(name).then_some(()))
            .map(|(schema, ())| (schema, name))
            .ok_or_else(|| miss(Code::NotFound, format!("message `{name}` is not known")))
    }

    /// Looks something up in the schemas, in order.
    fn find<T>(&self, look_up: impl Fn(&SchemaIndex) -> Option<T>) -> Option<(&IndexedSchema, T)> {
        self.schemas
            .iter()
            .find_map(|schema| Some((schema, look_up(&schema.index)?)))
    }
}

impl IndexedSchema {
    fn new(schema: &Schema, edition: DescriptorEdition) -> Self {
        let index = schema.index();
        let mut translation = Translation::new(edition);
        Self {
            files: index.descriptors().map(|file| translation.file(file)).collect(),
            index,
        }
    }

    /// `asked`, followed by those of its imports that the stream has not sent yet, nearest first.
    fn closure(&self, asked: usize, sent: &mut SentFiles) -> MessageResponse {
        let index = &self.index;
        sent.0.insert(index.name_of(asked).to_owned());
        let mut closure = vec![asked];
        let mut next = 0;
        while let Some(file) = closure.get(next).copied() {
            let for_options = option_dependencies(&self.files[file]);
            let for_options = for_options.iter().filter_map(|name| index.file(name));
            let imports = index.imports(file).iter().copied().chain(for_options);
            closure.extend(imports.filter(|import| sent.0.insert(index.name_of(*import).to_owned())));
            next += 1;
        }
        let files = closure.iter().map(|file| self.files[*file].to_vec());
        MessageResponse::FileDescriptorResponse(FileDescriptorResponse {
            file_descriptor_proto: files.collect(),
        })
    }
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
