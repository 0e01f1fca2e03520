//! `protod man` and `protod completions`, both made from the definition of the command line.
//!
//! The definition is an argument, because it includes these two commands.

use clap::{Args, Command};
use clap_complete::Shell;

use crate::failure::Failure;
use crate::output::stdout;

/// Print the manual page, or that of a subcommand.
///
///   protod man | man -l -
///   protod man serve | man -l -
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// The subcommand [default: protod itself]
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
}

impl Man {
    /// `root` is the definition of the whole command line.
    pub(crate) fn run(&self, mut root: Command) -> Result<(), Failure> {
        // Gives each subcommand its whole name, protod-serve.
        root.build();
        let command = match &self.command {
            None => root,
            Some(name) => {
                let found = root.find_subcommand(name).cloned();
                found.ok_or_else(|| Failure::new(format!("there is no command {name}")))?
            }
        };
        let mut page = Vec::new();
        let manual = clap_mangen::Man::new(command).source(concat!("protod ", env!("CARGO_PKG_VERSION")));
        manual.render(&mut page).map_err(stdout::unwritable)?;
        stdout::print(&String::from_utf8_lossy(&page))
    }
}

/// Print a shell's completions.
///
///   bash: protod completions bash > ~/.local/share/bash-completion/completions/protod
///   zsh:  protod completions zsh > "${fpath[1]}/_protod"
///   fish: protod completions fish > ~/.config/fish/completions/protod.fish
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

impl Completions {
    /// `root` is the definition of the whole command line.
    pub(crate) fn run(&self, mut root: Command) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut root, "protod", &mut script);
        stdout::print(&String::from_utf8_lossy(&script))
    }
}
