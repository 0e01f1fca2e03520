//! Where protos come from: files, folders and descriptor sets, and URLs of other servers.
//!
//! Each command that loads protos takes them alike. A URL is an input by its scheme: `grpc` and `grpcs` mean the reflection
//! of a server, `https` and `http` a descriptor set.

use std::env;
use std::path::{Path, PathBuf};

use clap::Args;
use protod::client::{ClientTls, HttpSource, ReflectionSource};
use protod::{Error, Schema, SchemaBuilder};

use super::cache::CacheArgs;

/// The token for the servers that protos come from. It is no flag: every user of a machine can read the command lines.
const TOKEN: &str = "PROTOD_SCHEMA_TOKEN";

/// Where imports are looked for, and whom to trust of those that protos come from.
#[derive(Debug, Clone, Args)]
pub(crate) struct Imports {
    /// A folder to look for imports in, before those that are found automatically; repeatable
    #[arg(
        short = 'I',
        long,
        visible_alias = "proto_path",
        value_name = "DIR",
        env = "PROTOD_IMPORT_PATH"
    )]
    import_path: Vec<PathBuf>,

    /// The root certificates to trust where an input is a grpcs:// or https:// URL, PEM [default: the system's]
    #[arg(long, value_name = "FILE", env = "PROTOD_SCHEMA_CA")]
    schema_ca: Option<PathBuf>,

    #[command(flatten)]
    cache: CacheArgs,
}

impl Imports {
    /// Loads the inputs.
    pub(crate) fn load(&self, inputs: &[PathBuf]) -> Result<Schema, Error> {
        self.builder(inputs)?.build()
    }

    /// What loads the inputs. Its clones ask URLs once.
    pub(crate) fn builder(&self, inputs: &[PathBuf]) -> Result<SchemaBuilder, Error> {
        if self.schema_ca.is_some() {
            // Whether an input needs it or not: a path that is wrong is wrong today, and not on the day when one does.
            self.tls().check()?;
        }
        let mut builder = Schema::builder();
        if let Some(folder) = buf_cache() {
            builder = builder.buf_cache(folder);
        }
        for input in inputs {
            builder = match Url::of(input) {
                None => builder.input(input),
                Some(Url::Reflection(url)) => builder.schema_source(self.reflection(url)?),
                Some(Url::Set(url)) => builder.schema_source(self.set(url)?),
            };
        }
        let builder = self.cache.apply(builder);
        Ok(self.import_path.iter().fold(builder, SchemaBuilder::import_path))
    }

    fn reflection(&self, url: &str) -> Result<ReflectionSource, Error> {
        let source = ReflectionSource::new(url)?;
        if !has_scheme(url, "grpcs") {
            return Ok(source);
        }
        let source = source.tls(self.tls());
        match token() {
            Some(token) => source.token(&token),
            None => Ok(source),
        }
    }

    fn set(&self, url: &str) -> Result<HttpSource, Error> {
        let source = HttpSource::new(url)?.tls(self.tls());
        match token() {
            Some(token) => source.token(&token),
            None => Ok(source),
        }
    }

    fn tls(&self) -> ClientTls {
        let tls = ClientTls::new();
        match &self.schema_ca {
            Some(file) => tls.ca(file),
            None => tls,
        }
    }
}

/// The kinds of URLs that are inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Url<'u> {
    /// `grpc://` or `grpcs://`: a server with reflection.
    Reflection(&'u str),
    /// `https://` or `http://`: a descriptor set.
    Set(&'u str),
}

impl<'u> Url<'u> {
    /// The URL that an input is. What has no scheme is a path.
    pub(crate) fn of(input: &'u Path) -> Option<Self> {
        let text = input.to_str()?;
        if has_scheme(text, "grpc") || has_scheme(text, "grpcs") {
            Some(Self::Reflection(text))
        } else if has_scheme(text, "https") || has_scheme(text, "http") {
            Some(Self::Set(text))
        } else {
            None
        }
    }
}

fn has_scheme(text: &str, scheme: &str) -> bool {
    let found = text.split_once("://");
    found.is_some_and(|(found, _)| found.eq_ignore_ascii_case(scheme))
}

/// Where buf keeps the modules that it has downloaded: as buf itself finds it.
fn buf_cache() -> Option<PathBuf> {
    let folder = |name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    if let Some(cache) = folder("BUF_CACHE_DIR") {
        return Some(cache);
    }
    let caches = if cfg!(windows) {
        folder("LocalAppData")
    } else {
        folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")))
    };
    Some(caches?.join("buf"))
}

fn token() -> Option<String> {
    env::var(TOKEN)
        .ok()
        .map(|token| token.trim().to_owned())
        .filter(|token| !token.is_empty())
}
