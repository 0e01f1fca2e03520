//! The loops that an execution is running.

use crate::cel::{Env, EvalError, Program, RowReading, Value};
use crate::collection::Collection;

/// The open loops, innermost last, each with its local variables: its counter or the current element, or two of them.
#[derive(Debug, Default)]
pub(super) struct Loops {
    locals: Vec<Value<'static>>,
    rounds: Vec<Rounds>,
}

/// The rounds of a loop that are left.
#[derive(Debug)]
pub(super) enum Rounds {
    Count {
        next: i64,
        end: i64,
    },
    Elements(std::vec::IntoIter<Value<'static>>),
    /// The keys of a map.
    Keys(std::vec::IntoIter<Value<'static>>),
    Pairs(std::vec::IntoIter<(Value<'static>, Value<'static>)>),
    /// The messages of a collection; `true` if each comes with its position. `None` while they are taken out.
    Rows(Option<Box<RowRounds>>, bool),
}

/// The messages of a collection that are left.
#[derive(Debug)]
pub(super) struct RowRounds {
    pub(super) reading: RowReading,
    pub(super) collection: Collection,
    /// How many rounds there are at most.
    pub(super) left: u64,
    /// Whether it goes on with what is still to be written.
    pub(super) follows: bool,
    /// Whether there was a round.
    pub(super) has_begun: bool,
    /// Whether all is here that others had stored when the loop began.
    pub(super) is_caught_up: bool,
}

/// The rounds of the innermost loop, taken out to be run in one go.
#[derive(Debug)]
pub(super) struct CountedRounds {
    locals: Vec<Value<'static>>,
    next: i64,
    end: i64,
}

impl Loops {
    /// The local variables, as expressions read them.
    #[inline]
    pub(super) fn locals(&self) -> &[Value<'static>] {
        &self.locals
    }

    /// Whether one of the open loops goes over the keys of a map.
    pub(super) fn has_keys_alone(&self) -> bool {
        self.rounds.iter().any(|rounds| matches!(rounds, Rounds::Keys(_)))
    }

    /// Begins a loop; `false` if it has no rounds.
    pub(super) fn begin(&mut self, mut rounds: Rounds) -> bool {
        match &mut rounds {
            Rounds::Count { next, end } if *next < *end => {
                self.locals.push(Value::Int(*next));
                *next += 1;
            }
            Rounds::Count { .. } => return false,
            Rounds::Elements(elements) | Rounds::Keys(elements) => match elements.next() {
                Some(element) => self.locals.push(element),
                None => return false,
            },
            Rounds::Pairs(pairs) => match pairs.next() {
                Some((key, value)) => self.locals.extend([key, value]),
                None => return false,
            },
            // They have no values before the first round.
            Rounds::Rows(_, true) => self.locals.extend([Value::Null, Value::Null]),
            Rounds::Rows(_, false) => self.locals.push(Value::Null),
        }
        self.rounds.push(rounds);
        true
    }

    /// Goes on to the next round of the innermost loop; `false` if that was the last, which ends the loop.
    #[inline]
    pub(super) fn next_round(&mut self) -> bool {
        if let (Some(rounds), Some(local)) = (self.rounds.last_mut(), self.locals.last_mut()) {
            match rounds {
                Rounds::Count { next, end } if *next < *end => {
                    put_int(local, *next);
                    *next += 1;
                    return true;
                }
                Rounds::Count { .. } => {}
                Rounds::Elements(elements) | Rounds::Keys(elements) => {
                    if let Some(element) = elements.next() {
                        *local = element;
                        return true;
                    }
                }
                Rounds::Pairs(pairs) => {
                    if let (Some((key, value)), Some([first, second])) =
                        (pairs.next(), self.locals.last_chunk_mut())
                    {
                        (*first, *second) = (key, value);
                        return true;
                    }
                    self.locals.pop();
                }
                Rounds::Rows(_, true) => _ = self.locals.pop(),
                Rounds::Rows(_, false) => {}
            }
        }
        self.rounds.pop();
        self.locals.pop();
        false
    }

    /// Takes out the messages of the innermost loop. [`put_back_rows`](Self::put_back_rows) or
    /// [`end_rows`](Self::end_rows) must follow.
    pub(super) fn take_rows(&mut self) -> Option<Box<RowRounds>> {
        match self.rounds.last_mut() {
            Some(Rounds::Rows(rows, _)) => rows.take(),
            _ => None,
        }
    }

    /// Puts back what was taken.
    pub(super) fn put_back_rows(&mut self, taken: Box<RowRounds>) {
        if let Some(Rounds::Rows(rows, _)) = self.rounds.last_mut() {
            *rows = Some(taken);
        }
    }

    /// Ends the innermost loop, which goes over a collection.
    pub(super) fn end_rows(&mut self) {
        self.next_round();
    }

    /// Sets the variables of the innermost loop, which goes over a collection.
    pub(super) fn set_row(&mut self, position: Value<'static>, row: Value<'static>) {
        match (self.rounds.last(), self.locals.as_mut_slice()) {
            (Some(Rounds::Rows(_, true)), [.., first, second]) => (*first, *second) = (position, row),
            (_, [.., last]) => *last = row,
            _ => {}
        }
    }

    /// Takes out the rounds of the innermost loop, if it is a `repeat`. [`put_back`](Self::put_back) must follow.
    pub(super) fn take_counted(&mut self) -> Option<CountedRounds> {
        match self.rounds.last() {
            Some(Rounds::Count { next, end }) => Some(CountedRounds {
                next: *next,
                end: *end,
                locals: std::mem::take(&mut self.locals),
            }),
            _ => None,
        }
    }

    /// Puts back what was taken, and goes on after the rounds that were run.
    pub(super) fn put_back(&mut self, counted: CountedRounds) {
        self.locals = counted.locals;
        if let Some(Rounds::Count { next, .. }) = self.rounds.last_mut() {
            *next = counted.next;
        }
    }
}

impl CountedRounds {
    /// Goes back to before the round that has begun.
    pub(super) fn step_back(&mut self) {
        self.next -= 1;
    }

    /// Goes on to the next round, and returns the local variables in it.
    #[inline]
    pub(super) fn next(&mut self) -> Option<&[Value<'static>]> {
        if self.next >= self.end {
            return None;
        }
        if let Some(local) = self.locals.last_mut() {
            put_int(local, self.next);
        }
        self.next += 1;
        Some(&self.locals)
    }
}

impl Rounds {
    /// The rounds over the elements of a list or a map, which are copied: it may change while they run.
    pub(super) fn over(list: &Program, pairs: bool, env: &Env<'_>) -> Result<Self, EvalError> {
        let budget = &env.call.budget;
        let mut elements = list.elements(env)?;
        let owned = |value: Value<'_>| -> Result<_, EvalError> {
            budget.charge_owning(&value)?;
            Ok(value.into_owned())
        };
        if pairs {
            let mut rounds = Vec::new();
            while let Some((key, value)) = elements.next_pair(budget)? {
                rounds.push((owned(key)?, owned(value)?));
            }
            return Ok(Self::Pairs(rounds.into_iter()));
        }
        let mut rounds = Vec::new();
        while let Some(element) = elements.next(budget)? {
            rounds.push(owned(element)?);
        }
        let rounds = rounds.into_iter();
        Ok(if elements.is_of_map() {
            Self::Keys(rounds)
        } else {
            Self::Elements(rounds)
        })
    }
}

/// Sets a variable that mostly holds an int already.
#[inline]
pub(super) fn put_int(variable: &mut Value<'static>, number: i64) {
    match variable {
        Value::Int(held) => *held = number,
        other => *other = Value::Int(number),
    }
}
