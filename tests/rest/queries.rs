//! Parameters of a query become fields.

use serde_json::json;

use crate::support::{Running, echo};
use crate::table::{Row, check_all};

#[tokio::test]
async fn queries_become_fields() {
    let wrong = |part| Err((400, part));
    check_all(&[
        ("GET /v1/query", None, Ok(json!({}))),
        ("GET /v1/query?", None, Ok(json!({}))),
        ("GET /v1/query?text=", None, Ok(json!({}))),
        ("GET /v1/query?text=a+b%2Bc", None, Ok(json!({"text": "a b+c"}))),
        (
            "GET /v1/query?text=a%26b%3Dc&bool=true",
            None,
            Ok(json!({"text": "a&b=c", "bool": true})),
        ),
        ("GET /v1/query?text=a=b", None, Ok(json!({"text": "a=b"}))),
        ("GET /v1/query?&&text=a&&", None, Ok(json!({"text": "a"}))),
        ("GET /v1/query?t%65xt=a", None, Ok(json!({"text": "a"}))),
        (
            "GET /v1/query?int32=-2147483648",
            None,
            Ok(json!({"int32": -2_147_483_648_i64})),
        ),
        (
            "GET /v1/query?int32=2147483648",
            None,
            wrong("the parameter \"int32\": \"2147483648\" is no int32"),
        ),
        ("GET /v1/query?int32=1.5", None, wrong("is no int32")),
        ("GET /v1/query?int32=", None, wrong("is no int32")),
        ("GET /v1/query?int32=%2B1", None, wrong("is no int32")),
        ("GET /v1/query?int32=01", None, wrong("is no int32")),
        (
            "GET /v1/query?int64=9223372036854775807",
            None,
            Ok(json!({"int64": "9223372036854775807"})),
        ),
        (
            "GET /v1/query?uint32=4294967295",
            None,
            Ok(json!({"uint32": 4_294_967_295_u32})),
        ),
        ("GET /v1/query?uint32=-1", None, wrong("is no uint32")),
        (
            "GET /v1/query?uint64=18446744073709551615",
            None,
            Ok(json!({"uint64": "18446744073709551615"})),
        ),
        (
            "GET /v1/query?sint32=-5&sint64=-6",
            None,
            Ok(json!({"sint32": -5, "sint64": "-6"})),
        ),
        (
            "GET /v1/query?fixed32=5&fixed64=6",
            None,
            Ok(json!({"fixed32": 5, "fixed64": "6"})),
        ),
        (
            "GET /v1/query?sfixed32=-5&sfixed64=-6",
            None,
            Ok(json!({"sfixed32": -5, "sfixed64": "-6"})),
        ),
        (
            "GET /v1/query?float=1.5&double=-Infinity",
            None,
            Ok(json!({"float": 1.5, "double": "-Infinity"})),
        ),
        (
            "GET /v1/query?float=1e39",
            None,
            wrong("out of the range of a float"),
        ),
        ("GET /v1/query?double=1e400", None, wrong("is no number")),
        ("GET /v1/query?double=inf", None, wrong("is no number")),
        ("GET /v1/query?double=%201", None, wrong("is no number")),
        ("GET /v1/query?bool=1", None, wrong("one is true or false")),
        (
            "GET /v1/query?bytes=aGk/&texts=x",
            None,
            Ok(json!({"bytes": "aGk/", "texts": ["x"]})),
        ),
        ("GET /v1/query?bytes=aGk_", None, Ok(json!({"bytes": "aGk/"}))),
        ("GET /v1/query?bytes=-w", None, Ok(json!({"bytes": "+w=="}))),
        (
            "GET /v1/query?bytes=%2Bw%3D%3D",
            None,
            Ok(json!({"bytes": "+w=="})),
        ),
        ("GET /v1/query?bytes=!", None, wrong("is no base64")),
        ("GET /v1/query?color=BLUE", None, Ok(json!({"color": "BLUE"}))),
        ("GET /v1/query?color=1", None, Ok(json!({"color": "RED"}))),
        ("GET /v1/query?color=blue", None, wrong("did you mean `BLUE`")),
        (
            "GET /v1/query?inner.text=a&inner.inner.bool=true",
            None,
            Ok(json!({"inner": {"text": "a", "inner": {"bool": true}}})),
        ),
        (
            "GET /v1/query?inner=a",
            None,
            wrong("each a parameter of its own"),
        ),
        (
            "GET /v1/query?inner.nme=a",
            None,
            wrong("echo.All has no field \"nme\""),
        ),
        (
            "GET /v1/query?text.a=a",
            None,
            wrong("echo.All.text is no message"),
        ),
        (
            "GET /v1/query?inners.text=a",
            None,
            wrong("echo.All.inners is repeated"),
        ),
        (
            "GET /v1/query?int32s=1&int32s=2&int32s=3",
            None,
            Ok(json!({"int32s": [1, 2, 3]})),
        ),
        ("GET /v1/query?int32s=1,2", None, wrong("is no int32")),
        (
            "GET /v1/query?texts=a&text=x&texts=b",
            None,
            Ok(json!({"texts": ["a", "b"], "text": "x"})),
        ),
        (
            "GET /v1/query?colors=RED&colors=7",
            None,
            Ok(json!({"colors": ["RED", "BLUE"]})),
        ),
        ("GET /v1/query?text=a&text=b", None, wrong("it comes twice")),
        ("GET /v1/query?by_name=a", None, wrong("it is a map")),
        (
            "GET /v1/query?by_name.a=1",
            None,
            wrong("echo.All.by_name is a map"),
        ),
        (
            "GET /v1/query?time=2026-01-31T12:00:00.5%2B01:00",
            None,
            Ok(json!({"time": "2026-01-31T11:00:00.500Z"})),
        ),
        (
            "GET /v1/query?time=yesterday",
            None,
            wrong("one is written as 2026-01-31T12:00:00Z"),
        ),
        (
            "GET /v1/query?time.seconds=1",
            None,
            wrong("is a google.protobuf.Timestamp, which has one value"),
        ),
        (
            "GET /v1/query?times=2026-01-31T12:00:00Z&times=2026-02-01T12:00:00Z",
            None,
            Ok(json!({"times": ["2026-01-31T12:00:00Z", "2026-02-01T12:00:00Z"]})),
        ),
        (
            "GET /v1/query?span=3.000000001s",
            None,
            Ok(json!({"span": "3.000000001s"})),
        ),
        ("GET /v1/query?span=3", None, wrong("one is written as 1.5s")),
        (
            "GET /v1/query?mask=text,inner.by_name,inner.int32s",
            None,
            Ok(json!({"mask": "text,inner.byName,inner.int32s"})),
        ),
        (
            "GET /v1/query?mask=inner.byName",
            None,
            Ok(json!({"mask": "inner.byName"})),
        ),
        (
            "GET /v1/query?text_value=a&int_value=-1&bool_value=true",
            None,
            Ok(json!({"textValue": "a", "intValue": "-1", "boolValue": true})),
        ),
        (
            "GET /v1/query?text_value=&bytes_value=aGk&double_value=NaN",
            None,
            Ok(json!({"textValue": "", "bytesValue": "aGk=", "doubleValue": "NaN"})),
        ),
        (
            "GET /v1/query?int_values=1&int_values=2",
            None,
            Ok(json!({"intValues": ["1", "2"]})),
        ),
        ("GET /v1/query?int_value=a", None, wrong("is no int64")),
        (
            "GET /v1/query?value=%7B%22a%22:[1]%7D",
            None,
            Ok(json!({"value": {"a": [1.0]}})),
        ),
        (
            "GET /v1/query?fields=%7B%22a%22:null%7D",
            None,
            Ok(json!({"fields": {"a": null}})),
        ),
        ("GET /v1/query?nothing=", None, wrong("google.protobuf.Empty")),
        ("GET /v1/query?this_one=a", None, Ok(json!({"thisOne": "a"}))),
        (
            "GET /v1/query?this_one=a&that_one=1",
            None,
            wrong("another field of the oneof `choice` is set"),
        ),
        (
            "GET /v1/query?other_one.text=a&other_one.bool=true",
            None,
            Ok(json!({"otherOne": {"text": "a", "bool": true}})),
        ),
        ("GET /v1/query?maybe=0", None, Ok(json!({"maybe": 0}))),
        ("GET /v1/query?named=a", None, Ok(json!({"calledSo": "a"}))),
        ("GET /v1/query?calledSo=a", None, Ok(json!({"calledSo": "a"}))),
        (
            "GET /v1/query?textValue=a&deep.deeperOne.data=aGk&deep.deeper_one.data=eW8",
            None,
            Ok(json!({"textValue": "a", "deep": {"deeperOne": {"data": ["aGk=", "eW8="]}}})),
        ),
        (
            "GET /v1/query?$alt=json&$.xgafv=2&text=a",
            None,
            Ok(json!({"text": "a"})),
        ),
        (
            "GET /v1/query?page=1",
            None,
            wrong("the parameter \"page\": echo.All has no field \"page\""),
        ),
        ("GET /v1/query?tex=1", None, wrong("did you mean `text`")),
        ("GET /v1/query?=1", None, wrong("has no field \"\"")),
        ("GET /v1/query?text=%ff", None, wrong("is not UTF-8")),
        (
            "GET /v1/texts/a?text=b",
            None,
            wrong("the path of the request sets it"),
        ),
        (
            "GET /v1/inner/x/7?inner.bool=true",
            None,
            Ok(json!({"inner": {"text": "x", "bool": true, "inner": {"int64": "7"}}})),
        ),
        ("DELETE /v1/query?text=a", None, Ok(json!({"text": "a"}))),
    ])
    .await;
}

