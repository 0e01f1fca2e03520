//! Tokens, as servers take them in the header `authorization`.

use tonic::metadata::{Ascii, MetadataValue};

use crate::error::Error;

/// The value of the header. It is not shown where headers are printed.
pub(super) fn bearer(token: &str) -> Result<MetadataValue<Ascii>, Error> {
    let value = format!("Bearer {token}").parse();
    let mut value: MetadataValue<Ascii> = value.map_err(|_| {
        let why = "it has a line break or another character that no header can hold";
        Error::invalid_input("the token for schemas cannot be sent", why)
    })?;
    value.set_sensitive(true);
    Ok(value)
}
