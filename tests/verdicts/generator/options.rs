//! Options of fields, their defaults and the values of messages in braces.

use super::state::{Generator, Syntax};

impl Generator {
    pub(super) fn field_options(&mut self, kind: &str, label: &str) {
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

    pub(super) fn default(&mut self, kind: &str) {
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

    /// A value of `base.All` in braces.
    pub(super) fn message_value(&mut self) {
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

    pub(super) fn member(&mut self) {
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
}
