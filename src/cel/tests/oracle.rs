//! The cel crate's interpreter as an oracle: on random well-typed expressions it and we give the same value, or
//! both an error. Ours read a request from its bytes and variables from their places; the interpreter has maps.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use cel::objects::{Key, Map};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::{Given, Type, Value, same};

static INTERPRETER: LazyLock<Arc<cel::Env>> = LazyLock::new(|| {
    let mut environment = cel::Env::stdlib();
    for extension in [
        cel::extensions::strings,
        cel::extensions::math,
        cel::extensions::lists,
        cel::extensions::encoders,
    ] {
        environment
            .add_extension(extension)
            .expect("extensions do not overlap");
    }
    Arc::new(environment)
});

/// What the fields of the request and the variables hold.
#[derive(Debug, Clone)]
struct Data {
    int: i64,
    uint: u64,
    double: f64,
    truth: bool,
    text: String,
    numbers: Vec<i32>,
    counts: HashMap<String, i32>,
    local: i64,
    state: String,
}

impl Data {
    fn given(&self) -> Given {
        let request = serde_json::json!({
            "anInt64": self.int,
            "aUint64": self.uint,
            "aDouble": self.double,
            "aBool": self.truth,
            "aString": self.text,
            "numbers": self.numbers,
            "counts": self.counts,
            "pt": {"name": self.text, "value": self.numbers.len()},
        });
        Given::json(&request.to_string())
            .local("n", Type::Int, Value::Int(self.local))
            .state("s", Type::String, Value::text(self.state.clone()))
    }

    fn interpret(&self, source: &str) -> Result<Value<'static>, String> {
        let program = INTERPRETER.compile(source).map_err(|errors| errors.to_string())?;
        let mut context = cel::Context::with_env(Arc::clone(&INTERPRETER));
        let numbers: Vec<cel::Value> = self
            .numbers
            .iter()
            .map(|n| cel::Value::Int(i64::from(*n)))
            .collect();
        let counts = self
            .counts
            .iter()
            .map(|(key, n)| (key.as_str(), cel::Value::Int(i64::from(*n))));
        let point = map([
            ("name", text(&self.text)),
            ("value", cel::Value::Int(self.numbers.len() as i64)),
        ]);
        let request = map([
            ("an_int64", cel::Value::Int(self.int)),
            ("a_uint64", cel::Value::UInt(self.uint)),
            ("a_double", cel::Value::Float(self.double)),
            ("a_bool", cel::Value::Bool(self.truth)),
            ("a_string", text(&self.text)),
            ("numbers", cel::Value::List(Arc::new(numbers))),
            ("counts", map(counts)),
            ("pt", point),
        ]);
        context.add_variable_from_value("request", request);
        context.add_variable_from_value("state", map([("s", text(&self.state))]));
        context.add_variable_from_value("n", cel::Value::Int(self.local));
        program
            .execute(&context)
            .map(|value| ours(&value))
            .map_err(|error| error.to_string())
    }
}

fn text(text: &str) -> cel::Value {
    cel::Value::String(Arc::new(text.to_owned()))
}

fn map<'k>(entries: impl IntoIterator<Item = (&'k str, cel::Value)>) -> cel::Value {
    let entries = entries
        .into_iter()
        .map(|(key, value)| (Key::String(Arc::new(key.to_owned())), value));
    cel::Value::Map(Map {
        map: Arc::new(entries.collect()),
    })
}

fn ours(value: &cel::Value) -> Value<'static> {
    match value {
        cel::Value::Null => Value::Null,
        cel::Value::Bool(value) => Value::Bool(*value),
        cel::Value::Int(value) => Value::Int(*value),
        cel::Value::UInt(value) => Value::Uint(*value),
        cel::Value::Float(value) => Value::Double(*value),
        cel::Value::String(value) => Value::text(value.to_string()),
        cel::Value::Bytes(value) => Value::Bytes(value.to_vec().into()),
        cel::Value::Duration(value) => Value::Duration {
            seconds: value.num_seconds(),
            nanos: value.subsec_nanos(),
        },
        cel::Value::Timestamp(value) => Value::Timestamp {
            seconds: value.timestamp(),
            nanos: value.timestamp_subsec_nanos().cast_signed(),
        },
        cel::Value::List(values) => Value::List(values.iter().map(ours).collect()),
        cel::Value::Map(entries) => {
            let entries = entries.map.iter().map(|(key, value)| (our_key(key), ours(value)));
            Value::Map(entries.collect())
        }
        other => panic!("no expression here gives {other:?}"),
    }
}

