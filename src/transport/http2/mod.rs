//! What a client sends, looked at before h2 sees it.
//!
//! [`preface`] reads the first bytes of a connection. [`guard`] then looks at each frame's header: [`flood`] ends
//! connections that send too many frames which belong to no call, and [`late_window_update`] hides the WINDOW_UPDATE
//! frames on which h2 would end a draining connection. What h2 limits itself (resets, CONTINUATION and tiny DATA frames)
//! is set in [`Limits`](super::Limits).

mod flood;
mod frame;
mod guard;
mod late_window_update;
mod preface;
mod settings;

pub(super) use self::frame::{CONTINUATION, DATA, FRAME_HEADER, HEADERS, SETTINGS, frame};
pub(super) use self::guard::Guarded;
pub(super) use self::preface::{PREFACE, Version, read_preface};
