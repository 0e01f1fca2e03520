//! Writes headers and trailers.

use tonic::metadata::MetadataMap;

use crate::cel::{Env, Told, Value};
use crate::rules::plan::{Header, HeaderValue, Metadata, ascii_value, binary_value};

impl Metadata {
    /// Puts the values into `map`, replacing earlier values of the same names; an `Err` names the entry that failed.
    pub(in crate::rules::run) fn write(&self, env: &Env<'_>, map: &mut MetadataMap) -> Result<(), Told> {
        for entry in &self.entries {
            match entry {
                Header::Ascii(key, values) => {
                    map.remove(key);
                    for value in values {
                        let value = value
                            .get(env, ascii_value)
                            .map_err(|message| message.within(format_args!("`{key}`")))?;
                        map.append(key, value);
                    }
                }
                Header::Binary(key, values) => {
                    map.remove_bin(key);
                    for value in values {
                        let value = value
                            .get(env, binary_value)
                            .map_err(|message| message.within(format_args!("`{key}`")))?;
                        map.append_bin(key, value);
                    }
                }
            }
        }
        Ok(())
    }
}

impl<V: Clone> HeaderValue<V> {
    fn get(&self, env: &Env<'_>, read: fn(&Value<'_>) -> Result<V, String>) -> Result<V, Told> {
        match self {
            Self::Constant(value) => Ok(value.clone()),
            Self::Dynamic(template) => Ok(read(&template.value(env)?)?),
        }
    }
}
