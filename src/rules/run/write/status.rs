//! Makes the status that a rule ends a call with.

use tonic::{Code, Status};

use super::template::LoopCache;
use crate::cel::{Env, EvalError, Told};
use crate::message::{WireType, key, put_delimited, put_varint};
use crate::rules::plan::{CodeTemplate, StatusTemplate, code_of};

impl StatusTemplate {
    /// The status for this call; an `Err` says which part failed.
    pub(in crate::rules::run) fn status(&self, env: &Env<'_>) -> Result<Status, Told> {
        let code = match &self.code {
            CodeTemplate::Constant(code) => *code,
            CodeTemplate::Dynamic(template) => {
                let value = template.value(env).map_err(|error| error.within("code"))?;
                code_of(&value).ok_or_else(|| {
                    EvalError::of_value(&value.to_text(), "is not a status code").within("code")
                })?
            }
        };
        let mut message = String::new();
        if let Some(text) = &self.message {
            text.write(env, &mut message)
                .map_err(|error| error.within("message"))?;
        }
        let Some(details) = &self.details else {
            return Ok(Status::new(code, message));
        };
        let mut buffer = Vec::new();
        if code != Code::Ok {
            put_varint(&mut buffer, key(1, WireType::Varint).into());
            put_varint(&mut buffer, code as u64);
        }
        if !message.is_empty() {
            put_keyed(&mut buffer, 2, message.as_bytes());
        }
        let before = buffer.len();
        details
            .write(env, &LoopCache::default(), &mut buffer)
            .map_err(|error| Told::from(error.into_kind()).within("`details`"))?;
        Ok(if buffer.len() == before {
            Status::new(code, message)
        } else {
            // The `google.rpc.Status` that carries the details.
            Status::with_details(code, message, buffer.into())
        })
    }
}

fn put_keyed(buffer: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    put_varint(buffer, key(number, WireType::LengthDelimited).into());
    put_delimited(buffer, bytes);
}
