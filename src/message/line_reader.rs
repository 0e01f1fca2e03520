//! [`LineReader`]: messages of one type, from the lines of a file that comes in parts.

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde::de::IgnoredAny;

use super::csv::{Cell, CsvRecord, CsvRecords, NoCsv};
use super::lines::LineFormat;
use super::message::Message;
use crate::excerpt::excerpt;
use crate::schema::{field_called, field_name};
use crate::suggest;

/// How many bytes a message has as text.
const MAX_SIZE: usize = 16 << 20;

/// What some programs begin a file of UTF-8 with.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Reads messages of one type from lines, as [`MessageLines`](super::MessageLines) writes them.
#[derive(Debug)]
pub(crate) struct LineReader {
    message: MessageDescriptor,
    has_begun: bool,
    form: Form,
}

#[derive(Debug)]
enum Form {
    Ndjson {
        /// The begin of a line.
        rest: String,
        /// How many lines have ended.
        ended: u64,
    },
    Csv {
        records: CsvRecords,
        /// `None` until the first record was read, which names them.
        columns: Option<Vec<Column>>,
    },
}

/// The field of a column of CSV.
#[derive(Debug)]
struct Column {
    field: FieldDescriptor,
    value: CellValue,
}

/// What of JSON a cell is.
#[derive(Debug)]
enum CellValue {
    /// A text, as which JSON takes numbers and times, too.
    Text,
    Bool,
    Enum(EnumDescriptor),
    Json,
}

/// What is wrong with a file, and in which line.
#[derive(Debug)]
pub(crate) struct LineError {
    pub(crate) line: u64,
    pub(crate) why: String,
}

impl LineReader {
    /// For messages of this type.
    pub(crate) fn new(format: LineFormat, message: &MessageDescriptor) -> Self {
        let form = match format {
            LineFormat::Ndjson => Form::Ndjson {
                rest: String::new(),
                ended: 0,
            },
            LineFormat::Csv => Form::Csv {
                records: CsvRecords::new(MAX_SIZE),
                columns: None,
            },
        };
        Self {
            message: message.clone(),
            has_begun: false,
            form,
        }
    }

    /// Reads the next part of the file, and adds the messages that end in it, with their lines. Lines that are empty are left out.
    ///
    /// Fails at the first line that is wrong; those before were added.
    pub(crate) fn read(
        &mut self,
        mut text: &str,
        messages: &mut Vec<(u64, Message)>,
    ) -> Result<(), LineError> {
        if !self.has_begun && !text.is_empty() {
            self.has_begun = true;
            text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        }
        let message = &self.message;
        match &mut self.form {
            Form::Ndjson { rest, ended } => {
                while let Some((end, behind)) = text.split_once('\n') {
                    *ended += 1;
                    if rest.is_empty() {
                        messages.extend(json_line(message, end, *ended)?);
                    } else {
                        *rest += end;
                        messages.extend(json_line(message, rest, *ended)?);
                        rest.clear();
                    }
                    text = behind;
                }
                *rest += text;
                if rest.len() > MAX_SIZE {
                    return Err(too_large(*ended + 1, MAX_SIZE));
                }
                Ok(())
            }
            Form::Csv { records, columns } => {
                while let Some((record, behind)) = records
                    .next(text)
                    .map_err(|why| no_csv(records.first_line(), why))?
                {
                    messages.extend(csv_record(message, columns, record)?);
                    text = behind;
                }
                Ok(())
            }
        }
    }

    /// Reads what is left when the file has ended: its last line need not end.
    ///
    /// Fails as [`read`](Self::read) does.
    pub(crate) fn end(&mut self, messages: &mut Vec<(u64, Message)>) -> Result<(), LineError> {
        let message = &self.message;
        match &mut self.form {
            Form::Ndjson { rest, ended } => {
                messages.extend(json_line(message, rest, *ended + 1)?);
            }
            Form::Csv { records, columns } => {
                let last = records.last().map_err(|why| no_csv(records.first_line(), why))?;
                if let Some(record) = last {
                    messages.extend(csv_record(message, columns, record)?);
                }
            }
        }
        Ok(())
    }
}

