//! A server's part in the fleet that shares its store: what it starts with, and how it follows what is published.

use std::time::Duration;

use protod::fleet::{Fleet, Generation, Replica};
use protod::live::{LoadedProject, Loader, ReloadTrigger};
use protod::{JetStream, ListenAddr, Server};
use tokio::runtime::Builder;

use super::background::{Background, told};
use super::origin::{Origin, Source};
use crate::failure::Failure;

/// How long a start waits for the store. After that it serves what it has, and what is published as soon as it hears of it.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a server starts with.
pub(super) struct Beginning {
    pub(super) loader: Loader,
    pub(super) loaded: LoadedProject,
    /// What is loaded, but for where it is from.
    pub(super) origin: Origin,
    /// The generation that is loaded.
    pub(super) generation: Option<Generation>,
    /// Why it is not the one that was published, for the log.
    pub(super) trouble: Option<Failure>,
}

impl Beginning {
    /// Loads the generation that was published to the fleet. If there is none, or it cannot be loaded, loads the origin.
    pub(super) fn load(origin: Origin, store: Option<&JetStream>) -> Result<Self, Failure> {
        let mut trouble = None;
        if let Some(store) = store {
            match current(store).and_then(|current| loaded(&origin, current)) {
                Ok(Some((loader, loaded, generation))) => {
                    return Ok(Self {
                        loader,
                        loaded,
                        origin,
                        generation: Some(generation),
                        trouble: None,
                    });
                }
                Ok(None) => {}
                Err(failure) => trouble = Some(failure),
            }
        }
        let mut loader = Loader::new(origin.clone());
        Ok(Self {
            loaded: loader.load()?,
            loader,
            origin,
            generation: None,
            trouble,
        })
    }

    /// Whether nothing is served until a generation is published.
    pub(super) fn waits(&self) -> bool {
        self.generation.is_none() && matches!(self.origin.from, Source::Nothing)
    }
}

fn current(store: &JetStream) -> Result<Option<Generation>, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::caused("cannot start a runtime", error))?;
    Ok(runtime.block_on(Fleet::new(store).current(PATIENCE))?)
}

fn loaded(
    origin: &Origin,
    current: Option<Generation>,
) -> Result<Option<(Loader, LoadedProject, Generation)>, Failure> {
    let Some(generation) = current else {
        return Ok(None);
    };
    let mut loader = Loader::new(origin.of(generation.clone()));
    let loaded = loader.load()?;
    Ok(Some((loader, loaded, generation)))
}

/// What makes a server a replica.
pub(super) struct Joining<'s> {
    pub(super) store: &'s JetStream,
    pub(super) server: &'s Server,
    pub(super) reloads: ReloadTrigger,
    pub(super) addr: &'s ListenAddr,
    pub(super) origin: Origin,
    pub(super) generation: Option<&'s Generation>,
    pub(super) waits: bool,
}

impl Joining<'_> {
    /// Takes part in the fleet, on a task of its own.
    pub(super) fn start(self) -> Background {
        let Self {
            store,
            server,
            reloads,
            addr,
            origin,
            generation,
            waits,
        } = self;
        let mut replica = Replica::new(store, server, reloads, move |generation| origin.of(generation));
        replica = replica.address(addr.to_string());
        if let Some(generation) = generation {
            replica = replica.serves(generation);
        }
        if waits {
            replica = replica.waits();
        }
        Background::start(|stopped| replica.run_until(told(stopped)))
    }
}
