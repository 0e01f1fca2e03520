//! Calls of functions and macros.

use std::ops::Range;

use super::collections::{RowsWord, asked};
use super::compiled::Compiled;
use super::compiler::Compiler;
use super::names::function_names;
use super::other_languages::{self, EntryOf};
use crate::cel::cost::Cost;
use crate::cel::functions::{self, Function, Style};
use crate::cel::pattern::Pattern;
use crate::cel::pattern_never::matches_nothing;
use crate::cel::syntax::{Expr, ExprKind, Literal, Name};
use crate::cel::typed::{LoopKind, Question, TypedExpr};
use crate::cel::values::{Type, Value};
use crate::schema::{field_called, field_name};
use crate::suggest;

/// The words that stand before a function's name, with a dot.
const NAMESPACES: &[&str] = &["math", "strings", "lists", "base64"];

impl Compiler<'_, '_> {
    /// `function(…)`, or `target.function(…)`.
    pub(super) fn call(
        &mut self,
        expr: &Expr,
        target: Option<&Expr>,
        function: &Name,
        arguments: &[Expr],
    ) -> Compiled {
        let (name, span) = (function.text.as_str(), &function.span);
        let Some(target) = target else {
            return match (name, arguments) {
                ("has", arguments) => self.has(expr, arguments),
                ("getField", arguments) => self.field_by_text(expr, arguments),
                ("random", []) => self.random(TypedExpr::Random, Type::Double),
                ("uuid", []) => self.random(TypedExpr::Uuid, Type::String),
                // `.f(x)` names the function at the root, where all functions are.
                _ => self.function(span, name.strip_prefix('.').unwrap_or(name), None, arguments),
            };
        };
        if let ExprKind::Name(namespace) = &target.kind
            && !self.is_variable(namespace)
            && let namespace = namespace.strip_prefix('.').unwrap_or(namespace)
            && NAMESPACES.contains(&namespace)
        {
            return self.function(span, &format!("{namespace}.{name}"), None, arguments);
        }
        if self.is_of_collection(target)
            && let Some(word) = RowsWord::of_name(name)
        {
            return self.asked_of_rows(word, span, target, arguments);
        }
        match (LoopKind::of_name(name), arguments) {
            (Some(kind), [variable, body]) => self.looped(kind, target, variable, None, body),
            (Some(LoopKind::Map), [variable, only_if, body]) => {
                self.looped(LoopKind::Map, target, variable, Some(only_if), body)
            }
            (Some(_), _) => {
                self.problem(
                    span.clone(),
                    format!("`{name}` takes a variable and an expression"),
                );
                self.hint(format!("write x.{name}(v, …v…)"));
                Compiled::unknown()
            }
            _ => self.function(span, name, Some(target), arguments),
        }
    }

