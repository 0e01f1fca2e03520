//! Wrong usage of the binary: exit code 2, and a message that says what is right. The tests of the definition of the
//! command line, and of its page in docs/, are in src/bin/protod/tests.

use std::process;

#[test]
fn a_level_of_the_log_that_is_none_is_wrong_usage() {
    for (given, wrong) in [
        ("foo", "foo"),
        ("info,foo", "foo"),
        ("foo=bar", "foo=bar"),
        ("info,protod=loud", "protod=loud"),
        ("=debug", "=debug"),
    ] {
        for by_flag in [true, false] {
            let mut serve = process::Command::new(env!("CARGO_BIN_EXE_protod"));
            serve.args(["serve", "no-such-input"]);
            if by_flag {
                serve.arg(format!("--log={given}"));
            } else {
                serve.env("PROTOD_LOG", given);
            }
            let output = serve.output().expect("protod can be started");
            let said = String::from_utf8(output.stderr).expect("UTF-8");
            assert_eq!(output.status.code(), Some(2), "{said}");
            for part in [
                "--log",
                &format!("`{wrong}`"),
                "off, error, warn, info, debug and trace",
                "`info,protod=debug`",
            ] {
                assert!(said.contains(part), "{part} is not in {said}");
            }
        }
    }
}
