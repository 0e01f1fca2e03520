//! The server: sockets, connections, and the services that every protod has.

mod health;
mod reflection;
