//! The state of compiling: the plans so far, and the problems. How an expression becomes a constraint.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use prost_reflect::{Kind, MessageDescriptor};

use super::options::{Rule, option};
use super::place::Place;
use crate::cel::{ConstraintScope, ExprProblem, Program, Scope, Type, Value};
use crate::error::{Error, Problem};
use crate::message::Picker;
use crate::schema::Schema;
use crate::validate::path::PathStep;
use crate::validate::plan::{About, Constraint, MessagePlan, PlanId, Plans};

/// Compiles what is checked of messages of these types, which are of the schema. The plans of types by their full names are
/// only of those of which something is checked.
pub(in crate::validate) fn compile(
    schema: &Schema,
    messages: &[MessageDescriptor],
) -> Result<(Plans, HashMap<String, PlanId>), Error> {
    let mut compiler = Compiler {
        schema,
        constrained: constrained(messages),
        ids: HashMap::new(),
        plans: Vec::new(),
        problems: Vec::new(),
    };
    for message in messages {
        compiler.plan_of(message);
    }
    if !compiler.problems.is_empty() {
        return Err(Error::schema(compiler.problems));
    }
    let plans = Plans {
        list: compiler.plans.into_iter().flatten().collect(),
    };
    Ok((plans, compiler.ids))
}

pub(super) struct Compiler<'s> {
    pub(super) schema: &'s Schema,
    /// The types of which something is checked.
    constrained: HashSet<String>,
    ids: HashMap<String, PlanId>,
    /// `None` while one is being made.
    plans: Vec<Option<MessagePlan>>,
    pub(super) problems: Vec<Problem>,
}

impl Compiler<'_> {
    /// The plan of a message type, if something is checked of it.
    pub(super) fn plan_of(&mut self, message: &MessageDescriptor) -> Option<PlanId> {
        let name = message.full_name();
        if !self.constrained.contains(name) {
            return None;
        }
        if let Some(id) = self.ids.get(name) {
            return Some(*id);
        }
        let id = PlanId(self.plans.len());
        self.ids.insert(name.to_owned(), id);
        self.plans.push(None);
        let plan = self.message_plan(message);
        self.plans[id.0] = Some(plan);
        Some(id)
    }

    /// Adds a problem for a rule in CEL that has no `id`, by which a client tells one violation from another.
    pub(super) fn expect_id(&mut self, rule: &Rule, place: &Place) {
        if rule.id.is_empty() {
            let text = format!("the constraint `{}` has no `id`", rule.expression);
            let hint = "name it, as in `id: \"order.total\"`; `cel_expression: \"…\"` needs no name";
            let problem = place.problem(self.schema, &text);
            self.problems.push(problem.with_hint(hint));
        }
    }

    /// Compiles an expression. `None` if it is wrong, or always satisfied.
    pub(super) fn constraint(
        &mut self,
        expression: &str,
        scope: ConstraintScope,
        about: About,
        place: &Place,
    ) -> Option<Constraint> {
        let layouts = self.schema.layouts();
        // Constraints have no slots.
        let unused = layouts.find(&place.message)?;
        let compiled = Program::compile(
            expression,
            &mut Scope {
                schema: self.schema,
                within: "",
                request: None,
                picker: &mut Picker::new(layouts, unused),
                state: &[],
                locals: &[],
                rounds: &[],
                counted: false,
                collections: &[],
                constraint: Some(scope),
            },
        );
        let program = match compiled {
            Ok(program) => program,
            Err(problems) => {
                for problem in problems {
                    let text = does_not_compile(&about, expression, &problem);
                    let located = place.problem(self.schema, &text);
                    self.problems.push(located.with_hint_if(problem.hint));
                }
                return None;
            }
        };
        if !matches!(program.result_type(), Type::Bool | Type::String | Type::Dyn) {
            let text = format!(
                "{} gives {}; a constraint gives a bool, or a text that is empty if all is well",
                named(&about),
                program.result_type()
            );
            let hint = "compare it with what it must be, as in `this < 100`";
            let problem = place.problem(self.schema, &text);
            self.problems.push(problem.with_hint(hint));
            return None;
        }
        match program.constant() {
            Some(Value::Bool(true)) => return None,
            Some(Value::String(text)) if text.is_empty() => return None,
            _ => {}
        }
        Some(Constraint {
            program,
            about: Arc::new(about),
        })
    }
}

fn does_not_compile(about: &About, expression: &str, problem: &ExprProblem) -> String {
    let message = &problem.message;
    if about.is_standard() {
        // The expression is that of `validate.proto`.
        return format!("`{}` cannot have this value: {message}", about.id);
    }
    let before = expression.get(..problem.span.start).unwrap_or_default();
    let at = before.chars().count() + 1;
    let named = named(about);
    format!("{named} does not compile: {message} (at character {at} of `{expression}`)")
}

fn named(about: &About) -> String {
    format!("the constraint `{}`", about.id)
}

/// What a violation says of an expression: its own text, or that it is false.
pub(super) fn about(id: &str, message: &str, expression: &str, rule: Vec<PathStep>) -> About {
    About {
        id: if id.is_empty() { expression } else { id }.into(),
        message: if message.is_empty() {
            format!("{expression:?} returned false").into()
        } else {
            message.into()
        },
        rule: rule.into(),
    }
}

/// The message types of which something is checked: those that have rules, and those that hold such messages.
fn constrained(roots: &[MessageDescriptor]) -> HashSet<String> {
    let mut found = roots.to_vec();
    let mut seen: HashSet<String> = roots.iter().map(|root| root.full_name().to_owned()).collect();
    let mut holders: HashMap<String, Vec<String>> = HashMap::new();
    let mut next = 0;
    while let Some(message) = found.get(next).cloned() {
        next += 1;
        for field in message.fields() {
            if let Kind::Message(inner) = field.kind() {
                let holders = holders.entry(inner.full_name().to_owned()).or_default();
                holders.push(message.full_name().to_owned());
                if seen.insert(inner.full_name().to_owned()) {
                    found.push(inner);
                }
            }
        }
    }
    let mut waiting: Vec<String> = found
        .iter()
        .filter(|message| has_rules(message))
        .map(|message| message.full_name().to_owned())
        .collect();
    let mut constrained = HashSet::new();
    while let Some(name) = waiting.pop() {
        if constrained.insert(name.clone()) {
            waiting.extend(holders.remove(&name).unwrap_or_default());
        }
    }
    constrained
}

fn has_rules(message: &MessageDescriptor) -> bool {
    // Most have no options at all, and options are decoded each time.
    let proto = message.descriptor_proto();
    let has_own = proto.options.is_some() && option(&message.options(), "buf.validate.message").is_some();
    let has_oneofs = || {
        message.oneofs().any(|oneof| {
            oneof.oneof_descriptor_proto().options.is_some()
                && option(&oneof.options(), "buf.validate.oneof").is_some()
        })
    };
    let has_fields = || {
        message.fields().any(|field| {
            field.field_descriptor_proto().options.is_some()
                && option(&field.options(), "buf.validate.field").is_some()
        })
    };
    has_own || has_oneofs() || has_fields()
}
