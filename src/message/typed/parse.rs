//! Single messages, to values with serde's traits and back.

use std::sync::Arc;

use prost_reflect::MessageDescriptor;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::convert::MessageType;
use super::read::read;
use super::write::write;
use crate::message::check::{Bounds, Order, check_order};
use crate::message::error::MessageError;
use crate::message::message::Message;
use crate::schema::{LayoutId, Layouts, Schema};

impl Message {
    /// Reads the message as a type with serde's traits, as [`Typed`](super::Typed) does.
    ///
    /// ```
    /// # let schema = protod::Schema::from_source("tea.proto", r#"
    /// #     syntax = "proto3";
    /// #     message Order { string kind = 1; optional int32 minutes = 2; }
    /// # "#)?;
    /// # let order = schema.pool().get_message_by_name("Order").expect("it is there");
    /// use protod::Message;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Order {
    ///     kind: String,
    ///     minutes: Option<i32>,
    /// }
    ///
    /// let message = Message::from_json(order, r#"{"kind": "assam"}"#)?;
    /// let order: Order = message.parse()?;
    /// assert_eq!((order.kind.as_str(), order.minutes), ("assam", None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Fails, naming the field, if the message does not fit the type. As a status that is `INVALID_ARGUMENT`.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, MessageError> {
        let descriptor = self.descriptor();
        let own = || Arc::new(Layouts::of_message(&descriptor));
        let layouts = self.layouts().cloned().unwrap_or_else(own);
        let name = descriptor.full_name();
        let layout = layouts
            .find(name)
            .ok_or_else(|| MessageError::unknown_type(name))?;
        let bytes = self.to_bytes();
        // What has come within other bounds is read in any order.
        let order = check_order(&layouts, layout, &bytes, Bounds::default()).unwrap_or(Order::Any);
        read(&layouts, layout, &bytes, order).map_err(|error| MessageError::unfit_type(error.to_string()))
    }

    /// Makes a message of a value with serde's traits, as [`Typed`](super::Typed) does.
    ///
    /// ```
    /// # let schema = protod::Schema::from_source("tea.proto", r#"
    /// #     syntax = "proto3";
    /// #     message Order { string kind = 1; int32 minutes = 2; }
    /// # "#)?;
    /// # let order = schema.pool().get_message_by_name("Order").expect("it is there");
    /// use protod::Message;
    ///
    /// let message = Message::from_value(&schema, &order, &serde_json::json!({"kind": "assam", "minutes": 3}))?;
    /// assert_eq!(message.to_bytes().as_ref(), b"\x0a\x05assam\x10\x03");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Fails, naming the field, if the value does not fit the message, and if the schema does not have the type.
    pub fn from_value(
        schema: &Schema,
        descriptor: &MessageDescriptor,
        value: &(impl Serialize + ?Sized),
    ) -> Result<Self, MessageError> {
        let layouts = schema.layouts();
        let name = descriptor.full_name();
        let layout = layouts
            .find(name)
            .ok_or_else(|| MessageError::unknown_type(name))?;
        Self::written(layouts, layout, value)
    }

    /// Makes a message of this type.
    pub(crate) fn of_value(
        of: MessageType<'_>,
        value: &(impl Serialize + ?Sized),
    ) -> Result<Self, MessageError> {
        Self::written(of.layouts, of.layout, value)
    }

    fn written(
        layouts: &Arc<Layouts>,
        layout: LayoutId,
        value: &(impl Serialize + ?Sized),
    ) -> Result<Self, MessageError> {
        let mut bytes = Vec::new();
        write(layouts, layout, value, &mut bytes)
            .map_err(|error| MessageError::unfit_value(error.to_string()))?;
        Ok(Self::of_layout(layouts, layout, bytes.into()))
    }
}