fn json_line(
    message: &MessageDescriptor,
    text: &str,
    line: u64,
) -> Result<Option<(u64, Message)>, LineError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let read = Message::from_json(message.clone(), text);
    read.map(|message| Some((line, message))).map_err(|error| {
        let is_cut = serde_json::from_str::<IgnoredAny>(text).is_err_and(|error| error.is_eof());
        let hint = if is_cut { "; a message is on one line" } else { "" };
        LineError {
            line,
            why: format!("{error}{hint}"),
        }
    })
}

/// The message of a record. The first one names the columns.
fn csv_record(
    message: &MessageDescriptor,
    columns: &mut Option<Vec<Column>>,
    CsvRecord { line, cells }: CsvRecord,
) -> Result<Option<(u64, Message)>, LineError> {
    if matches!(&*cells, [cell] if cell.text.is_empty() && !cell.is_quoted) {
        return Ok(None);
    }
    let wrong = |why| LineError { line, why };
    let Some(columns) = columns else {
        *columns = Some(columns_of(message, &cells).map_err(wrong)?);
        return Ok(None);
    };
    if cells.len() != columns.len() {
        let (cells, names) = (cells.len(), columns.len());
        return Err(wrong(format!(
            "it has {cells} cells, and the first line names {names} fields"
        )));
    }
    let object = |columns: &[(&Column, &Cell)]| {
        let mut json = String::from("{");
        for (column, cell) in columns {
            column.put(cell, &mut json)?;
        }
        json.push('}');
        Message::from_json(message.clone(), &json).map_err(|error| error.to_string())
    };
    let columns: Vec<(&Column, &Cell)> = columns.iter().zip(&cells).collect();
    object(&columns)
        .map(|message| Some((line, message)))
        .map_err(|error| {
            // Which cell it is, is seen where each is alone.
            let wrong_alone = columns
                .iter()
                .find_map(|column| Some((column, object(&[*column]).err()?)));
            wrong(match wrong_alone {
                Some(((column, cell), error)) => {
                    format!(
                        "`{}` cannot be {:?}: {error}",
                        field_name(&column.field),
                        excerpt(&cell.text)
                    )
                }
                None => error,
            })
        })
}

fn columns_of(message: &MessageDescriptor, names: &[Cell]) -> Result<Vec<Column>, String> {
    let mut columns: Vec<Column> = Vec::new();
    for name in names.iter().map(|cell| cell.text.trim()) {
        let field = field_called(message, name).ok_or_else(|| {
            let fields: Vec<FieldDescriptor> = message.fields().collect();
            let hint = suggest::clause(name, fields.iter().map(field_name));
            format!(
                "the first line has the names of fields, and {} has no {:?}{hint}",
                message.full_name(),
                excerpt(name)
            )
        })?;
        if columns.iter().any(|column| column.field == field) {
            return Err(format!("there are two columns `{}`", field_name(&field)));
        }
        columns.push(Column {
            value: CellValue::of(&field),
            field,
        });
    }
    Ok(columns)
}

impl Column {
    /// Adds the field to an object of JSON. A cell with nothing in it says nothing, but in quotes it is an empty text.
    fn put(&self, cell: &Cell, json: &mut String) -> Result<(), String> {
        if cell.text.is_empty() && !(cell.is_quoted && self.is_text()) {
            return Ok(());
        }
        if json.len() > 1 {
            json.push(',');
        }
        put_text(field_name(&self.field), json);
        json.push(':');
        let text = &*cell.text;
        match &self.value {
            CellValue::Bool if text.eq_ignore_ascii_case("true") => *json += "true",
            CellValue::Bool if text.eq_ignore_ascii_case("false") => *json += "false",
            CellValue::Enum(of) if of.get_value_by_name(text).is_none() && text.parse::<i32>().is_ok() => {
                *json += text;
            }
            CellValue::Text | CellValue::Bool | CellValue::Enum(_) => put_text(text, json),
            CellValue::Json => {
                let read = serde_json::from_str::<IgnoredAny>(text);
                read.map_err(|error| format!("it is no JSON: {error}"))?;
                *json += text;
            }
        }
        Ok(())
    }

