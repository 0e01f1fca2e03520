//! The places of the store that an expression names, and what it does with them.
//!
//! What is never set anywhere is most often misspelt, and what is read before it can be set fails each time. So for each
//! place it is known whether the expression fails without it.

use std::ops::Range;

use super::syntax::{self, BinaryOperator, Expr, ExprKind, Literal};

/// One step on the way to a place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum StoredKey {
    Name(String),
    /// An expression gives it, as in `store[request.id]`.
    Computed,
}

/// A place of the store in an expression, such as `store.orders[request.id].status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredPlace {
    pub(crate) keys: Vec<StoredKey>,
    /// Where the place stands in the text.
    pub(crate) span: Range<usize>,
    /// Where each of its keys does.
    pub(crate) key_spans: Vec<Range<usize>>,
    /// Whether a macro is around it, whose variables its keys may name.
    pub(crate) in_macro: bool,
    /// The condition that it is there: `has(store.n)`, or `request.id in store.orders`.
    pub(crate) is_there: String,
    pub(crate) read: StoredRead,
}

/// What an expression does with a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StoredRead {
    /// It fails where nothing is there. With the expression as it does not fail, if that is known.
    Needed { instead: Option<String> },
    /// It may read it.
    Maybe,
    /// It asks whether something is there, or goes over what is there.
    Asked,
    /// It compares it with null, and that is all that stands at this range of the text.
    ComparedWithNull {
        equal: bool,
        whole: Range<usize>,
        /// Whether it fails where nothing is there.
        is_needed: bool,
    },
}

/// A field of a variable: `order.name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldOfVariable {
    pub(crate) variable: String,
    pub(crate) fields: Vec<String>,
    /// Where it stands in the text, the variable included.
    pub(crate) span: Range<usize>,
    /// The place of the store that a macro goes over, whose key the variable is.
    pub(crate) key_of: Option<Vec<StoredKey>>,
    /// The text of that place.
    pub(crate) container: String,
}

/// What an expression names of the store.
#[derive(Debug, Default)]
pub(crate) struct StoredNames {
    /// A place comes before those in its brackets.
    pub(crate) places: Vec<StoredPlace>,
    /// The fields of the variables of macros and of names that no macro has.
    pub(crate) fields: Vec<FieldOfVariable>,
    /// Whether the whole expression is the first place.
    pub(crate) is_place: bool,
}

/// What a text names of the store, if it is an expression.
pub(crate) fn stored_names(text: &str) -> StoredNames {
    let mut names = StoredNames::default();
    if let Ok(expr) = syntax::parse(text) {
        let mut reader = Reader {
            text,
            root: &expr,
            names: &mut names,
            variables: Vec::new(),
        };
        reader.look(&expr, Mode::Certain);
        names.allow_null_where_asked();
        names.is_place = matches!(path_of(&expr), Some((keys, _)) if !keys.is_empty());
    }
    names
}

impl StoredNames {
    /// What the expression asks for, too, may be compared with null: `has(store.n) && store.n != null`.
    fn allow_null_where_asked(&mut self) {
        let asked = self.places.iter().filter(|place| place.read == StoredRead::Asked);
        let asked: Vec<Vec<StoredKey>> = asked.map(|place| place.keys.clone()).collect();
        for place in &mut self.places {
            if matches!(place.read, StoredRead::ComparedWithNull { .. }) && asked.contains(&place.keys) {
                place.read = StoredRead::Maybe;
            }
        }
    }
}

/// Whether a part is evaluated in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Certain,
    Maybe,
    Asked,
}

/// The place of the store that a macro goes over, and its text.
type Container = (Vec<StoredKey>, String);

struct Reader<'t> {
    text: &'t str,
    root: &'t Expr,
    names: &'t mut StoredNames,
    /// The variables of the macros around, and the places of the store whose keys they are.
    variables: Vec<(String, Option<Container>)>,
}

/// The keys from the store to a place, each with where it stands; `None` for what is no place.
fn path_of(expr: &Expr) -> Option<(Vec<StoredKey>, Vec<Range<usize>>)> {
    let (operand, key, span) = match &expr.kind {
        ExprKind::Name(name) if name.trim_start_matches('.') == "store" => {
            return Some((Vec::new(), Vec::new()));
        }
        ExprKind::Select(operand, field) => (
            &**operand,
            StoredKey::Name(field.text.clone()),
            field.span.clone(),
        ),
        ExprKind::Index(parts) => {
            let [container, key] = &**parts;
            (container, key_of(key), key.span.clone())
        }
        _ => return None,
    };
    let (mut keys, mut spans) = path_of(operand)?;
    keys.push(key);
    spans.push(span);
    Some((keys, spans))
}

fn key_of(key: &Expr) -> StoredKey {
    match &key.kind {
        ExprKind::Literal(Literal::String(name)) => StoredKey::Name(name.clone()),
        _ => StoredKey::Computed,
    }
}

