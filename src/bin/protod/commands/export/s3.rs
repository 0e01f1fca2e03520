//! An export to an object of an S3-compatible store, by an upload in parts.
//!
//! Each part ends with a message. What was uploaded stays with the store, and a file here says which parts these are and up to which
//! position: so an export that was cut off goes on behind it.

use std::env;
use std::fs;
use std::path::PathBuf;

use protod::client::{ClientTls, S3Object, S3Upload};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::arguments::target::client_runtime;
use crate::failure::Failure;
use crate::output::stdout;

/// How many bytes a part has, or a little more. Of 10,000 parts that makes 78 GiB.
const PART: usize = 8 << 20;

/// An object of which a part is there.
pub(super) struct S3File {
    object: S3Object,
    runtime: Runtime,
    /// `None` until there is a whole part.
    upload: Option<S3Upload>,
    /// What is not uploaded yet.
    buffer: Vec<u8>,
    /// Up to which position all is uploaded.
    position: u64,
    /// Says which parts are uploaded.
    place: PathBuf,
}

impl S3File {
    pub(super) fn open(url: &str, endpoint: Option<&str>, resumes: bool) -> Result<Self, Failure> {
        let object = object(url, endpoint)?;
        let name = url.rsplit('/').next().unwrap_or_default();
        let mut file = Self {
            object,
            runtime: client_runtime()?,
            upload: None,
            buffer: Vec::new(),
            position: 0,
            place: format!("{name}.place").into(),
        };
        if let Some((upload, position)) = file.known()? {
            if resumes {
                (file.upload, file.position) = (Some(upload), position);
            } else {
                // The store need not keep what nobody goes on with.
                let _ = file.runtime.block_on(upload.abort());
                let _ = fs::remove_file(&file.place);
            }
        }
        Ok(file)
    }

    /// The upload to the same object that was cut off, and its position.
    fn known(&self) -> Result<Option<(S3Upload, u64)>, Failure> {
        let Ok(text) = fs::read_to_string(&self.place) else {
            return Ok(None);
        };
        let said: Value = serde_json::from_str(&text).unwrap_or_default();
        let parts = said["parts"].as_array().map(|parts| {
            let parts = parts.iter().filter_map(Value::as_str);
            parts.map(str::to_owned).collect::<Vec<_>>()
        });
        let (Some(id), Some(parts), Some(position)) =
            (said["upload"].as_str(), parts, said["position"].as_u64())
        else {
            return Err(Failure::new(format!(
                "{} does not say where to go on: delete it to begin anew",
                self.place.display()
            )));
        };
        if said["url"] != self.object.to_string() {
            return Err(Failure::new(format!(
                "{} is of {}: delete it, or export elsewhere",
                self.place.display(),
                said["url"]
            )));
        }
        Ok(Some((self.object.resume(id, parts)?, position)))
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn write(&mut self, lines: &[u8]) {
        self.buffer.extend_from_slice(lines);
    }

    /// Notes that all up to a position is written.
    pub(super) fn note(&mut self, position: u64) -> Result<(), Failure> {
        if self.buffer.len() < PART {
            return Ok(());
        }
        self.put_part()?;
        self.position = position;
        let Some(upload) = &self.upload else { return Ok(()) };
        let said = json!({
            "url": self.object.to_string(),
            "upload": upload.id(),
            "parts": upload.parts(),
            "position": position,
        });
        let noted = fs::write(&self.place, format!("{said}\n"));
        noted.map_err(|error| Failure::caused(format!("cannot write {}", self.place.display()), error))
    }

    fn put_part(&mut self) -> Result<(), Failure> {
        let mut upload = match self.upload.take() {
            Some(upload) => upload,
            None => self.runtime.block_on(self.object.upload())?,
        };
        let part = std::mem::take(&mut self.buffer);
        let put = self.runtime.block_on(upload.put_part(part.into()));
        self.upload = Some(upload);
        Ok(put?)
    }

    /// Makes the object of what was uploaded.
    pub(super) fn end(mut self) -> Result<(), Failure> {
        if self.upload.is_none() {
            let whole = std::mem::take(&mut self.buffer);
            self.runtime.block_on(self.object.put(whole.into()))?;
        } else {
            if !self.buffer.is_empty() {
                self.put_part()?;
            }
            if let Some(upload) = self.upload.take() {
                self.runtime.block_on(upload.complete())?;
            }
            // Without the parts, it says nothing.
            let _ = fs::remove_file(&self.place);
        }
        stdout::print(&format!("wrote {}\n", self.object))
    }
}

/// The object of a URL, with what the variables of AWS's tools say.
fn object(url: &str, endpoint: Option<&str>) -> Result<S3Object, Failure> {
    let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let mut object = S3Object::new(url)?;
    if let Some(endpoint) = endpoint
        .map(str::to_owned)
        .or_else(|| variable("AWS_ENDPOINT_URL"))
    {
        object = object.endpoint(endpoint);
    }
    if let Some(region) = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")) {
        object = object.region(region);
    }
    if let (Some(id), Some(secret)) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
        object = object.credentials(id, secret);
    }
    if let Some(token) = variable("AWS_SESSION_TOKEN") {
        object = object.session_token(token);
    }
    if let Some(file) = variable("AWS_CA_BUNDLE") {
        object = object.tls(ClientTls::new().ca(file));
    }
    Ok(object)
}
