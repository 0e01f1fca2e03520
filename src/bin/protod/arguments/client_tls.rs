//! How a client speaks TLS: flags that all commands share which connect to a server.

use std::path::PathBuf;
use std::sync::Once;

use clap::Args;
use protod::client::ClientTls;

use crate::output::stderr::say_line;

/// Whether and how a client speaks TLS.
#[derive(Debug, Clone, Args)]
pub(crate) struct ClientTlsArgs {
    /// Use TLS; an https:// or grpcs:// address and the other --tls options imply it
    #[arg(long, env = "PROTOD_TLS")]
    tls: bool,

    /// Use TLS and take any certificate of the server: what is sent is encrypted, but anybody may be the one who gets it
    #[arg(long, env = "PROTOD_INSECURE")]
    insecure: bool,

    /// The root certificates to trust, PEM [default: the system's]
    #[arg(long, visible_alias = "cacert", value_name = "FILE", env = "PROTOD_TLS_CA")]
    tls_ca: Option<PathBuf>,

    /// The client's certificate, PEM
    #[arg(
        long,
        visible_alias = "cert",
        value_name = "FILE",
        env = "PROTOD_CLIENT_TLS_CERT",
        requires = "tls_key"
    )]
    tls_cert: Option<PathBuf>,

    /// The key of the client's certificate, PEM
    #[arg(
        long,
        visible_alias = "key",
        value_name = "FILE",
        env = "PROTOD_CLIENT_TLS_KEY",
        requires = "tls_cert"
    )]
    tls_key: Option<PathBuf>,

    /// The name that the server's certificate must have [default: that of --authority, or the host of the address]
    #[arg(long, value_name = "NAME", env = "PROTOD_TLS_SERVER_NAME")]
    tls_server_name: Option<String>,
}

impl ClientTlsArgs {
    /// `None` if no flag asks for TLS.
    pub(crate) fn tls(&self) -> Option<ClientTls> {
        let asked = self.tls
            || self.insecure
            || self.tls_ca.is_some()
            || self.tls_cert.is_some()
            || self.tls_server_name.is_some();
        if !asked {
            return None;
        }
        let mut tls = ClientTls::new();
        if self.insecure {
            warn_of_insecure();
            tls = tls.insecure();
        }
        if let Some(file) = &self.tls_ca {
            tls = tls.ca(file);
        }
        if let (Some(certificate), Some(key)) = (&self.tls_cert, &self.tls_key) {
            tls = tls.identity(certificate, key);
        }
        if let Some(name) = &self.tls_server_name {
            tls = tls.server_name(name);
        }
        Some(tls)
    }
}

/// Says once what `--insecure` gives up.
fn warn_of_insecure() {
    static SAID: Once = Once::new();
    SAID.call_once(|| {
        say_line("warning: --insecure: the connection is encrypted, but nobody has verified who is at its other end");
    });
}
