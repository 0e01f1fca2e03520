//! Descriptors as today's protoc writes them, as far as protod's own checks and its printer read them.
//!
//! `prost_types` has those of an older protoc, without declarations of extensions, features, visibility and targets of
//! options. The names and numbers are those of google/protobuf/descriptor.proto. What is not listed is skipped when a
//! descriptor is decoded, so these types are only read from, never written. Texts that need not be UTF-8 are bytes here; all
//! others are names, and valid in every file that was linked.

use prost_types::field_descriptor_proto::{Label, Type};

/// The greatest number that a field may have.
pub(super) const MAX_FIELD_NUMBER: i32 = 536_870_911;

/// `FileDescriptorProto`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct File {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, tag = "2")]
    pub(super) package: String,
    #[prost(string, repeated, tag = "3")]
    pub(super) dependency: Vec<String>,
    #[prost(message, repeated, tag = "4")]
    pub(super) message_type: Vec<Message>,
    #[prost(message, repeated, tag = "5")]
    pub(super) enum_type: Vec<Enum>,
    #[prost(message, repeated, tag = "6")]
    pub(super) service: Vec<Service>,
    #[prost(message, repeated, tag = "7")]
    pub(super) extension: Vec<Field>,
    #[prost(message, optional, tag = "8")]
    pub(super) options: Option<FileOptions>,
    /// Indices into `dependency`.
    #[prost(int32, repeated, packed = "false", tag = "10")]
    pub(super) public_dependency: Vec<i32>,
    #[prost(int32, repeated, packed = "false", tag = "11")]
    pub(super) weak_dependency: Vec<i32>,
    #[prost(string, tag = "12")]
    pub(super) syntax: String,
    #[prost(int32, tag = "14")]
    pub(super) edition: i32,
    #[prost(string, repeated, tag = "15")]
    pub(super) option_dependency: Vec<String>,
}

// The values of `SymbolVisibility`.
pub(super) const VISIBILITY_UNSET: i32 = 0;
pub(super) const VISIBILITY_LOCAL: i32 = 1;
pub(super) const VISIBILITY_EXPORT: i32 = 2;

/// `FileOptions`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct FileOptions {
    /// 3 is `LITE_RUNTIME`.
    #[prost(int32, tag = "9", default = "1")]
    pub(super) optimize_for: i32,
    #[prost(bool, tag = "16")]
    pub(super) cc_generic_services: bool,
    #[prost(bool, tag = "17")]
    pub(super) java_generic_services: bool,
    #[prost(bool, tag = "18")]
    pub(super) py_generic_services: bool,
    #[prost(bool, tag = "27")]
    pub(super) java_string_check_utf8: bool,
    #[prost(bytes = "vec", optional, tag = "50")]
    pub(super) features: Option<Vec<u8>>,
}

/// `DescriptorProto`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Message {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(message, repeated, tag = "2")]
    pub(super) field: Vec<Field>,
    #[prost(message, repeated, tag = "3")]
    pub(super) nested_type: Vec<Message>,
    #[prost(message, repeated, tag = "4")]
    pub(super) enum_type: Vec<Enum>,
    #[prost(message, repeated, tag = "5")]
    pub(super) extension_range: Vec<ExtensionRange>,
    #[prost(message, repeated, tag = "6")]
    pub(super) extension: Vec<Field>,
    #[prost(message, optional, tag = "7")]
    pub(super) options: Option<MessageOptions>,
    #[prost(message, repeated, tag = "8")]
    pub(super) oneof_decl: Vec<Oneof>,
    #[prost(message, repeated, tag = "9")]
    pub(super) reserved_range: Vec<ReservedRange>,
    #[prost(bytes = "vec", repeated, tag = "10")]
    pub(super) reserved_name: Vec<Vec<u8>>,
    /// `SymbolVisibility`.
    #[prost(int32, tag = "11")]
    pub(super) visibility: i32,
}

/// `MessageOptions`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct MessageOptions {
    #[prost(bool, tag = "1")]
    pub(super) message_set_wire_format: bool,
    #[prost(bool, tag = "7")]
    pub(super) map_entry: bool,
    #[prost(bool, tag = "11")]
    pub(super) deprecated_legacy_json_field_conflicts: bool,
    #[prost(bytes = "vec", optional, tag = "12")]
    pub(super) features: Option<Vec<u8>>,
}

