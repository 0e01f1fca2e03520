//! Checks the bytes of a message against its plan.
//!
//! Violations are noted with the path from the value up, and get the steps above on the way out, so that nothing is made
//! of paths while all is well.

use std::borrow::Cow;

use super::path::{PathStep, Subscript};
use super::plan::{Constraint, FieldPlan, MessagePlan, Native, NativeCheck, PlanId, Plans, ValuePlan};
use super::scan::{Found, scan};
use super::violation::Violation;
use crate::cel::{
    Budget, CallFacts, Env, EvalError, Evaluation, MessageValue, Value, Verdict, WireFields, WireValue,
};
use crate::excerpt::excerpt;
use crate::message::Malformed;
use crate::schema::Layouts;

/// How many violations of a message are told.
pub(super) const MAX_VIOLATIONS: usize = 32;

/// What a step of the check costs that runs no expression.
const UNITS_PER_VALUE: u64 = 1;

/// Why a check ended early.
#[derive(Debug)]
pub(super) enum Stop {
    /// There are as many violations as are told.
    Enough,
    /// A constraint has no value for this message.
    Failed { id: String, error: EvalError },
}

impl From<Malformed> for Stop {
    fn from(malformed: Malformed) -> Self {
        Self::failed("", malformed.into())
    }
}

impl Stop {
    fn failed(id: &str, error: EvalError) -> Self {
        let id = id.to_owned();
        Self::Failed { id, error }
    }
}

/// Checks one message.
pub(super) struct Run<'r> {
    pub(super) plans: &'r Plans,
    pub(super) layouts: &'r Layouts,
    pub(super) facts: &'r CallFacts,
    pub(super) violations: Vec<Violation>,
}

