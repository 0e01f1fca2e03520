//! Paths and the templates that they match, with what their variables take.

use http::Method as Verb;

use crate::protocol::rest::template::Template;
use crate::protocol::rest::trie::{Found, Trie, captured};

/// Looks requests up among templates, each `VERB /path`.
fn check(templates: &[&str], requests: &[(&str, &str)]) {
    let mut trie = Trie::default();
    for (index, template) in templates.iter().enumerate() {
        let (method, template) = template.split_once(' ').expect("a verb");
        let method = (method != "*").then(|| method.parse().expect("a verb"));
        let template = Template::parse(template).expect("a template");
        trie.insert(method.as_ref(), &template, index)
            .expect("another one");
    }
    for (request, expected) in requests {
        let (method, path) = request.split_once(' ').expect("a verb");
        let found = match trie.find(&method.parse().expect("a verb"), path) {
            Found::Nothing => "none".to_owned(),
            Found::OtherVerbs(verbs) => {
                let verbs: Vec<_> = verbs.iter().map(Verb::as_str).collect();
                verbs.join(", ")
            }
            Found::Rule(binding, length) => {
                let template = templates[binding];
                let parsed = Template::parse(template.split_once(' ').unwrap().1).unwrap();
                let values = parsed.variables.iter().map(|variable| {
                    let value = captured(&path[..length], &variable.segments, parsed.takes_rest(variable));
                    format!(" {}={value}", variable.field)
                });
                template.to_owned() + &values.collect::<String>()
            }
        };
        assert_eq!(found, *expected, "{request}");
    }
}

#[test]
fn the_most_specific_template_wins() {
    check(
        &[
            "GET /a/**",
            "GET /b/*",
            "GET /c/*/d/**",
            "GET /c/*/d/e",
            "GET /c/f/d/e",
            "GET /",
        ],
        &[
            ("GET /a", "GET /a/**"),
            ("GET /a/", "GET /a/**"),
            ("GET /a/b", "GET /a/**"),
            ("GET /a/b/c/d/e/f", "GET /a/**"),
            ("GET /b/c", "GET /b/*"),
            ("GET /b", "none"),
            ("GET /b/", "none"),
            ("GET /b/c/d", "none"),
            ("GET /c/u/d/v", "GET /c/*/d/**"),
            ("GET /c/v/d/w/x", "GET /c/*/d/**"),
            ("GET /c/x/y/d/z", "none"),
            ("GET /c//d/w", "none"),
            ("GET /c/x/d/e", "GET /c/*/d/e"),
            ("GET /c/f/d/e", "GET /c/f/d/e"),
            ("GET /c/f/d/g", "GET /c/*/d/**"),
            ("GET /", "GET /"),
            ("GET *", "none"),
            ("GET /A/b", "none"),
        ],
    );
}

#[test]
fn variables_take_their_segments() {
    check(
        &[
            "GET /a/{x}/c/d/e",
            "GET /{x=a/*}/b/{y=*}/c",
            "GET /a/{x=b/*}/{y=d/**}",
            "GET /{x=*}/a",
            "GET /a/b/{x=*}",
            "GET /a/b/c/{x=**}",
            "GET /{x=*}/d/e/f/{y=**}",
        ],
        &[
            ("GET /a/book/c/d/e", "GET /a/{x}/c/d/e x=book"),
            (
                "GET /a/hello/b/world/c",
                "GET /{x=a/*}/b/{y=*}/c x=a/hello y=world",
            ),
            (
                "GET /a/b/zoo/d/animal/tiger",
                "GET /a/{x=b/*}/{y=d/**} x=b/zoo y=d/animal/tiger",
            ),
            ("GET /a/b/zoo/d", "GET /a/{x=b/*}/{y=d/**} x=b/zoo y=d"),
            ("GET /foo/a", "GET /{x=*}/a x=foo"),
            ("GET /a/b/foo", "GET /a/b/{x=*} x=foo"),
            ("GET /a/b/c", "GET /a/b/c/{x=**} x="),
            ("GET /a/b/d", "GET /a/b/{x=*} x=d"),
            ("GET /a/b/c/foo/bar/baz", "GET /a/b/c/{x=**} x=foo/bar/baz"),
            ("GET /a/b/c/", "GET /a/b/c/{x=**} x="),
            (
                "GET /foo/d/e/f/bar/baz",
                "GET /{x=*}/d/e/f/{y=**} x=foo y=bar/baz",
            ),
            ("GET /foo/d/e/f", "GET /{x=*}/d/e/f/{y=**} x=foo y="),
        ],
    );
}

