//! Certificates made by OpenSSL, and OpenSSL's own server to show them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::process::{Process, run};

/// What `openssl ca` wants to know.
const CONFIG: &str = "[ca]\ndefault_ca = story\n[story]\nnew_certs_dir = .\ndatabase = index\nserial = serial\n\
                      default_md = sha256\npolicy = any\nunique_subject = no\ncopy_extensions = copy\n\
                      [any]\ncommonName = supplied\n";

/// An authority of one story, in its folder.
pub struct Authority {
    folder: PathBuf,
}

impl Authority {
    /// A new one, in force for ten years.
    pub fn new(folder: &Path) -> Result<Self> {
        let authority = Self { folder: folder.to_owned() };
        fs::write(folder.join("ca.cnf"), CONFIG)?;
        fs::write(folder.join("index"), "")?;
        fs::write(folder.join("serial"), "01\n")?;
        authority.openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 3650 \
             -subj /CN=story-authority",
        )?;
        Ok(authority)
    }

    /// The authority's certificate.
    pub fn certificate(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// A certificate for `localhost` from and until these instants (`YYYYMMDDHHMMSSZ`), in `NAME.pem` and `NAME.key`.
    pub fn sign(&self, name: &str, from: &str, until: &str) -> Result<()> {
        self.openssl(&format!(
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {name}.key -out {name}.csr \
             -subj /CN={name} -addext subjectAltName=DNS:localhost"
        ))?;
        self.openssl(&format!(
            "ca -batch -config ca.cnf -cert ca.pem -keyfile ca.key -notext -in {name}.csr -out {name}.pem \
             -startdate {from} -enddate {until}"
        ))
    }

    /// `openssl s_server` with the certificate `name` and the authority's beside it.
    pub fn serve(&self, name: &str, port: u16) -> Result<Process> {
        let mut command = Command::new("openssl");
        command.current_dir(&self.folder).args([
            "s_server",
            "-quiet",
            "-accept",
            &format!("127.0.0.1:{port}"),
        ]);
        command.args([
            "-cert",
            &format!("{name}.pem"),
            "-key",
            &format!("{name}.key"),
            "-cert_chain",
            "ca.pem",
        ]);
        Process::start(command, &self.folder.join("s_server.log"))
    }

    fn openssl(&self, arguments: &str) -> Result<()> {
        let folder = self.folder.display();
        run("sh", ["-c", &format!("cd {folder} && exec openssl {arguments}")]).map(drop)
    }
}