/// Numbers at the ends of their ranges, in their longest forms.
#[tokio::test]
async fn numbers_reach_to_the_ends_of_their_ranges() {
    let max_double = format!("{:.0}", f64::MAX);
    let max_float = format!("{:.0}", f32::MAX);
    let (double, float) = (json!(f64::MAX), json!(3.402_823_5e38));
    let server = Running::start(echo()).await;
    for (name, text, expected) in [
        ("double", &*max_double, Some(double.clone())),
        ("doubleValue", &max_double, Some(double)),
        ("float", &max_float, Some(float.clone())),
        ("floatValue", &max_float, Some(float)),
        ("float", &max_double, None),
        ("floatValue", &max_double, None),
        ("float", "3.5e38", None),
        ("double", "5e-324", Some(json!(5e-324))),
        ("float", "-Infinity", Some(json!("-Infinity"))),
        ("floatValue", "Infinity", Some(json!("Infinity"))),
        ("doubleValue", "-Infinity", Some(json!("-Infinity"))),
        ("floatValue", "NaN", Some(json!("NaN"))),
        ("int32", "2147483647", Some(json!(2_147_483_647))),
        ("int32", "9223372036854775807", None),
        ("int32", "-2147483649", None),
        (
            "int64",
            "-9223372036854775808",
            Some(json!("-9223372036854775808")),
        ),
        ("int64", "9223372036854775808", None),
        ("uint32", "4294967296", None),
        ("uint64", "18446744073709551616", None),
        ("sint32", "2147483647", Some(json!(2_147_483_647))),
        (
            "sint64",
            "9223372036854775807",
            Some(json!("9223372036854775807")),
        ),
        ("int32Value", "2147483647", Some(json!(2_147_483_647))),
        ("int32Value", "9223372036854775807", None),
        (
            "intValue",
            "9223372036854775807",
            Some(json!("9223372036854775807")),
        ),
        ("uint32Value", "4294967295", Some(json!(4_294_967_295_u32))),
        (
            "uint64Value",
            "18446744073709551615",
            Some(json!("18446744073709551615")),
        ),
        ("uint64Value", "-1", None),
    ] {
        let response = server.get(&format!("GET /v1/query?{name}={text}")).await;
        match expected {
            Some(expected) => assert_eq!(response.value(), json!({ name: expected }), "{name}={text}"),
            None => assert_eq!(response.status, 400, "{name}={text}: {}", response.text()),
        }
    }
}

