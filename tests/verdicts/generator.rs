//! Texts made by chance: files of proto2, proto3 and editions with whatever the grammar has, most of them right and some not.
//!
//! A seed always gives the same text. Names come from a small pool, so that they hide each other; and of one text in four
//! a few tokens are changed, so that mistakes of each kind come up.

use std::fmt::Write as _;

/// What the texts import: options for each kind of element, and types of them.
pub(crate) const BASE: &str = r#"syntax = "proto2"; package base; import "google/protobuf/descriptor.proto";
enum Color { option allow_alias = true; NO_COLOR = 0; RED = 1; ROUGE = 1; NEGATIVE = -3; }
message All {
  optional int32 i32 = 1; optional int64 i64 = 2; optional uint32 u32 = 3; optional uint64 u64 = 4; optional sint32 s32 = 5;
  optional sint64 s64 = 6; optional fixed32 f32 = 7; optional sfixed64 sf64 = 8; optional float f = 9; optional double d = 10;
  optional bool b = 11; optional string s = 12; optional bytes by = 13; optional Color color = 14; optional All all = 15;
  repeated int32 list = 16; repeated double packed = 17 [packed = true]; repeated All alls = 18; map<string, int32> map = 19;
  map<int32, All> messages = 20; optional group Grp = 21 { optional string g = 1; repeated group Sub = 2 { optional int32 x = 1; } }
  oneof o { string one = 22; int32 two = 23; } optional Set set = 24;
  extensions 100 to 200; reserved 30, 40 to 50; reserved "gone";
}
message Set { option message_set_wire_format = true; extensions 4 to max; }
message InSet { extend Set { optional InSet in_set = 2147483646; } optional string text = 1; }
extend All { optional int32 more = 100; repeated string words = 101; optional All again = 102; optional group Ext = 103 { optional float e = 1; } }
message Target { extensions 1 to 1000; }
extend google.protobuf.FileOptions { optional All file = 50000; optional string file_text = 50001; repeated int32 file_list = 50002; }
extend google.protobuf.MessageOptions { optional All message = 50000; optional string message_text = 50001; }
extend google.protobuf.FieldOptions { optional All field = 50000; optional double field_double = 50001; optional float field_float = 50002;
  optional int32 field_int = 50003; optional uint64 field_uint = 50004; optional string field_text = 50005; optional bytes field_bytes = 50006;
  optional bool field_bool = 50007; optional Color field_color = 50008; repeated Color field_colors = 50009 [packed = true]; repeated All field_alls = 50010;
  optional group FieldGroup = 50011 { optional int32 a = 1; } optional sint64 field_sint = 50012; optional Set field_set = 50013;
  optional int32 only_messages = 50014 [targets = TARGET_TYPE_MESSAGE]; optional int32 source = 50015 [retention = RETENTION_SOURCE]; }
extend google.protobuf.OneofOptions { optional string oneof = 50000; }
extend google.protobuf.ExtensionRangeOptions { optional string range = 50000; }
extend google.protobuf.EnumOptions { optional All enum = 50000; }
extend google.protobuf.EnumValueOptions { optional All value = 50000; optional string value_text = 50001; }
extend google.protobuf.ServiceOptions { optional All service = 50000; }
extend google.protobuf.MethodOptions { optional All method = 50000; optional string method_text = 50001; }
"#;

const NAMES: [&str; 12] = [
    "A", "B", "Outer", "Inner", "base", "Map", "Color", "Stream", "Group", "message", "map", "optional",
];
const TYPES: [&str; 12] = [
    "Aa", "Bb", "Outer", "Inner", "Item", "Color", "Stream", "Part", "Word", "Node", "Leaf", "Base",
];
const FIELDS: [&str; 20] = [
    "a", "b", "foo_bar", "fooBar", "foo", "base", "item", "optional", "message", "group", "map", "_x", "x_",
    "x", "FOO", "stream", "color", "inner", "reserved", "s3",
];
const SCALARS: [&str; 15] = [
    "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64", "sfixed32", "sfixed64",
    "float", "double", "bool", "string", "bytes",
];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Syntax {
    Proto2,
    Proto3,
    Edition(u32),
}

/// A text of one file, and what made it.
pub(crate) struct Generator {
    state: u64,
    syntax: Syntax,
    tokens: Vec<String>,
    /// The names that types were declared by so far, in full.
    types: Vec<String>,
    enums: Vec<String>,
    package: String,
    depth: u32,
    values: u32,
}

