//! What is noted of an export while it is written, so that it goes on where it was cut off: which export it is, and how far it has come.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::failure::Failure;

/// The file beside an export that says how far it is whole.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    /// Of what it is an export: one goes on as the same, or not at all.
    export: Value,
}

impl Place {
    /// That of a file.
    pub(super) fn beside(path: &Path, export: &Value) -> Self {
        Self {
            path: beside(path, ".place"),
            export: export.clone(),
        }
    }

    /// What was noted last. `None` if nothing was.
    ///
    /// Fails if it is of another export.
    pub(super) fn read(&self) -> Result<Option<Value>, Failure> {
        let Some(said) = self.read_any()? else {
            return Ok(None);
        };
        if said["export"] == self.export {
            return Ok(Some(said));
        }
        let path = self.path.display();
        Err(Failure::new(format!(
            "{path} is of another export, {}: leave out --resume to begin anew, or export to another file",
            told(&said["export"])
        )))
    }

    /// The same, of whatever export it is.
    pub(super) fn read_any(&self) -> Result<Option<Value>, Failure> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed("read", error)),
        };
        let said = serde_json::from_str::<Value>(&text).ok();
        let said = said.filter(|said| said["export"].is_object());
        said.map(Some).ok_or_else(|| self.useless())
    }

    /// Notes how far the export is, by the fields of an object. What was noted before stays if that cannot be done.
    pub(super) fn note(&self, mut said: Value) -> Result<(), Failure> {
        said["export"] = self.export.clone();
        let next = beside(&self.path, ".next");
        let noted = fs::write(&next, format!("{said}\n")).and_then(|()| fs::rename(&next, &self.path));
        noted.map_err(|error| self.failed("write", error))
    }

    /// Notes that nothing is written yet.
    pub(super) fn begin(&self) -> Result<(), Failure> {
        self.note(json!({ "position": 0, "bytes": 0 }))
    }

    /// The export is whole, and this says nothing any more.
    pub(super) fn remove(&self) {
        let _ = fs::remove_file(&self.path);
    }

    pub(super) fn useless(&self) -> Failure {
        Failure::new(format!(
            "{} does not say where to go on: delete it to begin anew",
            self.path.display()
        ))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn failed(&self, what: &str, error: io::Error) -> Failure {
        Failure::caused(format!("cannot {what} {}", self.path.display()), error)
    }
}

/// The path with something behind it.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// An export, as an error names it.
fn told(export: &Value) -> String {
    let said = |name: &str| export[name].as_str().filter(|said| !said.is_empty());
    let of = said("collection").unwrap_or("none");
    let format = said("format").unwrap_or("nothing");
    let rest = ["where", "session"]
        .into_iter()
        .filter_map(|name| Some(format!(" --{name} {:?}", said(name)?)));
    format!("`{of} --format {format}{}`", rest.collect::<String>())
}
