//! The parser against that of the cel crate, the oracle: on random expressions, on damaged ones and on garbage, both
//! take or refuse the same texts and make the same trees. Every part of a tree has its place, and so has every problem.
//!
//! There is one difference: the oracle refuses a NUL in a raw string between three quotes.

use std::fmt::Write as _;

use cel::common::ast::{EntryExpr, Expr as TheirExpr, IdedExpr, LiteralValue, operators};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::oracle::STACK;
use crate::cel::problem::ExprProblem;
use crate::cel::syntax::{BinaryOperator, Expr, ExprKind, Literal, parse};

/// The tree as text, with brackets around every part; or nothing if the text is wrong.
fn ours(text: &str) -> Option<String> {
    parse(text).ok().map(|expr| shape(&expr))
}

fn theirs(text: &str) -> Option<String> {
    let environment = cel::Env::default().with_optional_support(false);
    let parser = environment.parser().enable_ident_escape_syntax(true);
    parser.parse(text).ok().map(|expr| their_shape(&expr))
}

fn shape(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Literal(literal) => match literal {
            Literal::Null => "null".to_owned(),
            Literal::Bool(value) => value.to_string(),
            Literal::Int(value) => value.to_string(),
            Literal::Uint(value) => format!("{value}u"),
            Literal::Double(value) => format!("{value:?}"),
            Literal::String(value) => format!("{value:?}"),
            Literal::Bytes(value) => format!("b{value:?}"),
        },
        ExprKind::Name(name) => name.clone(),
        ExprKind::Select(operand, field) => format!("(. {} {:?})", shape(operand), field.text),
        ExprKind::Index(parts) => call(operators::INDEX, None, parts.iter().map(shape)),
        ExprKind::Call {
            target,
            function,
            arguments,
        } => {
            let target = target.as_ref().map(|target| shape(target));
            call(&function.text, target, arguments.iter().map(shape))
        }
        ExprKind::Not(operand) => call(operators::LOGICAL_NOT, None, [shape(operand)]),
        ExprKind::Negate(operand) => call(operators::NEGATE, None, [shape(operand)]),
        ExprKind::Binary(operator, parts) => call(name(*operator), None, parts.iter().map(shape)),
        ExprKind::Conditional(parts) => call(operators::CONDITIONAL, None, parts.iter().map(shape)),
        ExprKind::List(elements) => call("list", None, elements.iter().map(shape)),
        ExprKind::Map(entries) => {
            let entries = entries.iter().flat_map(|(key, value)| [shape(key), shape(value)]);
            call("map", None, entries)
        }
        ExprKind::Message(name, fields) => {
            let fields = fields
                .iter()
                .map(|(field, value)| format!("{}: {}", field.text, shape(value)));
            format!("{}{{{}}}", name.text, fields.collect::<Vec<_>>().join(", "))
        }
    }
}

fn their_shape(expr: &IdedExpr) -> String {
    match &expr.expr {
        TheirExpr::Literal(literal) => match literal {
            LiteralValue::Null => "null".to_owned(),
            LiteralValue::Boolean(value) => value.inner().to_string(),
            LiteralValue::Int(value) => value.inner().to_string(),
            LiteralValue::UInt(value) => format!("{}u", value.inner()),
            LiteralValue::Double(value) => format!("{:?}", value.inner()),
            LiteralValue::String(value) => format!("{:?}", value.inner()),
            LiteralValue::Bytes(value) => format!("b{:?}", value.inner()),
        },
        TheirExpr::Ident(name) => name.clone(),
        TheirExpr::Select(select) => format!("(. {} {:?})", their_shape(&select.operand), select.field),
        TheirExpr::Call(parts) => {
            let target = parts.target.as_ref().map(|target| their_shape(target));
            call(&parts.func_name, target, parts.args.iter().map(their_shape))
        }
        TheirExpr::List(list) => call("list", None, list.elements.iter().map(their_shape)),
        TheirExpr::Map(map) => {
            let entries = map.entries.iter().flat_map(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => [their_shape(&entry.key), their_shape(&entry.value)],
                EntryExpr::StructField(_) => panic!("a map has no fields"),
            });
            call("map", None, entries)
        }
        TheirExpr::Struct(made) => {
            let fields = made.entries.iter().map(|entry| match &entry.expr {
                EntryExpr::StructField(field) => format!("{}: {}", field.field, their_shape(&field.value)),
                EntryExpr::MapEntry(_) => panic!("a message has fields"),
            });
            format!("{}{{{}}}", made.type_name, fields.collect::<Vec<_>>().join(", "))
        }
        TheirExpr::Comprehension(_) | TheirExpr::Unspecified => panic!("macros are not expanded"),
    }
}

