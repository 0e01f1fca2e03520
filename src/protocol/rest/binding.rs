//! [`Binding`]: one way to call a method, and the fields that its path, query and body are.
//!
//! What does not depend on the rest of the schema is a [`Way`], which the bindings of many loads share.

use std::sync::{Arc, OnceLock};

use http::Method as Verb;

use super::field_path::FieldPath;
use super::rule::Rule;
use super::template::Template;
use crate::schema::{Detail, Form, LayoutId, Layouts, Method};

/// The message whose bytes are the body as they are.
pub(super) const HTTP_BODY: &str = "google.api.HttpBody";

/// One way to call a method of a schema.
#[derive(Debug)]
pub(crate) struct Binding {
    pub(super) method: Arc<Method>,
    pub(super) way: Arc<Way>,
    /// Made at the first call: the types of most methods of a large schema nobody asks for.
    fields: OnceLock<Fields>,
}

/// One way to call a method, as its rule says.
#[derive(Debug)]
pub(super) struct Way {
    /// `None` stands for every verb.
    pub(super) verb: Option<Verb>,
    /// The path as it is written.
    pub(super) path: String,
    pub(super) template: Template,
    pub(super) decodes_slashes: bool,
    pub(super) body: Body,
    /// The field of the response that is the body of the answer.
    pub(super) response_body: Option<String>,
}

/// What the body of a request is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Body {
    /// Nothing.
    None,
    /// The request, but for the fields in the path.
    Whole,
    /// This field.
    Field(String),
}

impl Body {
    /// Whether a request may have one.
    pub(super) fn is_some(&self) -> bool {
        *self != Self::None
    }
}

/// The fields of a binding, in the tables of the schema.
#[derive(Debug)]
pub(super) struct Fields {
    /// Those of the template's variables. All are there, since the rule was checked.
    pub(super) variables: Vec<Option<FieldPath>>,
    /// The field that the body is.
    pub(super) body: Option<FieldPath>,
    /// The field that the answer's body is.
    pub(super) response_body: Option<FieldPath>,
    /// The mask of the fields that a PATCH changes.
    pub(super) mask: Option<FieldPath>,
    /// Whether the body of a request is the bytes of a `google.api.HttpBody`.
    pub(super) takes_raw: bool,
    /// Whether that of an answer is.
    pub(super) gives_raw: bool,
}

impl Way {
    /// The way of a rule that has been checked.
    pub(super) fn new(rule: &Rule, template: Template) -> Self {
        Self {
            verb: rule.verb.clone(),
            path: rule.path.clone(),
            template,
            decodes_slashes: rule.decodes_slashes,
            body: match &*rule.body {
                "" => Body::None,
                "*" => Body::Whole,
                field => Body::Field(field.to_owned()),
            },
            response_body: (!rule.response_body.is_empty()).then(|| rule.response_body.clone()),
        }
    }
}

impl Binding {
    pub(super) fn new(method: &Arc<Method>, way: &Arc<Way>) -> Self {
        Self {
            method: Arc::clone(method),
            way: Arc::clone(way),
            fields: OnceLock::new(),
        }
    }

    /// A binding for a method that has no rule: by its name, with the request as the body.
    pub(crate) fn by_name(method: &Arc<Method>) -> Arc<Self> {
        let way = Way {
            verb: Some(Verb::POST),
            path: method.path().to_owned(),
            template: Template {
                segments: Vec::new(),
                variables: Vec::new(),
                verb: None,
            },
            decodes_slashes: false,
            body: Body::Whole,
            response_body: None,
        };
        Arc::new(Self::new(method, &Arc::new(way)))
    }

    /// The method that it calls.
    pub(crate) fn method(&self) -> &Arc<Method> {
        &self.method
    }

    pub(super) fn fields(&self) -> &Fields {
        self.fields.get_or_init(|| self.find_fields())
    }

    fn find_fields(&self) -> Fields {
        let layouts = self.method.layouts();
        let (input, output) = (self.method.input_layout(), self.method.output_layout());
        let field = |of, name: &str| FieldPath::find(layouts, of, name).ok();
        let variables = self.way.template.variables.iter();
        let body = match &self.way.body {
            Body::Field(name) => field(input, name),
            Body::None | Body::Whole => None,
        };
        let response_body = self.way.response_body.as_ref();
        let response_body = response_body.and_then(|name| field(output, name));
        let body_type = match (&self.way.body, &body) {
            (Body::Whole, _) => Some(input),
            (_, Some(body)) => message_of(layouts, body),
            _ => None,
        };
        let answer_type = match &response_body {
            Some(field) => message_of(layouts, field),
            None => Some(output),
        };
        let is_raw = |layout: Option<LayoutId>| {
            layout.is_some_and(|layout| *layouts.fields(layout).full_name == *HTTP_BODY)
        };
        Fields {
            variables: variables.map(|variable| field(input, &variable.field)).collect(),
            mask: self.mask(layouts, input),
            takes_raw: is_raw(body_type),
            gives_raw: is_raw(answer_type),
            body,
            response_body,
        }
    }

    /// The field of a PATCH for the mask, which is made of the body's fields if it is not given: `update_mask`, or else the
    /// only mask that there is.
    fn mask(&self, layouts: &Arc<Layouts>, input: LayoutId) -> Option<FieldPath> {
        let Body::Field(body) = &self.way.body else {
            return None;
        };
        if self.way.verb != Some(Verb::PATCH) {
            return None;
        }
        let masks = layouts.fields(input).list.iter().filter(|field| match &field.form {
            Form::One(value) => matches!(
                &value.detail,
                Detail::Message { layout, .. } if *layouts.fields(*layout).full_name == *"google.protobuf.FieldMask"
            ),
            _ => false,
        });
        let names: Vec<&str> = masks
            .map(|field| &*field.name)
            .filter(|name| name != body)
            .collect();
        let name = match names[..] {
            [only] => Some(only),
            _ => names.into_iter().find(|name| *name == "update_mask"),
        };
        FieldPath::find(layouts, input, name?).ok()
    }
}

/// The type of a field that is one message.
fn message_of(layouts: &Layouts, path: &FieldPath) -> Option<LayoutId> {
    match &path.last(layouts).form {
        Form::One(value) => match value.detail {
            Detail::Message { layout, .. } => Some(layout),
            _ => None,
        },
        _ => None,
    }
}
