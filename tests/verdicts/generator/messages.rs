//! Messages and the fields in them.

use super::names::{FIELDS, SCALARS};
use super::state::{Generator, Syntax};

impl Generator {
    pub(super) fn message(&mut self, scope: &str) {
        self.visibility();
        let name = self.type_name();
        let full = format!("{scope}.{name}");
        self.put(&format!("message {name} {{"));
        self.types.push(full.clone());
        self.body(&full);
        self.put("}");
    }

    pub(super) fn body(&mut self, scope: &str) {
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

    pub(super) fn label(&mut self) -> &'static str {
        match self.syntax {
            Syntax::Proto2 => self.one(&["optional", "optional", "repeated", "required"]),
            Syntax::Proto3 => self.one(&["", "", "optional", "repeated"]),
            Syntax::Edition(_) => self.one(&["", "", "", "repeated"]),
        }
    }

    /// A field, whose label may be empty.
    pub(super) fn field(&mut self, number: &mut usize, label: &str, scope: &str) {
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
    pub(super) fn kind(&mut self, scope: &str) -> String {
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
    pub(super) fn short(&mut self, full: &str, scope: &str) -> String {
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
}