fn call(name: &str, target: Option<String>, parts: impl IntoIterator<Item = String>) -> String {
    let mut text = format!("({name}");
    if let Some(target) = target {
        write!(text, " on {target}:").expect("a String takes all text");
    }
    for part in parts {
        write!(text, " {part}").expect("a String takes all text");
    }
    text + ")"
}

fn name(operator: BinaryOperator) -> &'static str {
    match operator {
        BinaryOperator::Or => operators::LOGICAL_OR,
        BinaryOperator::And => operators::LOGICAL_AND,
        BinaryOperator::Equal => operators::EQUALS,
        BinaryOperator::NotEqual => operators::NOT_EQUALS,
        BinaryOperator::Less => operators::LESS,
        BinaryOperator::LessOrEqual => operators::LESS_EQUALS,
        BinaryOperator::Greater => operators::GREATER,
        BinaryOperator::GreaterOrEqual => operators::GREATER_EQUALS,
        BinaryOperator::In => operators::IN,
        BinaryOperator::Add => operators::ADD,
        BinaryOperator::Subtract => operators::SUBSTRACT,
        BinaryOperator::Multiply => operators::MULTIPLY,
        BinaryOperator::Divide => operators::DIVIDE,
        BinaryOperator::Remainder => operators::MODULO,
    }
}

/// The parts right below a part.
fn parts(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::Literal(_) | ExprKind::Name(_) => Vec::new(),
        ExprKind::Message(_, fields) => fields.iter().map(|(_, value)| value).collect(),
        ExprKind::Select(operand, _) | ExprKind::Not(operand) | ExprKind::Negate(operand) => vec![operand],
        ExprKind::Index(parts) | ExprKind::Binary(_, parts) => parts.iter().collect(),
        ExprKind::Conditional(parts) => parts.iter().collect(),
        ExprKind::Call {
            target, arguments, ..
        } => target.iter().map(Box::as_ref).chain(arguments).collect(),
        ExprKind::List(elements) => elements.iter().collect(),
        ExprKind::Map(entries) => entries.iter().flat_map(|(key, value)| [key, value]).collect(),
    }
}

/// Every part's place holds the text of that part, and lies within the place of the part above.
fn check_places(text: &str, expr: &Expr) -> Result<(), TestCaseError> {
    let written = &text[expr.span.clone()];
    prop_assert_eq!(
        ours(written),
        Some(shape(expr)),
        "the place of a part in {}",
        text
    );
    if let ExprKind::Select(_, name) | ExprKind::Call { function: name, .. } = &expr.kind {
        let written = &text[name.span.clone()];
        // `.f(x)` is called by a name with a dot before it.
        prop_assert!(
            name.text == written || name.text == format!(".{written}"),
            "a name in {}",
            text
        );
    }
    for part in parts(expr) {
        prop_assert!(
            expr.span.start <= part.span.start && part.span.end <= expr.span.end,
            "{} in {}",
            &text[part.span.clone()],
            written
        );
        check_places(text, part)?;
    }
    Ok(())
}

/// Same verdict, same tree; places that are right; problems with places inside of the text.
fn check(text: &str) -> Result<(), TestCaseError> {
    let parsed = parse(text);
    let theirs = theirs(text);
    match &parsed {
        // The difference: without the NUL, both take the text.
        Ok(expr) if theirs.is_none() && text.contains('\0') => {
            check_places(text, expr)?;
            check(&text.replace('\0', "x"))
        }
        Ok(expr) => {
            prop_assert_eq!(Some(shape(expr)), theirs, "{}", text);
            check_places(text, expr)
        }
        Err(problems) => {
            check_problems(text, problems)?;
            prop_assert_eq!(None, theirs, "{} is refused: {:?}", text, problems);
            Ok(())
        }
    }
}

