//! `protod man` and `protod completions`.

use crate::cli::{prints, protod};

#[tokio::test]
async fn each_command_has_a_manual_page() {
    let page = prints(&["man"]).await;
    assert!(page.contains(".TH protod 1"), "{page}");
    for command in [
        "serve",
        "check",
        "explain",
        "call",
        "bench",
        "list",
        "describe",
        "build",
        "init",
        "schema",
        "man",
        "completions",
    ] {
        assert!(
            page.contains(&format!("protod\\-{command}(1)")),
            "{command} is not in:\n{page}"
        );
        let page = prints(&["man", command]).await;
        assert!(page.contains(&format!(".TH protod-{command} 1")), "{page}");
    }
    let page = prints(&["man", "serve"]).await;
    assert!(
        page.contains("\\-\\-addr") && page.contains("PROTOD_ADDR"),
        "{page}"
    );
    let (_, stderr, code) = protod(&["man", "brew"]).await;
    assert_eq!((stderr.as_str(), code), ("error: there is no command brew\n", 1));
}

#[tokio::test]
async fn shells_complete_commands_and_flags() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = prints(&["completions", shell]).await;
        for word in ["describe", "drain-timeout"] {
            assert!(script.contains(word), "{shell} is not told of {word}");
        }
    }
}

/// bash itself reads the script, and completes a command line.
#[tokio::test]
async fn bash_completes_a_command() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let script = folder.path().join("protod.bash");
    std::fs::write(&script, prints(&["completions", "bash"]).await).expect("it can be written");
    let ask = "source \"$0\"; COMP_WORDS=(protod desc); COMP_CWORD=1; _protod protod desc protod; echo \"${COMPREPLY[@]}\"";
    let output = tokio::process::Command::new("bash")
        .args(["-c", ask])
        .arg(&script)
        .output()
        .await;
    let output = output.expect("bash can be started");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "describe\n");
}