#[tokio::test]
async fn messages_and_lists_are_set_by_their_fields() {
    let wrong = |part| Err((400, part));
    let rows: &[Row<'_>] = &[
        (
            "GET /v1/query?inner.inner.inner.texts=a&inner.inner.inner.texts=b&inner.inner.inner.text=s&inner.inner.text=t&inner.text=u&inner.inner.inner.texts=c",
            None,
            Ok(
                json!({"inner": {"text": "u", "inner": {"text": "t", "inner": {"text": "s", "texts": ["a", "b", "c"]}}}}),
            ),
        ),
        (
            "GET /v1/query?colors=1&colors=2&colors=0&int_values=1&int_values=2&int_values=3",
            None,
            Ok(json!({"colors": ["RED", 2, "COLOR_UNSPECIFIED"], "intValues": ["1", "2", "3"]})),
        ),
        (
            "GET /v1/query?thisOne=foobar",
            None,
            Ok(json!({"thisOne": "foobar"})),
        ),
        (
            "GET /v1/query?other_one.int64=-1&otherOne.text=foo",
            None,
            Ok(json!({"otherOne": {"int64": "-1", "text": "foo"}})),
        ),
        (
            "GET /v1/query?that_one=10&other_one.int32=-1",
            None,
            wrong("another field of the oneof `choice` is set"),
        ),
        (
            "GET /v1/query?other_one.int32=-1&that_one=10",
            None,
            wrong("another field of the oneof `choice` is set"),
        ),
        (
            "GET /v1/query?inner.this_one=a&inner.that_one=1",
            None,
            wrong("another field of the oneof `choice` is set"),
        ),
        (
            "GET /v1/query?inner.this_one=a&that_one=1",
            None,
            Ok(json!({"inner": {"thisOne": "a"}, "thatOne": 1})),
        ),
        (
            "GET /v1/one/a?that_one=1",
            None,
            wrong("another field of the oneof `choice` is set"),
        ),
        (
            "POST /v1/one?this_one=a",
            Some("{}"),
            wrong("another field of the oneof `choice` is set"),
        ),
        (
            "GET /v1/one/a?inner.that_one=1",
            None,
            Ok(json!({"thisOne": "a", "inner": {"thatOne": 1}})),
        ),
        ("GET /v1/query?uint64=1&uint64=2", None, wrong("it comes twice")),
        ("GET /v1/query?uint64=1&uint64=1", None, wrong("it comes twice")),
        ("GET /v1/query?named=a&calledSo=a", None, wrong("it comes twice")),
        ("GET /v1/query?int_values.value=1", None, wrong("is repeated")),
        ("GET /v1/query?float.nested=test", None, wrong("is no message")),
        ("GET /v1/query?double.nested=test", None, wrong("is no message")),
        ("GET /v1/query?int64.nested=test", None, wrong("is no message")),
        ("GET /v1/query?uint32.nested=test", None, wrong("is no message")),
        ("GET /v1/query?bool.nested=test", None, wrong("is no message")),
        ("GET /v1/query?color.nested=test", None, wrong("is no message")),
        ("GET /v1/query?texts.nested=test", None, wrong("is repeated")),
        ("GET /v1/query?colors.nested=test", None, wrong("is repeated")),
        (
            "GET /v1/query?int_value.value=1",
            None,
            wrong("which has one value"),
        ),
        (
            "GET /v1/query?by_name[key]=1",
            None,
            wrong("echo.All.by_name is a map, whose"),
        ),
        (
            "GET /v1/query?inner.byName[a.b]=1",
            None,
            wrong("echo.All.byName is a map, whose"),
        ),
        (
            "GET /v1/query?inners[0].text=a",
            None,
            wrong("echo.All.inners is repeated"),
        ),
        (
            "GET /v1/query?texts[]=a",
            None,
            wrong("echo.All.texts is repeated; leave out the brackets"),
        ),
        ("GET /v1/query?text[0]=a", None, wrong("has no field \"text[0]\"")),
        ("GET /v1/query?inner.=a", None, wrong("has no field \"\"")),
        ("GET /v1/query?.text=a", None, wrong("has no field \"\"")),
        ("GET /v1/query?inner..text=a", None, wrong("has no field \"\"")),
        (
            "GET /v1/inner/x/7?inner.text=y",
            None,
            wrong("the path of the request sets it"),
        ),
        (
            "GET /v1/inner/x/7?inner.inner.int64=8",
            None,
            wrong("the path of the request sets it"),
        ),
        (
            "GET /v1/inner/x/7?inner.inner.text=y",
            None,
            Ok(json!({"inner": {"text": "x", "inner": {"text": "y", "int64": "7"}}})),
        ),
        (
            "GET /v1/inner/x/7?inner=y",
            None,
            wrong("each a parameter of its own"),
        ),
        (
            "PUT /v1/inner/x?inner.text=y",
            Some("{}"),
            wrong("the path of the request sets it"),
        ),
        (
            "GET /v1/query?api_key=secret",
            None,
            wrong("has no field \"api_key\""),
        ),
    ];
    check_all(rows).await;
}

