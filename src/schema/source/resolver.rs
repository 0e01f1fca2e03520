//! [`ImportResolver`]: where a program finds protos that are not on disk.
//!
//! Each name is asked for once in a load, however many files import it, and the number of texts that are taken is bounded.

use std::collections::HashSet;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// Finds the texts of protos by their import names: in a database, an archive, a registry, the program itself.
///
/// Every closure `Fn(&str) -> Option<String>` is one. To report failures, implement the trait:
///
/// ```
/// use std::error::Error;
///
/// use protod::Schema;
/// use protod::schema::ImportResolver;
///
/// /// Protos in a folder of another name for each version.
/// struct Versioned(&'static str);
///
/// impl ImportResolver for Versioned {
///     fn resolve(&self, name: &str) -> Result<Option<String>, Box<dyn Error + Send + Sync>> {
///         match std::fs::read_to_string(format!("{}/{name}", self.0)) {
///             Ok(text) => Ok(Some(text)),
///             Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
///             Err(error) => Err(error.into()),
///         }
///     }
/// }
///
/// let schema = Schema::builder().resolver(Versioned("proto")).import("search.proto").build()?;
/// assert!(schema.method("proto.SearchService/Search").is_some());
/// # Ok::<(), protod::Error>(())
/// ```
pub trait ImportResolver: Send + Sync + 'static {
    /// The text of the proto that others import as `name`, such as `google/type/money.proto`. `None` if it has none;
    /// then the other places are searched. An error becomes a problem at the import.
    ///
    /// May block: [`build`](super::super::SchemaBuilder::build) waits for it.
    fn resolve(&self, name: &str) -> Result<Option<String>, Box<dyn StdError + Send + Sync>>;
}

impl<F> ImportResolver for F
where
    F: Fn(&str) -> Option<String> + Send + Sync + 'static,
{
    fn resolve(&self, name: &str) -> Result<Option<String>, Box<dyn StdError + Send + Sync>> {
        Ok(self(name))
    }
}

/// A resolver that makes up an import for each that it is asked for must end. The largest known tree has 8,000 files.
const MAX_TEXTS: usize = 20_000;

/// The resolvers of one load, in the order in which they are asked.
#[derive(Clone, Default)]
pub(in crate::schema) struct Resolvers {
    list: Vec<Arc<dyn ImportResolver>>,
    /// The names that none of them has.
    unknown: HashSet<String>,
    texts: usize,
}

impl Resolvers {
    pub(in crate::schema) fn push(&mut self, resolver: impl ImportResolver) {
        self.list.push(Arc::new(resolver));
    }

    /// The text of the first resolver that has `name`, or why there is none.
    pub(super) fn resolve(&mut self, name: &str) -> Result<Option<String>, String> {
        if self.unknown.contains(name) {
            return Ok(None);
        }
        for resolver in &self.list {
            match resolver.resolve(name) {
                Ok(None) => {}
                Ok(Some(_)) if self.texts == MAX_TEXTS => {
                    return Err(format!(
                        "resolvers have given {MAX_TEXTS} texts, and more are too many"
                    ));
                }
                Ok(Some(text)) => {
                    self.texts += 1;
                    return Ok(Some(text));
                }
                Err(error) => return Err(error.to_string()),
            }
        }
        self.unknown.insert(name.to_owned());
        Ok(None)
    }
}

impl fmt::Debug for Resolvers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} resolvers", self.list.len())
    }
}
