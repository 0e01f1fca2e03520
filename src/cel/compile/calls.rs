//! Calls of functions and macros.

use cel::common::ast::{CallExpr, Expr, IdedExpr};
use regex::Regex;

use super::names::function_names;
use super::{Compiler, Typed};
use crate::cel::Type;
use crate::cel::functions::{self, Function, Style};
use crate::cel::tree::{Loop, LoopKind, Node};

/// The words that stand before a function's name, with a dot.
const NAMESPACES: &[&str] = &["math", "strings", "lists", "base64"];

impl Compiler<'_, '_> {
    pub(super) fn call(&mut self, expr: &IdedExpr, call: &CallExpr) -> Typed {
        if call.target.is_none()
            && let Some(operator) = self.operator(expr, call)
        {
            return operator;
        }
        let namespace = match call.target.as_deref() {
            Some(IdedExpr {
                expr: Expr::Ident(name),
                ..
            }) if NAMESPACES.contains(&name.as_str()) && !self.is_variable(name) => Some(name),
            _ => None,
        };
        match (
            namespace,
            call.target.as_deref(),
            call.func_name.as_str(),
            call.args.as_slice(),
        ) {
            (Some(namespace), ..) => {
                self.function(expr, &format!("{namespace}.{}", call.func_name), None, &call.args)
            }
            (_, None, "has", arguments) => self.has(expr, arguments),
            (_, None, "random", []) => self.volatile(Node::Random, Type::Double),
            (_, None, "uuid", []) => self.volatile(Node::Uuid, Type::String),
            (_, Some(range), name, arguments) => match (LoopKind::of_name(name), arguments) {
                (Some(kind), [variable, body]) => self.looped(kind, range, variable, None, body),
                (Some(LoopKind::Map), [variable, only_if, body]) => {
                    self.looped(LoopKind::Map, range, variable, Some(only_if), body)
                }
                (Some(_), _) => {
                    let span = self.parsed.name_span(expr);
                    self.problem(span, format!("`{name}` takes a variable and an expression"));
                    self.hint(format!("write x.{name}(v, …v…)"));
                    Typed::unknown()
                }
                _ => self.function(expr, name, Some(range), arguments),
            },
            (_, None, name, arguments) => self.function(expr, name, None, arguments),
        }
    }

    fn function(
        &mut self,
        expr: &IdedExpr,
        name: &str,
        target: Option<&IdedExpr>,
        arguments: &[IdedExpr],
    ) -> Typed {
        let expressions: Vec<&IdedExpr> = target.into_iter().chain(arguments).collect();
        let wanted = if target.is_some() {
            Style::Member
        } else {
            Style::Global
        };
        let named: Vec<&'static Function> = functions::all()
            .filter(|function| function.name == name)
            .collect();
        let Some(first) = named.first() else {
            // What it is called on may be wrong, too, if it is not the first part of the function's own name.
            let namespace = target.and_then(|target| self.unknown_name(target));
            if namespace.is_none() {
                for expr in expressions {
                    self.expr(expr);
                }
            }
            let full_name = namespace.map_or_else(|| name.to_owned(), |space| format!("{space}.{name}"));
            self.problem(
                self.parsed.name_span(expr),
                format!("unknown function `{full_name}`"),
            );
            self.hint_near(&full_name, function_names());
            return Typed::unknown();
        };
        if first.style != wanted && first.style != Style::Both {
            self.problem(
                self.parsed.name_span(expr),
                format!("`{name}` is not called this way"),
            );
            let example = if wanted == Style::Member {
                format!("{name}(x)")
            } else {
                format!("x.{name}()")
            };
            self.hint(format!("write it as `{example}`"));
            return Typed::unknown();
        }
        let values: Vec<Typed> = expressions
            .iter()
            .map(|expr| {
                let value = self.expr(expr);
                // An `Any` prints with its type.
                if name == "json" { value } else { value.unpacked() }
            })
            .collect();
        let Some(function) = named.iter().find(|function| function.code.takes(values.len())) else {
            let message = format!("`{name}` does not take {} arguments", arguments.len());
            return self.problem(self.parsed.name_span(expr), message);
        };
        let types: Vec<&Type> = values.iter().map(|value| &value.value_type).collect();
        let Some(value_type) = function.result(&types) else {
            let given: Vec<String> = types.iter().map(ToString::to_string).collect();
            let message = format!("`{name}` does not take ({})", given.join(", "));
            let taken: Vec<String> = function.overloads.iter().map(ToString::to_string).collect();
            self.problem(self.parsed.name_span(expr), message);
            self.hint(format!("it takes {}", taken.join(" or ")));
            return Typed::unknown();
        };
        if name == "size" && matches!(values[0].node, Node::Requests(..)) {
            return Typed::read(Node::RequestCount, Type::Int);
        }
        if name == "double" && *types[0] == Type::Int {
            return self.combine(values, value_type, |mut nodes| {
                Node::ToDouble(Box::new(nodes.remove(0)))
            });
        }
        if name == "matches"
            && let Some(pattern) = values[1].constant_text()
        {
            return match Regex::new(pattern) {
                Ok(regex) => self.combine(values, value_type, |mut nodes| {
                    Node::Matches(Box::new(nodes.remove(0)), Box::new(regex))
                }),
                Err(error) => self.problem(self.parsed.span(expressions[1]), regex_message(&error)),
            };
        }
        self.combine(values, value_type, |nodes| Node::Call(function, nodes.into()))
    }

