//! Holds protod's samples against `buf.validate`, as `prost-protovalidate` reads it.

#[cfg(test)]
mod samples;
