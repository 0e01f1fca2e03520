//! Enums, and what is reserved.

use super::state::Generator;

impl Generator {
    pub(super) fn reserved(&mut self) {
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

    pub(super) fn enumeration(&mut self, scope: &str) {
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
}
