//! What names and functions of other languages are called here: hints for those who write CEL as they write those.
//!
//! Names are compared without upper and lower case and without `_`, so that one entry stands for the spellings of all
//! languages. The compiler asks only for what it does not know.

use crate::cel::values::Type;
use crate::schema::simple;
use crate::suggest;

/// Functions that read an entry of a map.
const READS: &[&str] = &["get", "getitem", "lookup", "getordefault", "getor"];

/// Functions that say whether something is in a list, a map or a text.
const HAS: &[&str] = &[
    "includes",
    "contains",
    "has",
    "include",
    "in",
    "containskey",
    "haskey",
    "containskeys",
];

/// What a function of another language does with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryOf {
    Has,
    Read,
}

/// What a function of other languages does with an entry of its target, if it does.
pub(super) fn entry_of(name: &str) -> Option<EntryOf> {
    let name = simple(name);
    if HAS.contains(&name.as_str()) {
        Some(EntryOf::Has)
    } else {
        READS.contains(&name.as_str()).then_some(EntryOf::Read)
    }
}

/// Functions, and what to write instead. A member function is told with an `x`.
const FUNCTIONS: &[(&[&str], &str)] = &[
    (
        &["len", "length", "count", "strlen", "getsize"],
        "`size(x)` counts characters, bytes, elements or entries",
    ),
    (READS, "write `x.name` or `x[key]`"),
    (HAS, "write `x in list`, or `text.contains(x)`"),
    (
        &[
            "tolowercase",
            "tolower",
            "lower",
            "lowercase",
            "downcase",
            "lcase",
        ],
        "write `x.lowerAscii()`",
    ),
    (
        &["touppercase", "toupper", "upper", "uppercase", "upcase", "ucase"],
        "write `x.upperAscii()`",
    ),
    (
        &["strip", "trimspace", "trimstart", "trimend"],
        "write `x.trim()`",
    ),
    (&["hasprefix", "beginswith"], "write `x.startsWith(t)`"),
    (&["hassuffix"], "write `x.endsWith(t)`"),
    (&["some", "any"], "write `list.exists(x, x == 1)`"),
    (&["every"], "write `list.all(x, x == 1)`"),
    (
        &["foreach", "each", "select", "collect"],
        "write `list.map(x, x + 1)`",
    ),
    (&["find", "where"], "write `list.filter(x, x == 1)`"),
    (&["str", "tostring", "text", "stringvalue"], "write `string(x)`"),
    (
        &[
            "parseint", "toint", "number", "integer", "int32", "int64", "long", "atoi",
        ],
        "write `int(x)`",
    ),
    (
        &["float", "parsefloat", "tofloat", "todouble", "decimal"],
        "write `double(x)`",
    ),
    (&["boolean", "tobool", "parsebool"], "write `bool(x)`"),
    (
        &["push", "append", "add", "concat"],
        "write `list + [x]`, or `text + text`",
    ),
    (
        &["match", "test", "regex", "regexp", "rematch", "regexmatch"],
        "write `x.matches('…')`",
    ),
    (&["replaceall", "gsub", "sub"], "write `x.replace(t, u)`"),
    (&["substr", "mid"], "write `x.substring(from, end)`"),
    (&["isempty", "empty", "isblank"], "write `size(x) == 0`"),
    (
        &[
            "isset",
            "isdefined",
            "defined",
            "exists",
            "isnull",
            "isnone",
            "hasfield",
            "coalesce",
            "default",
            "ordefault",
        ],
        "`has(request.x)` says whether it is set: `has(request.x) ? request.x : y`",
    ),
    (
        &["equals", "equal", "eq", "isequal", "equalsignorecase"],
        "write `x == y`",
    ),
    (
        &[
            "random.random",
            "math.random",
            "rand",
            "randint",
            "randomint",
            "randint32",
            "randomnumber",
        ],
        "`random()` is a number from 0 to below 1, as in `int(random() * 100.0)`",
    ),
    (&["max", "math.max"], "write `math.greatest(a, b)`"),
    (&["min", "math.min"], "write `math.least(a, b)`"),
    (&["floor", "math.floor"], "write `math.floor(x)`"),
    (&["ceil", "math.ceil"], "write `math.ceil(x)`"),
    (&["round", "math.round"], "write `math.round(x)`"),
    (&["abs", "math.abs"], "write `math.abs(x)`"),
    (&["sqrt", "math.sqrt"], "write `math.sqrt(x)`"),
    (
        &[
            "now",
            "date",
            "date.now",
            "time.now",
            "datetime.now",
            "gettime",
            "today",
            "currenttime",
        ],
        "`now` is the time, without brackets",
    ),
    (
        &[
            "uuid4",
            "uuidv4",
            "guid",
            "newguid",
            "newuuid",
            "randomuuid",
            "uuid.new",
            "uuid.randomuuid",
            "crypto.randomuuid",
        ],
        "write `uuid()`",
    ),
    (
        &[
            "json.stringify",
            "tojson",
            "jsonencode",
            "json.dumps",
            "stringify",
            "marshal",
        ],
        "write `json(x)`",
    ),
    (
        &["sprintf", "printf", "fmt.sprintf", "string.format"],
        "write `'%s of %d'.format([a, b])`",
    ),
    (&["typeof", "gettype", "kind"], "write `type(x)`"),
    (
        &["keys", "object.keys"],
        "`m.map(k, k)` is the list of a map's keys",
    ),
    (
        &["values", "object.values"],
        "`m.map(k, m[k])` is the list of a map's values",
    ),
    (&["range"], "write `lists.range(n)`"),
    (
        &["btoa", "base64encode", "b64enc", "tobase64"],
        "write `base64.encode(x)`",
    ),
    (
        &["atob", "base64decode", "b64dec", "frombase64"],
        "write `base64.decode(x)`",
    ),
    (
        &[
            "optional.of",
            "optional.ofnonzerovalue",
            "optional.none",
            "or",
            "orvalue",
            "hasvalue",
            "ornull",
        ],
        "write `has(a.b) ? a.b : x`",
    ),
    (
        &["pow", "math.pow", "power", "exp"],
        "there are no powers: multiply, as in `x * x`",
    ),
    (&["intdiv", "div", "floordiv"], "`/` of two ints gives an int"),
    (&["mod", "modulo", "math.mod"], "write `a % b`"),
    (
        &["print", "log", "console.log", "println", "echo"],
        "write a line to the log by `log`, beside the answer or as a step",
    ),
    (
        &[
            "format",
            "strftime",
            "toisostring",
            "isoformat",
            "formatdate",
            "dateformat",
        ],
        "`string(now)` is the time as text; `now.getFullYear()` and the like are its parts",
    ),
    (
        &["adddays", "addhours", "addseconds", "plus", "minus", "dateadd"],
        "write `now + duration('24h')`",
    ),
    (
        &["parsedate", "totime", "strptime", "date.parse"],
        "write `timestamp('2026-01-31T00:00:00Z')`",
    ),
    (
        &[
            "randomchoice",
            "random.choice",
            "pickrandom",
            "sample",
            "choice",
            "shuffle",
        ],
        "write `l[int(random() * double(size(l)))]`",
    ),
    (&["faker", "fake", "lorem"], "`sample: {}` makes up an answer"),
    (
        &["hash", "md5", "sha256", "sha1", "crypto.sha256"],
        "there are no hashes; `uuid()` is a text that no other call has",
    ),
    (
        &["if", "iif", "ternary", "cond", "when"],
        "write `condition ? this : that`",
    ),
    (
        &["title", "capitalize", "titlecase"],
        "there are `x.upperAscii()` and `x.lowerAscii()`",
    ),
    (
        &["padstart", "zfill", "ljust", "rjust", "padleft"],
        "write `'%d'.format([n])`, and `repeat('0', n)` before it",
    ),
    (&["nth", "elementat", "at", "index"], "write `list[0]`"),
    (&["unshift", "prepend"], "write `[x] + list`"),
    (
        &["pop", "shift"],
        "write `list.last()` or `list.first()`, and `list.slice(a, b)` for the rest",
    ),
    (&["uniq", "dedupe", "toset", "set"], "write `list.distinct()`"),
    (
        &["avg", "average", "mean"],
        "write `double(l.sum()) / double(size(l))`",
    ),
    (&["getyear", "year"], "write `t.getFullYear()`"),
    (
        &["getday", "weekday", "dayofweek"],
        "write `t.getDayOfWeek()`, from 0 for Sunday, or `t.getDate()`, from 1",
    ),
    (
        &["unix", "totimestamp", "epoch", "getepoch", "unixtime", "tounix"],
        "write `int(t)`, the seconds since 1970",
    ),
    (
        &[
            "merge",
            "mergefrom",
            "proto.merge",
            "patch",
            "assign",
            "object.assign",
            "with",
            "fieldmaskutil.merge",
        ],
        "write `update(old, new)`, or `update(old, new, mask)`",
    ),
    (
        &["proto.getext", "proto.hasext", "getext", "hasext"],
        "an extension is a field: ``m.`package.name` ``",
    ),
    (&["ip", "cidr"], "write `x.isIp()` or `x.isIpPrefix()`"),
    (&["strings.join", "implode"], "write `list.join(t)`"),
    (
        &[
            "plusseconds",
            "plusdays",
            "timedelta",
            "seconds",
            "minutes",
            "hours",
            "days",
        ],
        "write `now + duration('90s')`",
    ),
    (
        &["getenv", "env", "os.getenv"],
        "expressions do not read the environment",
    ),
];

