//! `enrol URL TOKEN`: makes this host a collector's, and tells a daemon that runs already.

use std::io::Read;
use std::path::Path;

use super::arguments::Enrol;
use super::{Config, Ended, Exit, Failure};
use crate::control::{Question, ask};
use crate::host;
use crate::output;
use crate::store::Store;
use crate::uplink::UplinkFault;
use crate::uplink::enrol::{Application, enrol};
use nearmiss_agent_probe::Clock;

/// No token is longer.
const MAX_TOKEN_BYTES: u64 = 4096;

pub(super) async fn run(file: &Config, options: Enrol) -> Ended {
    let settings = file.load()?;
    let token = token(&options.token)?;
    let clock = Clock::from_environment();
    let store = Store::open(&settings.state).await.map_err(Failure::unreachable)?;
    let identity = store.identity(clock.wall()).await.map_err(Failure::unreachable)?;
    if let (Some(before), None) = (&identity.enrolment, &options.replace) {
        let (place, url) = (before.place(), &before.url);
        let why = format!("this host is enrolled at {place} ({url}) already; --replace HOST enrols it anew");
        return Err(Failure::no(why));
    }
    let application = Application {
        url: options.url,
        token,
        hostname: host::name(),
        replace: options.replace,
        insecure: settings.config.collector.insecure,
        ca_file: settings.config.collector.ca_file.clone(),
    };
    let enrolment = enrol(application, &identity, &clock).await.map_err(|fault| match fault {
        UplinkFault::Address(_) | UplinkFault::Insecure | UplinkFault::Authority { .. } => {
            Failure::usage(fault)
        }
        UplinkFault::Refused { .. } => Failure::no(fault),
        fault => Failure::unreachable(fault),
    })?;
    store.enrol(&enrolment, identity.store).await.map_err(Failure::unreachable)?;
    store.close().await;
    output::line(&format!("enrolled as {} at {}", enrolment.host, enrolment.place()))?;
    // A daemon that is not running reads it at its start.
    if ask(&settings.control, &Question::Reload).await.is_ok() {
        output::line("the running agent reports to it from now on")?;
    }
    Ok(Exit::Fine)
}

/// From standard input, a file, or as typed.
fn token(given: &str) -> Result<String, Failure> {
    let mut text = String::new();
    let read = match given {
        "-" => std::io::stdin().take(MAX_TOKEN_BYTES).read_to_string(&mut text).map(drop),
        path if Path::new(path).is_file() => std::fs::File::open(path)
            .and_then(|file| file.take(MAX_TOKEN_BYTES).read_to_string(&mut text))
            .map(drop),
        typed => {
            typed.clone_into(&mut text);
            Ok(())
        }
    };
    read.map_err(|fault| Failure::unreachable(format!("the token cannot be read: {fault}")))?;
    match text.trim() {
        "" => Err(Failure::usage("the token is empty")),
        token => Ok(token.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_typed_or_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "secret\n").unwrap();
        assert_eq!(token(&file.to_string_lossy()).unwrap(), "secret");
        assert_eq!(token("typed").unwrap(), "typed");
        std::fs::write(&file, "\n").unwrap();
        assert_eq!(token(&file.to_string_lossy()).unwrap_err().exit, Exit::Usage);
    }
}
