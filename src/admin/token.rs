//! The token of the admin service: a secret that requests bring as `authorization: Bearer TOKEN`.

use std::fmt;

use subtle::ConstantTimeEq as _;

use crate::error::Error;

/// A secret that requests bring.
#[derive(Clone)]
pub(super) struct Token(String);

impl Token {
    /// Fails if it cannot be sent in a header, or is empty.
    pub(super) fn new(token: &str) -> Result<Self, Error> {
        let unfit = |why: &str| Error::invalid_input("the admin token cannot be used", why.to_owned());
        if token.is_empty() {
            return Err(unfit("it is empty"));
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(unfit(
                "it may have ASCII letters, digits and signs, and no blanks: `openssl rand -hex 32` makes one",
            ));
        }
        Ok(Self(token.to_owned()))
    }

    /// Whether the value of `authorization` has it. How long the comparison takes does not tell how much of it is right.
    pub(super) fn is_in(&self, authorization: &[u8]) -> bool {
        const SCHEME: &[u8] = b"bearer ";
        let Some((scheme, token)) = authorization.split_at_checked(SCHEME.len()) else {
            return false;
        };
        scheme.eq_ignore_ascii_case(SCHEME) && bool::from(token.ct_eq(self.0.as_bytes()))
    }
}

/// Shows nothing of it.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}
