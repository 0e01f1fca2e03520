//! What the language means, by tables; see each file.
