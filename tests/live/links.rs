//! Symbolic links in what is served: what they lead to is watched.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::generations::{proto, rules};
use crate::support::{Live, Start, write};

#[tokio::test]
async fn folder_that_a_link_leads_to_is_swapped_with_the_link() {
    let start = Start {
        input: "current/api",
        ..Start::default()
    };
    let release = |root: &Path, name: &str, number| {
        let api = root.join(name).join("api");
        fs::create_dir_all(&api).expect("a new folder");
        write(&api.join("a.proto"), &proto(number));
        write(&api.join("a.rules.yaml"), &rules(name));
        symlink(name, root.join("next")).expect("a new link");
        fs::rename(root.join("next"), root.join("current")).expect("links are renamed at once");
    };
    let live = Live::start(start, |folder| release(folder, "first", 1)).await;
    live.answers(1, "first").await;
    for (name, number) in [("second", 2), ("third", 3)] {
        release(&live.path(""), name, number);
        live.answers(number, name).await;
    }
    write(&live.path("third/api/a.rules.yaml"), &rules("in place"));
    live.answers(3, "in place").await;
}

#[tokio::test]
async fn linked_folders_and_files_in_the_input_are_watched() {
    let start = Start {
        input: "api",
        ..Start::default()
    };
    let live = Live::start(start, |root| {
        for folder in ["api", "shared/deep", "other"] {
            fs::create_dir_all(root.join(folder)).expect("a new folder");
        }
        write(&root.join("shared/deep/a.proto"), &proto(1));
        write(&root.join("other/a.rules.yaml"), &rules("one"));
        symlink("../shared", root.join("api/linked")).expect("a new link");
        symlink("../other/a.rules.yaml", root.join("api/a.rules.yaml")).expect("a new link");
        symlink("../api", root.join("shared/back")).expect("a new link");
    })
    .await;
    live.answers(1, "one").await;
    write(&live.path("other/a.rules.yaml"), &rules("two"));
    live.answers(1, "two").await;
    write(&live.path("shared/deep/a.proto"), &proto(2));
    live.answers(2, "two").await;
    // A new rules file in the linked folder.
    write(
        &live.path("shared/deep/b.rules.yaml"),
        "rules: [{method: p.S/Unary, priority: 1, reply: {text: three}}]",
    );
    live.answers(2, "three").await;
    // The link leads elsewhere, removed and made anew or replaced at once; and another is added.
    for (folder, number) in [("v2", 3), ("v3", 4)] {
        fs::create_dir(live.path(folder)).expect("a new folder");
        write(&live.path(folder).join("a.proto"), &proto(number));
    }
    fs::remove_file(live.path("api/linked")).expect("it is there");
    symlink("../v2", live.path("api/linked")).expect("a new link");
    live.answers(3, "two").await;
    symlink("../v3", live.path("api/next")).expect("a new link");
    fs::rename(live.path("api/next"), live.path("api/linked")).expect("links are renamed at once");
    live.answers(4, "two").await;
    fs::create_dir(live.path("more")).expect("a new folder");
    write(
        &live.path("more/c.rules.yaml"),
        "rules: [{method: p.S/Unary, priority: 1, reply: {text: four}}]",
    );
    symlink("../more", live.path("api/another")).expect("a new link");
    live.answers(4, "four").await;
}