fn check_problems(text: &str, problems: &[ExprProblem]) -> Result<(), TestCaseError> {
    prop_assert!(!problems.is_empty());
    for problem in problems {
        prop_assert!(text.get(problem.span.clone()).is_some(), "{} {:?}", text, problem);
    }
    Ok(())
}

/// Writes an expression with all that the grammar has, each choice taken from a byte.
struct Writer<'b> {
    choices: std::slice::Iter<'b, u8>,
}

impl Writer<'_> {
    /// One of so many; the first when the choices have run out.
    fn choose(&mut self, count: u8) -> u8 {
        self.choices.next().map_or(0, |choice| choice % count)
    }

    fn one_of(&mut self, texts: &[&str]) -> String {
        let count = u8::try_from(texts.len()).expect("there are few");
        texts[usize::from(self.choose(count))].to_owned()
    }

    fn blank(&mut self) -> String {
        self.one_of(&["", " ", "\n", "\t ", " // note ' ( \n", "\u{c}", "\r\n"])
    }

    fn expr(&mut self) -> String {
        if self.choose(8) == 7 {
            return format!("{} ? {} : {}", self.operators(0), self.operators(0), self.expr());
        }
        self.operators(0)
    }

    fn operators(&mut self, level: usize) -> String {
        const OPERATORS: [&[&str]; 5] = [
            &["||"],
            &["&&"],
            &["==", "!=", "<", "<=", ">", ">=", " in "],
            &["+", "-", " - "],
            &["*", "/", "%"],
        ];
        let Some(operators) = OPERATORS.get(level) else {
            return self.unary();
        };
        let mut text = self.operators(level + 1);
        while self.choose(4) == 3 {
            // A `/` and a comment would be another comment.
            let operator = self.one_of(operators);
            let (before, right) = (self.blank(), self.operators(level + 1));
            text = format!("{text}{before} {operator} {right}");
        }
        text
    }

    fn unary(&mut self) -> String {
        match self.choose(8) {
            6 => format!("{}{}", self.one_of(&["!", "!!", "! ! !"]), self.member()),
            7 => format!("{}{}", self.one_of(&["-", "--", "- - -"]), self.member()),
            _ => self.member(),
        }
    }

    fn member(&mut self) -> String {
        let mut text = self.primary();
        loop {
            let blank = self.blank();
            text = match self.choose(8) {
                4 => format!("{text}{blank}.{}", self.field()),
                5 => format!(
                    "{text}.{}({blank}{})",
                    self.one_of(&["f", "size", "map", "if"]),
                    self.arguments()
                ),
                6 => format!("{text}{blank}[{}]", self.expr()),
                7 => format!("{text}.a"),
                _ => return text,
            };
        }
    }

    fn field(&mut self) -> String {
        self.one_of(&["a", "b_2", "while", "`a.b-c/d e`", "_", "`in`"])
    }

    fn arguments(&mut self) -> String {
        let count = self.choose(4);
        let arguments: Vec<String> = (0..count).map(|_| self.expr()).collect();
        arguments.join(",")
    }

    fn primary(&mut self) -> String {
        match self.choose(12) {
            0 => self.one_of(&["a", ".b", "_x1", "br", "r", "b", "inn", "truex", "and"]),
            1..=3 => self.literal(),
            4 => format!("({}{})", self.blank(), self.expr()),
            5 => format!("[{}{}]", self.arguments(), self.one_of(&["", ","])),
            6 => self.map(),
            7 => format!(
                "{}({})",
                self.one_of(&["f", ".g", "has", "int"]),
                self.arguments()
            ),
            8 => format!(
                "{} {{{}: {}}}",
                self.one_of(&["A", "a.B", ".a.b.C"]),
                self.field(),
                self.expr()
            ),
            9 => format!("{}{{}}", self.one_of(&["A", "a.B", "if.B"])),
            10 => format!("({}).a", self.expr()),
            _ => self.literal(),
        }
    }

    fn map(&mut self) -> String {
        let count = self.choose(3);
        let entries: Vec<String> = (0..count)
            .map(|_| format!("{} : {}", self.expr(), self.expr()))
            .collect();
        format!("{{{}{}}}", entries.join(", "), self.one_of(&["", ","]))
    }

    fn literal(&mut self) -> String {
        self.one_of(&[
            "1",
            "0",
            "-1",
            "- 9223372036854775808",
            "0x7f",
            "-0xA",
            "3u",
            "0xFFU",
            "18446744073709551615u",
            "1.5",
            "-.5e-3",
            "1e9",
            "007",
            "true",
            "false",
            "null",
            "'a\"b'",
            "\"a'b\"",
            r"'\n\x41\u00e9\U0001F600\101\\\?\`'",
            r"r'\n'",
            "R\"\\\"",
            "'''a'b''c\r\nd'''",
            "\"\"\"x\\\"\"\"\"",
            "r'''\\'''",
            r"b'\xff\377é'",
            "B\"\"\"\n\"\"\"",
            r"br'\x'",
            "'❤'",
            "''",
        ])
    }
}

