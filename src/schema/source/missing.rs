//! What is said of an import that leads nowhere: where it was looked for, and what may be meant.

use std::fs;
use std::path::Path;

use super::file::{FileContents, FileId};
use super::graph::FileGraph;
use super::shipped;
use crate::error::Problem;
use crate::suggest;

impl FileGraph {
    pub(super) fn display_name(&self, path: &Path) -> String {
        path.strip_prefix(&self.current_folder)
            .unwrap_or(path)
            .display()
            .to_string()
    }

    pub(super) fn missing(&mut self, importer: Option<FileId>, import: &str) -> Problem {
        let file = importer.map(|importer| &self.files[importer]);
        if let Some(FileContents::FromSet(file, set)) = file.map(|file| &file.contents) {
            let message = format!("file '{}' imports '{import}', which is not in the set", file.name);
            return Problem::in_file(&**set, message)
                .with_hint("`protoc --include_imports` and `buf build` make sets that hold their imports");
        }
        let folder = file.and_then(|file| file.folder.clone());
        let hint = self.places_searched(importer, folder.as_deref(), import);
        let problem = self.problem_at_import(importer, import, format!("import '{import}' is not found"));
        let problem = problem.needing(self.roots.given_places(import));
        match folder.and_then(|folder| self.roots.unfetched(&folder)) {
            Some((what, needs)) => problem.with_hint(format!("{what}; {hint}")).needing([needs]),
            None => problem.with_hint(hint),
        }
    }

    /// The hint for an import that is not found. No file means to import itself.
    fn places_searched(&mut self, importer: Option<FileId>, folder: Option<&Path>, import: &str) -> String {
        let given = self.files.iter().enumerate();
        let given = given
            .filter(|(id, file)| Some(*id) != importer && file.folder.is_none() && !file.name.is_empty())
            .map(|(_, file)| file.name.as_str());
        if let Some(question) = suggest::did_you_mean(import, given) {
            return question;
        }
        if import == "validate/validate.proto" {
            // That of protoc-gen-validate, which came before `buf.validate`.
            return "write `import \"buf/validate/validate.proto\";`, which is built in, and `(buf.validate.field)` for \
                    `(validate.rules)`"
                .to_owned();
        }
        if let Some(near) = shipped::name_near(import)
            .map(str::to_owned)
            .or_else(|| shipped::bundled_file_of(import))
            .or_else(|| self.name_on_disk_near(folder, import))
        {
            return format!("did you mean `{near}`?");
        }
        let roots = self.roots.of_folder(folder);
        let shown: Vec<String> = roots.iter().take(6).map(|root| self.display_name(root)).collect();
        let built_in = shipped::name_that_ends_with(import);
        let built_in = built_in.map(|name| format!("; or write `{name}`, which is built in"));
        match shown.as_slice() {
            [] => "only google/protobuf, google/api, google/rpc, google/type and buf/validate are built in"
                .to_owned(),
            _ => format!(
                "looked in {}{}; give the folder that the name starts from with -I{}",
                shown
                    .iter()
                    .map(|name| if name.is_empty() { "." } else { name })
                    .collect::<Vec<_>>()
                    .join(", "),
                if roots.len() > shown.len() { ", …" } else { "" },
                built_in.unwrap_or_default(),
            ),
        }
    }

    /// The name of a file in the folder that an import names, if it is like that import's.
    fn name_on_disk_near(&mut self, folder: Option<&Path>, import: &str) -> Option<String> {
        let (before, name) = import.rsplit_once('/').unwrap_or(("", import));
        let roots = self.roots.of_folder(folder);
        let names = roots
            .iter()
            .filter_map(|root| fs::read_dir(root.join(before)).ok());
        let names = names
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let names: Vec<String> = names.collect();
        // The ending would make all short names alike, and those of a letter or two are one slip apart.
        let stem = |name| str::strip_suffix(name, ".proto");
        let wanted = stem(name).filter(|stem| stem.len() > 2)?;
        let near = suggest::nearest(wanted, names.iter().filter_map(|name| stem(name)))?;
        let slash = if before.is_empty() { "" } else { "/" };
        Some(format!("{before}{slash}{near}.proto"))
    }

    /// A problem with an `import` statement, at its place in a text. In a set it has no place, and neither has an import
    /// that the user asked for.
    pub(in crate::schema) fn problem_at_import(
        &self,
        importer: Option<FileId>,
        import: &str,
        message: String,
    ) -> Problem {
        let Some(importer) = importer else {
            return Problem::new(message);
        };
        match &self.files[importer].contents {
            FileContents::Text(text) => match text.import_span(import) {
                Some(span) => Problem::at(text.source(), span, message).with_label("imported here"),
                None => Problem::in_file(text.source().name(), message),
            },
            FileContents::FromSet(file, set) => {
                Problem::in_file(&**set, format!("file '{}': {message}", file.name))
            }
            FileContents::Broken => Problem::in_file(&self.files[importer].name, message),
        }
    }
}
