//! Where a broker is, who asks, and which names on it are ours.

use std::fmt;
use std::path::{Path, PathBuf};

use async_nats::ServerAddr;
use percent_encoding::percent_decode_str;

use crate::error::Error;

/// The namespace of an address that names none.
const NAMESPACE: &str = "protod";

/// How many copies of its streams a broker can keep at most.
const MOST_REPLICAS: usize = 5;

/// Where the broker of a [`JetStream`](crate::JetStream) is, and how it is asked.
#[derive(Clone)]
#[must_use]
pub struct JetStreamOptions {
    address: String,
    pub(super) credentials: Option<PathBuf>,
    pub(super) root_certificates: Option<PathBuf>,
    pub(super) replica: Option<String>,
}

impl JetStreamOptions {
    /// Of the broker at `nats://HOST:PORT`. The port is 4222 where it is left out.
    ///
    /// - Several brokers of a cluster: `nats://one:4222,two:4222`; the others of the cluster are found by it.
    /// - A user, or a token: `nats://USER:PASSWORD@HOST`, `nats://TOKEN@HOST`. A `/`, `?`, `,` or `%` in it is written as in URLs: `%2F`.
    /// - Over TLS: `tls://HOST`.
    /// - The namespace of what is kept: `nats://HOST/NAME`; default `protod`. Servers share what is in one namespace.
    /// - How many copies the brokers keep: `nats://HOST?replicas=3`, from 1 to 5; default 3 on a cluster of three or more, 1 elsewhere.
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            credentials: None,
            root_certificates: None,
            replica: None,
        }
    }

    /// A file of credentials, as `nsc` writes them: a JWT and a seed. Default: none.
    pub fn credentials(mut self, file: impl AsRef<Path>) -> Self {
        self.credentials = Some(file.as_ref().to_owned());
        self
    }

    /// A file of certificates in PEM, by which the broker's own is checked. Default: those of the system.
    pub fn root_certificates(mut self, file: impl AsRef<Path>) -> Self {
        self.root_certificates = Some(file.as_ref().to_owned());
        self
    }

    /// By which name others know this server: letters, digits, `-`, `_` and `.`; two servers of one namespace may not have the same.
    /// Default: a name at random.
    pub fn replica_name(mut self, name: impl Into<String>) -> Self {
        self.replica = Some(name.into());
        self
    }

    pub(super) fn address(&self) -> Result<Address, Error> {
        let wrong = |why: String| {
            let shown = without_secrets(&self.address);
            Error::invalid_input(format!("cannot use the store `{shown}`"), why)
        };
        let address = Address::parse(&self.address).map_err(wrong)?;
        if let Some(name) = &self.replica
            && !is_name(name, ".")
        {
            return Err(wrong(format!(
                "`{name}` is no name of a replica, which has letters, digits, `-`, `_` and `.`, up to {LONGEST_NAME} of them"
            )));
        }
        Ok(address)
    }
}

impl fmt::Debug for JetStreamOptions {
    /// Without secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JetStreamOptions")
            .field("address", &without_secrets(&self.address))
            .field("replica", &self.replica)
            .finish_non_exhaustive()
    }
}

/// An address, taken apart.
#[derive(Clone)]
pub(super) struct Address {
    /// Without logins: the client of the broker does not read them there, and logs the addresses.
    pub(super) servers: Vec<ServerAddr>,
    pub(super) namespace: String,
    pub(super) replicas: Option<usize>,
    pub(super) login: Option<Login>,
    /// As it is shown: without secrets, with the namespace.
    pub(super) shown: String,
}

/// As whom a broker is asked.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Login {
    User { name: String, password: String },
    Token(String),
}

impl Login {
    fn parse(text: &str) -> Result<Self, String> {
        let decoded = |text: &str| {
            let text = percent_decode_str(text).decode_utf8();
            let text = text.map_err(|_| "the user, or the password, is no UTF-8".to_owned());
            text.map(std::borrow::Cow::into_owned)
        };
        Ok(match text.split_once(':') {
            Some((name, password)) => Self::User {
                name: decoded(name)?,
                password: decoded(password)?,
            },
            None => Self::Token(decoded(text)?),
        })
    }
}

/// How many bytes a name has at most.
const LONGEST_NAME: usize = 64;

impl Address {
    fn parse(address: &str) -> Result<Self, String> {
        let (scheme, rest) = address
            .split_once("://")
            .filter(|(scheme, _)| matches!(*scheme, "nats" | "tls"))
            .ok_or("it begins with neither `nats://` nor `tls://`, as in nats://localhost:4222")?;
        let (hosts, namespace, query) = parts(rest);
        // Nothing is quoted of it: what stands where a host should may be a part of a password.
        let misplaced = || {
            Err(
                "the user and the password, or the token, stand before the first host, and `/`, `?` and `,` in them are written %2F, %3F and %2C"
                    .to_owned(),
            )
        };
        if namespace.contains('@') || query.is_some_and(|query| query.contains('@')) {
            return misplaced();
        }
        if !is_name(namespace, "") {
            return Err(format!(
                "`{namespace}` is no namespace, which has letters, digits, `-` and `_`, up to {LONGEST_NAME} of them"
            ));
        }
        let hosts: Vec<_> = hosts
            .split(',')
            .map(|host| match host.rsplit_once('@') {
                Some((login, host)) => (Some(login), host),
                None => (None, host),
            })
            .collect();
        let login = hosts.first().and_then(|(login, _)| *login);
        // Who asks is written once, and asks all of them.
        if hosts.iter().any(|(other, _)| other.is_some() && *other != login) {
            return misplaced();
        }
        let mut servers = Vec::new();
        for (_, host) in hosts {
            if host.is_empty() {
                return Err("a host is missing, as in nats://localhost:4222".to_owned());
            }
            let server = format!("{scheme}://{host}").parse::<ServerAddr>();
            servers.push(server.map_err(|_| format!("`{host}` is no HOST:PORT"))?);
        }
        let shown = servers
            .iter()
            .map(|server| format!("{}:{}", server.host(), server.port()))
            .collect::<Vec<_>>();
        Ok(Self {
            shown: format!("{scheme}://{}/{namespace}", shown.join(",")),
            servers,
            namespace: namespace.to_owned(),
            replicas: query.map(replicas).transpose()?,
            login: login.map(Login::parse).transpose()?,
        })
    }
}

