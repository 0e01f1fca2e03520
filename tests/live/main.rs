//! Swapping protos and rules while serving, over real sockets and real files.

mod calls;
mod files;
mod load;
mod support;