impl Run<'_> {
    /// Checks a message: as a whole, then its oneofs, then its fields.
    pub(super) fn message(&mut self, id: PlanId, bytes: &[u8]) -> Result<(), Stop> {
        let (plans, layouts, facts) = (self.plans, self.layouts, self.facts);
        let plan = &plans.list[id.0];
        self.spend(UNITS_PER_VALUE)?;
        // Each level of groups passes over all that is in them.
        let read = facts.budget.charge_read(bytes.len());
        read.map_err(|error| Stop::failed("", error))?;
        let found = scan(plan, layouts.get(plan.layout), bytes)?;
        let env = Env::without_call(layouts, facts);
        let mut evaluation = Evaluation::new(&env);
        if !plan.constraints.is_empty() {
            evaluation.set_this(Value::Message(MessageValue {
                descriptor: plan.descriptor.clone(),
                bytes: Cow::Borrowed(bytes),
            }));
            self.constraints(&plan.constraints, &mut evaluation)?;
        }
        self.oneofs(plan, &found)?;
        for field in &plan.fields {
            self.field(field, &found[field.slot], bytes, &mut evaluation)?;
        }
        Ok(())
    }

    fn oneofs(&mut self, plan: &MessagePlan, found: &[Found<'_>]) -> Result<(), Stop> {
        for group in &plan.groups {
            let is_set = |(slot, reader): &&(usize, _)| found[*slot].is_set(reader);
            let about = match group.members.iter().filter(is_set).count() {
                0 => group.if_none.as_ref(),
                1 => None,
                _ => Some(&group.if_several),
            };
            if let Some(about) = about {
                self.violated(Violation::new(about, None))?;
            }
        }
        for oneof in &plan.oneofs {
            if oneof
                .slots
                .iter()
                .all(|slot| matches!(found[*slot], Found::Nothing))
            {
                let start = self.violations.len();
                let result = self.violated(Violation::new(&oneof.about, None));
                self.add_step(start, || PathStep::new(&oneof.element, None));
                result?;
            }
        }
        Ok(())
    }

    fn field<'e>(
        &mut self,
        field: &'e FieldPlan,
        found: &Found<'e>,
        bytes: &'e [u8],
        evaluation: &mut Evaluation<'_, 'e>,
    ) -> Result<(), Stop> {
        let start = self.violations.len();
        let result = if field.reader.is_singular() {
            self.singular(field, found, evaluation)
        } else {
            self.several(field, found, bytes, evaluation)
        };
        self.add_step(start, || PathStep::new(&field.element, None));
        result
    }

    fn singular<'e>(
        &mut self,
        field: &'e FieldPlan,
        found: &Found<'e>,
        evaluation: &mut Evaluation<'_, 'e>,
    ) -> Result<(), Stop> {
        let is_set = (field.required.is_none() && !field.skip_unset) || found.is_set(&field.reader);
        if !is_set {
            if let Some(about) = &field.required {
                return self.violated(Violation::new(about, None));
            }
            if field.skip_unset {
                return Ok(());
            }
        }
        let plan = &field.value;
        match found {
            Found::Message(contents) => {
                if plan.is_about_value() {
                    let value = field.reader.message_value(contents.clone(), evaluation.budget());
                    let value = value.map_err(|error| Stop::failed("", error))?;
                    self.value(plan, value, evaluation)?;
                }
                plan.message.map_or(Ok(()), |id| self.message(id, contents))
            }
            Found::Scalar(wire) => self.value(plan, field.reader.scalar(*wire), evaluation).map(drop),
            Found::Nothing | Found::Several(_) => self
                .value(plan, field.reader.default().clone(), evaluation)
                .map(drop),
        }
    }

    fn several<'e>(
        &mut self,
        field: &'e FieldPlan,
        found: &Found<'e>,
        bytes: &'e [u8],
        evaluation: &mut Evaluation<'_, 'e>,
    ) -> Result<(), Stop> {
        let range = match found {
            Found::Several(range) => range.clone(),
            _ => 0..0,
        };
        let bytes = bytes.get(range).unwrap_or_default();
        let read = field.reader.read(bytes, evaluation.budget());
        let read = read.map_err(|error| Stop::failed("", error))?;
        let value = read.unwrap_or_else(|| field.reader.default().clone());
        let is_empty = match &value {
            Value::List(values) => values.is_empty(),
            Value::Map(entries) => entries.is_empty(),
            _ => false,
        };
        if is_empty {
            if let Some(about) = &field.required {
                return self.violated(Violation::new(about, None));
            }
            if field.skip_unset {
                return Ok(());
            }
        }
        match self.value(&field.value, value, evaluation)? {
            Value::List(values) => self.items(&field.value, values, evaluation),
            Value::Map(entries) => self.entries(&field.value, entries, evaluation),
            _ => Ok(()),
        }
    }

    fn items<'e>(
        &mut self,
        plan: &'e ValuePlan,
        values: Vec<Value<'e>>,
        evaluation: &mut Evaluation<'_, 'e>,
    ) -> Result<(), Stop> {
        let Some(plan) = plan.items.as_deref() else {
            return Ok(());
        };
        for (value, index) in values.into_iter().zip(0..) {
            let start = self.violations.len();
            let result = self.element(plan, value, evaluation);
            self.add_subscript(start, || Subscript::Index(index));
            result?;
        }
        Ok(())
    }

    fn entries<'e>(
        &mut self,
        plan: &'e ValuePlan,
        entries: Vec<(Value<'e>, Value<'e>)>,
        evaluation: &mut Evaluation<'_, 'e>,
    ) -> Result<(), Stop> {
        for (key, value) in entries {
            let start = self.violations.len();
            let mut result = Ok(());
            if let Some(keys) = plan.keys.as_deref() {
                result = self.element(keys, key.clone(), evaluation);
                for violation in &mut self.violations[start..] {
                    violation.for_key = true;
                }
            }
            if let Some(values) = plan.values.as_deref()
                && result.is_ok()
            {
                result = self.element(values, value, evaluation);
            }
            self.add_subscript(start, || subscript_of(&key));
            result?;
        }
        Ok(())
    }

    /// Checks an element of a list, or a key or value of a map.
    fn element<'e>(
        &mut self,
        plan: &'e ValuePlan,
        value: Value<'e>,
        evaluation: &mut Evaluation<'_, 'e>,
    ) -> Result<(), Stop> {
        self.spend(UNITS_PER_VALUE)?;
        if plan.skip_zero && is_zero(&value) {
            return Ok(());
        }
        match (self.value(plan, value, evaluation)?, plan.message) {
            (Value::Message(message), Some(id)) => self.message(id, &message.bytes),
            _ => Ok(()),
        }
    }

    /// Checks a value as a whole, and gives it back.
    fn value<'e>(
        &mut self,
        plan: &'e ValuePlan,
        value: Value<'e>,
        evaluation: &mut Evaluation<'_, 'e>,
    ) -> Result<Value<'e>, Stop> {
        for native in &plan.natives {
            if !native.holds(&value)? {
                self.violated(Violation::new(&native.about, None))?;
            }
        }
        if plan.constraints.is_empty() {
            return Ok(value);
        }
        evaluation.set_this(value);
        self.constraints(&plan.constraints, evaluation)?;
        Ok(evaluation.take_this().unwrap_or(Value::Null))
    }

    fn constraints<'e>(
        &mut self,
        constraints: &'e [Constraint],
        evaluation: &mut Evaluation<'_, 'e>,
    ) -> Result<(), Stop> {
        for constraint in constraints {
            let about = &constraint.about;
            let checked = constraint.program.check(evaluation);
            let verdict = checked.map_err(|error| Stop::failed(&about.id, error))?;
            if let Verdict::Broken(text) = verdict {
                let text = text.map(|text| excerpt(&text).into_owned());
                self.violated(Violation::new(about, text))?;
            }
        }
        Ok(())
    }

    #[cold]
    fn violated(&mut self, violation: Violation) -> Result<(), Stop> {
        self.violations.push(violation);
        if self.violations.len() < MAX_VIOLATIONS {
            Ok(())
        } else {
            Err(Stop::Enough)
        }
    }

    /// Adds the step above those that violations have since `start`.
    #[inline]
    fn add_step(&mut self, start: usize, step: impl Fn() -> PathStep) {
        for violation in &mut self.violations[start..] {
            match violation.subscript.take() {
                Some(subscript) => violation.field.push(PathStep {
                    subscript: Some(subscript),
                    ..step()
                }),
                None => violation.field.push(step()),
            }
        }
    }

    /// Notes where in the field that comes next the violations since `start` are.
    #[inline]
    fn add_subscript(&mut self, start: usize, subscript: impl Fn() -> Subscript) {
        for violation in &mut self.violations[start..] {
            violation.subscript = Some(subscript());
        }
    }

    fn spend(&self, units: u64) -> Result<(), Stop> {
        let budget: &Budget = &self.facts.budget;
        budget.charge(units).map_err(|error| Stop::failed("", error))
    }
}

