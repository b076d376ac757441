//! Where something stands: bytes to text, offsets to lines and columns, cut-out texts back to their file.
//! It knows nothing of what the texts mean.

/// Lines longer than this are counted in bytes: a column in a minified file is nobody's help, and counting it would be quadratic.
const LONG_LINE: usize = 64 * 1024;

/// Bytes that are looked at to tell text from binary.
const PROBE: usize = 8_000;

/// Returns the text of a file with its line ends unified; nothing for a binary file.
///
/// A byte order mark decides between UTF-8 and UTF-16; without one, text in UTF-16 is told by its zero bytes.
pub fn decode(bytes: &[u8]) -> Option<String> {
    let text = match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => plain(bytes)?,
    };
    Some(if text.contains('\r') {
        text.replace("\r\n", "\n")
    } else {
        text
    })
}

fn plain(bytes: &[u8]) -> Option<String> {
    let probe = bytes.get(..PROBE.min(bytes.len())).unwrap_or_default();
    if !probe.contains(&0) {
        return Some(String::from_utf8_lossy(bytes).into_owned());
    }
    let (even, odd): (Vec<&[u8]>, Vec<&[u8]>) = probe
        .chunks_exact(2)
        .map(|two| two.split_at_checked(1).unwrap_or((two, &[])))
        .unzip();
    let zeros = |half: &[&[u8]]| half.iter().filter(|byte| **byte == [0]).count();
    let most = |half: &[&[u8]]| !half.is_empty() && zeros(half) * 10 >= half.len() * 8;
    match (most(&even), most(&odd)) {
        (false, true) if zeros(&even) == 0 => Some(utf16(bytes, u16::from_le_bytes)),
        (true, false) if zeros(&odd) == 0 => Some(utf16(bytes, u16::from_be_bytes)),
        _ => None,
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes
        .chunks_exact(2)
        .filter_map(|two| <[u8; 2]>::try_from(two).ok())
        .map(unit);
    char::decode_utf16(units)
        .map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// The lines of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines {
    starts: Vec<usize>,
    end: usize,
}

impl Lines {
    /// Returns the lines of a text.
    pub fn of(text: &str) -> Self {
        let mut starts = vec![0];
        starts.extend(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1));
        Self {
            starts,
            end: text.len(),
        }
    }

    /// Returns line and column, from 1, of a byte offset; the column counts characters.
    pub fn place(&self, text: &str, at: usize) -> (usize, usize) {
        let at = at.min(self.end);
        let line = self.starts.partition_point(|start| *start <= at);
        let start = self.start(line);
        let before = text.as_bytes().get(start..at).unwrap_or_default();
        let column = if before.len() > LONG_LINE {
            before.len()
        } else {
            // A byte that continues a character is not counted.
            before.iter().filter(|byte| (**byte & 0xC0) != 0x80).count()
        };
        (line, column + 1)
    }

    /// Returns the offset of a line's first byte.
    pub fn start(&self, line: usize) -> usize {
        line.checked_sub(1)
            .and_then(|index| self.starts.get(index))
            .copied()
            .unwrap_or(self.end)
    }

    /// Returns the offset behind a line's last byte, its line end left out.
    pub fn end(&self, line: usize) -> usize {
        self.starts
            .get(line)
            .map_or(self.end, |next| next.saturating_sub(1))
    }

    /// Returns a line without its end.
    pub fn text<'t>(&self, text: &'t str, line: usize) -> &'t str {
        text.get(self.start(line)..self.end(line))
            .unwrap_or_default()
    }

    /// Returns how many lines there are.
    pub const fn count(&self) -> usize {
        self.starts.len()
    }

    /// Returns the offset of a line and a column in bytes, both from 1.
    pub fn offset(&self, line: usize, column: usize) -> usize {
        (self.start(line) + column.saturating_sub(1)).min(self.end(line))
    }
}

/// The way from a text that is judged back to the file it was cut from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map {
    /// Offsets of the text where a stretch begins, with its offset in the file, ascending; none: the text is the file.
    anchors: Vec<(usize, usize)>,
    /// Everything stands here, whatever its offset.
    fixed: Option<(usize, usize)>,
}

impl Map {
    /// Returns the map of a text that stands at an offset of the file.
    pub fn at(offset: usize) -> Self {
        Self {
            anchors: vec![(0, offset)],
            fixed: None,
        }
    }

    /// Returns the map of a text that only stands for a stretch of the file.
    pub const fn of(start: usize, end: usize) -> Self {
        Self {
            anchors: Vec::new(),
            fixed: Some((start, end)),
        }
    }

    /// Notes that the text goes on, from `text`, with what stands at `file`.
    pub fn anchor(&mut self, text: usize, file: usize) {
        let continues = self
            .anchors
            .last()
            .is_some_and(|(at, from)| text >= *at && file == from + (text - at));
        if !continues {
            self.anchors.push((text, file));
        }
    }

    /// Returns the place in the file of a span of the text.
    pub fn span(&self, start: usize, end: usize) -> (usize, usize) {
        if let Some(place) = self.fixed {
            return place;
        }
        let from = self.offset(start);
        let to = end
            .checked_sub(1)
            .map_or(from, |last| self.offset(last) + 1);
        (from, to.max(from))
    }

    fn offset(&self, at: usize) -> usize {
        let index = self.anchors.partition_point(|(text, _)| *text <= at);
        match index
            .checked_sub(1)
            .and_then(|index| self.anchors.get(index))
        {
            Some((text, file)) => file + (at - text),
            None => at,
        }
    }