impl Generator {
    /// The text of a seed.
    pub(crate) fn text(seed: u64) -> String {
        let mut generator = Self {
            state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
            syntax: Syntax::Proto2,
            tokens: Vec::new(),
            types: Vec::new(),
            enums: Vec::new(),
            package: format!("g{seed}"),
            depth: 0,
            values: 0,
        };
        generator.file();
        if generator.chance(25) {
            generator.change();
        }
        generator.written()
    }

    fn below(&mut self, end: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from((self.state >> 20) % (end as u64)).expect("a small number")
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    /// Adds the tokens of a text that has blanks between them.
    fn put(&mut self, text: &str) {
        self.tokens.extend(
            text.split(' ')
                .filter(|token| !token.is_empty())
                .map(str::to_owned),
        );
    }

    /// Adds one token.
    fn token(&mut self, token: impl Into<String>) {
        self.tokens.push(token.into());
    }

    fn has_edition(&self) -> bool {
        matches!(self.syntax, Syntax::Edition(_))
    }

    fn file(&mut self) {
        self.syntax = match self.below(8) {
            0..=2 => Syntax::Proto2,
            3 | 4 => Syntax::Proto3,
            5 => Syntax::Edition(2023),
            6 => Syntax::Edition(2024),
            _ => Syntax::Edition(2026),
        };
        match self.syntax {
            Syntax::Proto2 => self.put("syntax = \"proto2\" ;"),
            Syntax::Proto3 => self.put("syntax = \"proto3\" ;"),
            Syntax::Edition(edition) => self.put(&format!("edition = \"{edition}\" ;")),
        }
        if self.chance(20) {
            let below = self.one(&[".base", ".sub.base", ".google", ".Aa"]);
            self.package += below;
        }
        let package = self.package.clone();
        self.put(&format!("package {package} ;"));
        self.put("import \"base.proto\" ;");
        if self.chance(30) {
            let public = self.one(&["public", "", "", "weak"]);
            self.put(&format!("import {public} \"google/protobuf/any.proto\" ;"));
        }
        if self.syntax == Syntax::Edition(2024) && self.chance(70) {
            self.put("option features . enforce_naming_style = STYLE_LEGACY ;");
        }
        if self.syntax == Syntax::Edition(2026) && self.chance(90) {
            self.put("option features . enforce_naming_style = STYLE_LEGACY ;");
        }
        if self.has_edition() && self.chance(20) {
            self.put("option features . field_presence =");
            let presence = self.one(&["IMPLICIT", "EXPLICIT", "LEGACY_REQUIRED"]);
            self.put(&format!("{presence} ;"));
        }
        for _ in 0..self.below(3) {
            self.put("option");
            match self.below(6) {
                0 => self.put("java_package = \"com.x\""),
                1 => self.put("optimize_for = SPEED"),
                2 => {
                    self.put("( base.file ) =");
                    self.message_value();
                }
                3 => {
                    self.put("( .base.file_text ) =");
                    self.string();
                }
                4 => {
                    self.put("( base.file_list ) =");
                    self.integer();
                }
                _ => self.put("deprecated = true"),
            }
            self.put(";");
        }
        for _ in 0..=self.below(4) {
            match self.below(10) {
                0..=4 => self.message(&package),
                5 | 6 => self.enumeration(&package),
                7 | 8 => self.extend(),
                _ => self.service(),
            }
        }
        self.put("message Last { }");
    }

    fn type_name(&mut self) -> String {
        match self.below(10) {
            0 => self.one(&NAMES).to_owned(),
            1 | 2 => self.one(&TYPES).to_owned(),
            _ => {
                let count = self.types.len() + self.enums.len();
                let name = self.one(&TYPES);
                format!("{name}{count}")
            }
        }
    }

    fn visibility(&mut self) {
        if matches!(self.syntax, Syntax::Edition(2024..)) && self.chance(15) {
            let visibility = self.one(&["export", "local"]);
            self.put(visibility);
        }
    }

    fn message(&mut self, scope: &str) {
        self.visibility();
        let name = self.type_name();
        let full = format!("{scope}.{name}");
        self.put(&format!("message {name} {{"));
        self.types.push(full.clone());
        self.body(&full);
        self.put("}");
    }

    fn body(&mut self, scope: &str) {
        self.depth += 1;
        let start = self.below(5) + 1;
        let mut number = start;
        for _ in 0..self.below(6) {
            match self.below(20) {
                0 | 1 if self.depth < 4 => self.message(scope),
                2 => self.enumeration(scope),
                3 => {
                    let name = self.one(&FIELDS);
                    self.put(&format!("oneof o_{name} {{"));
                    if self.chance(10) {
                        self.put("option ( base.oneof ) =");
                        self.string();
                        self.put(";");
                    }
                    for _ in 0..=self.below(2) {
                        self.field(&mut number, "", scope);
                    }
                    self.put("}");
                }
                4 => self.reserved(),
                5 if self.syntax != Syntax::Proto3 => {
                    let first = 100 + self.below(50);
                    let last = self.one(&["", "to 199", "to max", ", 300 to 310"]);
                    self.put(&format!("extensions {first} {last}"));
                    if self.chance(30) {
                        self.put("[ ( base.range ) =");
                        self.string();
                        self.put("]");
                    }
                    self.put(";");
                }
                6 => {
                    self.put("option");
                    match self.below(4) {
                        0 => self.put("deprecated = true"),
                        1 => {
                            self.put("( base.message ) =");
                            self.message_value();
                        }
                        2 => self.put("( base.message ) . all . i32 = 5"),
                        _ => {
                            self.put("( .base.message_text ) =");
                            self.string();
                        }
                    }
                    self.put(";");
                }
                7 if self.syntax != Syntax::Proto3 => self.extend(),
                _ => {
                    let label = self.label();
                    self.field(&mut number, label, scope);
                }
            }
        }
        self.depth -= 1;
    }

    fn label(&mut self) -> &'static str {
        match self.syntax {
            Syntax::Proto2 => self.one(&["optional", "optional", "repeated", "required"]),
            Syntax::Proto3 => self.one(&["", "", "optional", "repeated"]),
            Syntax::Edition(_) => self.one(&["", "", "", "repeated"]),
        }
    }

