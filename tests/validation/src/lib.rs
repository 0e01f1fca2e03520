//! Checks protod's samples against `buf.validate`, with `prost-protovalidate`.

#[cfg(test)]
mod samples;
