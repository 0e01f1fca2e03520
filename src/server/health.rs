//! `grpc.health.v1`: the status of the server and of each of its services.
//!
//! One [`Health`] lives as long as the server, over all generations. A reload changes the set of services, and watchers
//! are told. All statuses are in one watched table, so a watch of any name, known or not, only holds a receiver: many
//! watches of unknown names leave nothing behind.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use prost::Message as _;
use tokio::sync::{mpsc, oneshot, watch};
use tonic::Status;

use super::health_wire::{HealthCheckRequest, HealthCheckResponse, WireStatus};
use crate::handler::{Call, Handler};

/// Whether a service can be called: what [`Health`] keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServingStatus {
    /// The service can be called.
    Serving,
    /// The service cannot be called for now.
    NotServing,
}

/// The health of a server, which clients read from `grpc.health.v1.Health`. Cheap to clone: all clones are the same.
///
/// The name `""` stands for the server as a whole.
///
/// ```
/// use protod::{Schema, Server, ServingStatus};
///
/// let server = Server::builder(Schema::load("proto")?).build()?;
/// server.health().set("proto.SearchService", ServingStatus::NotServing);
/// assert_eq!(server.health().status("proto.SearchService"), Some(ServingStatus::NotServing));
/// assert_eq!(server.health().status(""), Some(ServingStatus::Serving));
/// # Ok::<(), protod::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Health {
    table: Arc<watch::Sender<Table>>,
    /// By name: who brings its status up to date before a check is answered.
    refreshers: Arc<Mutex<HashMap<&'static str, mpsc::Sender<Refreshed>>>>,
}

/// To be sent to when a status is up to date.
pub(crate) type Refreshed = oneshot::Sender<()>;

/// Checks that may wait in line; more wait before they are in it.
const WAITING_CHECKS: usize = 64;

#[derive(Debug)]
struct Table {
    statuses: HashMap<String, ServingStatus>,
    /// The names that have a status in every generation, such as that of the server as a whole.
    lasting: HashSet<&'static str>,
    /// Set when the server drains, and never cleared: nothing serves from then on.
    shut_down: bool,
}

impl Default for Health {
    fn default() -> Self {
        let health = Self {
            table: Arc::new(watch::Sender::new(Table {
                statuses: HashMap::new(),
                lasting: HashSet::new(),
                shut_down: false,
            })),
            refreshers: Arc::default(),
        };
        health.add("");
        health
    }
}

impl Health {
    /// Adds `name`, which is not a service and has a status in every generation.
    pub(crate) fn add(&self, name: &'static str) {
        self.table.send_modify(|table| {
            table.lasting.insert(name);
            table.statuses.insert(name.to_owned(), ServingStatus::Serving);
        });
    }

    /// From now on a check of `name` is answered only when the receiver has brought its status up to date, or when it has
    /// been dropped.
    pub(crate) fn refreshed(&self, name: &'static str) -> mpsc::Receiver<Refreshed> {
        let (sender, receiver) = mpsc::channel(WAITING_CHECKS);
        let mut refreshers = self.refreshers.lock().unwrap_or_else(PoisonError::into_inner);
        refreshers.insert(name, sender);
        receiver
    }

    /// Waits until the status of a service is up to date.
    async fn refresh(&self, service: &str) {
        let refresher = {
            let refreshers = self.refreshers.lock().unwrap_or_else(PoisonError::into_inner);
            refreshers.get(service).cloned()
        };
        let Some(refresher) = refresher else { return };
        let (refreshed, done) = oneshot::channel();
        if refresher.send(refreshed).await.is_ok() {
            // An error means that it ends, and that the status stays as it is.
            let _ = done.await;
        }
    }

    /// Sets the status of a service, or of the server with the name `""`. Does nothing if the service is not served, or if
    /// the server drains.
    pub fn set(&self, service: &str, status: ServingStatus) {
        self.table
            .send_if_modified(|table| match table.statuses.get_mut(service) {
                Some(current) if *current != status => {
                    *current = status;
                    true
                }
                _ => false,
            });
    }

    /// Replaces the services with those of a new generation. Services that stay keep their status, new ones are SERVING,
    /// and removed ones become unknown.
    pub(super) fn set_services<'a>(&self, services: impl IntoIterator<Item = &'a str>) {
        self.table.send_modify(|table| {
            let lasting = table.lasting.iter().copied();
            let services: HashSet<&str> = services.into_iter().chain(lasting).collect();
            table.statuses.retain(|name, _| services.contains(name.as_str()));
            for name in services {
                table
                    .statuses
                    .entry(name.to_owned())
                    .or_insert(ServingStatus::Serving);
            }
        });
    }

    /// Sets everything to NOT_SERVING for good. Watches end after they have sent that.
    pub(super) fn shutdown(&self) {
        self.table.send_modify(|table| table.shut_down = true);
    }

    /// The status of a service. `None` if it is not served.
    pub fn status(&self, service: &str) -> Option<ServingStatus> {
        self.table.borrow().status(service)
    }
}