fn our_key(key: &Key) -> Value<'static> {
    match key {
        Key::Int(key) => Value::Int(*key),
        Key::Uint(key) => Value::Uint(*key),
        Key::Bool(key) => Value::Bool(*key),
        Key::String(key) => Value::text(key.to_string()),
    }
}

/// Writes a well-typed expression, each choice taken from a byte, so that a failure shrinks; no bytes, no branches.
struct Writer<'b> {
    choices: std::slice::Iter<'b, u8>,
    /// Goes round the leaves when the choices have run out.
    leaf: u8,
    /// The variables of the macros around: ints.
    variables: Vec<String>,
}

impl Writer<'_> {
    /// One of so many; the first ones are leaves.
    fn choose(&mut self, count: u8, leaves: u8) -> u8 {
        if let Some(choice) = self.choices.next() {
            return choice % count;
        }
        self.leaf = self.leaf.wrapping_add(1);
        self.leaf % leaves
    }

    fn int(&mut self) -> String {
        match self.choose(22, 6) {
            0 => "request.an_int64".to_owned(),
            1 => self.variables.last().cloned().unwrap_or_else(|| "7".to_owned()),
            2 => "n".to_owned(),
            3 => "request.pt.value".to_owned(),
            4 => "-3".to_owned(),
            5 => "9223372036854775807".to_owned(),
            6 => format!("({} + {})", self.int(), self.int()),
            7 => format!("({} - {})", self.int(), self.int()),
            8 => format!("({} * {})", self.int(), self.int()),
            9 => format!("({} / {})", self.int(), self.int()),
            10 => format!("({} % {})", self.int(), self.int()),
            11 => format!("-({})", self.int()),
            12 => format!("size({})", self.text()),
            13 => format!("{}.size()", self.list()),
            14 => format!("({} ? {} : {})", self.truth(), self.int(), self.int()),
            15 => format!("{}[{}]", self.list(), self.int()),
            16 => format!("{}.indexOf({})", self.text(), self.text()),
            17 => format!("math.greatest({}, {})", self.int(), self.int()),
            18 => format!("int({})", self.uint()),
            19 => format!("request.counts[{}]", self.text()),
            20 => format!("math.bitXor({}, {})", self.int(), self.int()),
            _ => format!("int({})", self.double()),
        }
    }

    fn uint(&mut self) -> String {
        match self.choose(8, 3) {
            0 => "request.a_uint64".to_owned(),
            1 => "3u".to_owned(),
            2 => "18446744073709551615u".to_owned(),
            3 => format!("({} + {})", self.uint(), self.uint()),
            4 => format!("({} - {})", self.uint(), self.uint()),
            5 => format!("({} / {})", self.uint(), self.uint()),
            6 => format!("uint({})", self.int()),
            _ => format!("math.bitShiftLeft({}, {})", self.uint(), self.int()),
        }
    }

    fn double(&mut self) -> String {
        match self.choose(7, 2) {
            0 => "request.a_double".to_owned(),
            1 => "-1.5".to_owned(),
            2 => format!("({} + {})", self.double(), self.double()),
            3 => format!("({} * 0.5)", self.double()),
            4 => format!("double({})", self.int()),
            5 => format!("math.round({})", self.double()),
            _ => format!("math.abs({})", self.double()),
        }
    }

    fn text(&mut self) -> String {
        match self.choose(15, 4) {
            0 => "request.a_string".to_owned(),
            1 => "'añb'".to_owned(),
            2 => "state.s".to_owned(),
            3 => "request.pt.name".to_owned(),
            4 => format!("({} + {})", self.text(), self.text()),
            5 => format!("string({})", self.int()),
            6 => format!("{}.upperAscii()", self.text()),
            7 => format!("{}.substring({})", self.text(), self.int()),
            8 => format!("{}.replace({}, 'x')", self.text(), self.text()),
            9 => format!("{}.reverse()", self.text()),
            10 => format!("({} ? {} : {})", self.truth(), self.text(), self.text()),
            11 => format!("{}.split({}).join('-')", self.text(), self.text()),
            12 => format!("{}.charAt({})", self.text(), self.int()),
            13 => format!("'%s %d'.format([{}, {}])", self.text(), self.int()),
            _ => format!("string({})", self.truth()),
        }
    }

    fn truth(&mut self) -> String {
        match self.choose(22, 2) {
            0 => "request.a_bool".to_owned(),
            1 => "true".to_owned(),
            2 => format!("({} && {})", self.truth(), self.truth()),
            3 => format!("({} || {})", self.truth(), self.truth()),
            4 => format!("!({})", self.truth()),
            5 => format!("({} < {})", self.int(), self.int()),
            6 => format!("({} == {})", self.int(), self.int()),
            7 => format!("({} >= {})", self.text(), self.text()),
            8 => format!("({} != {})", self.text(), self.text()),
            9 => format!("({} == {})", self.double(), self.int()),
            10 => format!("({} < {})", self.uint(), self.int()),
            11 => format!("{}.contains({})", self.text(), self.text()),
            12 => format!("({} in {})", self.int(), self.list()),
            13 => format!("({} in request.counts)", self.text()),
            14 => self.looped("all", Self::truth),
            15 => self.looped("exists", Self::truth),
            16 => self.looped("exists_one", Self::truth),
            17 => format!("({} == {})", self.list(), self.list()),
            18 => format!("({} <= {})", self.double(), self.uint()),
            19 => format!("({} ? {} : {})", self.truth(), self.truth(), self.truth()),
            20 => format!("(timestamp({}) < timestamp({}))", self.int(), self.int()),
            _ => format!("{}.startsWith({})", self.text(), self.text()),
        }
    }

    fn list(&mut self) -> String {
        match self.choose(11, 3) {
            0 => "request.numbers".to_owned(),
            1 => "[1, 2, 3]".to_owned(),
            2 => "[n]".to_owned(),
            3 => format!("[{}, {}]", self.int(), self.int()),
            4 => format!("({} + {})", self.list(), self.list()),
            5 => self.looped("map", Self::int),
            6 => self.looped("filter", Self::truth),
            7 => format!("{}.distinct()", self.list()),
            8 => format!("{}.sort()", self.list()),
            9 => format!("{}.slice({}, {})", self.list(), self.int(), self.int()),
            _ => format!("{}.reverse()", self.list()),
        }
    }

    fn looped(&mut self, name: &str, body: fn(&mut Self) -> String) -> String {
        let range = self.list();
        let variable = format!("v{}", self.variables.len());
        self.variables.push(variable.clone());
        let body = body(self);
        self.variables.pop();
        format!("{range}.{name}({variable}, {body})")
    }

    fn any(&mut self) -> String {
        match self.choose(6, 6) {
            0 => self.int(),
            1 => self.uint(),
            2 => self.double(),
            3 => self.text(),
            4 => self.truth(),
            _ => self.list(),
        }
    }
}