    fn looped(
        &mut self,
        kind: LoopKind,
        range_expr: &IdedExpr,
        variable_expr: &IdedExpr,
        only_if: Option<&IdedExpr>,
        body: &IdedExpr,
    ) -> Typed {
        let range = self.expr(range_expr).unpacked();
        let element = match &range.value_type {
            Type::List(element) => (**element).clone(),
            Type::Map(key, _) if kind != LoopKind::SortBy => (**key).clone(),
            other if other.is_dyn() => Type::Dyn,
            other => {
                let message = format!("`{}` goes over a list or a map, not {other}", kind.name());
                return self.problem(self.parsed.span(range_expr), message);
            }
        };
        let Expr::Ident(name) = &variable_expr.expr else {
            return self.problem(
                self.parsed.span(variable_expr),
                "the variable has to be a simple name",
            );
        };
        let variable = self.variables.len();
        self.variables.push((name.clone(), element.clone()));
        let only_if = only_if.map(|condition| self.condition(condition, kind.name()));
        let body = match kind {
            LoopKind::Map | LoopKind::SortBy => self.expr(body),
            _ => self.condition(body, kind.name()),
        };
        self.variables.pop();

        let value_type = match kind {
            LoopKind::All | LoopKind::Exists | LoopKind::ExistsOne => Type::Bool,
            LoopKind::Map => Type::list(body.value_type.clone()),
            LoopKind::Filter | LoopKind::SortBy => Type::list(element),
        };
        let has_condition = only_if.is_some();
        let mut parts = vec![range, body];
        parts.extend(only_if);
        // The loop's own variable is nobody's business outside.
        for part in &mut parts[1..] {
            part.variable = part.variable.filter(|outermost| *outermost < variable);
        }
        self.combine(parts, value_type, |nodes| {
            let mut nodes = nodes.into_iter();
            let mut next = || nodes.next().expect("a loop has a range and a body");
            let (range, body) = (next(), next());
            let only_if = has_condition.then(next);
            Node::Loop(Box::new(Loop {
                kind,
                range,
                variable,
                body,
                only_if,
            }))
        })
    }
}

/// The last line of what the regex crate says, which is the reason.
fn regex_message(error: &regex::Error) -> String {
    let text = error.to_string();
    let reason = text
        .lines()
        .last()
        .unwrap_or_default()
        .trim_start_matches("error: ");
    format!("not a regular expression: {reason}")
}