impl Native {
    fn holds(&self, value: &Value<'_>) -> Result<bool, Malformed> {
        Ok(match (&self.check, value) {
            (NativeCheck::DefinedOnly(numbers), Value::Enum(_, number)) => {
                numbers.binary_search(number).is_ok()
            }
            (NativeCheck::AnyIn(urls), Value::Message(any)) => {
                let url = type_url(&any.bytes)?;
                urls.iter().any(|other| other.as_bytes() == url)
            }
            (NativeCheck::AnyNotIn(urls), Value::Message(any)) => {
                let url = type_url(&any.bytes)?;
                !urls.iter().any(|other| other.as_bytes() == url)
            }
            _ => true,
        })
    }
}

/// The `type_url` of an `Any`.
fn type_url(any: &[u8]) -> Result<&[u8], Malformed> {
    let mut url: &[u8] = &[];
    let mut fields = WireFields::new(any);
    while let Some((number, wire)) = fields.next()? {
        if let (1, WireValue::Delimited(bytes)) = (number, wire) {
            url = bytes;
        }
    }
    Ok(url)
}

/// Whether a value is the zero of its type.
fn is_zero(value: &Value<'_>) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Int(number) => *number == 0,
        Value::Uint(number) => *number == 0,
        Value::Double(number) => *number == 0.0,
        Value::Float(number) => *number == 0.0,
        Value::Enum(_, number) => *number == 0,
        Value::String(text) => text.is_empty(),
        Value::Bytes(bytes) => bytes.is_empty(),
        Value::Duration { seconds, nanos } | Value::Timestamp { seconds, nanos } => {
            *seconds == 0 && *nanos == 0
        }
        Value::Message(message) => message.bytes.is_empty(),
        Value::List(values) => values.is_empty(),
        Value::Map(entries) => entries.is_empty(),
        Value::Type(_) => false,
    }
}

fn subscript_of(key: &Value<'_>) -> Subscript {
    match key {
        Value::Bool(key) => Subscript::Bool(*key),
        Value::Int(key) => Subscript::Int(*key),
        Value::Uint(key) => Subscript::Uint(*key),
        Value::String(key) => Subscript::Text(excerpt(key).into()),
        _ => Subscript::Text("".into()),
    }
}
