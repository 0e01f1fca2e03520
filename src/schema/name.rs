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
pub(super) fn qualified(scope: &str, name: &str) -> String {
    match scope {
        "" => name.to_owned(),
        scope => format!("{scope}.{name}"),
    }
}
