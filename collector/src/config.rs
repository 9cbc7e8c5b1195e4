//! `collector.toml`: its keys, their defaults, and every fault at once.
//!
//! Layered by `config`: the file, then the environment (`NEARMISS_COLLECTOR__SERVER__LISTEN`). The file is walked with
//! its spans first, so that unknown keys and wrong values are told together with file and line.

mod walk;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use config::{Environment, File, FileFormat};
use nearmiss_case::words::MessageKind;
use nearmiss_store::Place;
use serde::Deserialize;

use nearmiss_shared::fault::Faults;

pub use walk::{DatabaseUrl, MailServer, Secure};

/// Where the configuration is when no `--config` says otherwise.
pub const DEFAULT_FILE: &str = "/etc/nearmiss/collector.toml";
const ENVIRONMENT: &str = "NEARMISS_COLLECTOR";

/// The configuration, checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct Config {
    /// The folder of database and evidence.
    pub data: PathBuf,
    pub server: Server,
    /// A PostgreSQL; without it the database is a file of the data folder.
    pub database: Option<Database>,
    pub mail: Option<Mail>,
    pub webhook: Vec<Webhook>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("/var/lib/nearmiss-collector"),
            server: Server::default(),
            database: None,
            mail: None,
            webhook: Vec::new(),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct Server {
    pub listen: SocketAddr,
    /// Where people reach it; `http://LISTEN` when empty.
    pub public_url: String,
}

impl Default for Server {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 8321)), public_url: String::new() }
    }
}

/// A PostgreSQL server.
#[derive(Clone, Debug, Deserialize)]
pub struct Database {
    pub url: DatabaseUrl,
    /// A file with the password: never in the configuration itself.
    #[serde(default)]
    pub password_file: PathBuf,
}

/// How mail leaves. Without it messages wait in the outbox.
#[derive(Clone, Debug, Deserialize)]
pub struct Mail {
    pub server: MailServer,
    pub from: String,
    #[serde(default)]
    pub username: String,
    /// A file with the password: never in the configuration itself.
    #[serde(default)]
    pub password_file: PathBuf,
}

