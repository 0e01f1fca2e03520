//! The methods that a file declares, by name: what is known of them without a descriptor pool.

use prost_types::FileDescriptorProto;
use prost_types::method_options::IdempotencyLevel;

use super::name::qualified;

/// A method as its file declares it.
#[derive(Debug, Clone)]
pub(super) struct DeclaredMethod {
    /// `/package.Service/Method`.
    pub(super) path: Box<str>,
    /// Where in the path the method's own name begins. In a descriptor set, that may hold slashes.
    pub(super) own_name: usize,
    /// The full names of its messages.
    pub(super) input: Box<str>,
    pub(super) output: Box<str>,
    pub(super) client_streaming: bool,
    pub(super) server_streaming: bool,
    pub(super) has_no_side_effects: bool,
}

impl DeclaredMethod {
    /// Its own name.
    pub(super) fn name(&self) -> &str {
        &self.path[self.own_name..]
    }

    /// The full name of its service.
    pub(super) fn service(&self) -> &str {
        &self.path[1..self.own_name - 1]
    }
}

/// The methods of a linked file.
pub(super) fn declared_methods(file: &FileDescriptorProto) -> Vec<DeclaredMethod> {
    let full = |name: &str| name.strip_prefix('.').unwrap_or(name).into();
    let mut methods = Vec::new();
    for service in &file.service {
        let service_name = qualified(file.package(), service.name());
        methods.extend(service.method.iter().map(|method| {
            DeclaredMethod {
                path: format!("/{service_name}/{}", method.name()).into(),
                own_name: service_name.len() + 2,
                input: full(method.input_type()),
                output: full(method.output_type()),
                client_streaming: method.client_streaming(),
                server_streaming: method.server_streaming(),
                has_no_side_effects: method
                    .options
                    .as_ref()
                    .is_some_and(|options| options.idempotency_level() == IdempotencyLevel::NoSideEffects),
            }
        }));
    }
    methods
}
