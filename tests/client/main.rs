//! The client as a library and as `protod call`, `list`, `describe` and `bench`, `protod init` and `build`: against protod's own
//! server, stubs, and servers of others.
//!
//! Some tests need the outside clients that `make test` installs.

mod bench;
mod build;
mod calls;
mod cli;
mod closed_pipes;
mod compression;
mod connect_faults;
mod describe;
mod examples;
mod failures;
mod grpcurl;
mod init;
mod json_data;
mod library_examples;
mod manual;
mod others;
mod protocols;
mod reflection;
mod servers;
mod tls;
mod tls_page;
mod tutorial;

#[expect(dead_code, reason = "shared with tests/clients, which uses all of it")]
#[path = "../clients/programs.rs"]
mod programs;
#[path = "../support/shapes.rs"]
mod shapes;
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/yaml.rs"]
mod yaml;
