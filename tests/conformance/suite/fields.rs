//! Fields of dynamic messages by name and type, for protos that are known to have them.

use bytes::Bytes;
use prost_reflect::{DynamicMessage, Value};

/// Reads a field of the message's type. An unset field is its default.
pub(crate) trait Fields {
    fn value(&self, name: &str) -> Value;

    /// The sub-message, if it is set.
    fn message(&self, name: &str) -> Option<DynamicMessage>;

    fn messages(&self, name: &str) -> Vec<DynamicMessage> {
        let value = self.value(name);
        let values = value.as_list().expect("a list").iter();
        values
            .map(|value| value.as_message().expect("of messages").clone())
            .collect()
    }

    fn bytes(&self, name: &str) -> Bytes {
        self.value(name).as_bytes().expect("bytes").clone()
    }

    fn text(&self, name: &str) -> String {
        self.value(name).as_str().expect("a string").to_owned()
    }

    fn unsigned(&self, name: &str) -> u32 {
        self.value(name).as_u32().expect("a uint32")
    }

    fn boolean(&self, name: &str) -> bool {
        self.value(name).as_bool().expect("a bool")
    }
}

impl Fields for DynamicMessage {
    fn value(&self, name: &str) -> Value {
        let value = self.get_field_by_name(name);
        value.expect("the message has the field").into_owned()
    }

    fn message(&self, name: &str) -> Option<DynamicMessage> {
        self.has_field_by_name(name)
            .then(|| self.value(name).as_message().expect("a message").clone())
    }
}