/// The variable and the fields of `order.to.city`.
fn fields_of(expr: &Expr) -> Option<(String, Vec<String>)> {
    let segments = expr.segments()?;
    let (variable, fields) = segments.split_first()?;
    let fields: Vec<String> = fields.iter().map(|field| (*field).to_owned()).collect();
    (!fields.is_empty()).then(|| ((*variable).to_owned(), fields))
}

impl Reader<'_> {
    fn source(&self, span: &Range<usize>) -> &str {
        &self.text[span.clone()]
    }

    fn look(&mut self, expr: &Expr, mode: Mode) {
        if let Some((keys, key_spans)) = path_of(expr) {
            if !keys.is_empty() {
                let read = match mode {
                    Mode::Certain => StoredRead::Needed {
                        instead: self.instead(expr),
                    },
                    Mode::Maybe => StoredRead::Maybe,
                    Mode::Asked => StoredRead::Asked,
                };
                self.place(expr, keys, key_spans, read);
            }
            return self.look_at_keys(expr, mode);
        }
        if let Some((variable, fields)) = fields_of(expr) {
            let of_macro = self.variables.iter().rev().find(|(name, _)| *name == variable);
            let key_of = of_macro.map(|(_, place)| place.clone());
            // What a macro has taken is no variable of a loop around.
            let (key_of, container) = match key_of {
                Some(None) => return,
                Some(Some((keys, container))) => (Some(keys), container),
                None => (None, String::new()),
            };
            self.names.fields.push(FieldOfVariable {
                variable,
                fields,
                span: expr.span.clone(),
                key_of,
                container,
            });
            return;
        }
        match &expr.kind {
            ExprKind::Binary(operator, parts) => self.binary(expr, *operator, parts, mode),
            ExprKind::Conditional(parts) => {
                let [condition, then, otherwise] = &**parts;
                self.look(condition, mode);
                self.look(then, weaker(mode));
                self.look(otherwise, weaker(mode));
            }
            ExprKind::Call {
                target,
                function,
                arguments,
            } => self.call(target.as_deref(), &function.text, arguments, mode),
            _ => {
                for part in expr.parts() {
                    self.look(part, mode);
                }
            }
        }
    }

    /// The expressions in the brackets of a place.
    fn look_at_keys(&mut self, place: &Expr, mode: Mode) {
        match &place.kind {
            ExprKind::Select(operand, _) => self.look_at_keys(operand, mode),
            ExprKind::Index(parts) => {
                let [container, key] = &**parts;
                self.look_at_keys(container, mode);
                self.look(key, if mode == Mode::Asked { Mode::Certain } else { mode });
            }
            _ => {}
        }
    }

    fn place(&mut self, expr: &Expr, keys: Vec<StoredKey>, key_spans: Vec<Range<usize>>, read: StoredRead) {
        self.names.places.push(StoredPlace {
            keys,
            span: expr.span.clone(),
            key_spans,
            in_macro: !self.variables.is_empty(),
            is_there: self.is_there(expr),
            read,
        });
    }

    fn is_there(&self, place: &Expr) -> String {
        match &place.kind {
            ExprKind::Index(parts) => {
                let [container, key] = &**parts;
                format!("{} in {}", self.source(&key.span), self.source(&container.span))
            }
            _ => format!("has({})", self.source(&place.span)),
        }
    }

    /// The whole expression as it does not fail without this place: `has(store.n) ? store.n + 1 : 1`.
    fn instead(&self, place: &Expr) -> Option<String> {
        let same = |part: &Expr| part.span == place.span;
        let otherwise = match &self.root.kind {
            ExprKind::Binary(BinaryOperator::Add, parts) if same(&parts[0]) => self.source(&parts[1].span),
            ExprKind::Binary(BinaryOperator::Add, parts) if same(&parts[1]) => self.source(&parts[0].span),
            ExprKind::Call {
                target: None,
                function,
                arguments,
            } if function.text == "update" && arguments.first().is_some_and(same) => {
                self.source(&arguments.get(1)?.span)
            }
            _ => return None,
        };
        Some(format!(
            "{} ? {} : {otherwise}",
            self.is_there(place),
            self.text.trim()
        ))
    }

    fn binary(&mut self, expr: &Expr, operator: BinaryOperator, parts: &[Expr; 2], mode: Mode) {
        let [left, right] = parts;
        let is_null = |expr: &Expr| matches!(expr.kind, ExprKind::Literal(Literal::Null));
        match operator {
            BinaryOperator::And | BinaryOperator::Or => {
                self.look(left, weaker(mode));
                self.look(right, weaker(mode));
            }
            BinaryOperator::In => {
                if let Some((mut keys, mut spans)) = path_of(right) {
                    keys.push(key_of(left));
                    spans.push(left.span.clone());
                    self.place(right, keys, spans, StoredRead::Asked);
                    self.look_at_keys(right, Mode::Asked);
                } else {
                    self.look(right, mode);
                }
                self.look(left, mode);
            }
            BinaryOperator::Equal | BinaryOperator::NotEqual if is_null(left) || is_null(right) => {
                let value = if is_null(left) { right } else { left };
                match path_of(value) {
                    Some((keys, spans)) if !keys.is_empty() => {
                        let read = StoredRead::ComparedWithNull {
                            equal: operator == BinaryOperator::Equal,
                            whole: expr.span.clone(),
                            is_needed: mode == Mode::Certain,
                        };
                        self.place(value, keys, spans, read);
                        self.look_at_keys(value, mode);
                    }
                    _ => self.look(value, mode),
                }
            }
            _ => {
                self.look(left, mode);
                self.look(right, mode);
            }
        }
    }

    fn call(&mut self, target: Option<&Expr>, function: &str, arguments: &[Expr], mode: Mode) {
        match (target, function, arguments) {
            (None, "has" | "size", [place]) | (Some(place), "size", []) if path_of(place).is_some() => {
                self.look(place, Mode::Asked);
            }
            (
                Some(range),
                "all" | "exists" | "exists_one" | "map" | "filter" | "sortBy",
                [variable, bodies @ ..],
            ) if !bodies.is_empty() => {
                let place = path_of(range).filter(|(keys, _)| !keys.is_empty());
                self.look(range, if place.is_some() { Mode::Asked } else { mode });
                let key_of = place.map(|(keys, _)| (keys, self.source(&range.span).to_owned()));
                let name = match &variable.kind {
                    ExprKind::Name(name) => name.clone(),
                    _ => return,
                };
                self.variables
                    .push((name, key_of.filter(|_| function != "sortBy")));
                for body in bodies {
                    self.look(body, weaker(mode));
                }
                self.variables.pop();
            }
            _ => {
                for part in target.into_iter().chain(arguments) {
                    self.look(part, mode);
                }
            }
        }
    }
}