/// `DescriptorProto.ReservedRange` and `EnumDescriptorProto.EnumReservedRange`. The end of a message's is exclusive, that of
/// an enum's inclusive.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ReservedRange {
    #[prost(int32, tag = "1")]
    pub(super) start: i32,
    #[prost(int32, tag = "2")]
    pub(super) end: i32,
}

/// `DescriptorProto.ExtensionRange`. Its end is exclusive.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ExtensionRange {
    #[prost(int32, tag = "1")]
    pub(super) start: i32,
    #[prost(int32, tag = "2")]
    pub(super) end: i32,
    #[prost(message, optional, tag = "3")]
    pub(super) options: Option<ExtensionRangeOptions>,
}

/// `ExtensionRangeOptions`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ExtensionRangeOptions {
    #[prost(message, repeated, tag = "2")]
    pub(super) declaration: Vec<Declaration>,
    /// 0 is `DECLARATION`, 1 is `UNVERIFIED`.
    #[prost(int32, optional, tag = "3")]
    pub(super) verification: Option<i32>,
    #[prost(bytes = "vec", optional, tag = "50")]
    pub(super) features: Option<Vec<u8>>,
}

/// `ExtensionRangeOptions.Declaration`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Declaration {
    #[prost(int32, tag = "1")]
    pub(super) number: i32,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub(super) full_name: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "3")]
    pub(super) r#type: Option<Vec<u8>>,
    #[prost(bool, tag = "5")]
    pub(super) reserved: bool,
    #[prost(bool, tag = "6")]
    pub(super) repeated: bool,
}

/// `FieldDescriptorProto`, of a field or an extension.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Field {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, tag = "2")]
    pub(super) extendee: String,
    #[prost(int32, tag = "3")]
    pub(super) number: i32,
    #[prost(enumeration = "Label", tag = "4")]
    pub(super) label: i32,
    #[prost(enumeration = "Type", tag = "5")]
    pub(super) r#type: i32,
    #[prost(string, tag = "6")]
    pub(super) type_name: String,
    #[prost(bytes = "vec", optional, tag = "7")]
    pub(super) default_value: Option<Vec<u8>>,
    #[prost(message, optional, tag = "8")]
    pub(super) options: Option<FieldOptions>,
    #[prost(int32, optional, tag = "9")]
    pub(super) oneof_index: Option<i32>,
    #[prost(bytes = "vec", optional, tag = "10")]
    pub(super) json_name: Option<Vec<u8>>,
    #[prost(bool, tag = "17")]
    pub(super) proto3_optional: bool,
}

/// `FieldOptions`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct FieldOptions {
    #[prost(int32, optional, tag = "1")]
    pub(super) ctype: Option<i32>,
    #[prost(bool, optional, tag = "2")]
    pub(super) packed: Option<bool>,
    #[prost(bool, tag = "5")]
    pub(super) lazy: bool,
    /// 0 is `JS_NORMAL`.
    #[prost(int32, tag = "6")]
    pub(super) jstype: i32,
    #[prost(bool, tag = "15")]
    pub(super) unverified_lazy: bool,
    /// 2 is `RETENTION_SOURCE`.
    #[prost(int32, tag = "17")]
    pub(super) retention: i32,
    /// `OptionTargetType`.
    #[prost(int32, repeated, packed = "false", tag = "19")]
    pub(super) targets: Vec<i32>,
    #[prost(bytes = "vec", optional, tag = "21")]
    pub(super) features: Option<Vec<u8>>,
    #[prost(message, optional, tag = "22")]
    pub(super) feature_support: Option<FeatureSupport>,
}

/// `FieldOptions.FeatureSupport`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct FeatureSupport {
    #[prost(int32, tag = "1")]
    pub(super) edition_introduced: i32,
    #[prost(int32, optional, tag = "2")]
    pub(super) edition_deprecated: Option<i32>,
    #[prost(bytes = "vec", optional, tag = "3")]
    pub(super) deprecation_warning: Option<Vec<u8>>,
    #[prost(int32, optional, tag = "4")]
    pub(super) edition_removed: Option<i32>,
    #[prost(bytes = "vec", optional, tag = "5")]
    pub(super) removal_error: Option<Vec<u8>>,
}