#[test]
fn a_path_is_matched_whole() {
    check(
        &[
            "GET /prefix/middle/suffix",
            "GET /prefix/middle/othersuffix",
            "GET /prefix/middle",
            "GET /prefix",
            "GET /otherprefix/suffix",
            "GET /a/b/c/d",
        ],
        &[
            ("GET /prefix/middle/suffix", "GET /prefix/middle/suffix"),
            ("GET /prefix/middle/othersuffix", "GET /prefix/middle/othersuffix"),
            ("GET /prefix/middle", "GET /prefix/middle"),
            ("GET /prefix", "GET /prefix"),
            ("GET /otherprefix/suffix", "GET /otherprefix/suffix"),
            ("GET /prefix/middle/suffix/other", "none"),
            ("GET /prefix/middle/other", "none"),
            ("GET /prefix/other", "none"),
            ("GET /prefix/not/a/path", "none"),
            ("GET /otherprefix/suffix/othermiddle", "none"),
            ("GET /otherprefix", "none"),
            ("GET /other", "none"),
            ("GET /a/b/c", "none"),
            ("GET /a/b/c/d/e", "none"),
            ("POST /a/b/c/d", "GET"),
            ("GET /", "none"),
        ],
    );
    check(&[], &[("GET /", "none"), ("GET /a/b/blue/foo", "none")]);
}

#[test]
fn wildcards_match_as_many_segments_as_they_stand_for() {
    check(
        &["GET /*"],
        &[
            ("GET /abc", "GET /*"),
            ("GET /", "none"),
            ("GET /abc/def", "none"),
        ],
    );
    check(
        &["GET /**"],
        &[
            ("GET /", "GET /**"),
            ("GET /abc", "GET /**"),
            ("GET /abc/def", "GET /**"),
            ("GET /a/", "GET /**"),
        ],
    );
    check(
        &[
            "GET /v1/bucket/{name=*}",
            "GET /v1/{name=o/**}",
            "GET /v2/{name=b/*}/o/{oname=*}",
        ],
        &[
            (
                "GET /v1/bucket/my-bucket",
                "GET /v1/bucket/{name=*} name=my-bucket",
            ),
            ("GET /v1/bucket", "none"),
            ("GET /v2/bucket/my-bucket", "none"),
            ("GET /v1/pubsub/my-topic", "none"),
            ("GET /v1/o", "GET /v1/{name=o/**} name=o"),
            (
                "GET /v1/o/my-bucket/dir/dir2/obj",
                "GET /v1/{name=o/**} name=o/my-bucket/dir/dir2/obj",
            ),
            ("GET /v2/o/my-bucket", "none"),
            (
                "GET /v2/b/my-bucket/o/obj",
                "GET /v2/{name=b/*}/o/{oname=*} name=b/my-bucket oname=obj",
            ),
            ("GET /v2/b/my-bucket", "none"),
            ("GET /v2/b/my-bucket/o", "none"),
        ],
    );
}

#[test]
fn a_path_that_leads_nowhere_is_tried_by_less_specific_templates() {
    const LONG: &str = "GET /foo/bar/{name}/baz/{child.id}/buzz/{child.thing.id}";
    const REST: &str = "GET /foo/bar/*/{thing.id}/{cat=**}";
    let with = |template: &str, values: &str| format!("{template} {values}");
    check(
        &[
            "GET /foo/bar/baz/buzz",
            "GET /foo/bar/{name}",
            "GET /foo/bar/{name}/baz/{child}",
            LONG,
            REST,
            "GET /foo/bar/*/{thing.id}/{cat=**}:do",
            "GET /foo/bar/*/{thing.id}/{cat=**}:cancel",
            "GET /trailing/**:slash",
            "GET /verb",
        ],
        &[
            ("GET /bob/lob/law", "none"),
            ("GET /foo/bob/lob/law", "none"),
            ("GET /foo/bar/baz", "GET /foo/bar/{name} name=baz"),
            ("GET /foo/bar/baz/buzz", "GET /foo/bar/baz/buzz"),
            (
                "GET /foo/bar/baz/baz/buzz",
                "GET /foo/bar/{name}/baz/{child} name=baz child=buzz",
            ),
            (
                "GET /foo/bar/1/baz/2/buzz/3",
                &with(LONG, "name=1 child.id=2 child.thing.id=3"),
            ),
            ("GET /foo/bar/baz/123/buzz", &with(REST, "thing.id=123 cat=buzz")),
            (
                "GET /foo/bar/baz/123/buzz/buzz",
                &with(REST, "thing.id=123 cat=buzz/buzz"),
            ),
            (
                "GET /foo/bar/baz/123/fizz/buzz/frob/nitz:do",
                "GET /foo/bar/*/{thing.id}/{cat=**}:do thing.id=123 cat=fizz/buzz/frob/nitz",
            ),
            (
                "GET /foo/bar/baz/123/buzz/buzz:cancel",
                "GET /foo/bar/*/{thing.id}/{cat=**}:cancel thing.id=123 cat=buzz/buzz",
            ),
            (
                "GET /foo/bar/baz/123/buzz:blah",
                &with(REST, "thing.id=123 cat=buzz:blah"),
            ),
            // `**` takes none, as google.api.http says.
            ("GET /foo/bar/baz/123", &with(REST, "thing.id=123 cat=")),
            ("GET /trailing:slash", "GET /trailing/**:slash"),
            ("GET /trailing/:slash", "GET /trailing/**:slash"),
            ("GET /verb:", "none"),
            ("GET /verb", "GET /verb"),
        ],
    );
}

