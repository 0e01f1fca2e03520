//! `metadata`, `state`, `call`, `received`, loop variables, and what is random.

use std::collections::HashSet;

use super::{Given, Type, Uses, Value};

#[test]
fn metadata_is_a_map_with_repeated_values_joined() {
    let given = Given::nothing()
        .metadata("x-id", "7")
        .metadata("x-many", "a")
        .metadata("x-many", "b")
        .metadata("data-bin", "AP8=");
    given.gives(&[
        ("metadata['x-id']", "'7'"),
        ("metadata.`x-id`", "'7'"),
        ("metadata['x-many']", "'a, b'"),
        ("metadata['data-bin']", "'AP8='"),
        ("'x-id' in metadata", "true"),
        ("'x-none' in metadata", "false"),
        ("'x-none' in metadata ? metadata['x-none'] : 'none'", "'none'"),
        ("int(metadata['x-id']) + 1", "8"),
        ("has(metadata.`x-id`)", "true"),
        ("metadata['x-' + 'id']", "'7'"),
        ("metadata['x-' + string(request.a_string + 'id')]", "'7'"),
        ("size(metadata)", "3"),
        ("metadata.exists(name, name.startsWith('x-'))", "true"),
    ]);
    given.fails(&[
        ("metadata['x-none']", "the client has sent no metadata x-none"),
        ("metadata['X-Id']", "in lower case"),
        ("'X-Id' in metadata", "in lower case"),
        ("metadata['not a name']", "cannot be a name of metadata"),
        ("metadata[1]", "map(string, string) has no element for int"),
    ]);
    assert_eq!(
        given.problems("metadata['X-Id']")[0].hint.as_deref(),
        Some("did you mean `x-id`?")
    );
    assert_eq!(
        given.uses("'x-id' in metadata"),
        Uses {
            metadata: true,
            ..Uses::default()
        }
    );
    assert_eq!(
        given.uses("metadata.foo == 'x'"),
        Uses {
            metadata: true,
            ..Uses::default()
        }
    );
}

#[test]
fn state_and_locals_are_read_by_place() {
    let given = Given::nothing()
        .state("user", Type::String, Value::text("ann"))
        .state("count", Type::Int, Value::Int(3))
        .local("n", Type::Int, Value::Int(1))
        .local("item", Type::String, Value::text("x"))
        .local("n", Type::Int, Value::Int(2));
    given.gives(&[
        ("state.user + item", "'annx'"),
        ("state.count + n", "5"),
        ("state['count']", "3"),
        ("[10].map(n, n + state.count)", "[13]"),
        ("n", "2"),
    ]);
    assert_eq!(
        given.uses("state.count + n"),
        Uses {
            state: true,
            locals: true,
            ..Uses::default()
        }
    );
    assert_eq!(
        given.problems("state.cuont")[0].hint.as_deref(),
        Some("did you mean `count`?")
    );
    assert_eq!(
        given.problems("state")[0].hint.as_deref(),
        Some("name what you want of it, such as `state.user`")
    );
    assert_eq!(
        given.problems("count")[0].hint.as_deref(),
        Some("did you mean `state.count`?")
    );
}

#[test]
fn the_call_is_described() {
    let given = Given::nothing();
    given.gives(&[
        ("call.method", "'shapes.Service/Call'"),
        ("call.peer", "'[::1]:5'"),
        ("call.id % 2", "1"),
        ("received", "0"),
    ]);
    given.fails(&[
        ("call.user", "`call` has no `user`"),
        ("call", "`call` is not a value"),
    ]);
    assert_eq!(
        given.uses("call.method"),
        Uses {
            volatile: true,
            ..Uses::default()
        }
    );
    assert_eq!(
        given.uses("received"),
        Uses {
            received: true,
            volatile: true,
            ..Uses::default()
        }
    );
}

#[test]
fn what_is_random_differs_each_time() {
    let given = Given::nothing();
    let uuids: HashSet<String> = (0..100).map(|_| given.text("uuid()").expect("it runs")).collect();
    assert_eq!(uuids.len(), 100);
    let pattern = "'^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'";
    given.holds(&[
        &format!("lists.range(50).all(n, uuid().matches({pattern}))"),
        "lists.range(50).all(n, random() >= 0.0 && random() < 1.0)",
        "lists.range(50).map(n, random()).distinct().size() == 50",
    ]);
    assert_eq!(
        given.uses("random() > 0.5"),
        Uses {
            volatile: true,
            random: true,
            ..Uses::default()
        }
    );
    assert_eq!(
        given.uses("uuid()"),
        Uses {
            volatile: true,
            random: true,
            ..Uses::default()
        }
    );
    assert!(
        given
            .with_program("uuid()", |program, _| program.constant().is_none())
            .expect("it compiles")
    );
}