    fn is_text(&self) -> bool {
        matches!(self.field.kind(), Kind::String | Kind::Bytes)
            || matches!(self.field.kind(), Kind::Message(of)
                if matches!(of.full_name(), "google.protobuf.StringValue" | "google.protobuf.BytesValue" | "google.protobuf.FieldMask"))
    }
}

impl CellValue {
    fn of(field: &FieldDescriptor) -> Self {
        if field.is_list() || field.is_map() {
            return Self::Json;
        }
        match field.kind() {
            Kind::Bool => Self::Bool,
            Kind::Enum(of) => Self::Enum(of),
            Kind::Message(of) => match of.full_name().strip_prefix("google.protobuf.") {
                Some("BoolValue") => Self::Bool,
                Some(
                    "Timestamp" | "Duration" | "FieldMask" | "StringValue" | "BytesValue" | "DoubleValue"
                    | "FloatValue" | "Int32Value" | "Int64Value" | "UInt32Value" | "UInt64Value",
                ) => Self::Text,
                _ => Self::Json,
            },
            _ => Self::Text,
        }
    }
}

/// Writes a text as JSON.
fn put_text(text: &str, json: &mut String) {
    *json += &serde_json::Value::from(text).to_string();
}

fn no_csv(line: u64, why: NoCsv) -> LineError {
    let why = match why {
        NoCsv::BehindQuotes => {
            "there is text behind the quotes of a cell: quotes within a cell are written twice"
        }
        NoCsv::OpenQuotes => "a cell begins with quotes, and does not end with some",
        NoCsv::TooLarge(most) => return too_large(line, most),
    };
    LineError {
        line,
        why: why.to_owned(),
    }
}

