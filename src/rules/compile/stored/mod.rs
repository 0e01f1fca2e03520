//! Which places of the store rules set and read. One that is read, and that no rule sets, is most often misspelt; and what is
//! only set by what reads it first is never set.

mod all;
mod key_kind;
mod kind;
mod names;
mod unasked;

pub(super) use self::all::AllStored;
pub(super) use self::key_kind::{KeyKind, TypedKey};
pub(super) use self::kind::Kind;
pub(super) use self::names::{Meant, Stored, StoredLoop};
pub(super) use self::unasked::StoredOfRule;