fn weaker(mode: Mode) -> Mode {
    match mode {
        Mode::Certain => Mode::Maybe,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::{StoredKey, StoredRead, stored_names};

    /// Each place, with `!` if the expression fails without it, and `?` if it only asks.
    fn places(text: &str) -> String {
        let names = stored_names(text);
        let places = names.places.iter().map(|place| {
            let keys = place.keys.iter().map(|key| match key {
                StoredKey::Name(name) => name.as_str(),
                StoredKey::Computed => "*",
            });
            let mark = match place.read {
                StoredRead::Needed { .. } => "!",
                StoredRead::Maybe => "",
                StoredRead::Asked => "?",
                StoredRead::ComparedWithNull { .. } => "0",
            };
            keys.collect::<Vec<_>>().join(".") + mark
        });
        places.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn places_are_found_wherever_they_stand() {
        for (text, expected) in [
            ("store.orders[request.id].status", "orders.*.status!"),
            ("has(store.a.b) ? store.c : store['d'].e", "a.b? c d.e"),
            ("'x' in store && request.id in store.y", "x? y.*?"),
            ("store[request.id]", "*!"),
            ("[store.a, {'k': -store.b}].map(e, e + store.c)", "a! b! c"),
            ("store.a[store.b] + 1", "a.*! b!"),
            ("size(store.a) + store.b.size() + size(store.c + [1])", "a? b? c!"),
            ("store.a.filter(x, x.n > store.b)", "a? b"),
            ("store.a == null ? 1 : store.a", "a0 a"),
            ("has(store.a) && store.a != null", "a? a"),
            ("update(store.a[request.id], request)", "a.*!"),
            ("size(store) + request.store.n", ""),
            ("store.", ""),
        ] {
            assert_eq!(places(text), expected, "{text}");
        }
    }

    #[test]
    fn what_does_not_fail_is_written_instead() {
        for (text, expected) in [
            ("store.n + 1", Some("has(store.n) ? store.n + 1 : 1")),
            (
                "store.log + [request.name]",
                Some("has(store.log) ? store.log + [request.name] : [request.name]"),
            ),
            ("[1] + store.log", Some("has(store.log) ? [1] + store.log : [1]")),
            (
                "store.a['b'] + (1 + 2)",
                Some("'b' in store.a ? store.a['b'] + (1 + 2) : 1 + 2"),
            ),
            (
                "update(store.a[request.id], request)",
                Some("request.id in store.a ? update(store.a[request.id], request) : request"),
            ),
            ("store.n * 2", None),
            ("string(store.n)", None),
        ] {
            let names = stored_names(text);
            let StoredRead::Needed { instead } = &names.places[0].read else {
                panic!("{text}")
            };
            assert_eq!(instead.as_deref(), expected, "{text}");
        }
    }
}
