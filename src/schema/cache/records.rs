//! What a cache keeps of each file, as messages of protobuf.
//!
//! Reading trusts nothing that the rest of the schema relies on: places of imports, kinds of names and offsets are checked.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use prost::Message;

use crate::schema::declared::DeclaredMethod;
use crate::schema::definitions::{Definitions, EditionSymbols, SymbolKind};
use crate::schema::features::is_known;
use crate::schema::outline::{KnownText, Outline, TextHash};
use crate::schema::schema_file::SchemaFile;
use crate::schema::source::{EditionParts, Visibility};
use crate::schema::tables::{FileLinks, TableFile};
use crate::schema::warning::Warning;
use crate::stamp::Stamp;

/// The kinds of names. Their places are their numbers in a cache.
const KINDS: [SymbolKind; 7] = [
    SymbolKind::Package,
    SymbolKind::Message,
    SymbolKind::MapEntry,
    SymbolKind::Enum,
    SymbolKind::Value,
    SymbolKind::Service,
    SymbolKind::Extension,
];

#[derive(Clone, PartialEq, Message)]
pub(super) struct FileRecord {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(bytes = "bytes", tag = "2")]
    descriptor: Bytes,
    #[prost(bool, tag = "3")]
    is_import: bool,
    #[prost(bytes = "bytes", optional, tag = "4")]
    for_pool: Option<Bytes>,
    #[prost(int32, optional, tag = "5")]
    edition: Option<i32>,
    #[prost(uint64, repeated, tag = "6")]
    imports: Vec<u64>,
    #[prost(uint64, tag = "7")]
    own_imports: u64,
    #[prost(message, optional, tag = "8")]
    definitions: Option<DefinitionsRecord>,
    #[prost(message, repeated, tag = "9")]
    methods: Vec<MethodRecord>,
    #[prost(message, optional, tag = "10")]
    text: Option<TextRecord>,
    #[prost(message, repeated, tag = "11")]
    warnings: Vec<WarningRecord>,
}

#[derive(Clone, PartialEq, Message)]
struct DefinitionsRecord {
    #[prost(string, tag = "1")]
    package: String,
    #[prost(string, repeated, tag = "2")]
    names: Vec<String>,
    /// One byte for each name.
    #[prost(bytes = "bytes", tag = "3")]
    kinds: Bytes,
    #[prost(bool, tag = "4")]
    is_proto3: bool,
    #[prost(message, optional, tag = "5")]
    edition: Option<SymbolsRecord>,
    #[prost(bool, tag = "6")]
    is_lite: bool,
}

#[derive(Clone, PartialEq, Message)]
struct SymbolsRecord {
    #[prost(string, repeated, tag = "1")]
    closed: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    local: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
struct MethodRecord {
    #[prost(string, tag = "1")]
    path: String,
    #[prost(uint64, tag = "2")]
    own_name: u64,
    #[prost(string, tag = "3")]
    input: String,
    #[prost(string, tag = "4")]
    output: String,
    #[prost(bool, tag = "5")]
    client_streaming: bool,
    #[prost(bool, tag = "6")]
    server_streaming: bool,
    #[prost(bool, tag = "7")]
    has_no_side_effects: bool,
}

#[derive(Clone, PartialEq, Message)]
struct TextRecord {
    #[prost(string, tag = "1")]
    path: String,
    /// Whether the path is that from the folder in which protod was started.
    #[prost(bool, tag = "2")]
    is_relative: bool,
    #[prost(message, optional, tag = "3")]
    stamp: Option<StampRecord>,
    #[prost(fixed64, tag = "4")]
    hash: u64,
    #[prost(uint64, tag = "5")]
    length: u64,
    #[prost(string, repeated, tag = "6")]
    dependencies: Vec<String>,
    #[prost(uint64, repeated, tag = "7")]
    public_dependencies: Vec<u64>,
    #[prost(bool, tag = "8")]
    has_any_in_options: bool,
    #[prost(message, optional, tag = "9")]
    edition: Option<EditionRecord>,
    #[prost(string, tag = "10")]
    name: String,
}

#[derive(Clone, PartialEq, Message)]
struct WarningRecord {
    #[prost(int32, repeated, tag = "1")]
    path: Vec<i32>,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(string, tag = "3")]
    hint: String,
}

#[derive(Clone, PartialEq, Message)]
struct StampRecord {
    #[prost(uint64, tag = "1")]
    seconds: u64,
    #[prost(uint32, tag = "2")]
    nanoseconds: u32,
    #[prost(uint64, tag = "3")]
    size: u64,
    #[prost(uint64, tag = "4")]
    inode: u64,
}