/// `OneofDescriptorProto`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Oneof {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(message, optional, tag = "2")]
    pub(super) options: Option<OneofOptions>,
}

/// `OneofOptions`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct OneofOptions {
    #[prost(bytes = "vec", optional, tag = "1")]
    pub(super) features: Option<Vec<u8>>,
}

/// `EnumDescriptorProto`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Enum {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(message, repeated, tag = "2")]
    pub(super) value: Vec<EnumValue>,
    #[prost(message, optional, tag = "3")]
    pub(super) options: Option<EnumOptions>,
    #[prost(message, repeated, tag = "4")]
    pub(super) reserved_range: Vec<ReservedRange>,
    #[prost(bytes = "vec", repeated, tag = "5")]
    pub(super) reserved_name: Vec<Vec<u8>>,
    /// `SymbolVisibility`.
    #[prost(int32, tag = "6")]
    pub(super) visibility: i32,
}

/// `EnumOptions`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct EnumOptions {
    #[prost(bool, optional, tag = "2")]
    pub(super) allow_alias: Option<bool>,
    #[prost(bool, tag = "6")]
    pub(super) deprecated_legacy_json_field_conflicts: bool,
    #[prost(bytes = "vec", optional, tag = "7")]
    pub(super) features: Option<Vec<u8>>,
}

/// `EnumValueDescriptorProto`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct EnumValue {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(int32, tag = "2")]
    pub(super) number: i32,
    #[prost(message, optional, tag = "3")]
    pub(super) options: Option<EnumValueOptions>,
}

/// `EnumValueOptions`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct EnumValueOptions {
    #[prost(bytes = "vec", optional, tag = "2")]
    pub(super) features: Option<Vec<u8>>,
    #[prost(message, optional, tag = "4")]
    pub(super) feature_support: Option<FeatureSupport>,
}

/// `ServiceDescriptorProto`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Service {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(message, repeated, tag = "2")]
    pub(super) method: Vec<Method>,
    #[prost(message, optional, tag = "3")]
    pub(super) options: Option<ServiceOptions>,
}

/// `ServiceOptions`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ServiceOptions {
    #[prost(bytes = "vec", optional, tag = "34")]
    pub(super) features: Option<Vec<u8>>,
}

/// `MethodDescriptorProto`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Method {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, tag = "2")]
    pub(super) input_type: String,
    #[prost(string, tag = "3")]
    pub(super) output_type: String,
    #[prost(message, optional, tag = "4")]
    pub(super) options: Option<MethodOptions>,
    #[prost(bool, tag = "5")]
    pub(super) client_streaming: bool,
    #[prost(bool, tag = "6")]
    pub(super) server_streaming: bool,
}

/// `MethodOptions`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct MethodOptions {
    #[prost(bytes = "vec", optional, tag = "35")]
    pub(super) features: Option<Vec<u8>>,
}

/// `SourceCodeInfo`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct SourceInfo {
    #[prost(message, repeated, tag = "1")]
    pub(super) location: Vec<Location>,
}

/// `SourceCodeInfo.Location`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Location {
    #[prost(int32, repeated, tag = "1")]
    pub(super) path: Vec<i32>,
    #[prost(int32, repeated, tag = "2")]
    pub(super) span: Vec<i32>,
    #[prost(bytes = "vec", optional, tag = "3")]
    pub(super) leading_comments: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "4")]
    pub(super) trailing_comments: Option<Vec<u8>>,
    #[prost(bytes = "vec", repeated, tag = "6")]
    pub(super) leading_detached_comments: Vec<Vec<u8>>,
}

/// Gives elements the features that they set themselves, as they are serialized.
macro_rules! own_features {
    ($($element:ident)*) => {
        $(impl $element {
            pub(super) fn own_features(&self) -> Option<&[u8]> {
                self.options.as_ref()?.features.as_deref()
            }
        })*
    };
}

impl Message {
    /// Whether it is made for the entries of a map.
    pub(super) fn is_map_entry(&self) -> bool {
        self.options.as_ref().is_some_and(|options| options.map_entry)
    }
}

own_features!(File Message ExtensionRange Field Oneof Enum EnumValue Service Method);