fn too_large(line: u64, most: usize) -> LineError {
    LineError {
        line,
        why: format!("it has more than {most} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::MessageLines;
    use crate::schema::Schema;

    const PROTO: &str = r#"
        syntax = "proto3";
        import "google/protobuf/duration.proto";
        import "google/protobuf/struct.proto";
        import "google/protobuf/timestamp.proto";
        import "google/protobuf/wrappers.proto";
        message All {
            string text = 1;
            optional string perhaps = 2;
            bytes data = 3;
            double real = 4;
            uint64 large = 5;
            bool yes = 6;
            Kind kind = 7;
            repeated int32 list = 8;
            map<string, int32> map = 9;
            All inner = 10;
            google.protobuf.Timestamp at = 11;
            google.protobuf.Duration span = 12;
            google.protobuf.Value value = 13;
            google.protobuf.StringValue wrapped = 14;
            google.protobuf.BoolValue wrapped_bool = 15;
            google.protobuf.Int64Value wrapped_number = 16;
            oneof one { string first = 17; int32 second = 18; }
            string Text = 19;
        }
        enum Kind { NONE = 0; SOME = 1; }
        message One { string text = 1; }
        message Perhaps { optional int32 number = 1; }
    "#;

    fn message_type(name: &str) -> MessageDescriptor {
        let schema = Schema::from_source("all.proto", PROTO).expect("a proto");
        schema.pool().get_message_by_name(name).expect("it is there")
    }

    fn read(format: LineFormat, of: &MessageDescriptor, parts: &[&str]) -> Result<Vec<Message>, LineError> {
        let (mut reader, mut messages) = (LineReader::new(format, of), Vec::new());
        for part in parts {
            reader.read(part, &mut messages)?;
        }
        reader.end(&mut messages)?;
        Ok(messages.into_iter().map(|(_, message)| message).collect())
    }

    fn json(messages: &[Message]) -> Vec<String> {
        let json = messages.iter().map(|message| message.to_json().expect("printed"));
        json.collect()
    }

    #[test]
    fn what_is_written_is_read_wherever_it_is_cut() {
        let all = [
            "{}",
            r#"{"text":"a, \"b\"\r\n\nü\u0001","perhaps":"","data":"AAE=","real":"NaN","large":"18446744073709551615","yes":true}"#,
            r#"{"perhaps":" x ","real":-1.5e300,"kind":"SOME","list":[1,2],"map":{"a,b":1},"inner":{"text":"{","inner":{}}}"#,
            r#"{"kind":7,"inner":{},"at":"2026-01-01T00:00:00.500Z","span":"-1.500s","value":"3","wrapped":"","wrapped_bool":false,"wrapped_number":"0","first":""}"#,
            r#"{"value":null,"second":0,"Text":"t"}"#,
            r#"{"value":{"a":[1,"",null]},"wrapped":"true"}"#,
        ];
        for (of, texts) in [
            ("All", &all[..]),
            ("One", &["{}", r#"{"text":" "}"#, r#"{"text":"\n"}"#]),
            ("Perhaps", &["{}", r#"{"number":0}"#]),
        ] {
            let of = message_type(of);
            let messages = texts
                .iter()
                .map(|text| Message::from_json(of.clone(), text).expect("it fits"));
            let messages: Vec<Message> = messages.collect();
            for format in [LineFormat::Ndjson, LineFormat::Csv] {
                let mut lines = MessageLines::new(format, &of);
                let mut text = lines.head();
                for message in &messages {
                    lines.add(message, &mut text).expect("printed");
                }
                for (at, _) in text.char_indices() {
                    let (before, after) = text.split_at(at);
                    let found = read(format, &of, &[before, after]).expect(&text);
                    assert_eq!(json(&found), json(&messages), "cut at {at} of {text}");
                }
            }
        }
    }

    #[test]
    fn what_programs_write_in_other_ways_is_read_as_well() {
        let of = message_type("All");
        let text = "\u{feff}YES,wrappedBool\n".replace("YES", "yes") + "TRUE,False\r\n\"\",\"true\"\n\n\r\n";
        let found = read(LineFormat::Csv, &of, &[&text]).expect("CSV");
        assert_eq!(
            json(&found),
            [r#"{"yes":true,"wrappedBool":false}"#, r#"{"wrappedBool":true}"#]
        );
        let found = read(LineFormat::Csv, &of, &["kind,large\n1,7\nSOME,\"8\""]).expect("CSV");
        assert_eq!(
            json(&found),
            [r#"{"large":"7","kind":"SOME"}"#, r#"{"large":"8","kind":"SOME"}"#]
        );
        let found = read(LineFormat::Ndjson, &of, &["\u{feff}{\"yes\": true}\r\n\r\n{}"]).expect("JSON");
        assert_eq!(json(&found), [r#"{"yes":true}"#, "{}"]);
    }

    #[test]
    fn a_file_that_is_wrong_names_its_line_and_what_is_wrong() {
        let of = message_type("All");
        for (format, text, line, words) in [
            (LineFormat::Ndjson, "{}\n\n{\"txt\": 1}", 3, "txt"),
            (
                LineFormat::Ndjson,
                "{\n  \"text\": \"a\"\n}",
                1,
                "a message is on one line",
            ),
            (LineFormat::Csv, "text,lst\na,1", 1, "did you mean `list`?"),
            (LineFormat::Csv, "text;list\na;1", 1, "has no \"text;list\""),
            (LineFormat::Csv, "text,text\n", 1, "two columns `text`"),
            (
                LineFormat::Csv,
                "text,yes\n\"a\nb\",true\nc\n",
                4,
                "it has 1 cells",
            ),
            (LineFormat::Csv, "text\n\"a\nb", 2, "does not end"),
            (LineFormat::Csv, "text\n\"a\"b\n", 2, "written twice"),
            (
                LineFormat::Csv,
                "list\n\"[1],\"\"text\"\":2\"\n",
                2,
                "`list` cannot be",
            ),
            (
                LineFormat::Csv,
                "text,yes\na,maybe\n",
                2,
                "`yes` cannot be \"maybe\"",
            ),
            (
                LineFormat::Csv,
                "text,large\na,-1\n",
                2,
                "`large` cannot be \"-1\"",
            ),
        ] {
            let error = read(format, &of, &[text]).expect_err(text);
            assert!(
                error.line == line && error.why.contains(words),
                "{text}: {error:?}"
            );
        }
        let endless = "x".repeat(MAX_SIZE + 1);
        for format in [LineFormat::Ndjson, LineFormat::Csv] {
            let error = read(format, &of, &[&endless]).expect_err("it is too large");
            assert!(error.line == 1 && error.why.contains("more than"), "{error:?}");
        }
    }
}
