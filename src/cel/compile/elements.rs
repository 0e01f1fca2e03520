//! Elements of lists and entries of maps: `container[key]` and `value in container`.

use super::compiled::Compiled;
use super::compiler::Compiler;
use super::operators::pair;
use super::types::message_type;
use crate::cel::syntax::Expr;
use crate::cel::typed::TypedExpr;
use crate::cel::values::{Type, Value};

impl Compiler<'_, '_> {
    /// `container[key]`.
    pub(super) fn index(&mut self, expr: &Expr, container_expr: &Expr, key_expr: &Expr) -> Compiled {
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
                let message = format!("{container} has no element for {key}");
                return self.problem(expr.span.clone(), message);
            }
        };
        let parts = vec![container.unpacked(), key];
        self.combine(parts, element, |exprs| TypedExpr::Index(pair(exprs)))
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
            let message = format!("{} is never in {}", value.value_type, container.value_type);
            let span = value_expr.span.start..container_expr.span.end;
            return self.problem(span, message);
        }
        self.combine(vec![value, container], Type::Bool, |exprs| {
            TypedExpr::In(pair(exprs))
        })
    }
}