impl Table {
    fn status(&self, service: &str) -> Option<ServingStatus> {
        let status = *self.statuses.get(service)?;
        Some(if self.shut_down {
            ServingStatus::NotServing
        } else {
            status
        })
    }
}

/// Answers `grpc.health.v1.Health/Check`, with NOT_FOUND for a service that is not served.
#[derive(Debug, Clone)]
pub(super) struct Check(pub(super) Health);

impl Handler for Check {
    fn begins_in_place(&self) -> bool {
        true
    }

    async fn handle(&self, call: &mut Call) -> Result<(), Status> {
        let service = requested_service(call).await?;
        self.0.refresh(&service).await;
        let status = self.0.status(&service);
        let status =
            status.ok_or_else(|| Status::not_found(format!("service `{service}` is not served here")))?;
        send_status(call, status.into()).await
    }
}

/// Answers `grpc.health.v1.Health/Watch`: sends the current status, and then each change.
///
/// A service that is not served is SERVICE_UNKNOWN, and may be added by a reload. The watch ends when the server drains,
/// which would otherwise wait for it until the drain timeout.
#[derive(Debug, Clone)]
pub(super) struct Watch(pub(super) Health);

impl Handler for Watch {
    async fn handle(&self, call: &mut Call) -> Result<(), Status> {
        let service = requested_service(call).await?;
        let mut table = self.0.table.subscribe();
        let mut sent = None;
        loop {
            let (status, shut_down) = {
                let table = table.borrow_and_update();
                (
                    table
                        .status(&service)
                        .map_or(WireStatus::ServiceUnknown, WireStatus::from),
                    table.shut_down,
                )
            };
            if sent != Some(status) {
                send_status(call, status).await?;
                sent = Some(status);
            }
            if shut_down || table.changed().await.is_err() {
                return Err(Status::unavailable("the server is shutting down"));
            }
        }
    }
}

async fn requested_service(call: &mut Call) -> Result<String, Status> {
    if !call.next_message().await? {
        return Err(Status::internal("the one request of a call was received twice"));
    }
    let frame = call.message_bytes();
    HealthCheckRequest::decode(frame)
        .map(|request| request.service)
        .map_err(|error| {
            call.fault(Status::internal(format!(
                "the health request does not decode: {error}"
            )))
        })
}

async fn send_status(call: &mut Call, status: WireStatus) -> Result<(), Status> {
    let response = HealthCheckResponse {
        status: status.into(),
    };
    call.writer().write(|buffer| {
        response
            .encode(buffer)
            .map_err(|error| Status::internal(error.to_string()))
    })?;
    call.wait_for_room().await;
    call.flush();
    Ok(())
}

impl From<ServingStatus> for WireStatus {
    fn from(status: ServingStatus) -> Self {
        match status {
            ServingStatus::Serving => Self::Serving,
            ServingStatus::NotServing => Self::NotServing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Health, ServingStatus};

    #[test]
    fn new_server_serves_as_a_whole_and_knows_no_service() {
        let health = Health::default();
        assert_eq!(health.status(""), Some(ServingStatus::Serving));
        assert_eq!(health.status("a.B"), None);
    }

    #[test]
    fn swap_keeps_the_status_of_services_that_stay() {
        let health = Health::default();
        health.set_services(["a.A", "b.B"]);
        health.set("a.A", ServingStatus::NotServing);
        health.set_services(["a.A", "c.C"]);
        assert_eq!(health.status("a.A"), Some(ServingStatus::NotServing));
        assert_eq!(health.status("b.B"), None);
        assert_eq!(health.status("c.C"), Some(ServingStatus::Serving));
        assert_eq!(health.status(""), Some(ServingStatus::Serving));
    }

    #[test]
    fn what_is_no_service_stays_over_swaps() {
        let health = Health::default();
        health.add("a.part");
        health.set("a.part", ServingStatus::NotServing);
        health.set_services(["a.A"]);
        assert_eq!(health.status("a.part"), Some(ServingStatus::NotServing));
        health.set("a.part", ServingStatus::Serving);
        assert_eq!(health.status("a.part"), Some(ServingStatus::Serving));
    }

    #[test]
    fn shutdown_is_for_good() {
        let health = Health::default();
        health.set_services(["a.A"]);
        health.shutdown();
        health.set("a.A", ServingStatus::Serving);
        health.set_services(["a.A", "b.B"]);
        for service in ["", "a.A", "b.B"] {
            assert_eq!(
                health.status(service),
                Some(ServingStatus::NotServing),
                "{service:?}"
            );
        }
    }

    #[tokio::test]
    async fn setting_the_same_status_wakes_no_watch() {
        let health = Health::default();
        let watch = health.table.subscribe();
        health.set("", ServingStatus::Serving);
        health.set("not.Served", ServingStatus::NotServing);
        assert!(!watch.has_changed().expect("the sender lives"));
        health.set("", ServingStatus::NotServing);
        assert!(watch.has_changed().expect("the sender lives"));
    }
}