    fn function(
        &mut self,
        span: &Range<usize>,
        name: &str,
        target: Option<&Expr>,
        arguments: &[Expr],
    ) -> Compiled {
        let expressions: Vec<&Expr> = target.into_iter().chain(arguments).collect();
        let wanted = if target.is_some() {
            Style::Member
        } else {
            Style::Global
        };
        let named: Vec<&'static Function> = functions::all()
            .filter(|function| function.name == name)
            .collect();
        let Some(first) = named.first() else {
            return self.unknown_function(span, name, target, &expressions);
        };
        if first.style != wanted && first.style != Style::Both {
            self.problem(span.clone(), format!("`{name}` is not called this way"));
            let example = if name == "format" {
                "'%s of %d'.format([a, b])".to_owned()
            } else if wanted == Style::Member {
                format!("{name}(x)")
            } else {
                format!("x.{name}()")
            };
            self.hint(format!("write it as `{example}`"));
            return Compiled::unknown();
        }
        if let Some(told) = self.own_variable(span, name, target, arguments) {
            return told;
        }
        let mut values: Vec<Compiled> = expressions
            .iter()
            .map(|expr| {
                let value = self.expr(expr);
                // An `Any` prints with its type.
                if name == "json" { value } else { value.unpacked() }
            })
            .collect();
        let Some(function) = named.iter().find(|function| function.code.takes(values.len())) else {
            return self.wrong_count(span, name, arguments.len(), &named);
        };
        let types: Vec<&Type> = values.iter().map(|value| &value.value_type).collect();
        let Some(value_type) = function.result(&types) else {
            let given: Vec<String> = types.iter().map(ToString::to_string).collect();
            let message = format!("`{name}` does not take ({})", given.join(", "));
            let taken: Vec<String> = function.overloads.iter().map(ToString::to_string).collect();
            self.problem(span.clone(), message);
            self.hint(match (name, types.as_slice()) {
                ("contains", [Type::List(_) | Type::Map(..), _]) => {
                    let [container, value] = [expressions[0], expressions[1]].map(|expr| self.written(expr));
                    format!("write `{value} in {container}`")
                }
                ("join", [Type::List(_), ..]) => {
                    "texts are joined: `l.map(x, string(x)).join(', ')`".to_owned()
                }
                ("format", [Type::Timestamp, _]) => {
                    "`string(t)` is the time as text; `t.getFullYear()` and the like are its parts".to_owned()
                }
                ("update", [_, new, Type::String | Type::List(_)]) => self.named_fields(new, &expressions),
                _ => format!("it takes {}", taken.join(" or ")),
            });
            return Compiled::unknown();
        };
        if name == "format"
            && let Some(told) = self.wrong_format(&expressions, &values)
        {
            return told;
        }
        if name == "size" && matches!(values[0].expr, TypedExpr::Stored(_)) {
            return self.combine(values, value_type, |mut exprs| match exprs.remove(0) {
                TypedExpr::Stored(path) => TypedExpr::StoredSize(path),
                other => other,
            });
        }
        if name == "size" && matches!(values[0].expr, TypedExpr::Rows(_)) {
            return self.wrap(values.remove(0), value_type, |rows| asked(rows, Question::Count));
        }
        if name == "size" && matches!(values[0].expr, TypedExpr::Requests(..)) {
            return Compiled::read(TypedExpr::RequestCount, Type::Int);
        }
        if name == "double" && *types[0] == Type::Int {
            return self.combine(values, value_type, |mut exprs| {
                TypedExpr::ToDouble(Box::new(exprs.remove(0)))
            });
        }
        if name == "matches"
            && let Some(pattern) = values[1].constant_text()
        {
            if matches_nothing(pattern) {
                return self.no_match(expressions[1]);
            }
            return match Pattern::new(pattern) {
                Ok(pattern) => self.combine(values, value_type, |mut exprs| {
                    TypedExpr::Matches(Box::new(exprs.remove(0)), Box::new(pattern))
                }),
                Err(reason) => {
                    let compiled = self.problem(expressions[1].span.clone(), reason);
                    self.hint(
                        "a character such as `(` or `[` stands for itself after `\\`, or in brackets: `[(]`",
                    );
                    compiled
                }
            };
        }
        if name == "matches" {
            return self.combine(values, value_type, |exprs| {
                TypedExpr::MatchesPattern(Box::new(exprs.try_into().expect("it takes two")))
            });
        }
        if name == "json" {
            return self.combine(values, value_type, |mut exprs| {
                TypedExpr::Json(Box::new(exprs.remove(0)))
            });
        }
        if name == "flatten" && matches!(types[0], Type::List(_)) {
            let depth = values.get(1).map_or(Some(1), |depth| match depth.expr {
                TypedExpr::Const(Value::Int(depth)) => u64::try_from(depth).ok(),
                _ => None,
            });
            if let Some(depth) = depth {
                return self.combine(values, value_type, |mut exprs| {
                    TypedExpr::Flatten(Box::new(exprs.swap_remove(0)), depth)
                });
            }
        }
        let mut function = *function;
        if name == "sum"
            && let Some(zero) = zero(&value_type)
        {
            values.push(Compiled::constant(zero, value_type.clone()));
            function = functions::SUM_FROM;
        }
        let cost = Cost::of(name);
        self.combine(values, value_type, |exprs| {
            TypedExpr::Call(function, cost, exprs.into())
        })
    }

