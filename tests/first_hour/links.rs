//! The links between pages have a target.

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_link_leads_to_a_file_and_a_heading_that_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_dir(root.join("docs")).expect("it is there");
    let docs = docs.map(|entry| entry.expect("it can be read").path());
    let pages = docs.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let mut followed = 0;
    let mut dead = Vec::new();
    for page in pages.chain([root.join("README.md")]) {
        for link in links(&read(&page)) {
            followed += 1;
            if !leads_somewhere(&page, &link) {
                dead.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(followed > 20, "only {followed} links were found");
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}

fn read(path: &PathBuf) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The targets of links within the repository, except in code.
fn links(text: &str) -> Vec<String> {
    let prose: Vec<&str> = text.split("```").step_by(2).collect();
    let inline = prose.iter().flat_map(|text| text.split("](").skip(1));
    let inline = inline.filter_map(|rest| rest.split_once(')'));
    let inline = inline.map(|(target, _)| target);
    let defined = prose.iter().flat_map(|text| text.lines());
    let defined = defined.filter(|line| line.starts_with('['));
    let defined = defined.filter_map(|line| line.split_once("]: "));
    let targets = inline.chain(defined.map(|(_, target)| target));
    let targets = targets.filter(|target| !target.contains("://"));
    targets.map(str::to_owned).collect()
}

fn leads_somewhere(page: &Path, link: &str) -> bool {
    let (file, heading) = link.split_once('#').unwrap_or((link, ""));
    let target = match file {
        "" => page.to_owned(),
        file => page.with_file_name(file),
    };
    target.exists() && (heading.is_empty() || read(&target).lines().any(|line| anchor(line) == heading))
}

/// The anchor of a heading, as GitHub makes it; `None` for other lines.
fn anchor(line: &str) -> String {
    let Some((_, title)) = line
        .split_once("# ")
        .filter(|(marks, _)| marks.chars().all(|mark| mark == '#'))
    else {
        return String::new();
    };
    let kept = title.to_lowercase().replace(' ', "-");
    kept.chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
        .collect()
}