    /// A field, whose label may be empty.
    fn field(&mut self, number: &mut usize, label: &str, scope: &str) {
        *number += 1 + self.below(3);
        let name = {
            let field = self.one(&FIELDS);
            format!("{field}_{number}")
        };
        let name = if self.chance(20) {
            self.one(&FIELDS).to_owned()
        } else {
            name
        };
        let written = match self.below(30) {
            0 => format!("0x{number:x}"),
            1 => format!("0{number:o}"),
            _ => number.to_string(),
        };
        match self.below(12) {
            0 if label.is_empty() || self.chance(20) => {
                let key = self.one(&["string", "int32", "bool", "sfixed64", "uint64"]);
                self.put(&format!("map < {key} ,"));
                self.kind(scope);
                self.put(&format!("> {name} = {written}"));
                self.field_options("map", label);
                self.put(";");
            }
            1 if self.syntax == Syntax::Proto2 && self.depth < 4 => {
                let group = self.type_name();
                self.put(&format!("{label} group {group} = {written}"));
                self.field_options("group", label);
                self.put("{");
                let full = format!("{scope}.{group}");
                self.body(&full);
                self.put("}");
            }
            _ => {
                self.put(label);
                let kind = self.kind(scope);
                self.put(&format!("{name} = {written}"));
                self.field_options(&kind, label);
                self.put(";");
            }
        }
    }

    /// The type of a field.
    fn kind(&mut self, scope: &str) -> String {
        let name = match self.below(10) {
            0..=5 => self.one(&SCALARS).to_owned(),
            6 => self
                .one(&["base.All", ".base.Color", "base.Color", ".base.All"])
                .to_owned(),
            7 if !self.enums.is_empty() => {
                let index = self.below(self.enums.len());
                let full = self.enums[index].clone();
                self.short(&full, scope)
            }
            _ if !self.types.is_empty() => {
                let index = self.below(self.types.len());
                let full = self.types[index].clone();
                self.short(&full, scope)
            }
            _ => "Last".to_owned(),
        };
        self.put(&name);
        name
    }

    /// A name in full, or a part of it that may mean the same in a scope.
    fn short(&mut self, full: &str, scope: &str) -> String {
        let parts: Vec<&str> = full.split('.').collect();
        let common = parts
            .iter()
            .zip(scope.split('.'))
            .take_while(|(one, other)| *one == other)
            .count();
        match self.below(5) {
            0 => format!(".{full}"),
            1 => parts[parts.len() - 1].to_owned(),
            2 => full.to_owned(),
            _ => parts[common.min(parts.len() - 1)..].join("."),
        }
    }