/// The macros of CEL that have variables of their own, in capitals or not, and what to write instead.
const MACROS: &[(&[&str], &str)] = &[
    (
        &["transformlist", "mapwithindex", "enumerate"],
        "write `lists.range(size(l)).map(i, l[i])`",
    ),
    (
        &[
            "transformmap",
            "transformmapentry",
            "mapvalues",
            "tomap",
            "todict",
        ],
        "write `m.map(k, m[k])`, or make the map by `{each: …, key: …, value: …}`",
    ),
    (
        &["cel.bind", "bind", "let"],
        "write the value out, or keep it: a variable of the call is one of `state`",
    ),
    (&["optmap", "optflatmap"], "write `has(a.b) ? a.b : x`"),
    (
        &["reduce", "fold", "aggregate", "inject"],
        "`l.map(x, x.cents).sum()` adds up, and `math.greatest(l)` is the largest",
    ),
    (
        &["groupby", "partition"],
        "write `l.filter(x, x.kind == 'a')` for each group",
    ),
];

/// Names, and what to write instead.
const NAMES: &[(&[&str], &str)] = &[
    (
        &[
            "req",
            "body",
            "input",
            "payload",
            "params",
            "args",
            "message",
            "msg",
            "data",
            "self",
            "this",
            "in",
            "it",
            "requestbody",
        ],
        "the message is `request`, and its fields are `request.name`",
    ),
    (
        &["headers", "header", "meta", "md", "incomingmetadata"],
        "write `metadata['name']`",
    ),
    (
        &["undefined", "none", "nil", "nan"],
        "`has(request.x)` says whether a field is set; JSON's null is `null`",
    ),
    (&["null"], "write `null`"),
    (&["true"], "write `true`"),
    (&["false"], "write `false`"),
    (
        &["ctx", "context", "rpc"],
        "`call.method`, `call.peer` and `metadata['name']` say what is known of a call",
    ),
    (
        &["env", "process", "os", "environ"],
        "expressions do not read the environment",
    ),
    (&["math"], "write `math`, as in `math.abs(x)`"),
    (
        &["session", "vars", "variables"],
        "the variables of a call are `state.name`",
    ),
    (
        &["db", "globals", "cache", "storage"],
        "the variables that calls share are `store.name`",
    ),
    (
        &["date", "time", "timestamp", "datetime", "today"],
        "`now` is the time",
    ),
    (
        &["element", "elem", "each", "value"],
        "the element of `each` is `item`",
    ),
    (&["item"], "`item` is the element within an `each`"),
    (&["stream", "messages"], "the messages of the call are `requests`"),
    (&["method", "peer"], "write `call.method` or `call.peer`"),
];

