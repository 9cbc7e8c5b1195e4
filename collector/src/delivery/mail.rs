//! Mail by SMTP: one receiver a mail, a Message-ID that every retry repeats.

use std::time::{Duration, SystemTime};

use lettre::message::header::{ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use nearmiss_shared::time::Timestamp;

use super::SendFault;
use crate::config::{ConfigFault, Mail, Secure, secret};

const TIMEOUT: Duration = Duration::from_secs(30);

/// One mail, ready but for its head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub to_name: String,
    pub to_address: String,
    pub subject: String,
    pub text: String,
    /// An iCalendar object and its method.
    pub calendar: Option<(String, &'static str)>,
    /// The same for every attempt.
    pub id: String,
    pub at: Timestamp,
    pub urgent: bool,
}

/// The way to the configured mail server.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// # Errors
    /// The password's file cannot be read, or TLS cannot be set up.
    pub fn new(mail: &Mail) -> Result<Self, ConfigFault> {
        let host = &mail.server.host;
        let builder = match mail.server.secure {
            Secure::Plain => Ok(AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host.as_str())),
            Secure::Tls => AsyncSmtpTransport::<Tokio1Executor>::relay(host),
            Secure::StartTls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(host),
        };
        let builder = builder.map_err(|fault| ConfigFault::Mail(format!("TLS cannot be set up: {fault}")))?;
        let mut builder = builder.port(mail.server.port).timeout(Some(TIMEOUT));
        if !mail.username.is_empty() {
            let password = secret(&mail.password_file)?;
            builder = builder.credentials(Credentials::new(mail.username.clone(), password));
        }
        let from = mail.from.parse();
        let from = from.map_err(|_| ConfigFault::Mail(format!("`from`: `{}` is no address", mail.from)))?;
        Ok(Self { transport: builder.build(), from })
    }

    pub(super) async fn send(&self, letter: Letter) -> Result<(), SendFault> {
        let message = compose(&self.from, letter)?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(fault) if fault.is_permanent() => {
                Err(SendFault::permanent(format!("the mail server refuses: {fault}")))
            }
            Err(fault) => Err(SendFault::passing(format!("the mail server does not take it: {fault}"))),
        }
    }
}

/// Automatic mail is answered by nobody's holiday notice (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// The importance that mail programs show.
#[derive(Clone)]
struct Importance(&'static str);

impl Header for Importance {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Importance")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self("normal"))
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), self.0.to_owned())
    }
}

fn compose(from: &Mailbox, letter: Letter) -> Result<Message, SendFault> {
    let wrong = |what: &str| SendFault::permanent(format!("the mail cannot be written: {what}"));
    let address = letter.to_address.parse().map_err(|_| wrong("the receiver's address is none"))?;
    let seconds = u64::try_from(letter.at.as_seconds()).unwrap_or(0);
    let builder = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(Some(letter.to_name), address))
        .subject(letter.subject)
        .date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
        .message_id(Some(format!("<{}@{}>", letter.id, from.email.domain())))
        .header(AutoSubmitted)
        .header(Importance(if letter.urgent { "high" } else { "normal" }));
    let text = part(ContentType::TEXT_PLAIN, letter.text)?;
    let message = match letter.calendar {
        None => builder.singlepart(text),
        Some((calendar, method)) => {
            let kind = ContentType::parse(&format!("text/calendar; charset=utf-8; method={method}"));
            let calendar = part(kind.map_err(|_| wrong("the calendar's type"))?, calendar)?;
            builder.multipart(MultiPart::alternative().singlepart(text).singlepart(calendar))
        }
    };
    message.map_err(|fault| wrong(&fault.to_string()))
}

/// Quoted-printable throughout: readable on the wire whatever letters are in it.
fn part(kind: ContentType, text: String) -> Result<SinglePart, SendFault> {
    let body = Body::new_with_encoding(text, ContentTransferEncoding::QuotedPrintable);
    let body = body.map_err(|_| SendFault::permanent("the mail cannot be encoded"))?;
    Ok(SinglePart::builder().header(kind).body(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> Letter {
        Letter {
            to_name: "Sana \"S\" Sysadmin".to_owned(),
            to_address: "sana@falcon.example".to_owned(),
            subject: "NM-0001 /srv füllt sich\r\nBcc: all@falcon.example".to_owned(),
            text: "██████│ 0.80\nhttp://127.0.0.1:8321/a/nm_abc\n".to_owned(),
            calendar: Some(("BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n".to_owned(), "REQUEST")),
            id: "page.case.0123".to_owned(),
            at: "2026-11-24T06:00:00Z".parse().unwrap(),
            urgent: true,
        }
    }

    #[test]
    fn a_mail_is_readable_on_the_wire_and_its_id_stays() {
        let from: Mailbox = "nearmiss@provider.example".parse().unwrap();
        let text = String::from_utf8(compose(&from, letter()).unwrap().formatted()).unwrap();
        for line in [
            "Message-ID: <page.case.0123@provider.example>",
            "Date: Tue, 24 Nov 2026 06:00:00 +0000",
            "Auto-Submitted: auto-generated",
            "Importance: high",
            "Content-Type: text/calendar; charset=utf-8; method=REQUEST",
            "METHOD:REQUEST",
            "http://127.0.0.1:8321/a/nm_abc",
        ] {
            assert!(text.contains(line), "{line} is not in:\n{text}");
        }
        assert!(!text.lines().any(|line| line.starts_with("Bcc:")), "a subject made a header:\n{text}");
    }

    #[test]
    fn an_address_that_is_none_is_given_up() {
        let from: Mailbox = "nearmiss@provider.example".parse().unwrap();
        let broken = Letter { to_address: "nobody".to_owned(), ..letter() };
        assert!(compose(&from, broken).unwrap_err().permanent);
    }
}