    fn field_options(&mut self, kind: &str, label: &str) {
        if !self.chance(20) {
            return;
        }
        self.put("[");
        for index in 0..=self.below(2) {
            if index > 0 {
                self.put(",");
            }
            match self.below(22) {
                0 => self.put("deprecated = true"),
                1 => self.put("json_name = \"j\""),
                2 if label == "repeated" => self.put("packed = true"),
                3 if label == "repeated" => self.put("packed = false"),
                2..=4 if self.syntax != Syntax::Proto3 => self.default(kind),
                5 => {
                    self.put("( base.field ) =");
                    self.message_value();
                }
                6 => {
                    self.put("( base.field_double ) =");
                    self.number();
                }
                7 => {
                    self.put("( base.field_float ) =");
                    self.number();
                }
                8 => {
                    self.put("( base.field_int ) =");
                    self.integer();
                }
                9 => {
                    self.put("( base.field_uint ) =");
                    self.integer();
                }
                10 => {
                    self.put("( base.field_text ) =");
                    self.string();
                }
                11 => {
                    self.put("( base.field_bytes ) =");
                    self.string();
                }
                12 => self.put("( base.field_color ) = ROUGE"),
                13 => self.put("( base.field_colors ) = RED , ( base.field_colors ) = NEGATIVE"),
                14 => {
                    self.put("( base.field_alls ) =");
                    self.message_value();
                }
                15 => self.put("( base.fieldgroup ) = { a : 1 }"),
                16 => self.put("( base.field_set ) = { [ base.InSet ] { text : \"x\" } }"),
                17 => self.put("( base.field ) . all . all . s = \"deep\""),
                18 => self.put("( base.source ) = 1"),
                19 if self.has_edition() => {
                    let feature = self.one(&[
                        "field_presence = IMPLICIT",
                        "field_presence = EXPLICIT",
                        "field_presence = LEGACY_REQUIRED",
                        "repeated_field_encoding = EXPANDED",
                        "repeated_field_encoding = PACKED",
                        "message_encoding = DELIMITED",
                        "utf8_validation = NONE",
                    ]);
                    self.put(&format!("features . {feature}"));
                }
                20 => self.put("jstype = JS_STRING"),
                _ => self.put("( base.field_bool ) = false"),
            }
        }
        self.put("]");
    }

    fn default(&mut self, kind: &str) {
        self.put("default =");
        match kind {
            "string" | "bytes" => self.string(),
            "float" | "double" => self.number(),
            "bool" => {
                let value = self.one(&["true", "false"]);
                self.put(value);
            }
            "base.Color" | ".base.Color" => self.put("ROUGE"),
            _ => self.integer(),
        }
    }

    fn integer(&mut self) {
        let value = self.one(&[
            "0",
            "1",
            "-1",
            "7",
            "0x1F",
            "017",
            "2147483647",
            "9",
            "10",
            "11",
            "12",
            "-2147483648",
            "-2147483649",
            "4294967295",
            "9223372036854775807",
            "-9223372036854775808",
            "18446744073709551615",
            "18446744073709551616",
            "- 5",
            "-0",
        ]);
        self.put(value);
    }

    fn number(&mut self) {
        let value = self.one(&[
            "0",
            "1",
            "-1.5",
            "0.1",
            "1e20",
            "1e-7",
            "inf",
            "-inf",
            "nan",
            "-nan",
            "1e400",
            "1e40",
            "-0",
            "-0.0",
            "1e-45",
            "16777217",
            "3.4028235e38",
            "3.40282356e38",
            "5e-324",
            "18446744073709551616",
            "0x10",
            "010",
            ".5",
            "1.",
            "- inf",
            "123456789.123456789",
            "1E+5",
            "2.5f",
        ]);
        self.put(value);
    }

    fn string(&mut self) {
        for index in 0..=self.below(5) / 4 {
            let value = self.one(&[
                "\"\"",
                "\"text\"",
                "'it\\'s'",
                "\"caf\u{e9}\"",
                "\"\\xff\"",
                "\"\\303\\251\"",
                "\"a\\nb\\t\\\\\\\"\"",
                "\"\\u00e9\\U0001F600\"",
                "\"\\ud83d\\ude00\"",
                "\"\\0\"",
                "\"\\x7f\\x80\"",
                "\"// no /* comment\"",
                "\"?\\?=\"",
            ]);
            if index > 0 && self.chance(50) {
                self.token("'more'");
            }
            self.token(value);
        }
    }

