//! Paths into a request, and their values in a `DynamicMessage`.

use std::fmt;

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};

/// Fields, all of which except the last are singular messages.
#[derive(Debug, Clone)]
pub(crate) struct Path(Vec<FieldDescriptor>);

/// How many fields a path has, at most.
pub(crate) const LONGEST: usize = 3;

/// Every path from a type of message.
pub(crate) fn paths(message: &MessageDescriptor) -> Vec<Path> {
    let mut paths: Vec<Path> = message.fields().map(|field| Path(vec![field])).collect();
    let mut next = 0;
    while next < paths.len() {
        let path = paths[next].clone();
        next += 1;
        if path.0.len() < LONGEST
            && let Some(message) = path.sub_message()
        {
            paths.extend(message.fields().map(|field| {
                let mut longer = path.clone();
                longer.0.push(field);
                longer
            }));
        }
    }
    paths
}

impl Path {
    pub(crate) fn field(&self) -> &FieldDescriptor {
        self.0.last().expect("a path has a field")
    }

    /// The kind of its value, unless it is a list or a map.
    pub(crate) fn kind(&self) -> Option<Kind> {
        let field = self.field();
        (!field.is_list() && !field.is_map()).then(|| field.kind())
    }

    fn sub_message(&self) -> Option<MessageDescriptor> {
        match self.kind() {
            Some(Kind::Message(message)) => Some(message),
            _ => None,
        }
    }

    /// The value, or the default if the field or a message above it is unset.
    pub(crate) fn get(&self, request: &DynamicMessage) -> Value {
        self.parent(request).get_field(self.field()).into_owned()
    }

    pub(crate) fn is_set(&self, request: &DynamicMessage) -> bool {
        self.parent(request).has_field(self.field())
    }

    /// Whether copying the field leaves the target unset, because a copy also copies presence.
    pub(crate) fn stays_unset(&self, request: &DynamicMessage) -> bool {
        self.field().supports_presence() && !self.is_set(request)
    }

    fn parent(&self, request: &DynamicMessage) -> DynamicMessage {
        let way = &self.0[..self.0.len() - 1];
        way.iter().fold(request.clone(), |message, field| {
            let below = message.get_field(field);
            below.as_message().expect("it is singular").clone()
        })
    }
}

/// As it is written in an expression.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("request")?;
        self.0.iter().try_for_each(|field| write!(f, ".{}", field.name()))
    }
}
