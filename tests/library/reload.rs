//! Reloads when files are saved.

use std::path::PathBuf;

use protod::live::{Answers, Loader, Project, Reloader};
use protod::{Error, Rules, Schema, Server};

/// A folder of protos and rules.
struct Folder(PathBuf);

impl Project for Folder {
    fn schema(&self) -> Result<Schema, Error> {
        Schema::load(&self.0)
    }

    fn answers(&self, schema: &Schema) -> Result<Answers, Error> {
        Ok(Answers::new().rules(Rules::beside(schema)?).watch_beside(schema))
    }
}

fn reloading(folder: PathBuf) -> Result<Server, Error> {
    let mut loader = Loader::new(Folder(folder));
    let loaded = loader.load()?;
    let server = Server::builder(loaded.schema).handlers(loaded.handlers).build()?;
    tokio::spawn(Reloader::new(server.clone(), loader).run());
    Ok(server)
}

#[tokio::test]
async fn a_saved_rule_answers() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("till.proto"), super::PROTO).expect("it can be written");
    let server = reloading(folder.path().to_owned()).expect("it loads");
    let bound = server.bind("127.0.0.1:0").await.expect("a free port");
    let address = bound.local_addr().to_string();
    tokio::spawn(bound.serve());
    let client = protod::Client::connect(&address).await.expect("it serves");
    assert_eq!(
        super::pay(&client, "{}").await.expect_err("no rule").code(),
        tonic::Code::Unimplemented
    );
    let rule = "rules: [{method: till.Till/Pay, reply: {pence: 7}}]";
    std::fs::write(folder.path().join("till.rules.yaml"), rule).expect("it can be written");
    let health = client.method("grpc.health.v1.Health/Check").expect("it is there");
    let check = protod::Message::from_json(health.input().clone(), r#"{"service": "protod.reload"}"#);
    let checked = health.unary(check.expect("it fits")).await.expect("OK");
    assert_eq!(
        checked.message.to_json().expect("it is one"),
        r#"{"status":"SERVING"}"#
    );
    assert_eq!(super::pay(&client, "{}").await.expect("OK"), r#"{"pence":"7"}"#);
}
