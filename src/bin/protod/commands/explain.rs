//! `protod explain`: why each rule of a method would or would not answer a call.
//!
//! No server is needed: the rules are loaded, and asked about a request that is given on the command line.

use std::fmt::Write as _;

use clap::Args;
use protod::{Message, RulesOptions};
use tonic::metadata::MetadataMap;

use crate::arguments::data::Data;
use crate::arguments::header::Header;
use crate::arguments::http_rules::{CheckedHttpRules, HttpRulesArg};
use crate::arguments::inputs::Inputs;
use crate::arguments::validation::ValidateArg;
use crate::failure::Failure;
use crate::output::stdout;

const EXAMPLES: &str = r#"Examples:
  protod explain proto.SearchService/Search -d '{"request": "gRPC"}'"#;

/// Explain for each rule of a method whether it would answer a call, and if not, what differs first.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Explain {
    /// The method: package.Service/Method
    #[arg(value_name = "METHOD")]
    method: String,

    #[command(flatten)]
    inputs: Inputs,

    /// The request: JSON, @FILE, or @- for stdin; for a stream, all its messages [default: one empty message]
    #[arg(short, long, value_name = "DATA", env = "PROTOD_DATA")]
    data: Option<Data>,

    /// Metadata of the call; repeatable
    #[arg(
        short = 'H',
        long = "header",
        value_name = "NAME: VALUE",
        env = "PROTOD_HEADER"
    )]
    headers: Vec<Header>,

    #[command(flatten)]
    http_rules: HttpRulesArg,

    #[command(flatten)]
    validate: ValidateArg,
}

impl Explain {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let schema = self.inputs.schema()?;
        let rules = self.inputs.rules(&schema, &RulesOptions::default())?;
        // What keeps a server from starting is told here, too.
        CheckedHttpRules::new(&self.http_rules).check(&schema)?;
        let method = schema.require_method(&self.method)?;
        let requests: Vec<Message> = match &self.data {
            Some(data) => data.read_all(method)?,
            None => vec![prost_reflect::DynamicMessage::new(method.input().clone()).into()],
        };
        let mut metadata = MetadataMap::new();
        for header in &self.headers {
            header.append_to(&mut metadata);
        }
        let refusal = self.validate.refusal(&schema, &requests)?;
        let Some((_, rules)) = rules.handlers().find(|(of, _)| of.name() == method.name()) else {
            let mut text = format!("no rule names {}\n", method.name());
            if let Some(refusal) = refusal {
                let _ = writeln!(text, "the request is refused: {refusal}");
            }
            return stdout::print(&text);
        };
        let explained = rules
            .explain(&requests, &metadata)
            .map_err(|error| Failure::caused(format!("the data does not fit {}", method.name()), error))?;
        let mut text = String::new();
        let (mut answered, mut validates) = (false, true);
        for rule in explained {
            let is_validated = rule.validate.unwrap_or(validates && !rule.precedes_validation);
            let refused = refusal.as_ref().filter(|_| is_validated);
            if rule.difference.is_none() && rule.chance.is_none() && !answered {
                validates = rule.validate.unwrap_or(validates);
            }
            let verdict = match (rule.difference, rule.chance) {
                (Some(difference), _) => difference,
                (None, _) if answered => "matches, but a rule before it answers".to_owned(),
                (None, Some(chance)) if rule.passes => {
                    format!("matches with a chance of {chance}, and passes the call on")
                }
                (None, Some(chance)) => match refused {
                    Some(refusal) => format!("refuses the request with a chance of {chance}: {refusal}"),
                    None => format!("answers with a chance of {chance}"),
                },
                (None, None) if rule.passes => "matches, and passes the call on".to_owned(),
                (None, None) => {
                    answered = true;
                    match refused {
                        Some(refusal) => format!("refuses the request: {refusal}"),
                        None => "answers".to_owned(),
                    }
                }
            };
            let _ = writeln!(text, "{}: {verdict}", rule.rule);
        }
        if let Some(refusal) = refusal
            && validates
            && !answered
        {
            let _ = writeln!(text, "the request is refused: {refusal}");
        }
        stdout::print(&text)
    }
}
