//! The same input gives the same output: two processes, started one after the other, write the same bytes.

use protod::Client;

use crate::folder::folder;
use crate::program::{Server, protod};

const PROTO: &str = r#"
syntax = "proto3";
package p;
import "google/protobuf/any.proto";
import "google/protobuf/descriptor.proto";
import "google/protobuf/struct.proto";
message Words { map<string, string> of = 1; map<int32, Words> by = 2; }
extend google.protobuf.FileOptions { Words words = 50123; }
option (words) = { of: {key: "d" value: "1"} of: {key: "b" value: "2"} of: {key: "c" value: "3"} of: {key: "a" value: "4"}
    by: {key: 3 value: {of: {key: "y" value: ""} of: {key: "x" value: ""}}} by: {key: -1 value: {}} };
message Maps {
  map<string, int32> counts = 1;
  map<bool, Words> flags = 2;
  google.protobuf.Struct struct = 3;
  google.protobuf.Any any = 4;
  repeated string lines = 5;
  string text = 6;
}
service S {
  rpc Echo(Maps) returns (Maps);
  rpc Store(Maps) returns (Maps);
  rpc Constant(Maps) returns (Maps);
  rpc Sampled(Maps) returns (Maps);
}
"#;

const RULES: &str = r#"
rules:
  - method: p.S/Echo
    headers: {x-keys: "${request.counts.map(k, k).join()}", x-metadata: "${metadata.filter(k, k.startsWith('x-')).map(k, k).join()}"}
    reply:
      counts: "${request.counts}"
      struct: "${request.struct}"
      lines: "${request.counts.filter(k, request.counts[k] > 3)}"
      text: "${json(request)} ${request.struct} ${request.counts}"
  - method: p.S/Store
    session:
      message:
        - each: "${request.counts}"
          set: {"store[item]": "${{'b': request.counts[item], 'a': 1}}"}
        - each: "${store}"
          log: "stored ${item}"
        - send: {lines: "${store.map(k, k)}", text: "${json(store)} ${store}"}
  - method: p.S/Constant
    reply:
      counts: {d: 1, c: 2, b: 3, a: 4}
      flags: {true: {of: {z: "1", y: "2", x: "3"}}, false: {by: {3: {}, 1: {}, 2: {}}}}
      struct: {d: 1, c: {z: 1, y: 2, x: 3}, b: 3, a: 4}
      any: {"@type": p.Words, of: {d: "1", c: "2", b: "3", a: "4"}}
"#;

/// All that a newly started server of these files writes: its answers as bytes, headers, its log, its description.
async fn written(path: &str) -> Vec<String> {
    let counts: Vec<String> = (0..20)
        .map(|at| format!(r#""k{:02}":{at}"#, at * 7 % 20))
        .collect();
    let counts = counts.join(",");
    let json = format!(
        r#"{{"counts":{{{counts}}},"struct":{{{counts}}},"flags":{{"true":{{}},"false":{{"of":{{"b":"","a":""}}}}}}}}"#
    );
    let server = Server::start(&["--seed", "1", path]).await;
    let client = Client::builder(server.address())
        .connect()
        .await
        .expect("it listens");
    let mut written = Vec::new();
    for method in ["Echo", "Store", "Constant", "Sampled"] {
        let method = client.method(&format!("p.S/{method}")).expect("it is there");
        let request = protod::Message::from_json(method.method().input().clone(), &json).expect("it fits");
        written.push(format!("{:?}", request.to_bytes()));
        written.push(request.to_text().expect("it prints"));
        let mut answer = method.unary(request).await.expect("it answers");
        answer.headers.remove("date");
        written.push(format!("{:?}", answer.headers));
        written.push(format!("{:?}", answer.message.to_bytes()));
        written.push(answer.message.to_text().expect("it prints"));
        written.push(answer.message.to_json().expect("it prints"));
    }
    for args in [
        &["call", server.address(), "p.S/Echo", "-v", "-d", &json][..],
        &["describe", server.address(), "a.proto"],
        &["describe", server.address(), "p.Maps", "--template"],
        &["explain", "p.S/Echo", path, "-d", &json],
    ] {
        let output = protod(args).await;
        assert!(output.status.success(), "{args:?} {output:?}");
        written.push(String::from_utf8(output.stdout).expect("UTF-8"));
    }
    let (_, log) = server.stop().await;
    let lines = log.iter().filter_map(|line| line.split_once("stored "));
    written.extend(lines.map(|(_, name)| name.to_owned()));
    written
}

#[tokio::test]
async fn two_processes_write_the_same_bytes() {
    let folder = folder([("a.proto", PROTO), ("a.rules.yaml", RULES)]);
    let path = folder.path().to_str().expect("UTF-8");
    let (one, other) = (written(path).await, written(path).await);
    assert_eq!(one.len(), 4 * 6 + 4 + 20, "{one:#?}");
    for (one, other) in one.iter().zip(&other) {
        assert_eq!(one, other);
    }
}