/// What to write instead of a function that does not exist, `namespace.name` included.
pub(super) fn for_function(name: &str) -> Option<&'static str> {
    find(FUNCTIONS, name)
}

/// What to write instead of a function whose name is like one of other languages.
pub(super) fn near_function(name: &str) -> Option<&'static str> {
    let known = FUNCTIONS.iter().flat_map(|(names, _)| names.iter().copied());
    for_function(suggest::nearest(name, known)?)
}

/// What to write instead of a macro that does not exist. Its arguments name variables of its own.
pub(super) fn for_macro(name: &str) -> Option<&'static str> {
    find(MACROS, name)
}

/// The field that a getter such as `getName()` or `get_name()` was meant to read.
pub(super) fn field_of_getter(name: &str) -> Option<String> {
    let rest = name.strip_prefix("get").or_else(|| name.strip_prefix("Get"))?;
    let rest = rest.strip_prefix('_').unwrap_or(rest);
    let mut field = String::with_capacity(rest.len() + 2);
    for (at, letter) in rest.char_indices() {
        if letter.is_ascii_uppercase() && at > 0 {
            field.push('_');
        }
        field.push(letter.to_ascii_lowercase());
    }
    (!field.is_empty()).then_some(field)
}

/// What to write instead of a name that does not exist.
pub(super) fn for_name(name: &str) -> Option<&'static str> {
    find(NAMES, name)
}

