//! CSV as RFC 4180 has it, taken apart into the cells of its records as the text comes.
//!
//! The crate `csv` would not do: it does not tell an empty text in quotes from a cell with nothing in it, and takes broken quotes for text.

/// A cell of a record.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) text: String,
    /// Whether it is in quotes: an empty one is a text then, and not nothing.
    pub(super) is_quoted: bool,
}

/// A record, and the line where it begins.
#[derive(Debug)]
pub(super) struct CsvRecord {
    pub(super) line: u64,
    pub(super) cells: Vec<Cell>,
}

/// Why a text is no CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoCsv {
    BehindQuotes,
    OpenQuotes,
    TooLarge(usize),
}

/// Takes text apart into records. Text may be cut anywhere.
#[derive(Debug)]
pub(super) struct CsvRecords {
    cells: Vec<Cell>,
    cell: Cell,
    state: Within,
    /// How many bytes the record has, and how many it may have.
    size: usize,
    most: usize,
    /// The line that is read, and the one where its record began.
    line: u64,
    first: u64,
}

/// Where in a record the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    /// At the begin of a cell.
    Begin,
    Plain,
    Quotes,
    /// Behind quotes, which are the end of the cell, or the first of two that mean one.
    BehindQuotes,
}

impl CsvRecords {
    /// A record has so many bytes at most.
    pub(super) fn new(most: usize) -> Self {
        Self {
            cells: Vec::new(),
            cell: Cell::default(),
            state: Within::Begin,
            size: 0,
            most,
            line: 1,
            first: 1,
        }
    }

    /// The line where the record begins that is read.
    pub(super) fn first_line(&self) -> u64 {
        self.first
    }

    /// Reads up to the end of the next record. Returns it and what is behind it, or `None` if the text ends before.
    ///
    /// Fails if it is no CSV.
    pub(super) fn next<'t>(&mut self, text: &'t str) -> Result<Option<(CsvRecord, &'t str)>, NoCsv> {
        for (at, character) in text.char_indices() {
            self.size += character.len_utf8();
            if self.size > self.most {
                return Err(NoCsv::TooLarge(self.most));
            }
            self.line += u64::from(character == '\n');
            match (self.state, character) {
                (Within::Begin, '"') => {
                    self.state = Within::Quotes;
                    self.cell.is_quoted = true;
                }
                (Within::Quotes, '"') => self.state = Within::BehindQuotes,
                (Within::BehindQuotes, '"') => {
                    self.cell.text.push('"');
                    self.state = Within::Quotes;
                }
                (Within::Quotes, _) => self.cell.text.push(character),
                (_, ',') => self.end_cell(),
                (_, '\n') => {
                    return Ok(Some((self.end_record(), &text[at + 1..])));
                }
                (Within::BehindQuotes, '\r') => {}
                (Within::BehindQuotes, _) => return Err(NoCsv::BehindQuotes),
                (Within::Begin | Within::Plain, _) => {
                    self.state = Within::Plain;
                    self.cell.text.push(character);
                }
            }
        }
        Ok(None)
    }

    /// The last record, if the text does not end with the end of a line.
    ///
    /// Fails if it ends within quotes.
    pub(super) fn last(&mut self) -> Result<Option<CsvRecord>, NoCsv> {
        match self.state {
            Within::Quotes => Err(NoCsv::OpenQuotes),
            _ if self.size == 0 => Ok(None),
            _ => Ok(Some(self.end_record())),
        }
    }

    fn end_cell(&mut self) {
        self.cells.push(std::mem::take(&mut self.cell));
        self.state = Within::Begin;
    }

    fn end_record(&mut self) -> CsvRecord {
        if self.state == Within::Plain && self.cell.text.ends_with('\r') {
            self.cell.text.pop();
        }
        self.end_cell();
        self.size = 0;
        CsvRecord {
            line: std::mem::replace(&mut self.first, self.line),
            cells: std::mem::take(&mut self.cells),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The records of a text: the line of each, and its cells, those in quotes with `*` in front.
    fn records<'t>(parts: impl IntoIterator<Item = &'t str>) -> Result<Vec<(u64, Vec<String>)>, NoCsv> {
        let mut reader = CsvRecords::new(1000);
        let mut found = Vec::new();
        let told = |cells: Vec<Cell>| -> Vec<String> {
            let told = |cell: Cell| format!("{}{}", if cell.is_quoted { "*" } else { "" }, cell.text);
            cells.into_iter().map(told).collect()
        };
        for mut text in parts {
            while let Some((record, rest)) = reader.next(text)? {
                found.push((record.line, told(record.cells)));
                text = rest;
            }
        }
        if let Some(record) = reader.last()? {
            found.push((record.line, told(record.cells)));
        }
        Ok(found)
    }

    #[test]
    fn records_are_the_same_wherever_the_text_is_cut() {
        let text = "name,text\r\na,\"b, \"\"c\"\"\nd\"\r\n\"\",\n\n,ü\"\nlast,1";
        let whole = records([text]).expect("CSV");
        let of = |line: u64, cells: &[&str]| (line, cells.iter().map(|cell| (*cell).to_owned()).collect());
        let expected: Vec<(u64, Vec<String>)> = vec![
            of(1, &["name", "text"]),
            of(2, &["a", "*b, \"c\"\nd"]),
            of(4, &["*", ""]),
            of(5, &[""]),
            of(6, &["", "ü\""]),
            of(7, &["last", "1"]),
        ];
        assert_eq!(whole, expected);
        for (at, _) in text.char_indices() {
            assert_eq!(
                records([&text[..at], &text[at..]]),
                Ok(whole.clone()),
                "cut at {at}"
            );
        }
    }

    #[test]
    fn what_is_no_csv_is_said() {
        assert_eq!(records(["\"a\"b\n"]), Err(NoCsv::BehindQuotes));
        assert_eq!(records(["a\n\"b\nc\n"]), Err(NoCsv::OpenQuotes));
        assert_eq!(records([&*"x".repeat(1001)]), Err(NoCsv::TooLarge(1000)));
        assert_eq!(records([]), Ok(Vec::new()));
    }
}