/// What garbage is made of: all kinds of tokens, and what is none.
const FRAGMENTS: &[&str] = &[
    "a",
    "b",
    "in",
    "true",
    "null",
    "if",
    "and",
    "has",
    "r",
    "br",
    "1",
    "0x",
    "0xF",
    "9223372036854775808",
    "2u",
    "1.",
    ".5",
    "1e",
    "1e999",
    "'",
    "\"",
    "'''",
    "\"\"\"",
    "\\",
    "\\n",
    "\\x4",
    "\\ud800",
    "\\400",
    "'x'",
    "`",
    "`a-b`",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ".",
    ",",
    ":",
    "?",
    "!",
    "-",
    "+",
    "*",
    "/",
    "//",
    "%",
    "&",
    "&&",
    "|",
    "||",
    "=",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    " ",
    "\n",
    "\t",
    "$",
    "${",
    "@",
    "#",
    ";",
    "é",
    "“",
    "\u{a0}",
    "\0",
    "\r",
];

/// How many random texts each property sees at least; `PROPTEST_CASES=40000` gives it more.
const CASES: u32 = 2000;

/// Runs a property over random bytes, on a stack that is deep enough for the oracle in a debug build.
fn run(property: impl Fn(&[u8]) -> Result<(), TestCaseError> + Send + 'static) {
    let run = move || {
        let default = ProptestConfig::default();
        let config = ProptestConfig {
            cases: default.cases.max(CASES),
            failure_persistence: None,
            ..default
        };
        TestRunner::new(config)
            .run(&prop::collection::vec(any::<u8>(), 1..60), |bytes| {
                property(&bytes)
            })
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

fn written(choices: &[u8]) -> String {
    let choices = choices.iter();
    Writer { choices }.expr()
}

#[test]
fn random_expressions_are_the_trees_that_the_oracle_makes() {
    run(|choices| {
        let text = written(choices);
        prop_assert!(theirs(&text).is_some() || ours(&text).is_none(), "{}", text);
        check(&text)
    });
}

#[test]
fn garbage_is_refused_where_the_oracle_refuses_it() {
    run(|choices| {
        let text: String = choices
            .iter()
            .take(12)
            .map(|choice| FRAGMENTS[usize::from(*choice) % FRAGMENTS.len()])
            .collect();
        check(&text)
    });
}

#[test]
fn damaged_expressions_are_refused_where_the_oracle_refuses_them() {
    run(|choices| {
        let (damage, choices) = choices.split_first().expect("there is one at least");
        let mut text = written(choices);
        let place = text.floor_char_boundary(usize::from(*damage) % (text.len() + 1));
        if damage % 2 == 0 {
            text.insert_str(place, FRAGMENTS[usize::from(*damage) % FRAGMENTS.len()]);
        } else if place < text.len() {
            text.remove(place);
        }
        check(&text)
    });
}

#[test]
fn any_text_is_read_without_a_panic() {
    run(|bytes| check(&String::from_utf8_lossy(bytes)));
}
