//! "Did you mean": the known name that an unknown one was probably meant to be.
//!
//! Everything that looks up a name that a user wrote suggests with these functions, so that a slip is judged alike
//! everywhere. A name that is unlike all the others gets no suggestion. Names that clients send go through [`clause`], which
//! bounds what comparing them costs.

/// Longer lists of known names are not printed: they would hide the message.
const LISTED: usize = 12;

/// From this likeness on (0 to 1), a name is taken for a slip of the other.
const NEAR: f64 = 0.75;

/// A hint for a name that is not among `known`: the nearest name if one is near, all of them if they are few.
pub(crate) fn hint<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<String> {
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(question) = did_you_mean(name, known.iter().copied()) {
        return Some(question);
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

/// A client's names up to this length are compared with those that there are.
const LONGEST: usize = 64;

/// A client's names are compared with no more than so many.
const MOST: usize = 256;

/// The hint for a name that a client sent, as the end of an error about it: `; did you mean …?`, or nothing.
///
/// Clients can send wrong names without end, so a long name, and one among many, gets no hint.
pub(crate) fn clause<'k>(name: &str, known: impl ExactSizeIterator<Item = &'k str>) -> String {
    if name.len() > LONGEST || known.len() > MOST {
        return String::new();
    }
    hint(name, known).map_or_else(String::new, |hint| format!("; {hint}"))
}

/// The question "did you mean …?" for a name that is not among `known`, if one of them is near.
pub(crate) fn did_you_mean<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<String> {
    nearest(name, known).map(|near| format!("did you mean `{near}`?"))
}

/// The name most like `name`, if it may have been meant. Case does not count.
pub(crate) fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let name = name.to_lowercase();
    known
        .into_iter()
        .filter_map(|candidate| Some((likeness(&name, &candidate.to_lowercase())?, candidate)))
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}

/// How like two names are, from 0 to 1, if one may be a slip of the other.
fn likeness(name: &str, candidate: &str) -> Option<f64> {
    // A full name whose package was left out.
    let left_out = candidate
        .strip_suffix(name)
        .is_some_and(|before| before.ends_with(SEPARATORS));
    if left_out && !name.is_empty() {
        return Some(1.0);
    }
    // Most names of one schema share their package, which makes no two of them alike.
    let shared = shared_scope(name, candidate);
    let (name, candidate) = (&name[shared..], &candidate[shared..]);
    let likeness = strsim::normalized_damerau_levenshtein(name, candidate);
    // In short names one slip weighs much: `valu`, `nme`.
    (likeness >= NEAR || strsim::damerau_levenshtein(name, candidate) == 1).then_some(likeness)
}

const SEPARATORS: [char; 2] = ['.', '/'];

/// The length of the packages, services or messages that both full names begin with.
fn shared_scope(one: &str, other: &str) -> usize {
    let shared = one.chars().zip(other.chars()).take_while(|(a, b)| a == b);
    let shared: usize = shared.map(|(letter, _)| letter.len_utf8()).sum();
    one[..shared]
        .rfind(SEPARATORS)
        .map_or(0, |separator| separator + 1)
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

    #[test]
    fn what_a_client_sends_is_compared_within_bounds() {
        let known = vec!["value"; MOST];
        let clause = |name: &str, known: &[&'static str]| super::clause(name, known.iter().copied());
        assert_eq!(clause("valeu", &known), "; did you mean `value`?");
        assert_eq!(clause(&"v".repeat(LONGEST + 1), &known), "");
        assert_eq!(clause("valeu", &vec!["value"; MOST + 1]), "");
        assert_eq!(clause("x", &[]), "");
    }

    #[test]
    fn a_shared_package_makes_no_two_names_alike() {
        let known = [
            "library.v1.LibraryService/GetBook",
            "library.v1.LibraryService/ListBooks",
        ];
        assert_eq!(nearest("library.v1.LibraryService/Frobnicate", known), None);
        assert_eq!(nearest("library.v1.LibraryService/GetBok", known), Some(known[0]));
        assert_eq!(
            nearest("library.v1.LibaryService/ListBooks", known),
            Some(known[1])
        );
    }

    #[test]
    fn a_name_without_its_package_is_near() {
        let known = [
            "library.v1.LibraryService/GetBook",
            "library.v1.LibraryService/ListBooks",
        ];
        assert_eq!(nearest("LibraryService/ListBooks", known), Some(known[1]));
        assert_eq!(nearest("Books", known), None);
        assert_eq!(nearest("", known), None);
    }
}
