//! Sessions with timers and signals: events are handled one at a time, in the order in which they come.
//!
//! The server raises the signal [`DRAIN`] when it begins to stop, or to end the calls of a generation that was replaced. A
//! call that handles it can end in its own way.

use std::future::pending;
use std::pin::pin;

use tokio::time::Instant;
use tonic::Status;

use super::chosen::{Chosen, Come};
use super::execution::Execution;
use super::outcome::CallState;
use crate::handler::Call;
use crate::rules::run::fault::failed;
use crate::rules::run::method::MethodRules;
use crate::rules::run::shared::signals::{Listener, Signal};

/// The name of the signal that a draining server raises in every call.
const DRAIN: &str = "drain";

impl<'r> Execution<'r> {
    /// Answers the call by a rule with timers or signals, after its `open` event.
    pub(super) async fn answer_timed(
        &mut self,
        chosen: Chosen<'r>,
        come: Come,
        call: &mut Call,
    ) -> Result<(), Status> {
        let Chosen { rule, answer, .. } = chosen;
        let mut timers = vec![None; answer.timers.len()];
        self.begin_timers(chosen, &mut timers, false, call)?;
        let drain = answer.signals.iter().find(|signal| &*signal.name == DRAIN);
        let drained = drain.map(|_| call.draining());
        let mut drained = pin!(async {
            match drained {
                Some(drained) => drained.await,
                None => pending().await,
            }
        });
        let mut drain_raised = false;
        let mut open = true;
        let mut at_hand = come.first;
        // The timers whose pauses read messages begin with the first one.
        let mut awaits_first = !come.first && !come.all;
        if !awaits_first {
            self.begin_timers(chosen, &mut timers, true, call)?;
        }
        if come.all {
            open = false;
            if self.replay_all(chosen, call).await? == CallState::Ended || rule_ends(self.rules()) {
                return Ok(());
            }
        }
        loop {
            if at_hand {
                at_hand = false;
                if self.run(rule, &answer.message, call).await? == CallState::Ended {
                    return Ok(());
                }
            }
            if answer.keeps_last {
                self.keep_message(call);
            }
            call.flush();
            self.end_turn().await;
            self.forget_time();
            let due = timers
                .iter()
                .enumerate()
                .filter_map(|(at, due)| Some(((*due)?, at)))
                .min();
            let state = tokio::select! {
                next = call.next_message(), if open => {
                    if next? {
                        self.admit(call)?;
                        call.check_message().await?;
                        at_hand = true;
                        if std::mem::take(&mut awaits_first) {
                            self.begin_timers(chosen, &mut timers, true, call)?;
                        }
                        CallState::Open
                    } else {
                        open = false;
                        match self.half_closed(chosen, call).await? {
                            CallState::Open if !rule_ends(self.rules()) => CallState::Open,
                            _ => CallState::Ended,
                        }
                    }
                }
                () = sleep_until(due.map(|(due, _)| due)) => {
                    let at = due.expect("without a timer this sleeps for ever").1;
                    let timer = &answer.timers[at];
                    timers[at] = if timer.repeats { self.following(chosen, at, timers[at], call)? } else { None };
                    self.run(rule, &timer.steps, call).await?
                }
                () = &mut drained, if !drain_raised => {
                    drain_raised = true;
                    match drain {
                        Some(signal) => self.run(rule, &signal.steps, call).await?,
                        None => CallState::Open,
                    }
                }
                signal = heard(self.listener()) => {
                    let wanted = self.wants(chosen, &signal, call)?;
                    match answer.signals.iter().find(|handler| handler.name == signal.name) {
                        Some(handler) if wanted => self.run(rule, &handler.steps, call).await?,
                        _ => CallState::Open,
                    }
                }
            };
            if state == CallState::Ended {
                return Ok(());
            }
        }
    }

    /// Whether a signal is for this call.
    fn wants(
        &self,
        Chosen { rule, answer, .. }: Chosen<'_>,
        signal: &Signal,
        call: &mut Call,
    ) -> Result<bool, Status> {
        let Some(key) = &signal.key else {
            return Ok(true);
        };
        let Some(own) = answer
            .key
            .as_ref()
            .filter(|_| !answer.key_waits || self.has_request())
        else {
            return Ok(false);
        };
        let own = self.with_env(call, |env, _| own.text(env));
        let own = own.map_err(|error| self.failed_in_turn(failed(rule, error.within("key"))))?;
        Ok(own == **key)
    }

    /// Begins the timers that wait for the first message, or those that do not.
    fn begin_timers(
        &self,
        chosen: Chosen<'_>,
        timers: &mut [Option<Instant>],
        waits: bool,
        call: &mut Call,
    ) -> Result<(), Status> {
        for (at, due) in timers.iter_mut().enumerate() {
            if chosen.answer.timers[at].waits == waits {
                *due = self.following(chosen, at, None, call)?;
            }
        }
        Ok(())
    }

    /// When a timer is due next. A late timer does not catch up: its pause begins now.
    fn following(
        &self,
        Chosen { rule, answer, .. }: Chosen<'_>,
        at: usize,
        last: Option<Instant>,
        call: &mut Call,
    ) -> Result<Option<Instant>, Status> {
        let pause = self.with_env(call, |env, _| answer.timers[at].pause.duration(env));
        let pause = pause.map_err(|message| self.failed_in_turn(failed(rule, message)))?;
        let now = Instant::now();
        let next = last
            .and_then(|last| last.checked_add(pause))
            .filter(|next| *next > now);
        Ok(next.or_else(|| now.checked_add(pause)))
    }
}

/// Whether half-close ends a call that has timers or signals. A call of a method that takes one message is half-closed
/// from the start, so a step has to end it.
fn rule_ends(rules: &MethodRules) -> bool {
    rules.method.is_client_streaming()
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => pending().await,
    }
}

async fn heard(listener: Option<&mut Listener>) -> Signal {
    match listener {
        Some(listener) => match listener.next().await {
            Some(signal) => signal,
            None => pending().await,
        },
        None => pending().await,
    }
}