#[tokio::test]
async fn well_known_types_are_written_as_in_json() {
    let wrong = |part| Err((400, part));
    let rows: &[Row<'_>] = &[
        ("GET /v1/query?time=null", None, wrong("one is written as")),
        (
            "GET /v1/query?time=0000-01-01T00:00:00.00Z",
            None,
            wrong("one is written as"),
        ),
        (
            "GET /v1/query?time=2016-12-15T12:23:32.000000049Z",
            None,
            Ok(json!({"time": "2016-12-15T12:23:32.000000049Z"})),
        ),
        (
            "GET /v1/query?time=%222021-01-01T00:00:00Z%22",
            None,
            wrong("one is written as"),
        ),
        ("GET /v1/query?span=null", None, wrong("one is written as 1.5s")),
        ("GET /v1/query?span=46800s", None, Ok(json!({"span": "46800s"}))),
        (
            "GET /v1/query?span=13h0m0s",
            None,
            wrong("one is written as 1.5s"),
        ),
        ("GET /v1/query?span=-0.5s", None, Ok(json!({"span": "-0.500s"}))),
        (
            "GET /v1/query?color=null",
            None,
            wrong("\"null\" is no value of echo.Color"),
        ),
        (
            "GET /v1/query?color=unknown",
            None,
            wrong("\"unknown\" is no value of echo.Color"),
        ),
        (
            "GET /v1/query?value=%7B%22a%22:%7B%22b%22:1%7D%7D",
            None,
            Ok(json!({"value": {"a": {"b": 1.0}}})),
        ),
        ("GET /v1/query?value=%22%22", None, Ok(json!({"value": ""}))),
        ("GET /v1/query?value=%7B%7D", None, Ok(json!({"value": {}}))),
        ("GET /v1/query?value=[]", None, Ok(json!({"value": []}))),
        ("GET /v1/query?value=true", None, Ok(json!({"value": true}))),
        ("GET /v1/query?value=0", None, Ok(json!({"value": 0.0}))),
        ("GET /v1/query?value=null", None, Ok(json!({"value": null}))),
        ("GET /v1/query?value=text", None, wrong("one is written as JSON")),
        ("GET /v1/query?value=", None, wrong("one is written as JSON")),
        ("GET /v1/query?fields=%7B%7D", None, Ok(json!({"fields": {}}))),
        (
            "GET /v1/query?fields=%7B%22c%22:[1,2],%22d%22:[%7B%22e%22:1,%22f%22:%7B%7D%7D]%7D",
            None,
            Ok(json!({"fields": {"c": [1.0, 2.0], "d": [{"e": 1.0, "f": {}}]}})),
        ),
        ("GET /v1/query?fields=[]", None, wrong("one is written as JSON")),
        (
            "GET /v1/query?mask=float,double",
            None,
            Ok(json!({"mask": "float,double"})),
        ),
        ("GET /v1/query?mask=", None, Ok(json!({"mask": ""}))),
        (
            "GET /v1/query?mask=,text,+inner.text,",
            None,
            Ok(json!({"mask": "text,inner.text"})),
        ),
        (
            "GET /v1/query?text_value=hello%20world",
            None,
            Ok(json!({"textValue": "hello world"})),
        ),
        // A text is a text, and no JSON.
        (
            "GET /v1/query?text_value=%22hello+world%22",
            None,
            Ok(json!({"textValue": "\"hello world\""})),
        ),
        (
            "GET /v1/query?bytes=YWJjMTIzIT8kKiYoKSctPUB-",
            None,
            Ok(json!({"bytes": "YWJjMTIzIT8kKiYoKSctPUB+"})),
        ),
        (
            "GET /v1/query?bytes_value=YWJjMTIzIT8kKiYoKSctPUB%2B",
            None,
            Ok(json!({"bytesValue": "YWJjMTIzIT8kKiYoKSctPUB+"})),
        ),
        (
            "GET /v1/query?bytes_value=YWJjMTIzIT8kKiYoKSctPUA",
            None,
            Ok(json!({"bytesValue": "YWJjMTIzIT8kKiYoKSctPUA="})),
        ),
        (
            "GET /v1/query?text=Hello%20world",
            None,
            Ok(json!({"text": "Hello world"})),
        ),
        (
            "GET /v1/query?text=%24%25%2F%20%0A",
            None,
            Ok(json!({"text": "$%/ \n"})),
        ),
        // A plus sign is a space, as browsers write it.
        (
            "GET /v1/query?text=Hello+world&this_one=%2B+%20",
            None,
            Ok(json!({"text": "Hello world", "thisOne": "+  "})),
        ),
        (
            "GET /v1/query?text=100%&this_one=%zz",
            None,
            Ok(json!({"text": "100%", "thisOne": "%zz"})),
        ),
    ];
    check_all(rows).await;
}
