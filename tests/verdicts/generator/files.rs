//! The statements of a file.

use super::names::{NAMES, TYPES};
use super::state::{Generator, Syntax};

impl Generator {
    pub(super) fn file(&mut self) {
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

    pub(super) fn type_name(&mut self) -> String {
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

    pub(super) fn visibility(&mut self) {
        if matches!(self.syntax, Syntax::Edition(2024..)) && self.chance(15) {
            let visibility = self.one(&["export", "local"]);
            self.put(visibility);
        }
    }

    pub(super) fn extend(&mut self) {
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

    pub(super) fn service(&mut self) {
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

    pub(super) fn message_name(&mut self, scope: &str) {
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
}
