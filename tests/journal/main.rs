//! The journal: what it shows of calls in all protocols, what it never shows, how much it keeps, and what is verified by it.

mod bounds;
mod calls;
mod filters;
mod reasons;
mod support;
mod verify;
