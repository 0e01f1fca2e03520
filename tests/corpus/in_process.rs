//! Each specimen alone, in this process.

use protod::{Rules, Schema};

use crate::calls::Running;
use crate::code::code_name;
use crate::compare::Differences;
use crate::specimen::{Call, Expected, Specimen, all};

#[tokio::test]
async fn every_specimen_holds_in_process() {
    let mut differences = Differences::default();
    for specimen in all() {
        match start(&specimen).await {
            Ok(server) => {
                for call in &specimen.calls {
                    differences.compare(&specimen, call, answer(&server, call).await);
                }
            }
            Err(error) => differences.broken(&specimen, &error),
        }
    }
    differences.check();
}

async fn start(specimen: &Specimen) -> Result<Running, String> {
    let Specimen {
        name, proto, rules, ..
    } = specimen;
    let schema =
        Schema::from_source(&format!("{name}.proto"), proto).map_err(|error| format!("{error:?}"))?;
    let rules = Rules::from_text(&schema, &format!("{name}.rules.yaml"), rules);
    Ok(Running::start(schema, &rules.map_err(|error| format!("{error:?}"))?).await)
}

async fn answer(server: &Running, call: &Call) -> Result<Expected, String> {
    let answer = server.call(&call.method, &call.requests, &call.metadata).await?;
    let messages = answer.messages.iter().map(|json| serde_json::from_str(json));
    Ok(Expected {
        messages: messages.collect::<Result<_, _>>().expect("it is JSON"),
        code: code_name(answer.status.code()),
        message: answer.status.message().to_owned(),
    })
}