    /// Tells of a pattern that no text matches.
    #[cold]
    #[inline(never)]
    fn no_match(&mut self, pattern: &Expr) -> Compiled {
        self.problem(pattern.span.clone(), "no text matches this pattern");
        self.hint("`^` is the begin of the text, and `$` its end; `\\\\^` and `\\\\$` are the characters themselves");
        Compiled::unknown()
    }

    /// Tells of a function that is called as a macro is, with a variable of its own: `requests.sum(r, r.count)`.
    #[cold]
    #[inline(never)]
    fn own_variable(
        &mut self,
        span: &Range<usize>,
        name: &str,
        target: Option<&Expr>,
        arguments: &[Expr],
    ) -> Option<Compiled> {
        let (Some(target), [variable, body]) = (target, arguments) else {
            return None;
        };
        let variable = self.unknown_name(variable)?;
        let takes_none = |function: &Function| function.name == name && function.code.takes(1);
        if !functions::all().any(takes_none) || !names(body, variable) {
            return None;
        }
        let (list, body) = (self.written(target), self.written(body));
        let told = self.problem(
            span.clone(),
            format!("`{name}` has no variable of its own, as `map` has"),
        );
        self.hint(format!("write `{list}.map({variable}, {body}).{name}()`"));
        Some(told)
    }

