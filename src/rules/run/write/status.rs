//! Makes the status that a rule ends a call with.

use tonic::{Code, Status};

use super::template::LoopCache;
use crate::cel::Env;
use crate::message::{WireType, key, put_delimited, put_varint};
use crate::rules::plan::{CodeTemplate, StatusTemplate, code_of};

impl StatusTemplate {
    /// The status for this call; an `Err` says which part failed.
    pub(in crate::rules::run) fn status(&self, env: &Env<'_>) -> Result<Status, String> {
        let code = match &self.code {
            CodeTemplate::Constant(code) => *code,
            CodeTemplate::Dynamic(template) => {
                let value = template.value(env).map_err(|error| format!("`code`: {error}"))?;
                code_of(&value).ok_or_else(|| format!("`code`: {} is not a status code", value.to_text()))?
            }
        };
        let mut message = String::new();
        if let Some(text) = &self.message {
            text.write(env, &mut message)
                .map_err(|error| format!("`message`: {error}"))?;
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
            .map_err(|error| format!("`details`: {error}"))?;
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
