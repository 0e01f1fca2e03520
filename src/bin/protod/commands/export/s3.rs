//! An export to an object of an S3-compatible store, by an upload in parts.
//!
//! Each part of lines ends with a message. What was uploaded stays with the store, and a file here says which parts these are and up to which
//! position: so an export that was cut off goes on behind it.

use std::env;
use std::path::Path;

use protod::client::{ClientTls, S3Object, S3Upload};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::place::Place;
use crate::arguments::target::client_runtime;
use crate::failure::Failure;
use crate::output::stdout;

/// How many bytes a part has, or a little more. Of 10,000 parts that makes 78 GiB.
pub(super) const PART: usize = 8 << 20;

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
    place: Place,
}

impl S3File {
    pub(super) fn open(
        url: &str,
        endpoint: Option<&str>,
        export: &Value,
        resumes: bool,
    ) -> Result<Self, Failure> {
        let mut file = Self {
            object: object(url, endpoint)?,
            runtime: client_runtime()?,
            upload: None,
            buffer: Vec::new(),
            position: 0,
            place: Place::beside(Path::new(name_of(url)), export),
        };
        if let Some((upload, position)) = file.known(resumes)? {
            if resumes {
                (file.upload, file.position) = (Some(upload), position);
            } else {
                // The store need not keep what nobody goes on with.
                let _ = file.runtime.block_on(upload.abort());
                file.place.remove();
            }
        }
        Ok(file)
    }

    /// The upload to the same object that was cut off, and its position; one that goes on is of the same export.
    fn known(&self, resumes: bool) -> Result<Option<(S3Upload, u64)>, Failure> {
        let said = if resumes {
            self.place.read()?
        } else {
            self.place.read_any()?
        };
        let Some(said) = said else { return Ok(None) };
        let parts = said["parts"].as_array().map(|parts| {
            let parts = parts.iter().filter_map(Value::as_str);
            parts.map(str::to_owned).collect::<Vec<_>>()
        });
        let (Some(id), Some(parts), Some(position)) =
            (said["upload"].as_str(), parts, said["position"].as_u64())
        else {
            return Err(self.place.useless());
        };
        if said["url"] != self.object.to_string() {
            return Err(Failure::new(format!(
                "{} is of {}: delete it, or export elsewhere",
                self.place.path().display(),
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
        self.place.note(json!({
            "url": self.object.to_string(),
            "upload": upload.id(),
            "parts": upload.parts(),
            "position": position,
        }))
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
            self.place.remove();
        }
        stdout::print(&format!("wrote {}\n", self.object))
    }
}

/// What the object of a URL is called, without the folders that it is in.
pub(super) fn name_of(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or_default()
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