    /// Returns where the stretches of a part of the text begin, each with its place in the file.
    pub fn within(&self, from: usize, to: usize) -> Vec<(usize, usize)> {
        let mut all = vec![(from, self.span(from, from).0)];
        let first = self.anchors.partition_point(|(text, _)| *text <= from);
        let last = self.anchors.partition_point(|(text, _)| *text < to);
        all.extend(self.anchors.get(first..last).unwrap_or_default());
        all
    }
}

/// Returns a text in which everything outside the kept ranges is blank; line ends stay, so that offsets, lines and columns hold.
pub fn masked(text: &str, keep: &[(usize, usize)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (start, end) in keep {
        blank(text.get(at..*start).unwrap_or_default(), &mut out);
        out.push_str(text.get((*start).max(at)..*end).unwrap_or_default());
        at = (*end).max(at);
    }
    blank(text.get(at..).unwrap_or_default(), &mut out);
    out
}

fn blank(text: &str, out: &mut String) {
    out.extend(
        text.bytes()
            .map(|byte| if byte == b'\n' { '\n' } else { ' ' }),
    );
}

/// Returns the ranges of a text that the given ones leave out.
pub fn others(length: usize, ranges: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut all = Vec::new();
    let mut at = 0;
    for (start, end) in ranges {
        if *start > at {
            all.push((at, *start));
        }
        at = at.max(*end);
    }
    if at < length {
        all.push((at, length));
    }
    all
}

/// Returns the map of a decoded text onto the raw text that it was written as, which stands at `offset` of the file.
///
/// It walks both side by side: indentation, line folds, quotes and escapes of the raw text are passed over.
pub fn aligned(decoded: &str, raw: &str, offset: usize) -> Map {
    let mut map = Map {
        anchors: vec![(0, offset)],
        fixed: None,
    };
    let mut rest = raw.char_indices().peekable();
    for (text, char) in decoded.char_indices() {
        if char.is_whitespace() {
            while let Some((at, next)) = rest.peek().copied() {
                if !next.is_whitespace() {
                    break;
                }
                rest.next();
                if next == char {
                    map.anchor(text, offset + at);
                    break;
                }
            }
            continue;
        }
        while let Some((at, next)) = rest.next() {
            if next == char {
                map.anchor(text, offset + at);
                // A doubled single quote stands for one.
                if char == '\''
                    && rest.peek().is_some_and(|(_, next)| *next == '\'')
                    && !decoded
                        .get(text + 1..)
                        .is_some_and(|rest| rest.starts_with('\''))
                {
                    rest.next();
                }
                break;
            }
            let passes = next.is_whitespace() || matches!(next, '\\' | '"' | '\'' | '|' | '>');
            if !passes {
                map.anchor(text, offset + at);
                break;
            }
        }
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_in_every_encoding_that_people_save_in() {
        let wide = |text: &str, big: bool| -> Vec<u8> {
            text.encode_utf16()
                .flat_map(|unit| {
                    if big {
                        unit.to_be_bytes()
                    } else {
                        unit.to_le_bytes()
                    }
                })
                .collect()
        };
        let mut little = vec![0xFF, 0xFE];
        little.extend(wide("é\r\nb", false));
        assert_eq!(decode(&little).as_deref(), Some("é\nb"));
        let mut big = vec![0xFE, 0xFF];
        big.extend(wide("ab", true));
        assert_eq!(decode(&big).as_deref(), Some("ab"));
        assert_eq!(decode(&wide("DROP", false)).as_deref(), Some("DROP"));
        assert_eq!(decode(b"\xEF\xBB\xBFab").as_deref(), Some("ab"));
        assert_eq!(decode(b"\x7fELF\0\0\0\x01\x02\0\0"), None);
        assert_eq!(decode(b"caf\xe9").as_deref(), Some("caf\u{fffd}"));
    }

    #[test]
    fn columns_count_characters_and_lines_survive_crlf() {
        let text = decode("a\r\né😀 DROP".as_bytes()).unwrap();
        let lines = Lines::of(&text);
        let at = text.find("DROP").unwrap();
        assert_eq!(lines.place(&text, at), (2, 4));
        assert_eq!(lines.text(&text, 2), "é😀 DROP");
        assert_eq!(lines.place(&text, 999), (2, 8));
    }

    #[test]
    fn a_masked_text_keeps_every_offset() {
        let text = "é up\ndown\nup";
        let kept = masked(text, &[(0, 6), (11, 13)]);
        assert_eq!(kept.len(), text.len());
        assert_eq!(kept, "é up\n    \nup");
        assert_eq!(others(text.len(), &[(6, 11)]), [(0, 6), (11, 13)]);
    }

    #[test]
    fn a_decoded_text_finds_its_way_through_indentation_quotes_and_escapes() {
        let raw = "|\n    cd x\n    rm -rf data\n";
        let text = "cd x\nrm -rf data\n";
        let (start, end) = aligned(text, raw, 100).span(5, 16);
        assert_eq!(
            (start, end),
            (
                100 + raw.find("rm").unwrap(),
                100 + raw.find("data").unwrap() + 4
            )
        );
        let raw = r#""psql -c \"DROP TABLE x\"""#;
        let text = r#"psql -c "DROP TABLE x""#;
        let at = text.find("DROP").unwrap();
        assert_eq!(
            aligned(text, raw, 0).span(at, at + 4).0,
            raw.find("DROP").unwrap()
        );
        let raw = "'psql -c ''DROP'' x'";
        let text = "psql -c 'DROP' x";
        assert_eq!(aligned(text, raw, 0).span(15, 16).0, raw.find('x').unwrap());
    }
}
