//! Makes the status that a rule ends a call with.

use bytes::Bytes;
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
        if self.details.is_empty() {
            return Ok(Status::new(code, message));
        }
        let details = self.details(code, &message, env)?;
        Ok(Status::with_details(code, message, details))
    }

    /// The `google.rpc.Status` that carries the details.
    fn details(&self, code: Code, message: &str, env: &Env<'_>) -> Result<Bytes, String> {
        let mut buffer = Vec::new();
        if code != Code::Ok {
            put_varint(&mut buffer, key(1, WireType::Varint).into());
            put_varint(&mut buffer, code as u64);
        }
        if !message.is_empty() {
            put_keyed(&mut buffer, 2, message.as_bytes());
        }
        let mut detail = Vec::new();
        for template in &self.details {
            detail.clear();
            template
                .write(env, &LoopCache::default(), &mut detail)
                .map_err(|error| format!("`details`: {error}"))?;
            put_keyed(&mut buffer, 3, &detail);
        }
        Ok(buffer.into())
    }
}

fn put_keyed(buffer: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    put_varint(buffer, key(number, WireType::LengthDelimited).into());
    put_delimited(buffer, bytes);
}