    /// Tells of a function that does not take so many arguments. Apart, so that frames of deep expressions stay small.
    #[cold]
    #[inline(never)]
    fn wrong_count(
        &mut self,
        span: &Range<usize>,
        name: &str,
        count: usize,
        named: &[&'static Function],
    ) -> Compiled {
        self.problem(span.clone(), format!("`{name}` does not take {count} arguments"));
        let taken = named.iter().flat_map(|function| function.overloads);
        let taken: Vec<String> = taken.map(ToString::to_string).collect();
        let few = taken.len() <= 4;
        self.hint(match (few, named.first().map(|first| first.style)) {
            (true, Some(Style::Member)) => {
                format!("with what stands before the dot, it takes {}", taken.join(" or "))
            }
            (true, _) => format!("it takes {}", taken.join(" or ")),
            _ => "docs/rules.md says what each function takes".to_owned(),
        });
        Compiled::unknown()
    }

    /// What to do about a function of maps and lists that says whether something is in them, or reads it: `m.has(k)`,
    /// `m.get(k, default)`.
    fn hint_for_entry(&self, name: &str, parts: &[&Expr], of: Option<&Compiled>) -> Option<String> {
        let of = &of?.value_type;
        let written: Vec<&str> = parts.iter().map(|part| self.written(part)).collect();
        let is_container = matches!(of, Type::List(_) | Type::Map(..) | Type::Dyn);
        Some(match (other_languages::entry_of(name)?, written.as_slice()) {
            (EntryOf::Has, [container, key]) if is_container => format!("write `{key} in {container}`"),
            (EntryOf::Has, [text, part]) if *of == Type::String => format!("write `{text}.contains({part})`"),
            (EntryOf::Read, [container, key]) if is_container => format!("write `{container}[{key}]`"),
            (EntryOf::Read, [container, key, default]) if matches!(of, Type::Map(..) | Type::Dyn) => {
                format!("write `{key} in {container} ? {container}[{key}] : {default}`")
            }
            _ => return None,
        })
    }

    /// The hint at the names of fields in place of a `FieldMask`: with those names, if they are constants.
    #[cold]
    #[inline(never)]
    fn named_fields(&self, new: &Type, arguments: &[&Expr]) -> String {
        let text = |expr: &Expr| match &expr.kind {
            ExprKind::Literal(Literal::String(text)) => Some(text.clone()),
            _ => None,
        };
        let names: Option<Vec<String>> = match arguments.last().map(|names| (text(names), &names.kind)) {
            Some((Some(names), _)) => Some(names.split(',').map(|name| name.trim().to_owned()).collect()),
            Some((None, ExprKind::List(names))) => names.iter().map(text).collect(),
            _ => None,
        };
        // A schema without such a mask has no name for it.
        if self.type_named(&["google", "protobuf", "FieldMask"]).is_some() {
            let paths = names.map_or_else(|| "…".to_owned(), |names| format!("['{}']", names.join("', '")));
            return format!("write `google.protobuf.FieldMask{{paths: {paths}}}`");
        }
        let (Type::Message(message), Some(names)) = (new, names) else {
            return "give a message with those fields alone: `update(old, Type{name: new.name})`".to_owned();
        };
        let from = arguments.get(1).and_then(|new| path(new));
        let from = from.unwrap_or_else(|| "new".to_owned());
        let fields: Vec<String> = names
            .iter()
            .map(|name| format!("{name}: {from}.{name}"))
            .collect();
        format!(
            "give a message with those fields alone: `{}{{{}}}`",
            message.full_name(),
            fields.join(", ")
        )
    }

    /// Tells of a function that does not exist. Apart, so that frames of deep expressions stay small.
    #[cold]
    #[inline(never)]
    fn unknown_function(
        &mut self,
        span: &Range<usize>,
        name: &str,
        target: Option<&Expr>,
        expressions: &[&Expr],
    ) -> Compiled {
        // The target may be wrong too, unless it is the first part of the function's own name.
        let namespace = target.and_then(|target| self.unknown_name(target));
        let full_name = namespace.map_or_else(|| name.to_owned(), |space| format!("{space}.{name}"));
        let own = match name {
            "random" if target.is_none() => {
                Some("`random()` has no arguments: `1 + int(random() * 100.0)` is from 1 to 100")
            }
            "uuid" => Some("`uuid()` has no arguments"),
            _ => None,
        };
        let of_macro = own
            .or_else(|| other_languages::for_macro(&full_name))
            .or_else(|| other_languages::for_macro(name));
        let mut values = Vec::new();
        if namespace.is_none() && of_macro.is_none() {
            values.extend(expressions.iter().map(|expr| self.expr(expr)));
        }
        self.problem(span.clone(), format!("unknown function `{full_name}`"));
        let field = values
            .first()
            .filter(|_| target.is_some() && expressions.len() == 1);
        let field = field.and_then(|of| field_meant(&of.value_type, name));
        let told = of_macro.or_else(|| other_languages::for_function(&full_name));
        let of_rows = target.is_some_and(|target| self.is_of_collection(target));
        let of_rows = of_rows.then(|| RowsWord::near(name)).flatten();
        if let Some(hint) = of_rows {
            self.hint(hint);
        } else if let Some(field) = field {
            self.hint(format!("a field is read by its name: `x.{field}`"));
        } else if let Some(hint) = self.hint_for_entry(name, expressions, values.first()) {
            self.hint(hint);
        } else if let Some(hint) = told.or_else(|| other_languages::for_function(name)) {
            self.hint(hint);
        } else if suggest::nearest(&full_name, function_names()).is_some() {
            self.hint_near(&full_name, function_names());
        } else if let Some(hint) = other_languages::near_function(name) {
            self.hint(hint);
        } else {
            self.hint("docs/rules.md lists the functions of expressions, which are those of CEL");
        }
        Compiled::unknown()
    }
}

/// Whether an expression reads a variable of that name.
fn names(expr: &Expr, variable: &str) -> bool {
    let mut parts = vec![expr];
    while let Some(part) = parts.pop() {
        match &part.kind {
            ExprKind::Name(name) if name == variable => return true,
            _ => parts.extend(part.parts()),
        }
    }
    false
}

/// A name and the names after its dots, as they are written.
fn path(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name.clone()),
        ExprKind::Select(operand, name) => Some(format!("{}.{}", path(operand)?, name.text)),
        _ => None,
    }
}

/// The field of a message that a function without arguments was meant to read: `x.name()`, `x.getName()`.
fn field_meant(of: &Type, name: &str) -> Option<String> {
    let Type::Message(message) = of else { return None };
    let names = [Some(name.to_owned()), other_languages::field_of_getter(name)];
    names.into_iter().flatten().find_map(|name| {
        let named = field_called(message, &name);
        named.map(|field| field_name(&field).to_owned())
    })
}

/// The sum of no values of a type, if it is another than that of ints.
fn zero(of: &Type) -> Option<Value<'static>> {
    match of {
        Type::Uint => Some(Value::Uint(0)),
        Type::Double => Some(Value::Double(0.0)),
        Type::Duration => Some(Value::Duration { seconds: 0, nanos: 0 }),
        _ => None,
    }
}
