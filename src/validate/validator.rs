//! [`Validator`]: the compiled rules of message types.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use prost_reflect::MessageDescriptor;

use super::compile::compile;
use super::error::ValidationError;
use super::plan::{PlanId, Plans};
use super::run::{Run, Stop};
use crate::cel::{Budget, CallFacts};
use crate::error::Error;
use crate::message::Message;
use crate::schema::{Layouts, Schema};

/// The rules that protos declare with `buf.validate` for messages, compiled.
///
/// ```
/// use protod::tonic::{Code, Status};
/// use protod::{Message, Schema, Validator};
///
/// let schema = Schema::from_source(
///     "shop.proto",
///     r#"
///     syntax = "proto3";
///     package shop;
///     import "buf/validate/validate.proto";
///     message Order { int32 count = 1 [(buf.validate.field).int32.gt = 0]; }
///     "#,
/// )?;
/// let order = schema.pool().get_message_by_name("shop.Order").expect("it is there");
/// let validator = Validator::new(&schema, [order.clone()])?;
/// let message = Message::from_json(order, r#"{"count": -1}"#)?;
/// let error = validator.validate(&message).unwrap_err();
/// assert_eq!(error.to_string(), "count: must be greater than 0 [int32.gt]");
/// assert_eq!(Status::from(error).code(), Code::InvalidArgument);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A server checks requests with [`ServerBuilder::validate`](crate::server::ServerBuilder::validate).
pub struct Validator {
    plans: Plans,
    /// By the full name of the message type.
    roots: HashMap<String, PlanId>,
    layouts: Arc<Layouts>,
}

impl Validator {
    /// Compiles the rules of these message types, and of all that they hold.
    ///
    /// Fails if a rule does not fit its field, if an expression does not compile, and if a type is not of the schema.
    pub fn new(
        schema: &Schema,
        messages: impl IntoIterator<Item = MessageDescriptor>,
    ) -> Result<Self, Error> {
        let messages: Vec<MessageDescriptor> = messages.into_iter().collect();
        if messages.is_empty() {
            return Ok(Self {
                plans: Plans::default(),
                roots: HashMap::new(),
                layouts: Arc::default(),
            });
        }
        let layouts = schema.layouts();
        let foreign = messages
            .iter()
            .find(|message| layouts.find(message.full_name()).is_none());
        if let Some(foreign) = foreign {
            let text = format!("the schema has no message {}", foreign.full_name());
            return Err(Error::unknown_name(text));
        }
        let (plans, roots) = compile(schema, &messages)?;
        Ok(Self {
            plans,
            roots,
            layouts: Arc::clone(layouts),
        })
    }

    /// Checks a message. One of a type that was not given, or of which nothing is checked, is always valid.
    pub fn validate(&self, message: &Message) -> Result<(), ValidationError> {
        match self.root(&message.descriptor()) {
            Some(root) => self.check(root, &message.to_bytes(), Budget::DEFAULT),
            None => Ok(()),
        }
    }

    /// Whether these message types, and those that they hold, have no rules: then every message is valid.
    pub fn is_empty(&self) -> bool {
        self.roots.is_empty()
    }

    /// The plan of a message type, if something is checked of it.
    pub(crate) fn root(&self, message: &MessageDescriptor) -> Option<PlanId> {
        self.roots.get(message.full_name()).copied()
    }

    /// Checks the bytes of a message, which are well formed, for no more than so many units of a [`Budget`].
    pub(crate) fn check(&self, root: PlanId, bytes: &[u8], most: u64) -> Result<(), ValidationError> {
        let facts = CallFacts::default();
        facts.budget.refill(most);
        let mut run = Run {
            plans: &self.plans,
            layouts: &self.layouts,
            facts: &facts,
            violations: Vec::new(),
        };
        let stopped = run.message(root, bytes);
        let mut violations = run.violations;
        if let Err(Stop::Failed { id, error }) = stopped {
            return Err(if facts.budget.is_exhausted() {
                ValidationError::too_costly()
            } else {
                ValidationError::failed(id, error.into_text())
            });
        }
        if violations.is_empty() {
            return Ok(());
        }
        for violation in &mut violations {
            violation.field.reverse();
        }
        Err(ValidationError::violations_of(violations))
    }
}

/// Prints only names: message types may be recursive.
impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<&String> = self.roots.keys().collect();
        names.sort();
        f.debug_tuple("Validator").field(&names).finish()
    }
}