fn data() -> impl Strategy<Value = Data> {
    let int = prop_oneof![-5_i64..5, any::<i64>()];
    let text = "[a-cñ]{0,4}";
    (
        (
            int.clone(),
            prop_oneof![0_u64..5, any::<u64>()],
            -1e9..1e9,
            any::<bool>(),
        ),
        (
            text,
            prop::collection::vec(-3..3, 0..4),
            prop::collection::hash_map("[a-c]", -3..3, 0..3),
        ),
        (int, text),
    )
        .prop_map(
            |((int, uint, double, truth), (text, numbers, counts), (local, state))| Data {
                int,
                uint,
                double,
                truth,
                text,
                numbers,
                counts,
                local,
                state,
            },
        )
}

/// The interpreter recurses deeply in a debug build.
pub(super) const STACK: usize = 256 << 20;

#[test]
fn random_expressions_give_what_the_interpreter_gives() {
    let run = || {
        let config = ProptestConfig {
            cases: 1000,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let cases = (data(), prop::collection::vec(any::<u8>(), 1..40));
        TestRunner::new(config)
            .run(&cases, |(data, choices)| check(&data, &choices))
            .map_err(|error| error.to_string())
    };
    let thread = std::thread::Builder::new()
        .stack_size(STACK)
        .spawn(run)
        .expect("there is a thread to be had");
    thread
        .join()
        .expect("the check does not panic")
        .expect("both agree");
}

fn check(data: &Data, choices: &[u8]) -> Result<(), TestCaseError> {
    let source = Writer {
        choices: choices.iter(),
        leaf: 0,
        variables: Vec::new(),
    }
    .any();
    let (found, expected) = (data.given().eval(&source), data.interpret(&source));
    match (&found, &expected) {
        (Ok(found), Ok(expected)) if same(found, expected) => Ok(()),
        (Err(_), Err(_)) => Ok(()),
        // A constant that cannot be computed is a problem at load, even where the interpreter would not get to it.
        (Err(_), Ok(_)) if !data.given().compiles(&source) => Ok(()),
        _ => Err(TestCaseError::fail(format!(
            "{source} gives {found:?}, not {expected:?}"
        ))),
    }
}
