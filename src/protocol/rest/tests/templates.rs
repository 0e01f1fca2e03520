//! Templates as segments and variables, and the texts that are none.

use crate::protocol::rest::template::{MAX_SEGMENTS, Segment, Template};

/// A template in a form of its own: segments, variables with the segments that they take, and the verb.
fn shown(text: &str) -> String {
    let template = match Template::parse(text) {
        Ok(template) => template,
        Err(error) => return format!("error: {}", error.message),
    };
    let segments: Vec<String> = template
        .segments
        .iter()
        .map(|segment| match segment {
            // As none of the wildcards.
            Segment::Literal(text) => text.replace('*', "%2A"),
            Segment::One => "*".into(),
            Segment::Rest => "**".into(),
        })
        .collect();
    let variables: Vec<String> = template
        .variables
        .iter()
        .map(|variable| {
            let sign = if variable.is_multi { "+" } else { "" };
            format!("{sign}{}={:?}", variable.field, variable.segments)
        })
        .collect();
    let path = format!("/{}", segments.join("/"));
    let verb = template.verb.map(|verb| format!(":{verb}"));
    let parts: Vec<String> = [path].into_iter().chain(variables).chain(verb).collect();
    parts.join(" ")
}

#[test]
fn templates_are_segments_variables_and_a_verb() {
    for (text, expected) in [
        ("/", "/"),
        ("/v1/messages", "/v1/messages"),
        ("/v1/messages/{message_id}", "/v1/messages/* message_id=2..3"),
        (
            "/v1/{message_id}/{sub.subfield}",
            "/v1/*/* message_id=1..2 sub.subfield=2..3",
        ),
        ("/v1/{name=*}", "/v1/* name=1..2"),
        ("/v1/{name=**}", "/v1/** +name=1..2"),
        ("/v1/{name=messages/*}", "/v1/messages/* +name=1..3"),
        (
            "/v1/{name=shelves/*/books/*}:read",
            "/v1/shelves/*/books/* +name=1..5 :read",
        ),
        ("/v1/{parent=shelves/*}/books", "/v1/shelves/*/books +parent=1..3"),
        ("/v1/{a}/{b=c/**}:do", "/v1/*/c/** a=1..2 +b=2..4 :do"),
        ("/v1/{kind=things}", "/v1/things kind=1..2"),
        ("/v1/*/x/**", "/v1/*/x/**"),
        ("/**:go", "/** :go"),
        ("/shelves:list", "/shelves :list"),
        ("/a%20b/c%3Ad", "/a b/c:d"),
        ("/größe/$filter,a;b=1", "/größe/$filter,a;b=1"),
        ("/v1/x=*y", "error: \"x=*y\" has '*', which no path has as it is"),
        ("/_ah/api/{_id}", "/_ah/api/* _id=2..3"),
        ("", "error: the path is empty"),
        ("v1/a", "error: the path \"v1/a\" does not begin with a slash"),
        ("/v1/", "error: a segment or a verb is empty"),
        ("/v1//a", "error: a segment or a verb is empty"),
        ("//a", "error: a segment or a verb is empty"),
        ("/a:", "error: a segment or a verb is empty"),
        ("/:root", "error: a segment or a verb is empty"),
        ("/a:b:c", "error: a path ends with its verb, and has one"),
        ("/a:b/c", "error: a path ends with its verb, and has one"),
        ("/a*", "error: \"a*\" has '*', which no path has as it is"),
        ("/***", "error: \"***\" has '*', which no path has as it is"),
        ("/a?b={c}", "error: \"a?b=\" has '?', which no path has as it is"),
        ("/a b", "error: \"a b\" has ' ', which no path has as it is"),
        ("/a#b", "error: \"a#b\" has '#', which no path has as it is"),
        ("/%ff", "error: \"%ff\" is not UTF-8 without its escapes"),
        ("/**/a", "error: `**` is not the last segment"),
        ("/{a=**}/{b}", "error: `**` is not the last segment"),
        ("/{a=**/b}", "error: `**` is not the last segment"),
        ("/{a={b}}", "error: there is a variable in a variable"),
        ("/{a", "error: there is a `{` without its `}`"),
        ("/{a=b", "error: there is a `{` without its `}`"),
        ("/a}", "error: there is a `}` without its `{`"),
        (
            "/{a=b:c}",
            "error: a verb stands at the end of the path, and not in a variable",
        ),
        (
            "/{a}b",
            "error: a variable is a whole segment, and \"b\" follows it",
        ),
        (
            "/a{b}",
            "error: a variable is a whole segment, and \"{b}\" follows it",
        ),
        ("/{}", "error: \"\" is no name of a field"),
        ("/{a.}", "error: \"a.\" is no name of a field"),
        ("/{.a}", "error: \".a\" is no name of a field"),
        ("/{1a}", "error: \"1a\" is no name of a field"),
        ("/{a-b}", "error: \"a-b\" is no name of a field"),
        ("/{a=}", "error: a segment or a verb is empty"),
        ("/{a}/{a}", "error: there are two variables `a`"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
    let template = Template::parse("/{a}/{b=c/**}").expect("a template");
    let takes_rest = template
        .variables
        .iter()
        .map(|variable| template.takes_rest(variable));
    assert_eq!(takes_rest.collect::<Vec<_>>(), [false, true]);
}

#[test]
fn wildcards_variables_and_verbs_stand_where_the_grammar_has_them() {
    for (text, expected) in [
        ("/*", "/*"),
        ("/**", "/**"),
        ("/*/**", "/*/**"),
        ("/*/a/**", "/*/a/**"),
        ("/shelves/**", "/shelves/**"),
        ("/v1/endpoint/*", "/v1/endpoint/*"),
        ("/a/{a.b.c}", "/a/* a.b.c=1..2"),
        ("/a/{a.b.c=*}", "/a/* a.b.c=1..2"),
        ("/a/{b=*}", "/a/* b=1..2"),
        ("/a/{b=**}", "/a/** +b=1..2"),
        ("/a/{b=c/*}", "/a/c/* +b=1..3"),
        ("/a/{b=c/*/d}", "/a/c/*/d +b=1..4"),
        ("/a/{b=c/**}", "/a/c/** +b=1..3"),
        ("/{x}", "/* x=0..1"),
        ("/{x.y.z}", "/* x.y.z=0..1"),
        ("/{x=a/*}", "/a/* +x=0..2"),
        ("/{x.y.z=*/a/b}/c", "/*/a/b/c +x.y.z=0..3"),
        ("/{x.y.z=**}", "/** +x.y.z=0..1"),
        (
            "/shelves/{shelf}/books/{book}",
            "/shelves/*/books/* shelf=1..2 book=3..4",
        ),
        (
            "/v1/b/{bucket_name=buckets/*}/o/{name}",
            "/v1/b/buckets/*/o/* +bucket_name=2..4 name=5..6",
        ),
        (
            "/v1/{name.nested.nested2=a/b/*}/o/{another_name=a/b/*/c}/**",
            "/v1/a/b/*/o/a/b/*/c/** +name.nested.nested2=1..4 +another_name=5..9",
        ),
        ("/{_}", "/* _=0..1"),
        ("/{hello}/world", "/*/world hello=0..1"),
        (
            "/v1/{book.name=shelves/*/books/*}",
            "/v1/shelves/*/books/* +book.name=1..5",
        ),
        (
            "/foo/bar/{name}/baz/{child.id}/buzz/{child.thing.id}",
            "/foo/bar/*/baz/*/buzz/* name=2..3 child.id=4..5 child.thing.id=6..7",
        ),
        (
            "/foo/bar/*/{thing.id}/{cat=**}",
            "/foo/bar/*/*/** thing.id=3..4 +cat=4..5",
        ),
        // Verbs.
        ("/a:foo", "/a :foo"),
        ("/a/b/c:foo", "/a/b/c :foo"),
        ("/*:verb", "/* :verb"),
        ("/**:verb", "/** :verb"),
        ("/{a}:verb", "/* a=0..1 :verb"),
        ("/a/b/*:verb", "/a/b/* :verb"),
        ("/a/b/**:verb", "/a/b/** :verb"),
        ("/a/b/{a}:verb", "/a/b/* a=2..3 :verb"),
        ("/a/{b=*}/**:verb", "/a/*/** b=1..2 :verb"),
        ("/{x.y.z}:verb", "/* x.y.z=0..1 :verb"),
        ("/{x.y.z=*/*}:verb", "/*/* +x.y.z=0..2 :verb"),
        ("/{x=**}:myverb", "/** +x=0..1 :myverb"),
        ("/v1:watch", "/v1 :watch"),
        ("/v3/{name=events/*}:cancel", "/v3/events/* +name=1..3 :cancel"),
        ("/v1/{bucket}/do:action", "/v1/*/do bucket=1..2 :action"),
        (
            "/foo/bar/*/{thing.id}/{cat=**}:do",
            "/foo/bar/*/*/** thing.id=3..4 +cat=4..5 :do",
        ),
        // Escapes, of which a segment keeps a slash and a star to itself.
        ("/%e7%ac%ac%e4%b8%80%e7%89%88", "/第一版"),
        ("/v1/a=b&c=d;e=f/endpoint.rdf", "/v1/a=b&c=d;e=f/endpoint.rdf"),
        (
            "/my%2fcool-blog~about%2Cstuff%5Bwat%5D",
            "/my/cool-blog~about,stuff[wat]",
        ),
        (
            "/foo%2Fbar/%2A/%2A%2a/{starstar=%2A%2a/**}:%2c",
            "/foo/bar/%2A/%2A%2A/%2A%2A/** +starstar=3..5 :,",
        ),
        ("/a%3Ab/{c}:d%3Ae", "/a:b/* c=1..2 :d:e"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn what_the_grammar_does_not_have_is_no_template() {
    const NO_SLASH: &str = "does not begin with a slash";
    const EMPTY: &str = "a segment or a verb is empty";
    const REST: &str = "`**` is not the last segment";
    const VERB: &str = "a path ends with its verb, and has one";
    const UNCLOSED: &str = "there is a `{` without its `}`";
    const NO_NAME: &str = "is no name of a field";
    const NOT_WHOLE: &str = "a variable is a whole segment";
    const NESTED: &str = "there is a variable in a variable";
    const NO_ESCAPE: &str = "which is no escape";
    for (text, expected) in [
        ("a", NO_SLASH),
        ("{x}", NO_SLASH),
        ("{x=/a}", NO_SLASH),
        ("a/b", NO_SLASH),
        ("a/{x}/b:verb", NO_SLASH),
        (":verb", NO_SLASH),
        (":", NO_SLASH),
        ("v1/b/:name/do", NO_SLASH),
        ("//", EMPTY),
        ("/a/", EMPTY),
        ("/a//b", EMPTY),
        ("/:", EMPTY),
        ("/:verb", EMPTY),
        ("/a/:verb", EMPTY),
        ("/a/:", EMPTY),
        ("/*:", EMPTY),
        ("/**:", EMPTY),
        ("/{var}:", EMPTY),
        ("/a/b/*:", EMPTY),
        ("/a/b/**:", EMPTY),
        ("/a/b/{var}:", EMPTY),
        ("/a/{b=*}/**:", EMPTY),
        ("/a/{var=/b}", EMPTY),
        // What google.api.http says of `**`, and some transcoders take.
        ("/a/**/*", REST),
        ("/a/**/foo/*", REST),
        ("/a/**/**", REST),
        ("/a/**/foo/**", REST),
        ("/a/{b=c/**}/d/e", REST),
        ("/a/{b=c/**/d}/e", REST),
        ("/a/{b=c/**/d}/e:verb", REST),
        ("/{x.y.z=a/**/b}", REST),
        ("/{x.y.z=a/**/b}/c/d:custom", REST),
        ("/alpha/{x=*}/beta/{y=**}/gamma", REST),
        // A colon, but for that of the verb.
        ("/v1/{name}:bla:baa", VERB),
        ("/foo/bar:baz/buzz", VERB),
        ("/v1/a:g/endpoint.rdf", VERB),
        ("/v1/{name=segment/wi:th}", "and not in a variable"),
        ("/a/{x=var:verb}", "and not in a variable"),
        ("/a/{", UNCLOSED),
        ("/a/{var", UNCLOSED),
        ("/a/{var.", UNCLOSED),
        ("/{name=", EMPTY),
        ("/{name=*", UNCLOSED),
        ("/{name..nested}", NO_NAME),
        ("/{field-name}", NO_NAME),
        ("/{-}", NO_NAME),
        ("/{field-}", NO_NAME),
        ("/{field.1}", NO_NAME),
        ("/foo/{bar/baz}/buzz", NO_NAME),
        ("/{x}a", NOT_WHOLE),
        ("/a{x}b", NOT_WHOLE),
        ("/{x}a{y}", NOT_WHOLE),
        ("/a/b{x}", NOT_WHOLE),
        ("/a/{x}b", NOT_WHOLE),
        ("/a/b{x}/s", NOT_WHOLE),
        ("/a/{x}b{y}/s", NOT_WHOLE),
        ("/a{x=b/**}/{y=*}", NOT_WHOLE),
        ("/a{x=b/**}/bb/{y=**}", NOT_WHOLE),
        // google.api.http: a variable has no others in it.
        ("/{var=a/{nested=b}}", NESTED),
        ("/foo/bob/{book_id={author}/{isbn}/*}/details", NESTED),
        ("/percent_encoding/{outer={inner}/suffix}", NESTED),
        ("/%", NO_ESCAPE),
        ("/%2", NO_ESCAPE),
        ("/a%2z", NO_ESCAPE),
        ("/a%%41", NO_ESCAPE),
        ("/foo/bar%55:baz%1", NO_ESCAPE),
        ("/foo/bar:baz%12xyz%abcde", "is not UTF-8"),
        ("/foo/bar/baz?abc=def", "which no path has as it is"),
        ("/foo/bar/baz buzz", "which no path has as it is"),
        ("/foo/bar/baz\n", "which no path has as it is"),
        ("/foo/bar/***", "which no path has as it is"),
        ("/-._~!$&'()*+,;=@", "which no path has as it is"),
    ] {
        let shown = shown(text);
        assert!(
            shown.starts_with("error: ") && shown.contains(expected),
            "{text}: {shown}"
        );
    }
}

#[test]
fn a_template_has_no_more_segments_than_it_may() {
    assert!(Template::parse(&"/a".repeat(MAX_SEGMENTS)).is_ok());
    assert!(Template::parse(&"/a".repeat(MAX_SEGMENTS + 1)).is_err());
}
