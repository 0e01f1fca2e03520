//! [`FastMap`]: maps of the names and paths of a schema, of which a large one has hundreds of thousands.
//!
//! Their hash is seeded at random, but unlike that of the standard library it does not withstand keys that somebody chose
//! with care. The keys come from protos, which are given by whoever runs the server, and not by its clients.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;

pub(crate) type FastMap<K, V> = HashMap<K, V, RandomState>;
pub(crate) type FastSet<K> = HashSet<K, RandomState>;
