//! Makes messages.

use std::borrow::Cow;

use super::evaluation::Evaluation;
use crate::cel::encode::{Misfit, put_field};
use crate::cel::fields::{ValueForm, message_value};
use crate::cel::typed::Construct;
use crate::cel::values::{EvalError, Evaluated, Value};
use crate::message::{Bounds, MAX_DEPTH, check, is_duration, is_timestamp};

impl Construct {
    pub(super) fn eval<'e>(&'e self, evaluation: &mut Evaluation<'_, 'e>) -> Evaluated<Value<'e>> {
        // Room for most small messages: one that grows field by field is copied each time.
        let mut bytes = Vec::with_capacity(self.fields.len() * 8);
        for (field, value) in &self.fields {
            let value = value.eval(evaluation)?;
            evaluation.budget().charge_making(&value)?;
            put_field(&mut bytes, field, &value).map_err(|misfit| failed(misfit, &field.full_name))?;
        }
        self.check_depth(&bytes, evaluation)?;
        let value = message_value(
            &self.descriptor,
            self.form.as_ref(),
            Cow::Owned(bytes),
            evaluation.budget(),
        )?;
        let in_range = match (&self.form, &value) {
            (Some(ValueForm::Timestamp), Value::Timestamp { seconds, nanos }) => {
                is_timestamp(*seconds, *nanos)
            }
            (Some(ValueForm::Duration), Value::Duration { seconds, nanos }) => is_duration(*seconds, *nanos),
            _ => true,
        };
        if in_range {
            return Ok(value);
        }
        let name = self.descriptor.full_name();
        Err(EvalError::without_values(format!("{name}: it is out of range")))
    }
}

impl Construct {
    /// A variable that goes into its own next value is one level deeper each time, and nobody could read it.
    fn check_depth(&self, bytes: &[u8], evaluation: &Evaluation<'_, '_>) -> Evaluated<()> {
        // Each level takes two bytes or more.
        if bytes.len() < 2 * MAX_DEPTH as usize {
            return Ok(());
        }
        let Some(layout) = self.layout else { return Ok(()) };
        evaluation.budget().charge(bytes.len() as u64 / 8)?;
        let checked = check(evaluation.env.layouts, layout, bytes, Bounds::default());
        checked.map_err(|malformed| {
            let name = self.descriptor.full_name();
            EvalError::without_values(format!("{name} cannot be made: {malformed}"))
        })
    }
}

#[cold]
fn failed(misfit: Misfit, field: &str) -> EvalError {
    let (field, told) = misfit.of(field);
    EvalError::new(told.of(field).in_front("field "))
}
