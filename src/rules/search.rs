//! [`Search`]: the messages of a collection for which a condition holds, for who looks at them from outside of calls.
//!
//! A condition is the one that a rule has in `collection.points.filter(item, …)`, and is compiled as that: so the engine does of it
//! what it can. How much is looked at in one go is bounded.

use bytes::Bytes;
use tonic::Status;

use super::collections::RulesCollection;
use crate::cel::{
    CallFacts, CollectionType, Env, ExprProblem, Program, RowReading, Scope, Type, as_condition,
};
use crate::collection::{Collection, Order, Position};
use crate::error::{Error, Problem, SourceText};
use crate::message::Picker;
use crate::schema::{Layouts, Schema};

/// What problems call the condition.
const NAME: &str = "condition";

/// What a message is called in a condition.
const VARIABLE: &str = "item";

/// What it costs to read a batch, whatever is in it: it may be a look through some ten thousand messages.
const UNITS_PER_BATCH: u64 = 20_000;

/// Goes through the messages of a collection.
#[derive(Debug)]
pub(crate) struct Search {
    program: Program,
    layouts: Layouts,
    collections: [Collection; 1],
    reading: RowReading,
    call: CallFacts,
    /// Whether there was a message since it was [refilled](Self::refill).
    has_moved: bool,
}

/// What a search comes upon.
#[derive(Debug)]
pub(crate) enum Found {
    /// A message that is meant, and where it stands.
    Message(Position, Bytes),
    /// As much was looked at as may be in one go.
    Unfinished,
    /// There are no more.
    End,
}

impl Search {
    /// Of those behind a position, in this order. An empty condition holds for all.
    ///
    /// Fails if the condition is wrong: [`Error::problems`] has all that is.
    pub(crate) fn begin(
        of: &RulesCollection,
        condition: &str,
        order: Order,
        after: Option<Position>,
    ) -> Result<Self, Error> {
        let compiler = Compiler::of(of);
        let program = compiler.search(condition, order).map_err(Error::condition)?;
        let (layouts, call) = (compiler.layouts, CallFacts::default());
        let collections = [of.collection.clone()];
        let rows = program.rows().expect("it is a collection, and filters");
        let reading = rows.begin(after, &env(&layouts, &collections, &call));
        let reading = reading.map_err(|error| {
            let source = SourceText::new(NAME, condition);
            Error::condition(vec![Problem::at(&source, 0..condition.len(), error.to_string())])
        })?;
        Ok(Self {
            program,
            layouts,
            collections,
            reading,
            call,
            has_moved: false,
        })
    }

    /// Begins another go, which may cost so much.
    pub(crate) fn refill(&mut self, units: u64) {
        self.call.budget.refill(units);
        self.has_moved = false;
    }

    /// The next message. May wait for a disk.
    ///
    /// Fails if the collection does, if the condition does for a message, and if it costs more for a single one than a go may.
    pub(crate) fn next(&mut self) -> Result<Found, Status> {
        let rows = self.program.rows().expect("it is a collection, and filters");
        loop {
            let before = self.reading.passed();
            let env = env(&self.layouts, &self.collections, &self.call);
            let next = rows.next_message(&mut self.reading, &env);
            self.has_moved |= self.reading.passed() != before;
            match next {
                Ok(Some((position, bytes))) => return Ok(Found::Message(position, bytes)),
                Ok(None) if self.reading.is_end() => return Ok(Found::End),
                Ok(None) if self.call.budget.charge(UNITS_PER_BATCH).is_ok() => {
                    self.reading
                        .fetch(&self.collections[0])
                        .map_err(|fault| fault.status())?;
                    self.has_moved = true;
                }
                Ok(None) => return Ok(Found::Unfinished),
                Err(_) if self.call.budget.is_exhausted() && self.has_moved => return Ok(Found::Unfinished),
                Err(error) => {
                    return Err(Status::invalid_argument(format!(
                        "the condition fails for a message: {error}"
                    )));
                }
            }
        }
    }

    /// Behind which position another search goes on.
    pub(crate) fn passed(&self) -> Option<Position> {
        self.reading.passed()
    }
}

fn env<'e>(layouts: &'e Layouts, collections: &'e [Collection], call: &'e CallFacts) -> Env<'e> {
    Env {
        collections,
        ..Env::without_call(layouts, call)
    }
}

/// Compiles conditions on the messages of a collection.
struct Compiler {
    schema: Schema,
    layouts: Layouts,
    collection: [CollectionType; 1],
}

impl Compiler {
    fn of(of: &RulesCollection) -> Self {
        let message = of.declaration.message.clone();
        Self {
            schema: of.schema.clone(),
            layouts: Layouts::of_message(&message),
            collection: [CollectionType {
                name: of.declaration.name.to_string(),
                message,
                key: None,
            }],
        }
    }

    fn search(&self, condition: &str, order: Order) -> Result<Program, Vec<Problem>> {
        let whole = format!("collection.{}", self.collection[0].name);
        let newest = match order {
            Order::Oldest => "",
            Order::Newest => ".newest()",
        };
        if condition.trim().is_empty() {
            let whole = self.program(&format!("{whole}{newest}"), &[], &self.collection);
            return Ok(whole.expect("a name is all of it"));
        }
        let source = SourceText::new(NAME, condition);
        let problems = |found: Vec<ExprProblem>| -> Vec<Problem> {
            let problem = |problem: ExprProblem| {
                Problem::at(&source, problem.span, problem.message).with_hint_if(problem.hint)
            };
            found.into_iter().map(problem).collect()
        };
        // By itself, so that places in it are right, and what it reads is the message alone.
        let alone = self.program(condition, &[(VARIABLE.to_owned(), self.element())], &[]);
        let found = alone.map_err(&problems)?.result_type().clone();
        if !matches!(found, Type::Bool | Type::Dyn) {
            let told = format!("a condition is a bool, this is {found}");
            let problem = Problem::at(&source, 0..condition.len(), told);
            return Err(vec![problem.with_hint_if(as_condition(&found))]);
        }
        // A comment may be its end.
        let filter = format!("{whole}.filter({VARIABLE}, {condition}\n){newest}");
        self.program(&filter, &[], &self.collection).map_err(problems)
    }

    /// The type of a message as expressions have it.
    fn element(&self) -> Type {
        let whole = self.program(
            &format!("collection.{}", self.collection[0].name),
            &[],
            &self.collection,
        );
        match whole.map(|whole| whole.result_type().clone()) {
            Ok(Type::List(element)) => *element,
            _ => Type::Dyn,
        }
    }

    /// Compiles an expression over these variables and collections.
    fn program(
        &self,
        text: &str,
        variables: &[(String, Type)],
        collections: &[CollectionType],
    ) -> Result<Program, Vec<ExprProblem>> {
        let message = self.collection[0].message.full_name();
        let layout = self
            .layouts
            .find(message)
            .expect("it is the one that they are of");
        Program::compile(
            text,
            &mut Scope {
                schema: &self.schema,
                within: message,
                request: None,
                counted: false,
                picker: &mut Picker::new(&self.layouts, layout),
                state: &[],
                locals: variables,
                rounds: &[],
                collections,
                constraint: None,
            },
        )
    }
}
