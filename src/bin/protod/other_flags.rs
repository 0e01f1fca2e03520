//! What flags and subcommands of other tools are called here: tips for those who know those tools.
//!
//! clap suggests what is written alike, which is often something else. A word of this table gets its own tip instead.

use clap::Error;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Words for one thing, and what to write. Flags are without what stands before and after their name.
type Words = &'static [(&'static [&'static str], &'static str)];

const SUBCOMMANDS: Words = &[
    (
        &["start", "run", "mock", "server", "up", "listen", "stub", "watch"],
        "`protod serve` serves protos",
    ),
    (
        &["lint", "validate", "verify", "test", "compile-rules"],
        "`protod check` loads protos and rules, and prints every problem",
    ),
    (&["version"], "`protod --version` prints the version"),
    (
        &["curl", "invoke", "request", "send", "query", "grpcurl"],
        "`protod call ADDR METHOD -d '{}'` calls a method",
    ),
    (
        &["generate", "gen", "new", "create", "scaffold", "record"],
        "`protod init` writes a starter, and `protod init --from FILE` rules for a proto",
    ),
    (
        &["ls", "services", "methods"],
        "`protod list` lists services and methods",
    ),
    (
        &["show", "desc", "cat", "print"],
        "`protod describe` prints services and messages",
    ),
    (
        &["compile", "protoc"],
        "`protod build -o set.binpb` writes a descriptor set",
    ),
    (
        &["load", "ghz", "benchmark"],
        "`protod bench` calls a method many times",
    ),
    (&["completion"], "`protod completions SHELL` prints them"),
];

const FLAGS: Words = &[
    (
        &["port", "p", "listen", "host", "bind", "address", "grpc-port", "l"],
        "the address is `--addr 127.0.0.1:9002`, or `--addr :9002` for all addresses of the machine",
    ),
    (
        &["proto", "protos", "proto-file", "input", "file"],
        "protos are named without a flag: `protod serve shop.proto`",
    ),
    (
        &[
            "stub",
            "stubs",
            "mappings",
            "config",
            "c",
            "mock",
            "mocks",
            "stub-dir",
            "configfile",
        ],
        "rules are named by `--rules PATH`; those beside the protos are found without it",
    ),
    (
        &["tls", "ssl", "cert", "key"],
        "TLS is `--tls-cert FILE --tls-key FILE`",
    ),
    (
        &["watch", "reload", "hot-reload", "w"],
        "files are watched already; `--no-watch` turns it off",
    ),
    (
        &[
            "verbose",
            "debug",
            "log-level",
            "loglevel",
            "vv",
            "trace",
            "quiet",
            "q",
        ],
        "the level of the log is `--log debug`, and `--log-calls` logs each call",
    ),
    (
        &["reflection", "enable-reflection"],
        "reflection is on already; `--no-reflection` turns it off",
    ),
    (
        &["plaintext"],
        "calls are in plain text already; `https://` before the address is TLS",
    ),
    (
        &["json", "body", "message", "request"],
        "a request is `-d '{\"name\": \"tea\"}'`",
    ),
    (
        &[
            "max-message-size",
            "max-recv-msg-size",
            "max-msg-size",
            "max-receive-message-length",
        ],
        "the size of messages is `--max-receive-size 16MiB`",
    ),
    (
        &["timeout", "max-time", "connect-timeout"],
        "how long a call may take is `--deadline 5s`",
    ),
    (
        &["delay", "latency"],
        "a rule for all methods is slow: `method: \"*/*\"`, `delay: 200ms`, `then: next`",
    ),
    (
        &["metadata", "headers", "rpc-header"],
        "metadata is `-H 'name: value'`",
    ),
    (
        &["protocol"],
        "`call` and `bench` have it; protos are asked for by gRPC, or given with `--proto`",
    ),
    (
        &["http2-prior-knowledge", "http2", "http1.1", "h2c"],
        "the version of HTTP is `--http-version 2`, or `--http-version 1.1`",
    ),
    (
        &["include", "proto-path", "import", "includes", "I"],
        "the folder that imports start from is `-I DIR`",
    ),
];

/// The error, with a tip if the word that clap does not know is one of another tool.
pub(crate) fn with_tip(mut error: Error) -> Error {
    let (kind, words, similar) = match error.kind() {
        ErrorKind::UnknownArgument => (ContextKind::InvalidArg, FLAGS, ContextKind::SuggestedArg),
        ErrorKind::InvalidSubcommand => (
            ContextKind::InvalidSubcommand,
            SUBCOMMANDS,
            ContextKind::SuggestedSubcommand,
        ),
        _ => return error,
    };
    let Some(ContextValue::String(word)) = error.get(kind) else {
        return error;
    };
    let name = word.trim_start_matches('-').split('=').next().unwrap_or_default();
    let name = name.replace('_', "-");
    if let Some((_, tip)) = words.iter().find(|(words, _)| words.contains(&name.as_str())) {
        error.remove(similar);
        let tip = StyledStr::from(*tip);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    }
    error
}
