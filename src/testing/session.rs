//! [`TestSession`]: the part of a server that one test has for itself.

use std::thread;

use tonic::metadata::MetadataMap;

use super::printed::print;
use super::server::TestServer;
use crate::client::Client;
use crate::error::Error;
use crate::journal::RecordedCall;
#[cfg(feature = "live")]
use crate::live::{PutRules, ToldProblem};
use crate::session::{Session, SessionError, SessionOptions};
use crate::verify::Verify;

/// A session of a [`TestServer`] that tests share: its calls are counted, answered and verified apart from those of other tests,
/// which may run at the same time. It ends when it is dropped; if that is because the test panics, its calls are printed, as
/// `println!` prints.
///
/// ```
/// use std::sync::LazyLock;
///
/// use protod::testing::TestServer;
/// use protod::{Message, Verify};
///
/// static SERVER: LazyLock<TestServer> = LazyLock::new(|| TestServer::load("proto").expect("it loads"));
///
/// # async fn test() -> Result<(), Box<dyn std::error::Error>> {
/// let session = SERVER.session()?;
///
/// // Replace this by the code that you test: it calls `session.address()` with the metadata `protod-session: NAME`.
/// let client = session.client().await?;
/// let search = client.method("proto.SearchService/Search")?;
/// let request = Message::from_json(search.input().clone(), r#"{"request": "gRPC"}"#)?;
/// search.unary(request).await?;
///
/// session.verify(Verify::method("proto.SearchService/Search").exactly(1)).await;
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new()?.block_on(test())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TestSession<'s> {
    server: &'s TestServer,
    session: Session,
}

impl TestServer {
    /// Makes a session for a test.
    ///
    /// Fails if the server has as many as it takes: [`max_sessions`](crate::ServerBuilder::max_sessions).
    pub fn session(&self) -> Result<TestSession<'_>, SessionError> {
        let session = self.server().sessions().create(SessionOptions::default())?;
        Ok(TestSession {
            server: self,
            session,
        })
    }
}

impl TestSession<'_> {
    /// Where the server listens, as `127.0.0.1:41371`.
    pub fn address(&self) -> &str {
        self.server.address()
    }

    /// Its name, which is made up: calls are of the session if their metadata `protod-session` has it.
    pub fn name(&self) -> &str {
        self.session.name()
    }

    /// A client whose calls are of the session.
    ///
    /// Fails like [`Client::connect`].
    pub async fn client(&self) -> Result<Client, Error> {
        let mut metadata = MetadataMap::new();
        let name = self
            .name()
            .parse()
            .expect("it has the characters of headers alone");
        metadata.insert("protod-session", name);
        let client = Client::builder(self.address()).schema(self.server.server().schema());
        client.metadata(metadata).connect().await
    }

    /// Puts rules for the session, and waits until its next calls get them: the text of a rules file. They stand in front of all
    /// others, those that are put later in front of earlier ones, and go when the session ends. Calls of other sessions, and of none,
    /// do not get them.
    ///
    /// ```
    /// use protod::testing::TestServer;
    ///
    /// # async fn test() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = TestServer::load("proto")?;
    /// let session = server.session()?;
    /// let rules = "rules: [{method: proto.SearchService/Search, status: {code: UNAVAILABLE, message: try later}}]";
    /// session.put_rules(rules).await;
    ///
    /// let search = session.client().await?.method("proto.SearchService/Search")?;
    /// let refused = search.unary(search.request()).await.unwrap_err();
    /// assert_eq!(refused.message(), "try later");
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Runtime::new()?.block_on(test())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If something is wrong with the rules: with all of it, each with its place. Or if there are too many of them, as
    /// [`ReloadTrigger::put_rules`](crate::live::ReloadTrigger::put_rules) has it.
    #[cfg(feature = "live")]
    pub async fn put_rules(&self, yaml: &str) {
        let put = PutRules::new(yaml).session(&self.session);
        match self.server.puts.put_rules(put).await {
            Ok(outcome) if outcome.problems.is_empty() => {}
            Ok(outcome) => {
                let problems: Vec<String> = outcome.problems.iter().map(ToldProblem::located).collect();
                panic!("the rules are wrong:\n{}", problems.join("\n"));
            }
            Err(error) => panic!("the rules cannot be put: {error}"),
        }
    }

    /// Waits until calls of the session have come, as [`Server::verify`](crate::Server::verify) does.
    ///
    /// # Panics
    ///
    /// If other calls came: with the nearest of the session, and what is different about them.
    pub async fn verify(&self, verify: Verify) {
        self.server.verify(verify.session(&self.session)).await;
    }

    /// The calls of the session that have ended and are kept, those that ended first before the others.
    pub fn calls(&self) -> Vec<RecordedCall> {
        let journal = self.server.server().journal();
        let calls = journal.map(|journal| journal.newest(usize::MAX, |call| call.is_of(&self.session)));
        calls.unwrap_or_default()
    }
}

impl Drop for TestSession<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            print("the test session", &self.calls());
        }
        self.server.server().sessions().end(self.name());
    }
}
