//! Where a server's admin service listens, and who may speak to it, as flags.

use std::error::Error as _;
use std::fs;
use std::path::PathBuf;

use clap::Args;
use protod::admin::{Admin, AdminListener};
use protod::fleet::{Fleet, SummaryCounts};
use protod::live::{ReloadTrigger, Reloader};
use protod::{Error, JetStream, Server, Socket, Tls};

use crate::failure::Failure;
use crate::output::stderr::lost_lines;

/// Where the admin service listens, unless the command line says otherwise.
pub(crate) const DEFAULT_ADDR: &str = "127.0.0.1:9003";

/// The address that turns it off.
const NONE: &str = "none";

/// The admin service of a server.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Admin service")]
pub(crate) struct AdminArgs {
    /// The address where the admin service listens, written as for --addr, or `none`; one that other machines reach needs
    /// --tls-cert and a token
    #[arg(
        long,
        value_name = "ADDR",
        env = "PROTOD_ADMIN_ADDR",
        default_value = DEFAULT_ADDR,
        value_parser = parse_address
    )]
    admin_addr: String,

    #[command(flatten)]
    token: AdminToken,

    /// A name by which clients reach the admin service, without a port, besides localhost and addresses; repeatable
    #[arg(long, value_name = "NAME", env = "PROTOD_ADMIN_HOST")]
    admin_host: Vec<String>,

    /// The folder where rules that `protod rules put --keep` puts survive a restart; it is made if it is missing, and is of this
    /// server alone
    #[arg(long, value_name = "DIR", env = "PROTOD_KEPT_RULES")]
    kept_rules: Option<PathBuf>,
}

/// The secret that requests to the admin service bring.
#[derive(Debug, Clone, Args)]
pub(crate) struct AdminToken {
    /// The token of the admin service, which each request brings; others see the command line of a process, so a file is
    /// better
    #[arg(
        long,
        value_name = "TOKEN",
        env = "PROTOD_ADMIN_TOKEN",
        hide_env_values = true,
        conflicts_with = "admin_token_file"
    )]
    admin_token: Option<String>,

    /// The file with the token of the admin service
    #[arg(long, value_name = "FILE", env = "PROTOD_ADMIN_TOKEN_FILE")]
    admin_token_file: Option<PathBuf>,
}

/// What a server shares with others, for those who look at it.
pub(crate) struct Sharing<'s> {
    pub(crate) store: &'s JetStream,
    /// How many of its calls it has told of. `None` if it keeps no journal, and so tells of none.
    pub(crate) summaries: Option<SummaryCounts>,
}

/// What came of listening.
pub(crate) enum Listening {
    /// It is turned off.
    Off,
    At(Box<AdminListener>),
    /// The address is taken, or there is no such address: the server goes on without.
    Not(Error),
}

impl AdminArgs {
    /// Whether there is one, if its address is free.
    pub(crate) fn is_on(&self) -> bool {
        self.admin_addr != NONE
    }

    /// Serves the rules that were kept, and keeps others.
    pub(crate) fn keep_rules(&self, reloader: Reloader) -> Result<Reloader, Error> {
        match &self.kept_rules {
            Some(folder) => reloader.kept_rules(folder),
            None => Ok(reloader),
        }
    }

    /// Binds the admin service of a server. It speaks TLS if the server does.
    ///
    /// Fails if it may not listen there.
    pub(crate) async fn listen(
        &self,
        server: &Server,
        reloads: ReloadTrigger,
        tls: Option<&Tls>,
        sharing: Option<Sharing<'_>>,
    ) -> Result<Listening, Failure> {
        if !self.is_on() {
            return Ok(Listening::Off);
        }
        let mut admin = Admin::new(server).reloads(reloads).counter(
            "protod.log.lost_lines",
            "Lines of the log that were dropped because nobody read stderr.",
            lost_lines,
        );
        if let Some(token) = self.token.read()? {
            admin = admin.token(token);
        }
        if let Some(Sharing { store, summaries }) = sharing {
            admin = admin.fleet(Fleet::new(store));
            if let Some(summaries) = summaries {
                admin = count_summaries(admin, &summaries);
            }
        }
        if let Some(tls) = tls {
            admin = admin.tls(tls.clone());
        }
        let hosts = self.admin_host.iter().map(String::as_str);
        let hosts = hosts.chain(host_of(&self.admin_addr));
        let admin = hosts.fold(admin, Admin::host);
        match admin.listen(&self.admin_addr).await {
            Ok(listener) => Ok(Listening::At(Box::new(listener))),
            Err(error) if error.is_io() => Ok(Listening::Not(error)),
            Err(error) => {
                let why = error.source().map(ToString::to_string).unwrap_or_default();
                Err(Failure::caused(
                    error.to_string(),
                    format!("{why}; see --admin-addr, --admin-token-file, --tls-cert and --tls-key"),
                ))
            }
        }
    }
}

/// Tells how many calls the fleet was told of.
fn count_summaries(admin: Admin, summaries: &SummaryCounts) -> Admin {
    let (sent, dropped) = (summaries.clone(), summaries.clone());
    admin
        .counter(
            "protod.summaries.sent",
            "Calls that the other servers which share the store were told of.",
            move || sent.sent(),
        )
        .counter(
            "protod.summaries.dropped",
            "Calls that they were not told of, because the store was away or too slow, or the journal was cleared.",
            move || dropped.dropped(),
        )
}

impl AdminToken {
    /// The token, if there is one.
    pub(crate) fn read(&self) -> Result<Option<String>, Failure> {
        let Some(file) = &self.admin_token_file else {
            return Ok(self.admin_token.clone());
        };
        let text = fs::read_to_string(file);
        let text = text.map_err(|error| Failure::caused(format!("cannot read {}", file.display()), error))?;
        Ok(Some(text.trim().to_owned()))
    }
}

/// The name in an address: clients reach the service by it.
fn host_of(address: &str) -> Option<&str> {
    let (host, _) = address.rsplit_once(':')?;
    (!host.is_empty() && !address.starts_with("unix:")).then_some(host)
}

fn parse_address(text: &str) -> Result<String, String> {
    if text == NONE {
        return Ok(text.to_owned());
    }
    match Socket::check(text) {
        Ok(()) => Ok(text.to_owned()),
        Err(error) => Err(error.source().map_or_else(
            || error.to_string(),
            |source| format!("{source}; `{NONE}` turns it off"),
        )),
    }
}