/// A receiver of signed webhooks (Standard Webhooks).
#[derive(Clone, Debug, Deserialize)]
pub struct Webhook {
    pub name: String,
    pub url: String,
    /// A file with `whsec_BASE64`.
    pub secret_file: PathBuf,
    /// Which messages it gets; all when empty.
    #[serde(default)]
    pub kinds: Vec<MessageKind>,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigFault {
    #[error("{0}")]
    Faults(#[from] Faults),
    #[error("{path} cannot be read: {fault}")]
    Unreadable { path: PathBuf, fault: io::Error },
    #[error("[mail]: {0}")]
    Mail(String),
    #[error("the configuration does not fit together: {0}")]
    Layers(#[from] config::ConfigError),
}

impl Config {
    /// Reads the file and the environment. Without `file` the default one is read where it exists; a file that was named
    /// must exist.
    ///
    /// # Errors
    /// All faults of the file together.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigFault> {
        let path = file.unwrap_or(Path::new(DEFAULT_FILE));
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(fault) if file.is_none() && fault.kind() == io::ErrorKind::NotFound => String::new(),
            Err(fault) => return Err(ConfigFault::Unreadable { path: path.to_owned(), fault }),
        };
        let faults = walk::faults(&path.display().to_string(), &text);
        if !faults.is_empty() {
            return Err(Faults(faults).into());
        }
        let environment = Environment::with_prefix(ENVIRONMENT).separator("__").try_parsing(true);
        let layers = config::Config::builder()
            .add_source(File::from_str(&text, FileFormat::Toml))
            .add_source(environment);
        Ok(layers.build()?.try_deserialize()?)
    }

    /// Where people reach the collector that listens at `bound`.
    pub fn public_url(&self, bound: SocketAddr) -> String {
        match self.server.public_url.trim_end_matches('/') {
            "" => format!("http://{bound}"),
            url => url.to_owned(),
        }
    }

    /// Where the database is.
    ///
    /// # Errors
    /// The password's file cannot be read.
    pub fn place(&self) -> Result<Place, ConfigFault> {
        let Some(database) = &self.database else { return Ok(Place::File(self.data.join("collector.db"))) };
        let mut url = database.url.0.clone();
        if !database.password_file.as_os_str().is_empty() {
            let password = secret(&database.password_file)?;
            // Of a URL with a host, which this one has, it is never refused.
            url.set_password(Some(&password)).unwrap_or_default();
        }
        Ok(Place::Server(url))
    }

    pub fn evidence(&self) -> PathBuf {
        self.data.join("evidence")
    }

    /// Parts of bundles that are not closed yet.
    pub fn incoming(&self) -> PathBuf {
        self.data.join("incoming")
    }

    /// Tells, by its URL, that the collector listens.
    pub fn address_file(&self) -> PathBuf {
        self.data.join("collector.address")
    }
}

/// What a file with one secret holds.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn secret(file: &Path) -> Result<String, ConfigFault> {
    let text = std::fs::read_to_string(file);
    let text = text.map_err(|fault| ConfigFault::Unreadable { path: file.to_owned(), fault })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Config, ConfigFault> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("collector.toml");
        std::fs::write(&file, text).unwrap();
        Config::load(Some(&file))
    }

    #[test]
    fn a_whole_file_is_read_and_an_empty_one_has_defaults() {
        let config = load(
            "data = \"/x\"\n[server]\nlisten = \"127.0.0.1:0\"\npublic_url = \"https://near.example/\"\n\
             [mail]\nserver = \"smtp://127.0.0.1:25\"\nfrom = \"nearmiss@provider.example\"\n\
             [[webhook]]\nname = \"chat\"\nurl = \"https://chat.example/in\"\nsecret_file = \"/s\"\nkinds = [\"page\"]\n",
        )
        .unwrap();
        assert_eq!(config.place().unwrap(), Place::File("/x/collector.db".into()));
        assert_eq!(config.public_url("127.0.0.1:9".parse().unwrap()), "https://near.example");
        assert_eq!(config.mail.unwrap().server.port, 25);
        assert_eq!(config.webhook[0].kinds, [MessageKind::Page]);
        let plain = load("").unwrap();
        assert_eq!(plain.public_url("127.0.0.1:8321".parse().unwrap()), "http://127.0.0.1:8321");
        assert!(plain.mail.is_none());
    }

    #[test]
    fn every_fault_is_told_with_its_line() {
        let text = "dat = \"/x\"\n[server]\nlisten = \"nowhere\"\n[mail]\nfrom = 3\n\
                    server = \"smtp://mail.example\"\n[[webhook]]\nurl = \"ftp://x\"\nkinds = [\"pag\"]\n";
        let told = load(text).unwrap_err().to_string();
        for fault in [
            "collector.toml:1: unknown key `dat`",
            "did you mean `data`?",
            "collector.toml:3: `listen` is \"nowhere\"",
            "collector.toml:5: `from` is integer `3`",
            "collector.toml:6: `server` is \"smtp://mail.example\"",
            "collector.toml:7: `name` is missing",
            "collector.toml:7: `secret_file` is missing",
            "collector.toml:8: `url` is \"ftp://x\"",
            "collector.toml:9: `pag`",
        ] {
            assert!(told.contains(fault), "{fault} is not in:\n{told}");
        }
    }

    #[test]
    fn a_name_at_the_mail_server_has_a_password_and_a_password_a_name() {
        let mail = "[mail]\nserver = \"smtps://mail.example\"\nfrom = \"n@p.example\"\n";
        let (name, password) = ("username = \"n\"\n", "password_file = \"/p\"\n");
        assert!(load(mail).is_ok() && load(&format!("{mail}{name}{password}")).is_ok());
        for (half, missing) in [(name, "`password_file` is missing"), (password, "`username` is missing")] {
            let told = load(&format!("{mail}{half}")).unwrap_err().to_string();
            assert!(told.contains(&format!("collector.toml:1: {missing}")), "{told}");
        }
    }

    #[test]
    fn a_database_has_its_password_in_a_file_and_tells_it_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "a secret/@:\n").unwrap();
        let url = "postgres://nearmiss@db.example:5433/near?sslmode=verify-full";
        let text = format!("[database]\nurl = \"{url}\"\npassword_file = \"{}\"\n", file.display());
        let config = load(&text).unwrap();
        let place = config.place().unwrap();
        let Place::Server(full) = &place else { panic!("{place}") };
        assert_eq!(full.as_str(), url.replace("nearmiss@", "nearmiss:a%20secret%2F%40%3A@"));
        assert_eq!(format!("{place} {place:?}").matches("the database `near` at db.example").count(), 2);
        assert!(!format!("{config:?} {place:?}").contains("secret"), "{place:?}");
        for (wrong, fault) in [
            ("mysql://db.example/near", "postgres://USER@HOST[:PORT]/DATABASE is expected"),
            ("postgres://db.example", "postgres://USER@HOST[:PORT]/DATABASE is expected"),
            ("postgres://n:hidden@db.example/near", "put the password into `password_file`"),
        ] {
            let told = load(&format!("[database]\nurl = \"{wrong}\"\n")).unwrap_err().to_string();
            assert!(told.contains("collector.toml:2: `url`") && told.contains(fault), "{told}");
            assert!(!told.contains("hidden"), "{told}");
        }
    }

    #[test]
    fn a_webhook_is_named_once() {
        let hook = "[[webhook]]\nname = \"chat\"\nurl = \"https://x\"\nsecret_file = \"/s\"\n";
        assert_eq!(load(hook).unwrap().webhook.len(), 1);
        let told = load(&hook.repeat(2)).unwrap_err().to_string();
        assert!(told.contains("collector.toml:5: webhook `chat` stands here twice"), "{told}");
    }

    #[test]
    fn a_file_that_was_named_must_exist() {
        let told = Config::load(Some(Path::new("/nowhere/collector.toml"))).unwrap_err();
        assert!(told.to_string().starts_with("/nowhere/collector.toml cannot be read"), "{told}");
    }
}
