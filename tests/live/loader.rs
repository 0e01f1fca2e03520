//! Files that change during a load, and projects that fail in unusual ways.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use protod::live::{Answers, Loader, Project, RELOAD, Reloader};
use protod::{Call, Error, Handlers, Rules, Schema, Server, ServingStatus};
use tokio::sync::mpsc;

use crate::generations::{proto, rules};
use crate::support::{SOON, write};

fn load_rules(schema: &Schema) -> Result<Answers, Error> {
    let rules = Rules::beside(schema)?;
    Ok(Answers::new().rules(rules).watch_beside(schema))
}

fn fill(folder: &Path) {
    write(&folder.join("a.proto"), &proto(1));
    write(&folder.join("a.rules.yaml"), &rules("one"));
}

/// Both files are saved after the proto was read and before the rules are read.
struct Hurried {
    folder: PathBuf,
    compiled: Arc<AtomicU32>,
}

impl Project for Hurried {
    fn schema(&self) -> Result<Schema, Error> {
        let schema = Schema::load(&self.folder)?;
        if self.compiled.fetch_add(1, Ordering::Relaxed) == 1 {
            write(&self.folder.join("a.proto"), &proto(2));
            write(
                &self.folder.join("a.rules.yaml"),
                &(rules("two") + "  - {name: last, method: p.S/Up, reply: {}}"),
            );
        }
        Ok(schema)
    }

    fn answers(&self, schema: &Schema) -> Result<Answers, Error> {
        load_rules(schema)
    }
}

#[test]
fn protos_and_rules_of_one_load_are_of_one_moment() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fill(folder.path());
    let compiled = Arc::new(AtomicU32::new(1000));
    let mut loader = Loader::new(Hurried {
        folder: folder.path().to_owned(),
        compiled: Arc::clone(&compiled),
    });
    let number = |schema: &Schema| {
        let answer = schema
            .pool()
            .get_message_by_name("p.Answer")
            .expect("it is there");
        answer.get_field_by_name("text").expect("it is there").number()
    };
    assert_eq!(number(&loader.load().expect("it is good").schema), 1);
    write(&folder.path().join("a.proto"), &format!("{}\n", proto(1)));
    compiled.store(1, Ordering::Relaxed);
    let loaded = loader.load().expect("it is good");
    assert_eq!(
        (number(&loaded.schema), loaded.rules.names().last()),
        (2, Some("last"))
    );
    assert!(loaded.compiled);
}

/// Returns handlers that the server refuses, then panics, and then works again.
struct Moody {
    folder: PathBuf,
    loads: AtomicU32,
}

impl Project for Moody {
    fn schema(&self) -> Result<Schema, Error> {
        Schema::load(&self.folder)
    }

    fn answers(&self, schema: &Schema) -> Result<Answers, Error> {
        let mut answers = load_rules(schema)?;
        match self.loads.fetch_add(1, Ordering::Relaxed) {
            1 => {
                answers = answers.handlers(Handlers::new().bidi("p.S/Nowhere", |_: Call| async { Ok(()) }));
            }
            2 => panic!("a panic that a test wants"),
            _ => {}
        }
        Ok(answers)
    }
}

#[tokio::test]
async fn load_that_panics_or_does_not_fit_is_refused_and_the_next_one_is_made() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fill(folder.path());
    // Files that have just changed are loaded twice, so another loader waits until they are old.
    let mut first = Loader::new(Moody {
        folder: folder.path().to_owned(),
        loads: AtomicU32::new(u32::MAX / 2),
    });
    let _old = first.load().expect("it is good");
    let mut loader = Loader::new(Moody {
        folder: folder.path().to_owned(),
        loads: AtomicU32::new(0),
    });
    let loaded = loader.load().expect("it is good");
    let builder = Server::builder(loaded.schema).handlers(loaded.handlers);
    let server = builder.build().expect("rules fit their schema");
    let (report, mut outcomes) = mpsc::unbounded_channel();
    let reloader = Reloader::new(server.clone(), loader)
        .watch(false)
        .report(move |outcome| drop(report.send(outcome)));
    let trigger = reloader.trigger();
    let running = tokio::spawn(reloader.run());
    for (expected, status) in [
        ("p.S/Nowhere", ServingStatus::NotServing),
        ("the load panicked", ServingStatus::NotServing),
        ("good", ServingStatus::Serving),
    ] {
        trigger.reload();
        let outcome = tokio::time::timeout(SOON, outcomes.recv()).await;
        let outcome = outcome.expect("it reloads soon").expect("the reloader runs");
        let said = outcome.map_or_else(|error| error.to_string(), |_| "good".to_owned());
        assert!(said.contains(expected), "{said}");
        assert_eq!(server.health().status(RELOAD), Some(status));
    }
    running.abort();
}
