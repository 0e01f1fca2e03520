//! Requests are checked against the rules of their protos, if the server is told so.

use std::sync::Arc;

use tonic::Status;

use crate::error::Error;
use crate::handler::{Effort, Refusal, RequestCheck, SLICE};
use crate::schema::{Method, Schema};
use crate::suggest;
use crate::validate::{PlanId, ValidationError, Validator};

/// Whether and which requests are checked.
#[derive(Debug, Clone)]
pub(super) struct Validation {
    pub(super) on: bool,
    /// The methods and services whose requests are not checked, by their full names.
    pub(super) except: Vec<String>,
    /// What the check of a message may cost, in units of the budget of expressions.
    pub(super) max_cost: u64,
}

impl Validation {
    /// Compiles the checks of the methods of a schema.
    pub(super) fn checks(&self, schema: &Schema) -> Result<Checks, Error> {
        let validator = if self.on {
            let methods = schema.methods().iter().filter(|method| !self.excepts(method));
            Some(Arc::new(Validator::new(
                schema,
                methods.map(|method| method.input().clone()),
            )?))
        } else {
            None
        };
        Ok(Checks {
            validation: self.clone(),
            validator,
        })
    }

    /// Fails if the schema does not have what is excepted.
    pub(super) fn expect_names(&self, schema: &Schema) -> Result<(), Error> {
        let is_known = |name: &String| schema.method(name).is_some() || schema.has_service(name);
        let Some(unknown) = self.except.iter().find(|name| !is_known(name)) else {
            return Ok(());
        };
        let names = schema
            .methods()
            .iter()
            .flat_map(|method| [method.name(), method.service()]);
        let hint = suggest::did_you_mean(unknown, names);
        let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
        Err(Error::unknown_name(format!(
            "the schema has no method and no service {unknown}, whose requests are not to be validated{hint}"
        )))
    }

    fn excepts(&self, method: &Method) -> bool {
        self.except
            .iter()
            .any(|name| name == method.name() || name == method.service())
    }
}

/// The checks of the methods of a schema.
pub(super) struct Checks {
    validation: Validation,
    /// `None` if nothing is checked.
    validator: Option<Arc<Validator>>,
}

impl Checks {
    /// The check of a method's requests. `None` if there is nothing to check.
    pub(super) fn of(&self, method: &Method) -> Option<Arc<dyn RequestCheck>> {
        let validator = self.validator.as_ref()?;
        if self.validation.excepts(method) {
            return None;
        }
        Some(Arc::new(InputRules {
            root: validator.root(method.input())?,
            validator: Arc::clone(validator),
            max_cost: self.validation.max_cost,
        }))
    }
}

/// The rules of a method's input type.
struct InputRules {
    validator: Arc<Validator>,
    root: PlanId,
    max_cost: u64,
}

impl RequestCheck for InputRules {
    fn check(&self, request: &[u8], effort: Effort) -> Result<(), Refusal> {
        let most = match effort {
            Effort::Turn => self.max_cost.min(SLICE),
            Effort::All => self.max_cost,
        };
        let checked = self.validator.check(self.root, request, most);
        checked.map_err(refusal)
    }
}

#[cold]
fn refusal(error: ValidationError) -> Refusal {
    if error.is_too_costly() {
        Refusal::TooCostly(error.into())
    } else {
        let status: Status = error.into();
        Refusal::Status(status)
    }
}