#[test]
fn a_verb_stands_behind_the_last_segment() {
    check(
        &[
            "GET /some/const:verb",
            "GET /some/*:verb",
            "GET /some/*/foo:verb",
            "GET /other/**:verb",
            "GET /foo/*/hello",
            "GET /e/{x=*}/f:verb",
            "GET /person/{id=*}/name",
        ],
        &[
            ("GET /some/const:verb", "GET /some/const:verb"),
            ("GET /some/other:verb", "GET /some/*:verb"),
            ("GET /some/other:verb/", "none"),
            ("GET /some/bar/foo:verb", "GET /some/*/foo:verb"),
            ("GET /some/foo1/foo2/foo:verb", "none"),
            ("GET /some/foo/bar:verb", "none"),
            ("GET /other/bar/foo:verb", "GET /other/**:verb"),
            ("GET /foo/other:verb/hello", "GET /foo/*/hello"),
            ("GET /e/foo/f:verb", "GET /e/{x=*}/f:verb x=foo"),
            (
                "GET /person/jason:verb/name",
                "GET /person/{id=*}/name id=jason:verb",
            ),
        ],
    );
    check(
        &["GET /{a=*}/{b=*}:verb"],
        &[(
            "GET /some:verb/const:verb",
            "GET /{a=*}/{b=*}:verb a=some:verb b=const",
        )],
    );
    check(
        &["GET /foo/{a=*}"],
        &[("GET /foo/other:verb", "GET /foo/{a=*} a=other:verb")],
    );
    check(
        &["GET /{a=**}:verb", "GET /{a=**}"],
        &[
            ("GET /some:verb/const:verb", "GET /{a=**}:verb a=some:verb/const"),
            ("GET /some:verb/const", "GET /{a=**} a=some:verb/const"),
            (
                "GET /some:verb2/const:verb2",
                "GET /{a=**} a=some:verb2/const:verb2",
            ),
        ],
    );
    check(
        &["GET /a/{y=*}:verb", "GET /a/{y=d/**}:verb", "GET /{x=*}/a:verb"],
        &[
            ("GET /a/world:verb", "GET /a/{y=*}:verb y=world"),
            (
                "GET /a/d/animal/tiger:verb",
                "GET /a/{y=d/**}:verb y=d/animal/tiger",
            ),
            ("GET /foo/a:verb", "GET /{x=*}/a:verb x=foo"),
        ],
    );
    check(
        &[
            "POST /foo:bar",
            "POST /foo",
            "POST /foo/{id=*}",
            "POST /foo/{id=*}:archive",
            "POST /dummies:bar",
        ],
        &[
            ("POST /foo:bar", "POST /foo:bar"),
            ("POST /foo", "POST /foo"),
            ("POST /foo/bar:123", "POST /foo/{id=*} id=bar:123"),
            ("POST /foo/bar:archive", "POST /foo/{id=*}:archive id=bar"),
            ("DELETE /foo/bar:archive", "POST"),
        ],
    );
    // A verb with a colon is written with an escape, in the template and in the path.
    check(
        &["POST /foo/{id=*}:verb%3Asubverb"],
        &[
            (
                "POST /foo/bar:verb%3Asubverb",
                "POST /foo/{id=*}:verb%3Asubverb id=bar",
            ),
            (
                "POST /foo/bar:verb%3asubverb",
                "POST /foo/{id=*}:verb%3Asubverb id=bar",
            ),
            ("POST /foo/bar:verb:subverb", "none"),
        ],
    );
}

#[test]
fn a_literal_has_no_wildcards_and_no_slashes_of_paths() {
    const TEMPLATE: &str = "GET /foo%2Fbar/%2A/%2A%2a/{starstar=%2A%2a/**}:%2c";
    check(
        &[TEMPLATE],
        &[
            (
                "GET /foo%2fbar/*/**/**/x/y:,",
                &format!("{TEMPLATE} starstar=**/x/y"),
            ),
            (
                "GET /foo%2Fbar/%2a/%2A%2A/%2a%2a:%2C",
                &format!("{TEMPLATE} starstar=%2a%2a"),
            ),
            ("GET /foo/bar/*/**/**:,", "none"),
            ("GET /foo%2Fbar/x/**/**:,", "none"),
        ],
    );
}

