//! Texts made by chance: files of proto2, proto3 and editions with whatever the grammar has, most of them right and some not.
//!
//! A seed always gives the same text. Names come from a small pool, so that they hide each other; and of one text in four
//! a few tokens are changed, so that mistakes of each kind come up.

mod base;
mod enums;
mod files;
mod literals;
mod messages;
mod names;
mod options;
mod state;
mod written;

pub(crate) use self::base::BASE;
pub(crate) use self::state::Generator;

impl Generator {
    /// The text of a seed.
    pub(crate) fn text(seed: u64) -> String {
        let mut generator = Self::new(seed);
        generator.file();
        if generator.chance(25) {
            generator.change();
        }
        generator.written()
    }
}