/// What to write instead of a field of something that has no fields.
pub(super) fn for_field(name: &str, of: &Type) -> Option<String> {
    let told = match (of, simple(name).as_str()) {
        (Type::Enum(_), "name" | "tostring") => "`string(x)` is its name",
        (Type::Enum(_), "value" | "number" | "ordinal") => "`int(x)` is its number",
        (Type::Timestamp, "seconds") => "`int(x)` is its seconds since 1970",
        (Type::Duration, "seconds") => "`x.getSeconds()` is its whole seconds",
        (Type::Timestamp | Type::Duration, "nanos") => "`x.getMilliseconds()` is the rest of its last second",
        (_, "value" | "get") => "it is the value itself: leave the name out",
        (Type::String | Type::Bytes | Type::List(_), "length" | "size" | "count" | "len") => {
            "write `x.size()`"
        }
        (Type::String, "first" | "last") => "write `x.charAt(0)`",
        (Type::String | Type::Int | Type::Double, "orvalue" | "hasvalue") => "write `has(a.b) ? a.b : x`",
        (_, plain) => {
            return find(FUNCTIONS, plain).map(str::to_owned);
        }
    };
    Some(told.to_owned())
}

/// How a value of that type becomes a condition.
pub(crate) fn as_condition(of: &Type) -> Option<&'static str> {
    Some(match of {
        Type::Int => "compare it, as in `x != 0`",
        Type::Uint => "compare it, as in `x != 0u`",
        Type::Double => "compare it, as in `x != 0.0`",
        Type::String => "compare it, as in `x != ''`",
        Type::Bytes | Type::List(_) | Type::Map(..) => "compare it, as in `size(x) > 0`",
        Type::Enum(_) => "compare it, as in `x == 'NAME'`",
        Type::Message(_) => "`has(x)` says whether it is set",
        Type::Timestamp => "compare it, as in `x < now`",
        Type::Duration => "compare it, as in `x > duration('1s')`",
        Type::Null | Type::Meta | Type::Bool | Type::Dyn => return None,
    })
}

fn find(table: &[(&[&str], &'static str)], name: &str) -> Option<&'static str> {
    let name = simple(name);
    let entry = table.iter().find(|(names, _)| names.contains(&name.as_str()));
    entry.map(|(_, told)| *told)
}
