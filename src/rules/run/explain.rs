//! Why a rule would or would not answer a call.

use bytes::Bytes;
use tonic::metadata::MetadataMap;

use super::matching::condition::Decoded;
use super::method::MethodRules;
use super::nearest::difference;
use crate::cel::{CallFacts, Env};
use crate::message::{Bounds, Message, MessageError, check_and_pick};
use crate::rules::plan::Stage;

/// Whether one rule matches a call: see [`MethodRules`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Explanation {
    /// The rule's name.
    pub rule: String,
    /// The first difference; `None` if the rule matches.
    pub difference: Option<String>,
    /// The chance that it matches a call without a difference, from 0 to 1. `None` if it always does.
    pub chance: Option<f64>,
    /// Whether it answers no call: with `then: next`, it leaves those that it matches to the rules after it.
    pub passes: bool,
    /// What it says of requests that break the rules of their protos, if the server
    /// [validates](crate::server::ServerBuilder::validate) requests: `false` if it takes them, `None` if it says nothing.
    pub validate: Option<bool>,
    /// Whether it ends the call with an error before a request is looked at, and so before one is validated, unless
    /// `validate` is true.
    pub precedes_validation: bool,
}

impl MethodRules {
    /// Returns for each rule, in order, whether it matches a call with these requests and this metadata. The first
    /// that matches is the one that answers. The counters of `times` do not change.
    ///
    /// An error means that a request has another type, or is not a well-formed message.
    pub fn explain(
        &self,
        requests: &[Message],
        metadata: &MetadataMap,
    ) -> Result<Vec<Explanation>, MessageError> {
        let requests: Vec<Bytes> = requests
            .iter()
            .map(|request| {
                request
                    .expect_type(self.method.input())
                    .map(|()| request.to_bytes())
            })
            .collect::<Result<_, _>>()?;
        let layouts = self.method.layouts();
        let read = |bytes| {
            let mut picked = self.picker.picked();
            match check_and_pick(layouts, &self.picker, bytes, Bounds::default(), &mut picked) {
                Ok(()) => Ok((bytes, picked)),
                Err(malformed) => Err(MessageError::from(malformed)),
            }
        };
        // As in a call: for a rule that waits for half-close, `request` is the last message.
        let first = requests.first().map(|bytes| read(bytes)).transpose()?;
        let last = requests.last().map(|bytes| read(bytes)).transpose()?;
        let store = self.tallies().state().store();
        let call = CallFacts {
            method: self.method.name().to_owned(),
            ..CallFacts::default()
        };
        let explained = self.rules.iter().enumerate().map(|(at, rule)| {
            call.budget.refill(self.settings.max_expression_cost);
            call.reads.allow(true);
            let at_half_close = rule.condition.stage == Stage::HalfClose;
            let request = if at_half_close { &last } else { &first };
            let request = request.as_ref().map(|(bytes, picked)| (*bytes, picked));
            let env = Env {
                layouts,
                request,
                requests: &requests,
                received: requests.len() as u64,
                metadata: metadata.as_ref(),
                state: &[],
                locals: &[],
                round: None,
                store: &store,
                collections: self.tallies().collections(),
                call: &call,
            };
            let mut decoded = Decoded::new(request.map(|(bytes, _)| (self.method.input().clone(), bytes)));
            Explanation {
                rule: rule.name.to_string(),
                chance: rule.chance,
                passes: rule.passes,
                validate: rule.validate,
                precedes_validation: at < self.order.message && rule.refuses(),
                difference: difference(self, self.tallies(), at, &env, &mut decoded).map(|difference| {
                    difference
                        .in_words(&env, self.method.input(), None)
                        .told(|| false)
                }),
            }
        });
        Ok(explained.collect())
    }
}
