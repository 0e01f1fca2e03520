//! The layout of JSON over several lines, and its numbers, which are written as JavaScript writes them.
//!
//! serde_json writes 1.0 for a whole double; protobuf's other implementations write 1, and so does this.

use std::io;

use serde_json::ser::{Formatter, PrettyFormatter};

/// serde_json's layout over several lines, with JavaScript's numbers.
pub(super) struct Layout(PrettyFormatter<'static>);

impl Layout {
    pub(super) fn new() -> Self {
        Self(PrettyFormatter::new())
    }
}

/// From here on JavaScript writes an exponent.
const LARGE: f64 = 1e21;
/// And below this.
const SMALL: f64 = 1e-6;

fn has_exponent(value: f64) -> bool {
    value != 0.0 && !(SMALL..LARGE).contains(&value.abs())
}

impl Formatter for Layout {
    fn write_f32<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        if has_exponent(f64::from(value)) {
            write!(writer, "{value:e}")
        } else {
            write!(writer, "{value}")
        }
    }

    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        if has_exponent(value) {
            write!(writer, "{value:e}")
        } else {
            write!(writer, "{value}")
        }
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}
