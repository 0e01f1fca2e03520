//! Which method was meant by a name that is none: one without its package, a path, a name with dots, a service alone.

use crate::schema::Schema;
use crate::suggest;

/// How many methods a hint names.
const MAX_NAMED: usize = 3;

/// A hint for the name of a method that is not in the schema.
pub(super) fn method_hint(schema: &Schema, wanted: &str) -> Option<String> {
    let known: Vec<&str> = schema.methods().iter().map(|method| method.name()).collect();
    let name = wanted.trim().trim_matches('/');
    let mut methods = schema.methods().iter();
    if let Some(first) = methods.find(|method| is_end_of(name, method.service())) {
        let (first, service) = (first.name(), first.service());
        return Some(format!(
            "name a method, such as `{first}`, or all of them: `{service}/*`"
        ));
    }
    let with_slash = match name.rsplit_once('.') {
        Some((service, method)) if !name.contains('/') => format!("{service}/{method}"),
        _ => name.to_owned(),
    };
    let (service, method) = with_slash.rsplit_once('/').unwrap_or(("", &with_slash));
    let in_other_package = format!("{}/{method}", service.rsplit('.').next().unwrap_or_default());
    let ending_with = |end: &str| {
        let ending: Vec<&str> = known
            .iter()
            .copied()
            .filter(|known| is_end_of(end, known))
            .collect();
        question(&ending)
    };
    ending_with(&with_slash)
        .or_else(|| ending_with(&in_other_package))
        .or_else(|| suggest::did_you_mean(&with_slash, known.iter().copied()))
        .or_else(|| ending_with(method))
        .or_else(|| suggest::hint(wanted, known.iter().copied()))
}

/// Whether a full name ends with these parts of it; upper and lower case do not count.
fn is_end_of(end: &str, full_name: &str) -> bool {
    let (end, full_name) = (end.to_lowercase(), full_name.to_lowercase());
    let before = full_name.strip_suffix(end.as_str());
    !end.is_empty() && before.is_some_and(|before| before.is_empty() || before.ends_with(['.', '/']))
}

/// The question whether one of a few names was meant.
fn question(names: &[&str]) -> Option<String> {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last()? {
        (last, []) => Some(format!("did you mean {last}?")),
        (last, others) if names.len() <= MAX_NAMED => {
            Some(format!("did you mean {} or {last}?", others.join(", ")))
        }
        _ => None,
    }
}
