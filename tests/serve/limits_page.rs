//! docs/limits.md lists the same limits as `protod serve --help`, with the same variables and defaults.

use std::collections::BTreeMap;

/// Flag → environment variable and default.
type Flags = BTreeMap<String, (String, String)>;

/// The flags under the heading `Limits`: each on a line of its own, its description below it.
fn flags_of_help(help: &str) -> Flags {
    let (_, section) = help.split_once("\nLimits:\n").expect("a heading");
    let mut flags = Flags::new();
    // Descriptions are wrapped, so that the brackets may be on two lines.
    let lines = section.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let end = lines.find(" TLS: ").expect("the next heading");
    for entry in lines[..end]
        .split(" --")
        .map(|entry| entry.trim_start_matches("--"))
    {
        let (flag, rest) = entry.split_once(' ').expect("a value");
        let bracketed = |name: &str| {
            let (_, rest) = rest.split_once(&format!("[{name}: ")).expect("in brackets");
            rest.split(']').next().unwrap_or_default().to_owned()
        };
        let variable = bracketed("env").trim_end_matches('=').to_owned();
        flags.insert(format!("--{flag}"), (variable, bracketed("default")));
    }
    flags
}

/// The rows of the table: the flag, variable and default in backquotes, without the other text in these cells.
fn flags_of_page(page: &str) -> Flags {
    let quoted = |cell: &str| cell.split('`').nth(1).unwrap_or_default().to_owned();
    page.lines()
        .filter(|line| line.starts_with("| `--"))
        .map(|line| {
            let cells: Vec<&str> = line.split('|').collect();
            assert_eq!(cells.len(), 6, "{line}");
            assert!(!cells[4].trim().is_empty(), "{line}");
            (quoted(cells[1]), (quoted(cells[2]), quoted(cells[3])))
        })
        .collect()
}

#[tokio::test]
async fn the_page_lists_every_limit_of_the_command_line() {
    let output = crate::program::protod(&["serve", "--help"]).await;
    let help = String::from_utf8(output.stdout).expect("UTF-8");
    let page = include_str!("../../docs/limits.md");
    let flags = flags_of_help(&help);
    assert!(flags.len() > 20, "{flags:?}");
    assert_eq!(flags, flags_of_page(page));
}
