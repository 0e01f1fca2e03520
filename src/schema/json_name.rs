//! The name of a field in JSON where it is given none.

/// A name without underscores, and with a capital after each.
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
