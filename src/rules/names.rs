//! What to suggest when a name is not known.

/// Lists longer than this are no help.
const LISTED: usize = 12;
/// From this likeness on a name is taken for a slip of the other.
const NEAR: f64 = 0.75;

/// A hint for a name that is none of `known`: the nearest if one is near, all of them if they are few.
pub(crate) fn hint<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<String> {
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(near) = nearest(name, known.iter().copied()) {
        return Some(format!("did you mean `{near}`?"));
    }
    match known.as_slice() {
        [] => None,
        [only] => Some(format!("there is only `{only}`")),
        few if few.len() <= LISTED => {
            let quoted: Vec<String> = few.iter().map(|name| format!("`{name}`")).collect();
            Some(format!("known are {}", quoted.join(", ")))
        }
        _ => None,
    }
}

/// The name most like `name`, if it may have been meant.
pub(crate) fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let lower = name.to_lowercase();
    known
        .into_iter()
        .map(|candidate| {
            (
                strsim::normalized_damerau_levenshtein(&lower, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(likeness, candidate)| {
            // In short names one slip weighs much: `valu`, `nme`.
            *likeness >= NEAR || strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()) == 1
        })
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_suggested_and_a_far_one_lists_what_there_is() {
        assert_eq!(hint("valeu", ["name", "value"]).unwrap(), "did you mean `value`?");
        assert_eq!(hint("nme", ["name", "value"]).unwrap(), "did you mean `name`?");
        assert_eq!(
            hint("colour", ["name", "value"]).unwrap(),
            "known are `name`, `value`"
        );
        assert_eq!(hint("x", []), None);
    }

    #[test]
    fn a_long_list_is_not_printed() {
        let many: Vec<String> = (0..40).map(|n| format!("long_field_{n}")).collect();
        assert_eq!(hint("zzz", many.iter().map(String::as_str)), None);
    }
}