    /// A value of `base.All` in braces.
    fn message_value(&mut self) {
        self.values += 1;
        self.put("{");
        if self.values < 40 {
            for _ in 0..self.below(4) {
                self.member();
                let end = self.one(&["", "", ",", ";"]);
                self.put(end);
            }
        }
        self.put("}");
    }

    fn member(&mut self) {
        match self.below(24) {
            0 => {
                self.put("i32 :");
                self.integer();
            }
            1 => {
                self.put("u64 :");
                self.integer();
            }
            2 => {
                self.put("s64 :");
                self.integer();
            }
            3 => {
                self.put("f :");
                self.number();
            }
            4 => {
                self.put("d :");
                self.number();
            }
            5 => self.put("b : true"),
            6 => {
                self.put("s :");
                self.string();
            }
            7 => {
                self.put("by :");
                self.string();
            }
            8 => {
                let value = self.one(&["RED", "ROUGE", "NEGATIVE", "1", "-3", "7"]);
                self.put(&format!("color : {value}"));
            }
            9 | 10 => {
                let colon = self.one(&["", ":"]);
                self.put(&format!("all {colon}"));
                self.message_value();
            }
            11 => self.put("list : [ 1 , -2 , 0x3 ]"),
            12 => self.put("list : 4"),
            13 => self.put("packed : [ 1.5 , inf , -nan ]"),
            14 => {
                self.put("alls : [");
                self.message_value();
                self.put("]");
            }
            15 => {
                self.put("alls");
                self.message_value();
            }
            16 => {
                let key = self.one(&["a", "b", ""]);
                self.put(&format!("map {{ key : \"{key}\" value : 1 }}"));
            }
            17 => self.put("messages : [ { key : 1 value { i32 : 1 } } , { key : 0 } ]"),
            18 => self.put("Grp { g : \"x\" Sub { x : 1 } Sub { } }"),
            19 => self.put("one : \"o\""),
            20 => self.put("two : 2"),
            21 => self.put("set { [ base.InSet.in_set ] { text : \"t\" } }"),
            22 => self.put("[ base.more ] : 9"),
            _ => {
                self.put("[ base.again ]");
                self.message_value();
            }
        }
    }

    fn reserved(&mut self) {
        if self.chance(50) {
            let numbers = self.one(&["60", "60 to 70", "60 , 65 to 69", "90 to max", "2"]);
            self.put(&format!("reserved {numbers} ;"));
        } else if self.has_edition() {
            let names = self.one(&["gone", "gone , old", "a"]);
            self.put(&format!("reserved {names} ;"));
        } else {
            let names = self.one(&[
                "\"gone\"",
                "\"gone\" , \"old\"",
                "\"a\"",
                "\"x-y\"",
                "\"go\" 'ne'",
            ]);
            self.put(&format!("reserved {names} ;"));
        }
    }

    fn enumeration(&mut self, scope: &str) {
        self.visibility();
        let name = self.type_name();
        self.enums.push(format!("{scope}.{name}"));
        self.put(&format!("enum {name} {{"));
        let prefix = format!("{}_{}", name.to_uppercase(), self.enums.len());
        if self.chance(15) {
            self.put("option ( base.enum ) =");
            self.message_value();
            self.put(";");
        }
        if self.has_edition() && self.chance(15) {
            self.put("option features . enum_type = CLOSED ;");
        }
        if self.chance(10) {
            self.put("option allow_alias = true ;");
        }
        let first = if self.chance(90) { "0" } else { "1" };
        self.put(&format!("{prefix}_ZERO = {first} ;"));
        for index in 0..self.below(4) {
            let odd = ["1", "2", "-1", "2147483647", "-2147483648", "0x5"];
            let number = if self.chance(10) {
                self.one(&odd).to_owned()
            } else {
                (index + 10).to_string()
            };
            self.put(&format!("{prefix}_{index} = {number}"));
            match self.below(8) {
                0 => {
                    self.put("[ ( base.value ) =");
                    self.message_value();
                    self.put("]");
                }
                1 => self.put("[ deprecated = true ]"),
                _ => {}
            }
            self.put(";");
        }
        if self.chance(20) {
            let numbers = self.one(&["reserved 50 ;", "reserved -9 to -5 , 60 to max ;"]);
            self.put(numbers);
        }
        self.put("}");
    }