#[derive(Clone, PartialEq, Message)]
struct EditionRecord {
    #[prost(int32, tag = "1")]
    edition: i32,
    #[prost(string, repeated, tag = "2")]
    option_dependencies: Vec<String>,
    #[prost(message, repeated, tag = "3")]
    visibility: Vec<VisibilityRecord>,
}

#[derive(Clone, PartialEq, Message)]
struct VisibilityRecord {
    #[prost(int32, repeated, tag = "1")]
    path: Vec<i32>,
    #[prost(bool, tag = "2")]
    is_local: bool,
}

impl FileRecord {
    /// A file of tables. `current` is the folder in which protod was started.
    pub(super) fn new(file: &SchemaFile, links: &FileLinks, current: &Path) -> Self {
        let text = links.text.as_ref();
        Self {
            name: file.name.clone(),
            descriptor: file.descriptor.clone(),
            is_import: file.is_import,
            for_pool: links.for_pool.clone(),
            edition: links.edition,
            imports: links.imports.iter().map(|import| *import as u64).collect(),
            own_imports: links.own_imports as u64,
            definitions: Some(DefinitionsRecord::new(&links.definitions)),
            methods: links.methods.iter().map(MethodRecord::new).collect(),
            text: text.and_then(|text| TextRecord::new(text, current)),
            warnings: links.warnings.iter().map(WarningRecord::new).collect(),
        }
    }

    /// The file at a place in the tables, if it can be one there.
    pub(super) fn into_file(self, place: usize, current: &Path) -> Option<TableFile> {
        // Each file comes after those that it imports.
        let imports = self.imports.into_iter();
        let imports = imports.map(|import| usize::try_from(import).ok().filter(|import| *import < place));
        let imports: Box<[usize]> = imports.collect::<Option<_>>()?;
        let own_imports = usize::try_from(self.own_imports).ok()?;
        if own_imports > imports.len() || !self.edition.is_none_or(is_known) {
            return None;
        }
        let definitions = Arc::new(self.definitions?.into_definitions()?);
        let methods = self.methods.into_iter().map(MethodRecord::into_method);
        let methods: Option<Vec<DeclaredMethod>> = methods.collect();
        let text = match self.text {
            Some(text) => Some(Arc::new(text.into_text(&definitions, current)?)),
            None => None,
        };
        Some(TableFile {
            file: SchemaFile {
                name: self.name,
                descriptor: self.descriptor,
                is_import: self.is_import,
            },
            links: FileLinks {
                for_pool: self.for_pool,
                edition: self.edition,
                imports,
                own_imports,
                definitions,
                methods: methods?.into(),
                warnings: self
                    .warnings
                    .into_iter()
                    .map(WarningRecord::into_warning)
                    .collect(),
                text,
            },
        })
    }
}

impl DefinitionsRecord {
    fn new(definitions: &Definitions) -> Self {
        let number = |kind: &SymbolKind| {
            let place = KINDS.iter().position(|known| known == kind);
            u8::try_from(place.expect("all kinds are in the table")).expect("there are few kinds")
        };
        let names = &definitions.names;
        Self {
            package: definitions.package.to_string(),
            names: names.iter().map(|(name, _)| name.to_string()).collect(),
            kinds: names.iter().map(|(_, kind)| number(kind)).collect(),
            is_proto3: definitions.is_proto3,
            edition: definitions.edition.as_ref().map(|edition| SymbolsRecord {
                closed: edition.closed.iter().cloned().collect(),
                local: edition.local.iter().cloned().collect(),
            }),
            is_lite: definitions.is_lite,
        }
    }

    fn into_definitions(self) -> Option<Definitions> {
        if self.kinds.len() != self.names.len() {
            return None;
        }
        let names = self.names.into_iter().zip(&self.kinds);
        let names = names.map(|(name, kind)| Some((name.into(), *KINDS.get(usize::from(*kind))?)));
        Some(Definitions {
            package: self.package.into(),
            names: names.collect::<Option<_>>()?,
            is_proto3: self.is_proto3,
            edition: self.edition.map(|edition| EditionSymbols {
                closed: edition.closed.into_iter().collect(),
                local: edition.local.into_iter().collect(),
            }),
            is_lite: self.is_lite,
        })
    }
}

