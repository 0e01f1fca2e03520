//! The client against protod's own server, against stubs, and against servers that are not ours.

mod reflection;
mod shapes;
mod support;
