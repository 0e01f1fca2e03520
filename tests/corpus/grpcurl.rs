//! All specimens on one server, called by grpcurl.

use std::fs;

use serde_json::Value;
use tonic::Code;

use crate::code::code_name;
use crate::compare::Differences;
use crate::programs::{grpcurl, messages};
use crate::specimen::{Call, Expected, all};
use crate::support::Server;

#[tokio::test]
async fn every_specimen_holds_through_grpcurl() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let specimens = all();
    for specimen in &specimens {
        let path = folder.path().join(&specimen.name);
        fs::write(path.with_extension("proto"), &specimen.proto).expect("files can be written");
        fs::write(path.with_extension("rules.yaml"), &specimen.rules).expect("files can be written");
    }
    let server = Server::start(&[folder.path().to_str().expect("its path is UTF-8")]).await;
    let mut differences = Differences::default();
    for specimen in &specimens {
        for call in &specimen.calls {
            let found = answer(&server, call).await;
            match call.not_by_grpcurl {
                None => differences.compare(specimen, call, found),
                Some(_) => differences.expect_difference(specimen, call, found),
            }
        }
    }
    differences.check();
}

async fn answer(server: &Server, call: &Call) -> Result<Expected, String> {
    let mut args: Vec<String> = ["-plaintext", "-format-error", "-d", &call.requests.join("\n")]
        .map(str::to_owned)
        .into();
    for (name, value) in &call.metadata {
        args.extend(["-H".to_owned(), format!("{name}: {value}")]);
    }
    args.extend([server.address().to_owned(), call.method.clone()]);
    let output = grpcurl().run(args).await;
    let stdout = String::from_utf8(output.stdout).expect("grpcurl prints UTF-8");
    let stderr = String::from_utf8(output.stderr).expect("grpcurl prints UTF-8");
    let mut found = Expected {
        messages: messages(&stdout),
        code: "OK".to_owned(),
        message: String::new(),
    };
    if !output.status.success() {
        // With `-format-error` it is a google.rpc.Status; otherwise grpcurl itself has failed.
        let status: Value = serde_json::from_str(&stderr).map_err(|_| stderr.clone())?;
        let code = status["code"].as_i64().and_then(|code| i32::try_from(code).ok());
        found.code = code_name(Code::from_i32(code.ok_or(stderr)?));
        status["message"]
            .as_str()
            .unwrap_or_default()
            .clone_into(&mut found.message);
    }
    Ok(found)
}