impl MethodRecord {
    fn new(method: &DeclaredMethod) -> Self {
        Self {
            path: method.path.to_string(),
            own_name: method.own_name as u64,
            input: method.input.to_string(),
            output: method.output.to_string(),
            client_streaming: method.client_streaming,
            server_streaming: method.server_streaming,
            has_no_side_effects: method.has_no_side_effects,
        }
    }

    fn into_method(self) -> Option<DeclaredMethod> {
        let own_name = usize::try_from(self.own_name).ok()?;
        // `/SERVICE/` comes before it.
        let service = self.path.get(..own_name)?.strip_prefix('/')?;
        service.strip_suffix('/')?;
        Some(DeclaredMethod {
            path: self.path.into(),
            own_name,
            input: self.input.into(),
            output: self.output.into(),
            client_streaming: self.client_streaming,
            server_streaming: self.server_streaming,
            has_no_side_effects: self.has_no_side_effects,
        })
    }
}

impl TextRecord {
    /// `None` if its path is no text: then it is read and compiled each time.
    fn new(text: &KnownText, current: &Path) -> Option<Self> {
        let below = text.path.strip_prefix(current).ok();
        let outline = &text.outline;
        Some(Self {
            path: below.unwrap_or(&text.path).to_str()?.to_owned(),
            is_relative: below.is_some(),
            stamp: text.stamp.and_then(StampRecord::new),
            hash: text.hash.hash,
            length: text.hash.length as u64,
            dependencies: outline.dependencies.to_vec(),
            public_dependencies: outline
                .public_dependencies
                .iter()
                .map(|index| *index as u64)
                .collect(),
            has_any_in_options: outline.has_any_in_options,
            edition: outline.edition.as_ref().map(EditionRecord::new),
            name: text.name.clone(),
        })
    }

    fn into_text(self, definitions: &Arc<Definitions>, current: &Path) -> Option<KnownText> {
        let imports = self.dependencies.len();
        let public = self.public_dependencies.into_iter();
        let public = public.map(|index| usize::try_from(index).ok().filter(|index| *index < imports));
        let edition = match self.edition {
            Some(edition) => Some(edition.into_parts()?),
            None => None,
        };
        let stamp = match self.stamp {
            Some(stamp) => Some(stamp.into_stamp()?),
            None => None,
        };
        Some(KnownText {
            name: self.name,
            path: if self.is_relative {
                current.join(self.path)
            } else {
                self.path.into()
            },
            stamp,
            hash: TextHash {
                hash: self.hash,
                length: usize::try_from(self.length).ok()?,
            },
            outline: Arc::new(Outline {
                dependencies: self.dependencies.into(),
                public_dependencies: public.collect::<Option<_>>()?,
                definitions: Arc::clone(definitions),
                edition,
                has_any_in_options: self.has_any_in_options,
            }),
        })
    }
}

impl WarningRecord {
    fn new(warning: &Warning) -> Self {
        let Warning { path, message, hint } = warning.clone();
        Self { path, message, hint }
    }

    fn into_warning(self) -> Warning {
        let Self { path, message, hint } = self;
        Warning { path, message, hint }
    }
}

impl StampRecord {
    fn new(stamp: Stamp) -> Option<Self> {
        let changed = stamp.changed.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Some(Self {
            seconds: changed.as_secs(),
            nanoseconds: changed.subsec_nanos(),
            size: stamp.size,
            inode: stamp.inode,
        })
    }

    fn into_stamp(self) -> Option<Stamp> {
        let nanoseconds = Duration::from_nanos(self.nanoseconds.into());
        let changed = Duration::from_secs(self.seconds).checked_add(nanoseconds)?;
        Some(Stamp {
            changed: SystemTime::UNIX_EPOCH.checked_add(changed)?,
            size: self.size,
            inode: self.inode,
        })
    }
}

impl EditionRecord {
    fn new(parts: &EditionParts) -> Self {
        let visibility = parts.visibility.iter();
        Self {
            edition: parts.edition,
            option_dependencies: parts.option_dependencies.clone(),
            visibility: visibility
                .map(|(path, visibility)| VisibilityRecord {
                    path: path.clone(),
                    is_local: *visibility == Visibility::Local,
                })
                .collect(),
        }
    }

    fn into_parts(self) -> Option<EditionParts> {
        let visibility = self.visibility.into_iter().map(|record| {
            let visibility = if record.is_local {
                Visibility::Local
            } else {
                Visibility::Export
            };
            (record.path, visibility)
        });
        is_known(self.edition).then(|| EditionParts {
            edition: self.edition,
            option_dependencies: self.option_dependencies,
            visibility: visibility.collect(),
        })
    }
}
