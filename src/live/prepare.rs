//! Reloads in two steps: what a [`ReloadTrigger`] asks of its [`Reloader`](super::Reloader).
//!
//! Several servers that are to change at the same moment load first, each for itself, which may take seconds or fail. When all are
//! ready, each has only to swap.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::edit::Edit;
use super::outcome::ReloadOutcome;
use super::prepared::ProjectToLoad;
use super::project::Project;
use super::trigger::ReloadTrigger;

impl ReloadTrigger {
    /// Loads and checks another project than the one that is served, and keeps what it comes to until it is
    /// [served](Self::serve_prepared) by this name. What is served stays as it is, whatever the outcome.
    ///
    /// Only the last one that was prepared is kept, and only until protos are [put](Self::put_protos), which are linked
    /// with it. `None` if the [`Reloader`](super::Reloader) does not run any more, or does not reload a server.
    pub async fn prepare(
        &self,
        name: impl Into<String>,
        project: impl Project,
    ) -> Option<Arc<ReloadOutcome>> {
        let (answer, outcome) = oneshot::channel();
        let project = ProjectToLoad(Box::new(project));
        self.ask(Edit::Prepare(name.into(), project, answer));
        outcome.await.ok()
    }

    /// Serves what was [prepared](Self::prepare) by this name, with one swap, and from then on loads that project in place of the
    /// one before. What was put at run time stays in front. `None` if nothing is prepared by this name, or the
    /// [`Reloader`](super::Reloader) does not run any more.
    pub async fn serve_prepared(&self, name: &str) -> Option<Arc<ReloadOutcome>> {
        let (answer, outcome) = oneshot::channel();
        self.ask(Edit::ServePrepared(name.to_owned(), answer));
        outcome.await.ok().flatten()
    }
}
