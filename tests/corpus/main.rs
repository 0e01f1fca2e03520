//! Each specimen is one case: a proto, rules, and calls with their answers. Every kind of field is set, read and matched.
//!
//! Each specimen runs twice: alone, in this process, with the dynamic client; and with grpcurl on the binary, which serves
//! all of them. A specimen's package is `corpus.` and the name of its file, and its service is `Case`.

#[path = "../support/calls.rs"]
mod calls;
#[path = "../support/code.rs"]
mod code;
mod compare;
mod grpcurl;
mod in_process;
#[path = "../support/json.rs"]
mod json;
#[path = "../clients/programs.rs"]
#[expect(dead_code, reason = "the other programs are for the tests of clients")]
mod programs;
mod specimen;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "the server is started, and ends with the test")]
mod support;
#[path = "../support/yaml.rs"]
mod yaml;
