//! Loops over the messages of a collection.
//!
//! A loop holds one batch. Between two batches the call waits for a lane, unless the collection is short, and if it follows, for
//! what others write.

use tonic::Status;

use super::execution::Execution;
use super::failures::eval_failed;
use super::loops::{Rounds, RowRounds};
use super::outcome::{Stopped, Wait};
use crate::cel::{Env, EvalError, Value};
use crate::collection::Position;
use crate::excerpt::excerpt;
use crate::handler::Call;
use crate::rules::plan::{RowsStep, Rule, ValueTemplate, count_of};

impl Execution<'_> {
    /// Begins a loop. Nothing is read yet.
    pub(super) fn begin_rows(&mut self, rule: &Rule, step: &RowsStep, call: &mut Call) -> Result<(), Status> {
        let Some(rows) = step.list.rows() else {
            return Ok(());
        };
        let collection = self.tallies().collections()[rows.collection()].clone();
        let rounds = self.with_env(call, |env, _| {
            let after = position(step.after.as_ref(), env)?;
            Ok(RowRounds {
                reading: rows.begin(after, env)?,
                left: limit(step.limit.as_ref(), env)?,
                follows: step.follow,
                has_begun: false,
                is_caught_up: !collection.is_shared(),
                collection,
            })
        });
        let rounds = rounds.map_err(|error| eval_failed(rule, "each", error))?;
        self.loops()
            .begin(Rounds::Rows(Some(Box::new(rounds)), step.pairs));
        Ok(())
    }

    /// Begins the next round; `false` if there is none, which ends the loop. Whether a round came before it is told, too.
    pub(super) fn next_row(
        &mut self,
        rule: &Rule,
        step: &RowsStep,
        call: &mut Call,
    ) -> Result<NextRow, Status> {
        let (Some(rows), Some(mut rounds)) = (step.list.rows(), self.loops().take_rows()) else {
            return Ok(NextRow::End);
        };
        if rounds.left == 0 {
            self.loops().end_rows();
            return Ok(NextRow::End);
        }
        if rounds.reading.is_empty() && !rounds.reading.is_end() && rounds.collection.is_short() {
            let RowRounds {
                reading, collection, ..
            } = &mut *rounds;
            reading.fetch(collection).map_err(|fault| fault.status())?;
        }
        let next = self.with_env(call, |env, _| {
            let next = rows.next(&mut rounds.reading, env)?;
            Ok(next.map(|(position, row)| (position, row.into_owned())))
        });
        let (reads_more, follows) = (!rounds.reading.is_end(), rounds.follows);
        let is_first = !rounds.has_begun;
        let next = next.map_err(|error: EvalError| eval_failed(rule, "each", error));
        if let Ok(Some(_)) = &next {
            rounds.left -= 1;
            rounds.has_begun = true;
        }
        self.loops().put_back_rows(rounds);
        match next? {
            Some((Position(position), row)) => {
                self.loops().set_row(Value::Int(position.cast_signed()), row);
                Ok(if is_first { NextRow::First } else { NextRow::Next })
            }
            None if reads_more || follows => Ok(NextRow::Unread),
            None => {
                self.loops().end_rows();
                Ok(NextRow::End)
            }
        }
    }

    /// Reads the next batch of the innermost loop. If it follows, waits until there is one.
    pub(super) async fn read_rows(&mut self, call: &mut Call) -> Result<(), Status> {
        call.flush();
        let Some(mut rounds) = self.loops().take_rows() else {
            return Ok(());
        };
        loop {
            // Before the read, so that nothing is missed that is written meanwhile.
            let added = rounds.collection.added();
            if !rounds.is_caught_up {
                Box::pin(self.commit()).await.map_err(|fault| fault.status())?;
                let caught_up = Box::pin(rounds.collection.caught_up()).await;
                caught_up.map_err(|fault| fault.status())?;
                rounds.is_caught_up = true;
            }
            self.enter_lane().await;
            let RowRounds {
                reading, collection, ..
            } = &mut *rounds;
            let read = self.in_lane(|_| reading.fetch(collection));
            self.begin_turn();
            read.map_err(|fault| fault.status())?;
            if !rounds.reading.is_empty() || rounds.reading.is_end() && !rounds.follows {
                break;
            }
            if rounds.reading.is_end() {
                added.await;
            }
        }
        self.loops().put_back_rows(rounds);
        self.forget_time();
        Ok(())
    }
}

/// What comes next in a loop over a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NextRow {
    First,
    Next,
    /// What comes is not read yet.
    Unread,
    End,
}

impl NextRow {
    /// What the steps wait for.
    pub(super) const UNREAD: Stopped = Stopped::Waiting(Wait::Rows);
}

/// The position after which a loop begins. A text comes from a client.
fn position(template: Option<&ValueTemplate>, env: &Env<'_>) -> Result<Option<Position>, EvalError> {
    let Some(template) = template else { return Ok(None) };
    let value = template.value(env)?;
    if let Some(position) = count_of(&value) {
        return Ok(Some(Position(position)));
    }
    let no_position = |text: &str| EvalError::bad_request(format!("`{}` is no position", excerpt(text)));
    match &value {
        Value::String(text) if text.is_empty() => Ok(None),
        Value::String(text) if text.bytes().all(|digit| digit.is_ascii_digit()) => {
            let position = text.parse().map_err(|_| no_position(text))?;
            Ok(Some(Position(position)))
        }
        other => Err(no_position(&other.to_text())),
    }
}

fn limit(template: Option<&ValueTemplate>, env: &Env<'_>) -> Result<u64, EvalError> {
    let Some(template) = template else {
        return Ok(u64::MAX);
    };
    let value = template.value(env)?;
    let limit = count_of(&value);
    limit.ok_or_else(|| EvalError::of_value(&value.to_text(), "is not a number from 0").within("limit"))
}
