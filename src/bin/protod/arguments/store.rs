//! The store that several servers share, as flags.

use std::path::PathBuf;

use clap::Args;
use protod::fleet::Fleet;
use protod::{Error, JetStream, JetStreamOptions};

use crate::failure::Failure;

/// `--store`, and who asks it.
#[derive(Debug, Clone, Args)]
pub(crate) struct StoreArgs {
    /// The broker of NATS whose JetStream several servers share: nats://[USER:PASSWORD@]HOST[:PORT][,HOST…][/NAMESPACE][?replicas=N],
    /// or tls://… [default: none, nothing is shared]
    #[arg(long, value_name = "URL", env = "PROTOD_STORE", hide_env_values = true)]
    store: Option<String>,

    /// A file of credentials for the store, as nsc writes them
    #[arg(
        long,
        value_name = "FILE",
        env = "PROTOD_STORE_CREDENTIALS",
        requires = "store"
    )]
    store_credentials: Option<PathBuf>,

    /// The root certificates of the store, in PEM [default: those of the system]
    #[arg(long, value_name = "FILE", env = "PROTOD_STORE_CA", requires = "store")]
    store_ca: Option<PathBuf>,
}

impl StoreArgs {
    /// Begins to connect, if there is a store. `replica` is the name of this server.
    pub(crate) fn open(&self, replica: Option<&str>) -> Result<Option<JetStream>, Error> {
        let Some(address) = &self.store else {
            return Ok(None);
        };
        let mut options = JetStreamOptions::new(address);
        if let Some(file) = &self.store_credentials {
            options = options.credentials(file);
        }
        if let Some(file) = &self.store_ca {
            options = options.root_certificates(file);
        }
        if let Some(name) = replica {
            options = options.replica_name(name);
        }
        JetStream::open(&options).map(Some)
    }

    /// Those who share the store, for commands that need one.
    pub(crate) fn fleet(&self) -> Result<Fleet, Failure> {
        let store = self.open(None)?;
        let store = store.ok_or_else(|| Failure::new("there is no store: --store URL"))?;
        Ok(Fleet::new(&store))
    }
}
