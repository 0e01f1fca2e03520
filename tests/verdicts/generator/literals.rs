//! Numbers and texts, in each way in which they are written.

use super::state::Generator;

impl Generator {
    pub(super) fn integer(&mut self) {
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

    pub(super) fn number(&mut self) {
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

    pub(super) fn string(&mut self) {
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
}
