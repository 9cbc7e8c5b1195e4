//! Compressed texts, read as they were before: gzip, xz and zstd, told apart by their first bytes.
//!
//! A file may be several compressed texts after each other; they are read as one. What unpacking may take of memory is
//! bounded by what the tools' own highest ordinary levels need (`xz -9`, `zstd -19`); what needs more is an error.

use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;
use lzma_rust2::XzReader;
use zstd::Decoder;

/// The dictionary of `xz -9` is 64 MiB, and its decoder needs a little beside it (xz(1)).
const XZ_KIB: u32 = 66 * 1024;
/// The window of `zstd -19` is 8 MiB (zstd(1)); the long-distance mode goes beyond.
const ZSTD_WINDOW_LOG: u32 = 23;

/// How a text was compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    Gzip,
    Xz,
    Zstd,
}

impl Packing {
    /// By a file's first bytes: RFC 1952, the .xz file format, RFC 8878.
    fn of(start: &[u8]) -> Option<Self> {
        let magics: [(&[u8], Self); 3] = [
            (&[0x1f, 0x8b], Self::Gzip),
            (&[0xfd, b'7', b'z', b'X', b'Z', 0], Self::Xz),
            (&[0x28, 0xb5, 0x2f, 0xfd], Self::Zstd),
        ];
        magics.into_iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, packing)| packing)
    }
}

/// The text of `source`, unpacked where it is packed.
///
/// # Errors
/// It cannot be read. Whether it is whole shows while it is read.
pub(crate) fn text<'r>(mut source: impl BufRead + Send + 'r) -> io::Result<Box<dyn Read + Send + 'r>> {
    Ok(match Packing::of(source.fill_buf()?) {
        None => Box::new(source),
        Some(Packing::Gzip) => Box::new(MultiGzDecoder::new(source)),
        Some(Packing::Xz) => Box::new(XzReader::new_mem_limit(source, true, XZ_KIB)),
        Some(Packing::Zstd) => {
            let mut decoder = Decoder::with_buffer(source)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG)?;
            Box::new(decoder)
        }
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use super::*;

    /// What the system's own tool makes of `text`.
    fn packed(tool: &[&str], text: &[u8]) -> Vec<u8> {
        let (program, arguments) = tool.split_first().unwrap();
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|fault| panic!("{program}: {fault}"));
        child.stdin.take().unwrap().write_all(text).unwrap();
        child.wait_with_output().unwrap().stdout
    }

    fn read(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut unpacked = Vec::new();
        text(bytes)?.read_to_end(&mut unpacked)?;
        Ok(unpacked)
    }

    #[test]
    fn what_the_tools_packed_is_read_as_it_was_and_a_torn_file_says_so() {
        let text = "Nov 25 03:00:00 host sshd[7]: Failed password for root\n".repeat(400).into_bytes();
        assert_eq!(read(&text).unwrap(), text, "plain text is itself");
        for tool in
            [&["gzip", "-9"][..], &["xz", "-9"], &["xz", "-6"], &["zstd", "-19", "-q"], &["zstd", "-q"]]
        {
            let one = packed(tool, &text);
            assert!(one.len() < text.len() / 4, "{tool:?}");
            assert_eq!(read(&one).unwrap(), text, "{tool:?}");
            assert_eq!(read(&[&one[..], &one].concat()).unwrap(), text.repeat(2), "{tool:?} twice");
            assert!(read(&one[..one.len() - 9]).is_err(), "{tool:?} torn");
        }
        assert!(read(&[]).unwrap().is_empty());
    }

    #[test]
    fn what_would_take_too_much_memory_is_refused() {
        let packed = packed(&["zstd", "--ultra", "--long=27", "-q", "-3"], &vec![b'x'; 200 * 1024 * 1024]);
        let mut text = text(&packed[..]).unwrap();
        let fault = std::iter::repeat_with(|| text.read(&mut [0; 65536])).find_map(Result::err).unwrap();
        assert!(fault.to_string().to_lowercase().contains("memory"), "{fault}");
    }
}