#[test]
fn a_verb_is_one_if_a_template_has_it() {
    check(
        &[
            "GET /person",
            "GET /person/{id=*}",
            "GET /{x=**}:verb",
            "POST /person/{id}:a%20b",
        ],
        &[
            ("GET /person:verb", "GET /{x=**}:verb x=person"),
            ("GET /person/jason:verb", "GET /{x=**}:verb x=person/jason"),
            ("GET /animal/cat:verb", "GET /{x=**}:verb x=animal/cat"),
            ("GET /person", "GET /person"),
            ("GET /person/jason", "GET /person/{id=*} id=jason"),
            ("GET /animal", "none"),
            ("GET /person:other", "none"),
            ("GET /person/jason:other", "GET /person/{id=*} id=jason:other"),
            ("GET /person/jason%3Averb", "GET /person/{id=*} id=jason%3Averb"),
            ("GET /person/a:b:verb", "GET /{x=**}:verb x=person/a:b"),
            ("GET /:verb", "GET /{x=**}:verb x="),
            ("POST /person/jason:a%20b", "POST /person/{id}:a%20b id=jason"),
            ("GET /person/jason:a%20b", "GET /person/{id=*} id=jason:a%20b"),
            ("GET /person/jason:", "GET /person/{id=*} id=jason:"),
        ],
    );
}

#[test]
fn literals_are_compared_without_escapes() {
    check(
        &["GET /a%20b/c%3Ad", "GET /ü", "GET /x/{y}"],
        &[
            ("GET /a%20b/c:d", "GET /a%20b/c%3Ad"),
            ("GET /a%20b/c%3ad", "GET /a%20b/c%3Ad"),
            ("GET /%61%20b/%63%3Ad", "GET /a%20b/c%3Ad"),
            ("GET /%C3%BC", "GET /ü"),
            ("GET /%78/y%2Fz", "GET /x/{y} y=y%2Fz"),
            ("GET /x%2Fy", "none"),
            ("GET /%FF", "none"),
            ("GET /%", "none"),
        ],
    );
}

#[test]
fn other_verbs_of_http_are_told_and_a_less_specific_template_may_have_the_right_one() {
    check(
        &[
            "GET /v1/{name=**}",
            "POST /v1/shelves",
            "DELETE /v1/shelves/{id}",
            "* /any/{x}",
            "PUT /any/{x}",
            "POST /v1/shelves:sort",
        ],
        &[
            ("GET /v1/shelves", "GET /v1/{name=**} name=shelves"),
            ("POST /v1/shelves", "POST /v1/shelves"),
            ("PUT /v1/shelves", "GET, POST"),
            ("POST /v1/shelves/1", "DELETE, GET"),
            ("DELETE /v1/shelves:sort", "GET, POST"),
            ("DELETE /nothing", "none"),
            ("PUT /any/1", "PUT /any/{x} x=1"),
            ("PROPFIND /any/1", "* /any/{x} x=1"),
        ],
    );
}

#[test]
fn the_same_template_is_there_once_for_a_verb() {
    let mut trie = Trie::default();
    let mut insert = |verb: &Verb, text| trie.insert(Some(verb), &Template::parse(text).unwrap(), 7);
    assert_eq!(insert(&Verb::GET, "/v1/{a}"), Ok(()));
    assert_eq!(insert(&Verb::PUT, "/v1/{a}"), Ok(()));
    assert_eq!(insert(&Verb::GET, "/v1/{b=*}"), Err(7));
    assert_eq!(insert(&Verb::GET, "/v1/{b=*}:c"), Ok(()));
    assert_eq!(insert(&Verb::GET, "/{b=v1/*}"), Err(7));
    assert_eq!(insert(&Verb::GET, "/v1/**"), Ok(()));
    assert_eq!(insert(&Verb::GET, "/v1/{x=**}"), Err(7));
}

/// The tree is what bounds the work, so it is as large as it can be in one direction: two ways at each segment.
#[test]
fn the_work_is_bounded_for_every_path() {
    let mut trie = Trie::default();
    for ways in 0..1 << 10 {
        let way = |at: u32| if ways >> at & 1 == 0 { "/a" } else { "/*" };
        let text: String = (0..10).map(way).collect();
        trie.insert(
            Some(&Verb::GET),
            &Template::parse(&(text + "/end")).unwrap(),
            ways,
        )
        .unwrap();
    }
    // All of its 2,047 nodes are visited, and none twice; the rest of the path is looked at by nobody.
    let path = "/a".repeat(10_000);
    for _ in 0..100 {
        assert_eq!(trie.find(&Verb::GET, &path), Found::Nothing);
    }
}
