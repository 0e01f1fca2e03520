//! Subcommands whose arguments are defined only when they are needed, so that a start defines those of one subcommand
//! and not of all.

use std::marker::PhantomData;

use clap::builder::Resettable;
use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches};

/// How the arguments of a subcommand differ from their declaration.
pub(crate) trait Definition {
    fn change(argument: Arg) -> Arg;
}

/// They do not differ: for help, manual pages and completions.
#[derive(Debug)]
pub(crate) struct AsDeclared;

impl Definition for AsDeclared {
    fn change(argument: Arg) -> Arg {
        argument
    }
}

/// The arguments of a subcommand, in the definition `D`. After [`Command::build`] the definition has them.
#[derive(Debug)]
pub(crate) struct Deferred<T, D> {
    pub(crate) arguments: T,
    definition: PhantomData<D>,
}

impl<T: Args, D: Definition> Args for Deferred<T, D> {
    fn augment_args(command: Command) -> Command {
        command.defer(|command| define::<D>(command, T::augment_args))
    }

    fn augment_args_for_update(command: Command) -> Command {
        command.defer(|command| define::<D>(command, T::augment_args_for_update))
    }
}

/// Adds the arguments to a subcommand, which keeps its own description.
fn define<D: Definition>(command: Command, augment: fn(Command) -> Command) -> Command {
    let about = command.get_about().cloned();
    let long_about = command.get_long_about().cloned();
    augment(command)
        .mut_args(D::change)
        .about(Resettable::from(about))
        .long_about(Resettable::from(long_about))
}

impl<T: FromArgMatches, D> FromArgMatches for Deferred<T, D> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Ok(Self {
            arguments: T::from_arg_matches(matches)?,
            definition: PhantomData,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.arguments.update_from_arg_matches(matches)
    }
}
