//! The log rules a bare install has, in packs by what writes the lines. A rule of the same name in `rules.d` replaces one.
//!
//! Each pack lies beside this file, and what its rules must match and must leave alone in `lines/`: lines of real programs that
//! were made to fail. Every pattern holds a text that is looked for (see [`super::search`]), so that many rules cost about as
//! much as one.

macro_rules! packs {
    ($($name:literal),+ $(,)?) => {
        [$((concat!("shipped:", $name), include_str!(concat!("shipped/", $name, ".toml")))),+]
    };
}

/// Rules files, by the names that people are told: `shipped:auth`.
pub const SHIPPED_PACKS: [(&str, &str); 7] =
    packs!["auth", "kernel", "systemd", "database", "web", "backup", "mail"];

#[cfg(test)]
mod tests;
