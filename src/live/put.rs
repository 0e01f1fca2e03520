//! Putting rules and protos at run time: what a [`ReloadTrigger`] asks of its [`Reloader`](super::Reloader).

use std::sync::Arc;

use tokio::sync::oneshot;

use super::edit::{Answer, Edit, PutError, PutOutcome, PutProtos, PutRules, SetAside};
use super::outcome::ReloadOutcome;
use super::trigger::ReloadTrigger;
use crate::session::Session;

impl ReloadTrigger {
    /// Checks rules, puts them in front of those of files, and waits until new calls get them. No file is read for it, and no
    /// proto compiled.
    ///
    /// They take the place of those that were put by the same name. Of rules of several names, the ones that were put last stand in
    /// front; `priority` counts only among rules that are put. They stay when files are loaded again: they are
    /// compiled for the new protos, and [set aside](Self::rules_set_aside) while they do not fit them.
    ///
    /// Rules of a [session](PutRules::session) answer its calls alone, in front of all others, until it ends.
    ///
    /// There may be 1,000 names, and 8 MiB of text; for a session, 100 names and 1 MiB, and for all sessions together, 10,000 names
    /// and 8 MiB. Message files are named relative to the working directory, read when the rules are put and
    /// at each reload, and not watched.
    ///
    /// ```
    /// use protod::live::{PutError, PutRules, ReloadTrigger};
    ///
    /// # async fn run(trigger: ReloadTrigger) -> Result<(), PutError> {
    /// let rules = "rules: [{method: shop.Orders/Get, status: {code: NOT_FOUND}}]";
    /// let outcome = trigger.put_rules(PutRules::new(rules).name("no-orders")).await?;
    /// for problem in &outcome.problems {
    ///     println!("{}", problem.message);
    /// }
    /// trigger.delete_rules(Some("no-orders")).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn put_rules(&self, rules: PutRules) -> Result<PutOutcome, PutError> {
        self.answer(|answer| Edit::PutRules(rules, answer)).await
    }

    /// Takes away the rules that were [put](Self::put_rules) by a name, or all that were put, but for those of sessions. Returns how
    /// many names that were.
    pub async fn delete_rules(&self, name: Option<&str>) -> Result<usize, PutError> {
        let name = name.map(str::to_owned);
        self.answer(|answer| Edit::DeleteRules(name, None, answer)).await
    }

    /// The same, of a session.
    pub async fn delete_rules_of(&self, session: &Session, name: Option<&str>) -> Result<usize, PutError> {
        let (name, session) = (name.map(str::to_owned), Some(session.clone()));
        self.answer(|answer| Edit::DeleteRules(name, session, answer))
            .await
    }

    /// The text that was [put](Self::put_rules) by a name, for a session or for all.
    pub(crate) async fn put_text(&self, name: &str, session: Option<&Session>) -> Result<String, PutError> {
        let (name, session) = (name.to_owned(), session.cloned());
        self.answer(|answer| Edit::Text(name, session, answer)).await
    }

    /// Puts protos over those of the sources, loads everything again with them, and waits until that is served or refused. They
    /// are checked as files are, and so are the rules of files; if anything is wrong, nothing is changed.
    ///
    /// A file takes the place of the one of its name, or is added. It may import all that is served, and the built-in files. What is
    /// put stays over all reloads until the server stops, and what is put later is added to it; [`PutProtos::new`] without a file
    /// takes all away. While it does not fit what files say, they are served without it, and the log has the reasons.
    ///
    /// There may be 1,000 files, and 16 MiB. Each has a name that imports can have, and another than the others.
    ///
    /// ```
    /// use protod::live::{PutError, PutProtos, ReloadTrigger};
    ///
    /// # async fn run(trigger: ReloadTrigger) -> Result<(), PutError> {
    /// let proto = r#"syntax = "proto3"; message Ping {} service Pinger { rpc Send(Ping) returns (Ping); }"#;
    /// let outcome = trigger.put_protos(PutProtos::new().file("ping.proto", proto)).await?;
    /// for problem in &outcome.problems {
    ///     println!("{}", problem.message);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn put_protos(&self, protos: PutProtos) -> Result<Arc<ReloadOutcome>, PutError> {
        self.answer(|answer| Edit::PutProtos(protos, answer)).await
    }

    /// The rules that were [put](Self::put_rules), and do not fit what was loaded since.
    pub fn rules_set_aside(&self) -> Arc<[SetAside]> {
        self.noted_set_aside()
    }

    async fn answer<T>(&self, edit: impl FnOnce(Answer<T>) -> Edit) -> Result<T, PutError> {
        let (sender, answer) = oneshot::channel();
        self.ask(edit(sender));
        // Who does not answer has gone.
        answer.await.unwrap_or(Err(PutError::NotRunning))
    }
}
