//! docs/testing.md is correct: each of its examples passes as it stands there, by the runner of its language, and shows its
//! calls when it fails.
//!
//! | block | meaning |
//! |---|---|
//! | `sh` | how the tests of a section are run |
//! | `rust` | is compiled and run elsewhere |
//! | any other | a file, whose name is in its first line |

use std::fs;
use std::path::Path;

use crate::programs::{installed, shell};

/// The files of a section of the guide, those of the first one too, and how its tests are run.
fn section(name: &str) -> (Vec<(String, String)>, String) {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/testing.md");
    let guide = fs::read_to_string(guide).expect("the guide is there");
    let sections = guide.split("\n## ");
    let wanted = sections
        .enumerate()
        .filter(|(n, text)| *n == 0 || text.starts_with(name));
    let text: String = wanted.map(|(_, text)| text).collect();
    let blocks = text.split("\n```").skip(1).step_by(2);
    let blocks = blocks.map(|block| block.split_once('\n').expect("it has a first line"));
    let (runs, files): (Vec<_>, Vec<_>) = blocks.partition(|(kind, _)| *kind == "sh");
    let files = files.into_iter().map(|(_, text)| {
        let first = text.lines().next().expect("a line");
        let name = first.trim_start_matches(['/', '#', ' ']).to_owned();
        (name, format!("{text}\n"))
    });
    let [(_, run)] = runs[..] else {
        panic!("{name} has {} ways to run its tests", runs.len());
    };
    (files.collect(), run.to_owned())
}

/// Runs the tests of a section, and returns whether they passed, and what was printed. If they are to fail, one of them is wrong.
async fn run(name: &str, fails: bool) -> (bool, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let (files, run) = section(name);
    for (name, text) in &files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("it is in the folder")).expect("a folder");
        let is_test = name.to_lowercase().contains("test");
        let text = if fails && is_test {
            text.replace("Hello, Ann", "Hello, Eve")
        } else {
            text.clone()
        };
        fs::write(path, text).expect("a file");
    }
    if name == "JUnit" {
        let jar = installed("junit-platform-console-standalone.jar");
        std::os::unix::fs::symlink(&jar, folder.path().join(jar.file_name().expect("a name")))
            .expect("a link");
    }
    let output = shell(&format!("set -e\n{run}"), folder.path())
        .tests([""; 0])
        .await;
    let printed = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&printed).into_owned(),
    )
}

/// The tests of a section pass, which is printed as `passed`, and if one is wrong it fails, and shows what was called.
async fn passes(name: &str, passed: &str) {
    let (success, printed) = run(name, false).await;
    assert!(success && printed.contains(passed), "{printed}");
    assert!(!printed.contains("\"calls\""), "{printed}");
    let (success, printed) = run(name, true).await;
    assert!(!success, "{printed}");
    for shown in ["\"calls\"", "greeter.Greeter/Greet", "first"] {
        assert!(printed.contains(shown), "{shown}: {printed}");
    }
}

#[tokio::test]
async fn tests_in_pytest_pass_or_show_their_calls() {
    passes("pytest", "2 passed").await;
}

#[tokio::test]
async fn tests_in_node_pass_or_show_their_calls() {
    passes("Node", "pass 2").await;
}

#[tokio::test]
async fn tests_in_go_pass_or_show_their_calls() {
    passes("Go", "--- PASS: TestEachBeginsAnew").await;
}

#[tokio::test]
async fn tests_in_junit_pass_or_show_their_calls() {
    passes("JUnit", "2 tests successful").await;
}
