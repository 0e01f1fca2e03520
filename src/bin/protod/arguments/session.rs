//! The session of calls, as commands name it: `--session NAME` or `PROTOD_SESSION`.
//!
//! An empty name is wrong usage, and not the calls of all sessions: it is what a variable of a shell is that was never set.

use std::str::FromStr;

use tonic::metadata::{AsciiMetadataValue, MetadataMap};

/// The metadata that names the session of a call.
const METADATA: &str = "protod-session";

/// The name of a session.
#[derive(Debug, Clone)]
pub(crate) struct SessionName(String);

impl FromStr for SessionName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("it is empty, as if no session was made: `protod sessions create` makes one; without PROTOD_SESSION, calls are of no session".to_owned());
        }
        match AsciiMetadataValue::from_str(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(_) => Err("the name of a session is printable ASCII".to_owned()),
        }
    }
}

impl SessionName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Makes a call one of the session.
    pub(crate) fn insert_into(&self, metadata: &mut MetadataMap) {
        if let Ok(name) = self.0.parse::<AsciiMetadataValue>() {
            metadata.insert(METADATA, name);
        }
    }
}
