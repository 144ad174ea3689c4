//! Reading, comparing and converting take memory that does not grow with the file.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::io::{self, Read};

use dzinza_gedcom::compare::compare;
use dzinza_gedcom::convert::convert_file;
use dzinza_gedcom::{Reader, Version};

const PEOPLE: usize = 8_000;
/// As records the file's 2 MB would take many times that; this is enough for the few bytes of each xref.
const MOST: u64 = 4 << 20;

/// A file that is nowhere as a whole.
struct People {
    next: usize,
    ready: Vec<u8>,
    at: usize,
}

impl People {
    fn new() -> Self {
        Self { next: 0, ready: b"0 HEAD\n1 GEDC\n2 VERS 5.5.1\n1 CHAR UTF-8\n".to_vec(), at: 0 }
    }
}

impl Read for People {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.at == self.ready.len() {
            self.ready.clear();
            self.at = 0;
            let n = self.next;
            self.next += 1;
            if n < PEOPLE {
                let (year, note) = (1700 + n % 300, "words and words ".repeat(8));
                let family = n / 4;
                self.ready.extend(
                    format!(
                        "0 @I{n}@ INDI\n1 NAME Rudo {n} /Moyo/\n1 BIRT\n2 DATE INT {year} (flood)\n1 NOTE {note}\n1 FAMC @F{family}@\n"
                    )
                    .bytes(),
                );
            } else if n < PEOPLE + PEOPLE / 4 {
                self.ready.extend(format!("0 @F{}@ FAM\n", n - PEOPLE).bytes());
            } else if n == PEOPLE + PEOPLE / 4 {
                self.ready.extend(b"0 TRLR\n");
            }
        }
        let n = buf.len().min(self.ready.len() - self.at);
        buf[..n].copy_from_slice(&self.ready[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

/// The most memory this process ever had, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[test]
fn memory_does_not_grow_with_the_file() {
    let before = peak();
    let mut bytes = 0;
    for record in Reader::new(People::new()).unwrap() {
        bytes += record.unwrap().to_gedcom().len();
    }
    assert!(bytes > 1_200_000);
    let read = peak() - before;
    let kept = compare(People::new(), People::new(), 10).unwrap();
    assert_eq!(kept.kept, kept.lines);
    let compared = peak() - before;
    let mut losses = 0;
    convert_file(People::new(), People::new(), Version::V70, &mut io::sink(), |_| losses += 1).unwrap();
    assert_eq!(losses, 0);
    let converted = peak() - before;
    assert!(converted <= MOST, "reading {read}, comparing {compared}, converting {converted} bytes");
}