/// The hosts of an address, its namespace, and its query.
fn parts(rest: &str) -> (&str, &str, Option<&str>) {
    let (rest, query) = match rest.split_once('?') {
        Some((rest, query)) => (rest, Some(query)),
        None => (rest, None),
    };
    match rest.split_once('/') {
        Some((hosts, "")) => (hosts, NAMESPACE, query),
        Some((hosts, namespace)) => (hosts, namespace, query),
        None => (rest, NAMESPACE, query),
    }
}

fn replicas(query: &str) -> Result<usize, String> {
    let count = query.strip_prefix("replicas=");
    let count = count.ok_or_else(|| format!("`?{query}` is not known: `?replicas=3` is"))?;
    count
        .parse()
        .ok()
        .filter(|count| (1..=MOST_REPLICAS).contains(count))
        .ok_or_else(|| format!("`replicas={count}` is not between 1 and {MOST_REPLICAS}"))
}

/// Whether it can be part of the name of a stream, or, with a dot, of what is in one.
fn is_name(name: &str, also: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || also.contains(c);
    !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(fits)
}

/// An address that makes no sense, as far as it can be shown.
fn without_secrets(address: &str) -> &str {
    address.rsplit('@').next().unwrap_or(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(address: &str) -> Address {
        JetStreamOptions::new(address).address().expect(address)
    }

    #[test]
    fn an_address_names_brokers_a_namespace_and_copies() {
        let one = parsed("nats://localhost");
        assert_eq!(one.shown, "nats://localhost:4222/protod");
        assert_eq!(one.replicas, None);
        assert!(one.login.is_none());
        let all = parsed("tls://user:secret@one:1,two/shop-1?replicas=3");
        assert_eq!(all.shown, "tls://one:1,two:4222/shop-1");
        assert_eq!((all.namespace.as_str(), all.replicas), ("shop-1", Some(3)));
        // The client of the broker writes down what is in an address.
        assert!(!all.servers.iter().any(ServerAddr::has_user_pass));
        let user = |name: &str, password: &str| Login::User {
            name: name.to_owned(),
            password: password.to_owned(),
        };
        assert!(all.login == Some(user("user", "secret")));
        let token = parsed("nats://s3cret@one,two/");
        assert!(token.login == Some(Login::Token("s3cret".to_owned())));
        assert_eq!(token.shown, "nats://one:4222,two:4222/protod");
        for (address, login) in [
            ("nats://us%40er:%2F%3f%2C%25@one", user("us@er", "/?,%")),
            ("nats://user:p@ss:w#rd@one", user("user", "p@ss:w#rd")),
            ("nats://user:a@one,user:a@two", user("user", "a")),
            ("nats://user:@one", user("user", "")),
        ] {
            assert!(parsed(address).login == Some(login), "{address}");
        }
    }

    #[test]
    fn an_address_that_makes_no_sense_is_refused_and_shows_no_secret() {
        for (address, why) in [
            ("localhost:4222", "begins with neither"),
            ("http://localhost", "begins with neither"),
            ("nats://", "a host is missing"),
            ("nats://a,,b", "a host is missing"),
            ("nats://a:99999", "`a:99999` is no HOST:PORT"),
            ("nats://a/b/c", "`b/c` is no namespace"),
            ("nats://a/b.c", "`b.c` is no namespace"),
            ("nats://a?replicas=0", "not between 1 and 5"),
            ("nats://a?copies=2", "`?copies=2` is not known"),
            ("nats://user:secret@a/b c", "`b c` is no namespace"),
            ("nats://user:secret/secret@a", "stand before the first host"),
            ("nats://user:secret?secret@a", "stand before the first host"),
            ("nats://user:secret,secret@a", "stand before the first host"),
            ("nats://user:secret@a,secret@b", "stand before the first host"),
            ("nats://user:%ffsecret@a", "is no UTF-8"),
        ] {
            let error = JetStreamOptions::new(address).address().err().expect(address);
            let text = format!("{error}: {}", std::error::Error::source(&error).expect("why"));
            let debug = format!("{:?}", JetStreamOptions::new(address));
            assert!(text.contains(why), "{address}: {text}");
            assert!(!(text + &debug).contains("secret"), "{address}");
        }
        let named = JetStreamOptions::new("nats://a").replica_name("no name");
        assert!(named.address().is_err());
    }
}
