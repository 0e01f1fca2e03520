//! Writes made-up messages, with fields set over them.

use bytes::Bytes;
use prost::Message as _;
use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};

use super::template::{LoopCache, WriteError, WriteErrorKind};
use crate::cel::{Env, Told};
use crate::message::{decode_dynamic, decoding_cost};
use crate::rules::plan::{SampleTemplate, Sampler};
use crate::schema::Method;

/// How many times what it costs to decode a request a sample of it costs: it is hashed, copied and written, too.
const COPYING: u64 = 3;

impl SampleTemplate {
    /// The `index`-th message of a call of `method`.
    pub(in crate::rules::run) fn message(
        &self,
        method: &Method,
        index: u64,
        env: &Env<'_>,
        cache: &LoopCache,
    ) -> Result<DynamicMessage, WriteError> {
        let failed = |error| WriteErrorKind::Eval {
            field: Told::without_values(method.output().full_name().to_owned()),
            at: None,
            error,
        };
        let mut request = None;
        if let Some((bytes, _)) = env.request {
            // As for samples without a rule: a request that is too large is not copied.
            let cost = decoding_cost(method.layouts(), method.input_layout(), bytes);
            if Sampler::copies(cost) {
                env.call.budget.charge(cost * COPYING).map_err(failed)?;
                request = decode_dynamic(method.input(), Bytes::copy_from_slice(bytes)).ok();
            }
        }
        let mut message = self.sampler.sample(method, request.as_ref(), index);
        let Some(fields) = &self.fields else {
            return Ok(message);
        };
        for path in &self.replaced {
            clear(&mut message, path);
        }
        let mut bytes = Vec::new();
        fields.write(env, cache, &mut bytes)?;
        message
            .merge(bytes.as_slice())
            .map_err(|error| WriteErrorKind::Value {
                field: Told::without_values(method.output().full_name().to_owned()),
                at: None,
                told: error.to_string().into(),
            })?;
        Ok(message)
    }
}

/// Clears the field at a path of numbers, if the messages above it are there.
fn clear(message: &mut DynamicMessage, path: &[u32]) {
    let Some((number, below)) = path.split_first() else {
        return;
    };
    let descriptor = message.descriptor();
    match (descriptor.get_field(*number), below) {
        (Some(field), []) => message.clear_field(&field),
        (Some(field), below) if message.has_field(&field) => {
            if let Value::Message(inner) = message.get_field_mut(&field) {
                clear(inner, below);
            }
        }
        (Some(_), _) => {}
        (None, below) => {
            let Some(extension) = descriptor.get_extension(*number) else {
                return;
            };
            if below.is_empty() {
                message.clear_extension(&extension);
            } else if message.has_extension(&extension)
                && let Value::Message(inner) = message.get_extension_mut(&extension)
            {
                clear(inner, below);
            }
        }
    }
}
