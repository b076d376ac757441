//! Round trips of odd entries, in pieces of every size, and archives that are cut.
//! No file is touched.

use super::*;

#[derive(Default)]
struct Seen(Vec<(Entry, Vec<u8>)>);
impl Sink for Seen {
    fn entry(&mut self, entry: Entry) -> Result<(), ScanError> {
        self.0.push((entry, Vec::new()));
        Ok(())
    }
    fn data(&mut self, offset: u64, bytes: &[u8]) -> Result<(), ScanError> {
        let data = &mut self.0.last_mut().unwrap().1;
        data.resize(data.len().max(offset as usize + bytes.len()), 0);
        data[offset as usize..][..bytes.len()].copy_from_slice(bytes);
        Ok(())
    }
    fn end(&mut self) -> Result<(), ScanError> {
        Ok(())
    }
}

fn archive(entries: &[(Entry, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (entry, data) in entries {
        out.extend(entry.encode());
        out.extend_from_slice(data);
        out.resize(out.len() + padding(data.len() as u64), 0);
    }
    out.extend(END);
    out
}

fn odd() -> Vec<(Entry, &'static [u8])> {
    let file = Entry {
        path: b"a\nb\xff".to_vec(),
        mode: 0o4755,
        uid: 3_000_000,
        size: 5,
        seconds: -2,
        nanos: 500_000_001,
        xattrs: vec![(b"user.a=%b".to_vec(), b"x\n\0=y".to_vec())],
        ..Entry::default()
    };
    let deep = Entry {
        path: vec![b'd'; 300],
        kind: Kind::Directory,
        mode: 0o700,
        seconds: 5,
        ..Entry::default()
    };
    let link = Entry {
        path: b"l".to_vec(),
        kind: Kind::Symlink,
        mode: 0o777,
        link: vec![b'/'; 200],
        ..Entry::default()
    };
    let sparse = Entry {
        path: b"holes".to_vec(),
        mode: 0o600,
        size: 1 << 20,
        segments: Some(vec![(4096, 3), (8192, 600)]),
        ..Entry::default()
    };
    vec![
        (file, b"hello"),
        (deep, b""),
        (link, b""),
        (sparse, &[7; 603]),
    ]
}

#[test]
fn entries_come_out_as_they_went_in_whatever_the_pieces() {
    let odd = odd();
    let whole = archive(&odd);
    for piece in [1, 7, 512, 1000, whole.len()] {
        let (mut parser, mut seen) = (Parser::default(), Seen::default());
        for part in whole.chunks(piece) {
            parser.feed(part, &mut seen).unwrap();
        }
        parser.finish().unwrap();
        let entries: Vec<_> = seen.0.iter().map(|(entry, _)| entry.clone()).collect();
        assert_eq!(
            entries,
            odd.iter().map(|(e, _)| e.clone()).collect::<Vec<_>>()
        );
        assert_eq!(seen.0[0].1, b"hello");
        assert_eq!(seen.0[3].1.len(), 8792);
    }
}

#[test]
fn an_archive_cut_anywhere_is_refused() {
    let whole = archive(&odd());
    for end in 0..whole.len() {
        let (mut parser, mut seen) = (Parser::default(), Seen::default());
        let fed = parser.feed(&whole[..end], &mut seen);
        assert!(fed.and_then(|()| parser.finish()).is_err(), "cut at {end}");
    }
}

#[test]
fn bytes_after_the_end_are_refused() {
    let mut whole = archive(&odd());
    whole.push(0);
    let (mut parser, mut seen) = (Parser::default(), Seen::default());
    assert!(parser.feed(&whole, &mut seen).is_err());
}

#[test]
fn times_keep_their_nanoseconds_on_both_sides_of_1970() {
    for (seconds, nanos) in [(0, 0), (5, 1), (-1, 999_999_999), (-7, 0), (-1, 1)] {
        assert_eq!(parse_time(&time(seconds, nanos)), Some((seconds, nanos)));
    }
}
