//! A list of SHA-256 sums as sha256sum(1) writes it, plain, escaped or with `--tag`.

use std::collections::BTreeMap;

/// SHA-256, 64 small hexadecimal digits, by absolute path.
pub type Sums = BTreeMap<String, String>;

/// Files that one manifest may name.
pub const MAX_FILES: usize = 2_000;

/// Reads a manifest that lies in `folder`.
///
/// # Errors
/// The line that is none of a manifest, or why the whole is not taken.
pub fn parse(text: &str, folder: &str) -> Result<Sums, String> {
    let mut sums = Sums::new();
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim_end_matches('\r')));
    for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#')) {
        let (sha256, name) = entry(line).ok_or_else(|| format!("line {number} is no SHA-256 and name"))?;
        if name.split('/').any(|part| part == "..") {
            return Err(format!("line {number} names a file outside its folder"));
        }
        let name = name.strip_prefix("./").unwrap_or(&name);
        let path = if name.starts_with('/') { name.to_owned() } else { format!("{folder}/{name}") };
        sums.insert(path, sha256);
        if sums.len() > MAX_FILES {
            return Err(format!("it names more than {MAX_FILES} files"));
        }
    }
    if sums.is_empty() { Err("it names no file".to_owned()) } else { Ok(sums) }
}

fn entry(line: &str) -> Option<(String, String)> {
    let (line, escaped) = match line.strip_prefix('\\') {
        Some(line) => (line, true),
        None => (line, false),
    };
    let (sha256, name) = match line.strip_prefix("SHA256 (") {
        Some(tagged) => tagged.rsplit_once(") = ").map(|(name, sha256)| (sha256, name))?,
        // Two letters part them: a blank, and a blank or the star of binary mode.
        None => {
            let (sha256, rest) = line.split_once(' ')?;
            (sha256, rest.strip_prefix([' ', '*'])?)
        }
    };
    let is_sum = sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
    let name = if escaped { unescaped(name)? } else { name.to_owned() };
    (is_sum && !name.is_empty()).then(|| (sha256.to_ascii_lowercase(), name))
}

fn unescaped(name: &str) -> Option<String> {
    let mut plain = String::new();
    let mut letters = name.chars();
    while let Some(letter) = letters.next() {
        plain.push(match letter {
            '\\' => match letters.next()? {
                'n' => '\n',
                'r' => '\r',
                '\\' => '\\',
                _ => return None,
            },
            letter => letter,
        });
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUM: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn what_sha256sum_prints_is_read() {
        // `sha256sum`, `sha256sum -b`, `sha256sum --tag`, and a name with a line break.
        let text = format!(
            "# calibration\n{SUM}  a.dat\n{SUM} *./b.dat\nSHA256 (c (1).dat) = {SUM}\n\\{SUM}  d\\ne\n{SUM}  /x/f\n\n"
        );
        let sums = parse(&text, "/cal").unwrap();
        let paths: Vec<&str> = sums.keys().map(String::as_str).collect();
        assert_eq!(paths, ["/cal/a.dat", "/cal/b.dat", "/cal/c (1).dat", "/cal/d\ne", "/x/f"]);
        assert!(sums.values().all(|sum| sum == SUM));
    }

    #[test]
    fn what_is_no_manifest_is_said_with_its_line() {
        for (text, why) in [
            (format!("{SUM}  a\nd41d8cd98f00b204e9800998ecf8427e  b\n"), "line 2 is no SHA-256"),
            (format!("{SUM}  ../etc/shadow\n"), "line 1 names a file outside"),
            ("\n".to_owned(), "it names no file"),
            ("PK\u{3}\u{4}".to_owned(), "line 1 is no SHA-256"),
        ] {
            assert!(parse(&text, "/cal").unwrap_err().starts_with(why), "{text}");
        }
    }
}