    fn extend(&mut self) {
        let target = self.one(&[
            "base.Target",
            ".base.Target",
            "base.All",
            "google.protobuf.FieldOptions",
        ]);
        let first = match target {
            "base.All" => 110,
            "google.protobuf.FieldOptions" => 60000,
            _ => 1,
        };
        self.put(&format!("extend {target} {{"));
        let mut number = first + self.below(50);
        for _ in 0..=self.below(1) {
            let label = self.label();
            let scope = self.package.clone();
            self.field(&mut number, label, &scope);
        }
        self.put("}");
    }

    fn service(&mut self) {
        let name = self.type_name();
        self.put(&format!("service {name}Service {{"));
        for index in 0..self.below(3) {
            let package = self.package.clone();
            self.put(&format!("rpc Do{index} ("));
            self.message_name(&package);
            self.put(") returns (");
            self.message_name(&package);
            self.put(")");
            match self.below(5) {
                0 => self.put("{ }"),
                1 => {
                    self.put("{ option ( base.method ) =");
                    self.message_value();
                    self.put("; }");
                }
                _ => self.put(";"),
            }
        }
        self.put("}");
    }

    fn message_name(&mut self, scope: &str) {
        let stream = self.one(&["", "", "stream"]);
        self.put(stream);
        if self.types.is_empty() || self.chance(30) {
            self.put("Last");
            return;
        }
        let index = self.below(self.types.len());
        let full = self.types[index].clone();
        let name = self.short(&full, scope);
        self.put(&name);
    }

    /// Changes a few tokens.
    fn change(&mut self) {
        const OTHERS: [&str; 36] = [
            ";",
            "{",
            "}",
            "[",
            "]",
            "(",
            ")",
            "=",
            ",",
            "<",
            ">",
            ":",
            "-",
            "+",
            ".",
            "0",
            "1",
            "-1",
            "19000",
            "536870911",
            "536870912",
            "\"x\"",
            "optional",
            "repeated",
            "required",
            "message",
            "enum",
            "option",
            "reserved",
            "to",
            "max",
            "group",
            "oneof",
            "export",
            "import",
            "a",
        ];
        for _ in 0..=self.below(2) {
            let at = self.below(self.tokens.len());
            match self.below(4) {
                0 => {
                    self.tokens.remove(at);
                }
                1 => {
                    let token = self.tokens[at].clone();
                    self.tokens.insert(at, token);
                }
                2 => {
                    let other = self.below(self.tokens.len());
                    self.tokens.swap(at, other);
                }
                _ => {
                    let other = self.one(&OTHERS);
                    other.clone_into(&mut self.tokens[at]);
                }
            }
        }
    }

    /// The tokens with blanks, line breaks and comments between them.
    fn written(mut self) -> String {
        let mut text = String::new();
        let tokens = std::mem::take(&mut self.tokens);
        let (has_comments, has_tabs) = (self.chance(40), self.chance(10));
        let line_break = if self.chance(10) { "\r\n" } else { "\n" };
        for (index, token) in tokens.iter().enumerate() {
            let ends = matches!(&**token, ";" | "{" | "}");
            text.push_str(token);
            if has_comments && self.below(100) < if ends { 40 } else { 3 } {
                for _ in 0..=self.below(3) {
                    let blank = self.one(&[" ", line_break, "\n\n", "\n \t", "\r\n"]);
                    let comment = self.one(&[
                        "// \u{e9}t\u{e9}",
                        "//",
                        "// one",
                        "// two\n  // three",
                        "/* block */",
                        "/* a\n * b\n */",
                        "/* c\n\n  d\r\n **/",
                        "/**/",
                    ]);
                    let end = if comment.starts_with("//") { line_break } else { "" };
                    let _ = write!(text, "{blank}{comment}{end}");
                }
                text.push_str(self.one(&["", " ", line_break, "\n\n"]));
                continue;
            }
            let gap = match self.below(10) {
                _ if ends => line_break,
                0 if has_tabs => "\t",
                1 => "  ",
                _ if tokens.get(index + 1).is_some_and(|next| next == ";") => "",
                _ => " ",
            };
            text.push_str(gap);
        }
        text
    }
}
