//! Paths of field masks: in camel case in JSON, and with the names of the proto on the wire.

/// Appends a path in camel case as it stands on the wire: `userName` as `user_name`.
pub(crate) fn put_snake(buffer: &mut Vec<u8>, path: &str) {
    for byte in path.bytes() {
        if byte.is_ascii_uppercase() {
            buffer.push(b'_');
        }
        buffer.push(byte.to_ascii_lowercase());
    }
}
