//! Names of elements: in a scope, and in JSON.

/// The name in JSON of a field that is given none: without underscores, and with a capital after each.
pub(super) fn default_json_name(name: &str) -> String {
    let mut json = String::with_capacity(name.len());
    let mut starts_word = false;
    for letter in name.chars() {
        match letter {
            '_' => starts_word = true,
            _ if starts_word => {
                json.push(letter.to_ascii_uppercase());
                starts_word = false;
            }
            _ => json.push(letter),
        }
    }
    json
}

/// A name in a scope; the outermost scope is empty.
pub(crate) fn qualified(scope: &str, name: &str) -> String {
    match scope {
        "" => name.to_owned(),
        scope => format!("{scope}.{name}"),
    }
}

/// What of a full name is below a scope. `None` if it is elsewhere.
pub(super) fn below<'n>(scope: &str, name: &'n str) -> Option<&'n str> {
    match scope {
        "" => Some(name),
        scope => name.strip_prefix(scope)?.strip_prefix('.'),
    }
}

/// A scope and those around it, from the inside to the outermost, which is empty.
pub(crate) fn outwards(scope: &str) -> impl Iterator<Item = &str> {
    let around = scope.rmatch_indices('.').map(|(dot, _)| &scope[..dot]);
    std::iter::once(scope)
        .chain(around)
        .chain((!scope.is_empty()).then_some(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_tried_from_the_inside() {
        assert_eq!(outwards("a.b.c").collect::<Vec<_>>(), ["a.b.c", "a.b", "a", ""]);
        assert_eq!(outwards("").collect::<Vec<_>>(), [""]);
    }
}
