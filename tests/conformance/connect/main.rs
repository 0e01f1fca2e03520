//! The server that connectrpc's conformance runner tests: protod's library, its handlers, and protos that it reads
//! when it starts.
//!
//! The runner starts it once for each configuration: it writes a `ServerCompatRequest` on stdin, reads a
//! `ServerCompatResponse` with the address from stdout, and ends the process when it is done. Both are prefixed
//! with their length, four bytes, big-endian. The one argument is the folder of `connectrpc/conformance/v1`.

mod service;
#[path = "../suite/mod.rs"]
mod suite;

use std::error::Error;
use std::io;

use prost_reflect::prost::Message as _;
use prost_reflect::{DynamicMessage, Value};
use protod::{ListenAddr, Tls, TlsFiles};
use suite::{Fields as _, new_message, read_prefixed, write_prefixed};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let schema = suite::load("server_compat.proto")?;
    let mut request = new_message(schema.pool(), "ServerCompatRequest");
    request.merge(read_prefixed(&mut io::stdin().lock())?.as_slice())?;

    let mut server = service::server(schema.clone());
    if let limit @ 1.. = request.unsigned("message_receive_limit") {
        server = server.max_receive_size(limit as usize);
    }
    let mut certificate = bytes::Bytes::new();
    if request.boolean("use_tls") {
        let credentials = request
            .message("server_creds")
            .ok_or("use_tls without server_creds")?;
        certificate = credentials.bytes("cert");
        server = server.tls(tls(&request, &credentials)?);
    }
    let server = server.build()?.bind("127.0.0.1:0").await?;
    let ListenAddr::Tcp(address) = server.local_addr().clone() else {
        unreachable!("bound to TCP")
    };

    let mut response = new_message(schema.pool(), "ServerCompatResponse");
    response.set_field_by_name("host", Value::String(address.ip().to_string()));
    response.set_field_by_name("port", Value::U32(address.port().into()));
    response.set_field_by_name("pem_cert", Value::Bytes(certificate));
    write_prefixed(&mut io::stdout().lock(), &response.encode_to_vec())?;

    server.serve().await?;
    Ok(())
}

/// TLS from certificates in memory, which are written to files to be read like those of `protod serve`.
fn tls(request: &DynamicMessage, credentials: &DynamicMessage) -> Result<Tls, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let write = |name: &str, contents: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, contents).map(|()| path)
    };
    let client_ca = request.bytes("client_tls_cert");
    let mut files = TlsFiles::new(
        write("cert.pem", &credentials.bytes("cert"))?,
        write("key.pem", &credentials.bytes("key"))?,
    );
    if !client_ca.is_empty() {
        files = files.client_ca(write("client-ca.pem", &client_ca)?);
    }
    Ok(Tls::load(files)?)
}
