//! Elements of lists and entries of maps: `container[key]` and `value in container`.

use std::ops::Range;

use super::compiled::Compiled;
use super::compiler::Compiler;
use super::operator_hints::dashed_name;
use super::operators::pair;
use super::types::message_type;
use crate::cel::syntax::{Expr, ExprKind};
use crate::cel::typed::TypedExpr;
use crate::cel::values::{Type, Value};

impl Compiler<'_, '_> {
    /// `container[key]`.
    pub(super) fn index(&mut self, expr: &Expr, container_expr: &Expr, key_expr: &Expr) -> Compiled {
        if let Some(problem) = self.unquoted_metadata(container_expr, key_expr) {
            return problem;
        }
        let key = self.expr(key_expr).unpacked();
        let key_span = key_expr.span.clone();
        if let Some(name) = key.constant_text().map(str::to_owned) {
            if self.is_name(container_expr, "metadata") {
                return self.metadata(&key_span, &name, TypedExpr::MetadataValue, Type::String);
            }
            if self.is_name(container_expr, "state") {
                return self.state(&key_span, &name);
            }
        }
        if self.is_name(container_expr, "requests")
            && let Some((message, form)) = self.request(&container_expr.span)
        {
            self.uses.requests = true;
            let value_type = message_type(&message);
            let read = self.wrap(key, value_type, |place| {
                TypedExpr::RequestAt(message, form, Box::new(place))
            });
            return self.not_fixed(read);
        }
        let container = self.expr(container_expr);
        if let TypedExpr::Stored(path) = &container.expr {
            let fits = match &key.value_type {
                // The variables of the store have names.
                known if path.is_empty() => *known == Type::String || known.is_dyn(),
                known => known.may_be_key() || matches!(known, Type::Enum(_)),
            };
            if fits {
                return self.stored_key(container, key);
            }
            let message = format!("{} cannot be a key of the store", key.value_type);
            self.problem(key_span, message);
            if path.is_empty() {
                self.hint("the store's own names are texts; maps in it have any keys: `store.orders[5]`");
            }
            return Compiled::unknown();
        }
        let element = match (&container.value_type, &key.value_type) {
            (Type::List(element), key) if key.may_be_number() => (**element).clone(),
            (Type::Map(keys, value), key) if keys.may_equal(key) => (**value).clone(),
            (container, _) if container.is_dyn() => Type::Dyn,
            // An extension's name has dots in it, so it is given as text.
            (Type::Message(_), Type::String) if let Some(name) = key.constant_text().map(str::to_owned) => {
                return self.field(container, &key_span, &name);
            }
            (container, key) => {
                let (container, key) = (container.clone(), key.clone());
                return self.no_element(expr, container_expr, &container, &key);
            }
        };
        if let (Type::List(_), TypedExpr::Const(Value::Int(..0))) = (&container.value_type, &key.expr)
            && !container.fixed
        {
            self.problem(key_span, "the elements of a list count from 0");
            self.hint("the last one is `x.last()`, or `x[size(x) - 1]`");
            return Compiled::unknown();
        }
        let parts = vec![container.unpacked(), key];
        self.combine(parts, element, |exprs| TypedExpr::Index(pair(exprs)))
    }

    /// Tells of a container that has no elements of this key. Apart, so that frames of deep expressions stay small.
    #[cold]
    #[inline(never)]
    fn no_element(&mut self, expr: &Expr, container_expr: &Expr, container: &Type, key: &Type) -> Compiled {
        let hint = match (container, key) {
            (Type::String, _) if self.is_metadata(container_expr) => {
                "it is one text: leave out the brackets; several values are joined by `, `, and `split` parts them"
            }
            (Type::String, Type::Int) => "write `x.charAt(0)`",
            (Type::List(_), Type::String) => {
                "the elements of a list have numbers, from 0; `list.filter(x, x.name == 'a')` finds one"
            }
            (Type::Message(_), _) => "the fields of a message have names: `x.name`",
            (Type::Map(..), _) => "convert the key by `string(…)` or `int(…)`",
            _ => "lists and maps have elements",
        };
        let message = format!("{container} has no element for {key}");
        self.problem(expr.span.clone(), message);
        self.hint(hint);
        Compiled::unknown()
    }

    /// Tells of a value that a container never holds.
    #[cold]
    #[inline(never)]
    fn never_in(&mut self, span: Range<usize>, value: &Type, container: &Type) -> Compiled {
        let hint = match (value, container) {
            (Type::String, Type::String) => Some("write `text.contains(x)`"),
            (_, Type::Message(_)) => Some("`has(x.name)` says whether a field is set"),
            (_, Type::List(_)) => Some(
                "a list holds values of one type: convert by `string(…)` or `int(…)`, or read a field of its elements: `list.exists(x, x.name == 'a')`",
            ),
            (_, Type::Map(..)) => Some("`in` asks for a key of a map; convert by `string(…)` or `int(…)`"),
            _ => None,
        };
        self.problem(span, format!("{value} is never in {container}"));
        if let Some(hint) = hint {
            self.hint(hint);
        }
        Compiled::unknown()
    }

    /// Tells of `metadata[x-user]`, whose name is meant as text.
    fn unquoted_metadata(&mut self, container: &Expr, key: &Expr) -> Option<Compiled> {
        let is_name = matches!(key.kind, ExprKind::Name(_) | ExprKind::Binary(..));
        if !is_name || !self.is_name(container, "metadata") {
            return None;
        }
        let name = dashed_name(key)?;
        let first = name.split('-').next().unwrap_or_default();
        if self.is_variable(first) || self.names().contains(&first) {
            return None;
        }
        self.problem(key.span.clone(), format!("unknown name `{name}`"));
        self.hint(format!(
            "put the name of metadata in quotes: `metadata['{name}']`"
        ));
        Some(Compiled::unknown())
    }

    /// Whether it is the value of a name of metadata.
    fn is_metadata(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Index(parts) => self.is_name(&parts[0], "metadata"),
            ExprKind::Select(operand, _) => self.is_name(operand, "metadata"),
            _ => false,
        }
    }

    /// `value in container`.
    pub(super) fn contained(&mut self, value_expr: &Expr, container_expr: &Expr) -> Compiled {
        let value = self.expr(value_expr).unpacked();
        if self.is_name(container_expr, "metadata")
            && let Some(name) = value.constant_text().map(str::to_owned)
        {
            return self.metadata(&value_expr.span, &name, TypedExpr::HasMetadata, Type::Bool);
        }
        let container = self.expr(container_expr).unpacked();
        if let (Type::Enum(descriptor), TypedExpr::Const(Value::List(names))) =
            (&value.value_type, &container.expr)
        {
            let (descriptor, span) = (descriptor.clone(), container_expr.span.clone());
            for name in names {
                if let Value::String(name) = name {
                    self.enum_number(&descriptor, name, &span);
                }
            }
        }
        let fits = match &container.value_type {
            Type::List(element) => element.may_equal(&value.value_type),
            Type::Map(key, _) => key.may_equal(&value.value_type),
            other => other.is_dyn(),
        };
        if !fits {
            let span = value_expr.span.start..container_expr.span.end;
            return self.never_in(span, &value.value_type, &container.value_type);
        }
        self.combine(vec![value, container], Type::Bool, |exprs| {
            TypedExpr::In(pair(exprs))
        })
    }
}
