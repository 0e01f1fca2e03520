//! Writes headers and trailers.

use tonic::metadata::MetadataMap;

use crate::cel::{Env, Value};
use crate::rules::plan::{Header, HeaderValue, Metadata, ascii_value, binary_value};

impl Metadata {
    /// Puts the values into `map`, replacing earlier values of the same names; an `Err` names the entry that failed.
    pub(in crate::rules::run) fn write(&self, env: &Env<'_>, map: &mut MetadataMap) -> Result<(), String> {
        for entry in &self.entries {
            match entry {
                Header::Ascii(key, values) => {
                    map.remove(key);
                    for value in values {
                        let value = value
                            .get(env, ascii_value)
                            .map_err(|message| format!("`{key}`: {message}"))?;
                        map.append(key, value);
                    }
                }
                Header::Binary(key, values) => {
                    map.remove_bin(key);
                    for value in values {
                        let value = value
                            .get(env, binary_value)
                            .map_err(|message| format!("`{key}`: {message}"))?;
                        map.append_bin(key, value);
                    }
                }
            }
        }
        Ok(())
    }
}

impl<V: Clone> HeaderValue<V> {
    fn get(&self, env: &Env<'_>, read: fn(&Value<'_>) -> Result<V, String>) -> Result<V, String> {
        match self {
            Self::Constant(value) => Ok(value.clone()),
            Self::Dynamic(template) => read(&template.value(env).map_err(|error| error.to_string())?),
        }
    }
}
