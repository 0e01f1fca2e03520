//! TLS and limits.

use std::time::Duration;

use protod::{Error, Limits, Schema, Server, ServerBuilder, Tls, TlsFiles};

fn builder(schema: Schema) -> Result<ServerBuilder, Error> {
    let tls = Tls::load(TlsFiles::new("server.pem", "server.key").client_ca("clients.pem"))?;
    let limits = Limits::default()
        .max_connections(500)
        .max_connection_age(Duration::from_hours(1));
    Ok(Server::builder(schema)
        .tls(tls)
        .limits(limits)
        .max_receive_size(16 << 20)
        .max_deadline(Duration::from_mins(1)))
}

#[test]
fn files_that_are_not_there_are_named() {
    let error = builder(super::schema()).expect_err("there are none");
    assert!(
        error.is_io() && error.to_string().starts_with("cannot read "),
        "{error}"
    );
}
